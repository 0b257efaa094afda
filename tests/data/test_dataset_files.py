"""Where files of data sets are looked for, and that none of another content gets through."""

from __future__ import annotations

import hashlib
import http.server
import socket
import threading
from dataclasses import replace

import pytest

import bayescale as bs
from bayescale.data.datasets import registry
from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.folders import CACHE, COPIES
from bayescale.data.read import read_quietly

ROWS = "params,tokens,loss\n" + "".join(f"{n},{d},{2 + 1e8 / n + 1e9 / d}\n" for n in (1e8, 3e8) for d in (2e9, 8e9))
CONTENT = ROWS.encode()
FILE = DataFile("made-up/runs.csv", hashlib.sha256(CONTENT).hexdigest(), "a test")


@pytest.fixture(autouse=True)
def empty_places(monkeypatch, tmp_path):
    """No copies and an empty cache, whatever the machine has."""
    monkeypatch.delenv(COPIES, raising=False)
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))


@pytest.fixture
def no_network(monkeypatch):
    """Every attempt to look up or to reach a host fails the test."""

    def refuse(*args, **kwargs):
        pytest.fail("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def register(monkeypatch):
    """Add an entry whose file is at an address."""

    def add(address: str | None) -> None:
        info = DatasetInfo(
            name="made-up",
            title="A table of a test",
            citation_key="hoffmann2022training",
            licence="none",
            notes="Beware.",
            variants=(Variant("all", "every row", 4),),
            parse=lambda path, variant: read_quietly(path),
            file=replace(FILE, address=address),
        )
        monkeypatch.setattr(registry, "CATALOGUE", (*registry.CATALOGUE, info))

    return add


@pytest.fixture
def server():
    """A server on the loopback that answers every request with ``body``, and counts them."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked += 1
            self.send_response(self.server.status)
            self.send_header("Content-Length", str(self.server.length or len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *args):
            """Keep quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.body, made.status, made.length, made.asked = CONTENT, 200, None, 0
        made.address = f"http://127.0.0.1:{made.server_port}/runs.csv"
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def put(folder, content: bytes = CONTENT):
    path = folder / FILE.path
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def files_in(folder) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.mark.usefixtures("no_network")
def test_a_folder_of_copies_serves_every_data_set_offline(monkeypatch, real_file):
    """The folder of the real experiments is laid out as the registry says."""
    folder = real_file("chinchilla/svg_extracted_data.csv").parents[1]
    monkeypatch.setenv(COPIES, str(folder))
    for name in bs.datasets.names():
        assert bs.datasets.state(name) in ("embedded", "local")
        assert len(bs.datasets.load(name)) == bs.datasets.describe(name).rows


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("place", ["path", COPIES, CACHE])
def test_a_copy_is_taken_without_the_network(register, monkeypatch, tmp_path, place):
    register("http://127.0.0.1:9/runs.csv")
    copy = put(tmp_path / "here")
    if place != "path":
        monkeypatch.setenv(place, str(tmp_path / "here"))
    assert bs.datasets.state("made-up") == {"path": "download", COPIES: "local", CACHE: "cached"}[place]
    given = copy if place == "path" else None
    assert bs.datasets.fetch("made-up", path=given) == copy
    assert len(bs.datasets.load("made-up", path=given)) == 4


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("place", ["path", COPIES, CACHE])
@pytest.mark.parametrize(
    "content", [CONTENT[:-1], CONTENT.replace(b"100000000.0", b"100000001.0", 1), b""], ids=["cut", "changed", "empty"]
)
def test_a_copy_of_another_content_is_refused(register, monkeypatch, tmp_path, place, content):
    register("http://127.0.0.1:9/runs.csv")
    assert content != CONTENT
    copy = put(tmp_path / "here", content)
    if place != "path":
        monkeypatch.setenv(place, str(tmp_path / "here"))
    got = hashlib.sha256(content).hexdigest()
    message = rf"runs\.csv is not the file that the registry knows: expected sha256 {FILE.sha256}, got {got}"
    with pytest.raises(bs.DataError, match=message):
        bs.datasets.load("made-up", path=copy if place == "path" else None)
    assert copy.read_bytes() == content, "the user's file is not touched"


def test_a_tampered_copy_of_a_real_file_is_refused(real_file, tmp_path):
    content = bytearray(real_file("chinchilla/svg_extracted_data.csv").read_bytes())
    content[-3] ^= 1
    copy = tmp_path / "svg_extracted_data.csv"
    copy.write_bytes(content)
    with pytest.raises(bs.DataError, match=r"is not the file that the registry knows.*give the path of the right file"):
        bs.datasets.load("chinchilla", path=copy)


def test_a_download_is_kept_and_not_repeated(register, server, tmp_path, capfd):
    register(server.address)
    assert len(bs.datasets.load("made-up")) == 4
    assert bs.datasets.state("made-up") == "cached"
    assert len(bs.datasets.load("made-up")) == 4
    assert server.asked == 1
    assert files_in(tmp_path) == ["runs.csv"]
    assert capfd.readouterr() == ("", ""), "a library prints nothing"


@pytest.mark.parametrize("change", ["changed", "cut", "cut connection", "missing"])
def test_a_download_of_another_content_is_refused_and_leaves_nothing(register, server, tmp_path, change):
    register(server.address)
    if change == "missing":
        server.status = 404
    elif change == "cut connection":
        server.length, server.body = len(CONTENT), CONTENT[:40]
    else:
        server.body = CONTENT[:40] if change == "cut" else CONTENT.replace(b"loss", b"less")
    with pytest.raises(bs.DataError, match=rf"{server.address}.*sha256 {FILE.sha256}.*BAYESCALE_DATASETS"):
        bs.datasets.load("made-up")
    assert files_in(tmp_path) == []
    assert bs.datasets.state("made-up") == "download"


def test_without_a_network_the_error_has_the_address_and_what_to_do(register, server, tmp_path):
    register(server.address)
    server.shutdown()
    server.server_close()
    message = (
        rf"^data set 'made-up' could not be fetched from {server.address} to .*Try again with a network, or fetch it "
        rf"elsewhere \(sha256 {FILE.sha256}\) and load it with path=\.\.\., or set BAYESCALE_DATASETS to a folder that "
        r'holds it as "made-up/runs\.csv"\.$'
    )
    with pytest.raises(bs.DataError, match=message):
        bs.datasets.load("made-up")
    assert files_in(tmp_path) == []


@pytest.mark.usefixtures("no_network")
def test_download_can_be_forbidden(register):
    register("http://127.0.0.1:9/runs.csv")
    with pytest.raises(bs.DataError, match=r"download=False: fetch http://127\.0\.0\.1:9/runs\.csv \(sha256"):
        bs.datasets.load("made-up", download=False)


@pytest.mark.usefixtures("no_network")
def test_a_file_without_an_address_is_the_users_to_bring(register):
    register(None)
    assert bs.datasets.state("made-up") == "bring your own"
    message = rf"bring your own copy of made-up/runs\.csv \(sha256 {FILE.sha256}\), a test, and load it with path="
    with pytest.raises(bs.DataError, match=message):
        bs.datasets.load("made-up")


def test_a_path_that_is_no_file_is_refused(register, tmp_path):
    register(None)
    with pytest.raises(bs.DataError, match=r"is no file: path must be your own copy of made-up/runs\.csv"):
        bs.datasets.load("made-up", path=tmp_path)


def test_the_embedded_table_has_no_file(tmp_path):
    with pytest.raises(bs.SettingsError, match=r"comes with the package and has no file of its own: load it"):
        bs.datasets.fetch("pile-families")
    with pytest.raises(bs.SettingsError, match=r"comes with the package: leave path out"):
        bs.datasets.load("pile-families", path=tmp_path)


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("address", [None, "http://127.0.0.1:9/runs.csv"])
def test_runs_given_instead_are_taken_with_a_warning_only_where_the_file_is_missing(register, tmp_path, address):
    register(address)
    other = bs.datasets.load("pile-families")
    with pytest.warns(bs.DataWarning, match=r"\[instead\] these are not the runs of 'made-up'") as seen:
        assert bs.datasets.load("made-up", download=False, instead=other) is other
    assert len(seen) == 1
    with pytest.raises(bs.MissingDataError):
        bs.datasets.load("made-up", download=False)
    assert len(bs.datasets.load("made-up", path=put(tmp_path / "here"), instead=other)) == 4


@pytest.mark.usefixtures("no_network")
def test_a_copy_of_another_content_is_refused_whatever_is_given_instead(register, monkeypatch, tmp_path):
    register(None)
    put(tmp_path / "here", CONTENT + b"\n")
    monkeypatch.setenv(COPIES, str(tmp_path / "here"))
    with pytest.raises(bs.DataError, match="is not the file that the registry knows"):
        bs.datasets.load("made-up", instead=bs.datasets.load("pile-families"))
