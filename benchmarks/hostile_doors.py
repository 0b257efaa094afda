"""The doors of bayescale, each with the hostile inputs that come to it; every try is one call with one input."""

from __future__ import annotations

import contextlib
import io
import os
import random
import re
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import hostile_inputs as inputs
import hostile_objects as objects
import pandas as pd

import bayescale as bs
from bayescale.cli import main
from bayescale.show.inert import inert
from bayescale.study.run import plan

STUDY = b"""laws = ["chinchilla"]
[tables.made]
files = "tables/*.csv"
[settings]
draws = 50
engine = "instant"
[outputs]
summary = "summary.csv"
"""
FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
Try = Callable[[], object]


class Broken(Exception):
    """A promise that was not kept though nothing was raised."""


def prepare(folder: Path) -> None:
    """Make the valid files that are spoilt: a table, a fit, a study and its results."""
    (folder / "tables").mkdir(parents=True)
    law = bs.laws.Chinchilla.published["besiroglu2024chinchilla"]
    design = pd.DataFrame([(n, d) for n in (5e7, 2e8, 8e8) for d in (1e9, 6e9, 4e10)], columns=["params", "tokens"])
    table = bs.simulate(law, design, seed=0)[["params", "tokens", "loss"]]
    table.to_csv(folder / "tables" / "runs.csv", index=False)
    table.assign(family="dense").to_parquet(folder / "runs.parquet")
    bs.fit("chinchilla", bs.read_runs(folder / "tables" / "runs.csv"), draws=50, engine="instant").save(
        folder / "fit.nc"
    )
    (folder / "study.toml").write_bytes(STUDY)
    bs.run_study(folder / "study.toml", folder / "out")


class Doors:
    """All doors.

    Args:
        folder: with the valid files.
        work: an empty folder that is written to.
    """

    def __init__(self, folder: Path, work: Path):
        self._folder, self._work = folder, work
        self._good = {name: (folder / name).read_bytes() for name in ("tables/runs.csv", "runs.parquet", "fit.nc")}

    def names(self) -> list[str]:
        """The doors in the order of the page."""
        return [name.removeprefix("door_") for name in vars(type(self)) if name.startswith("door_")]

    def attempt(self, door: str, rng: random.Random) -> tuple[str, Try]:
        """What is tried next at a door, with the kind of input."""
        return getattr(self, f"door_{door}")(rng)

    def door_csv(self, rng: random.Random) -> tuple[str, Try]:
        """read_runs of text files, packed or not."""
        good = self._good["tables/runs.csv"]
        kind = rng.choice(("odd tables", "odd tables", "spoilt tables", "random bytes", "packed with gzip"))
        content = inputs.table_text(rng) if kind in ("odd tables", "packed with gzip") else inputs.spoil(good, rng)
        if kind == "random bytes":
            content = rng.randbytes(rng.choice((1, 100, 10_000)))
        ending = rng.choice((".csv", ".tsv", ".txt")) + (".gz" if kind == "packed with gzip" else "")
        path = self._write(inputs.zipped(content, rng) if kind.startswith("packed") else content, f"t{ending}")
        group = rng.choice((None,) * 8 + ("family", *inputs.NAMES[:3]))
        return kind, lambda: repr(bs.read_runs(path, group=group))

    def door_parquet(self, rng: random.Random) -> tuple[str, Try]:
        """read_runs of Parquet."""
        if rng.random() < 0.2:
            kind = "odd types"
            objects.odd_parquet(self._work / "t.parquet", rng)
        else:
            kind = "spoilt files"
            self._write(inputs.spoil(self._good["runs.parquet"], rng), "t.parquet")
        return kind, lambda: bs.read_runs(self._work / "t.parquet")

    def door_frame(self, rng: random.Random) -> tuple[str, Try]:
        """read_runs of DataFrames."""
        table = objects.odd_frame(rng)
        return "odd columns", lambda: bs.read_runs(table).sha256

    def door_fit(self, rng: random.Random) -> tuple[str, Try]:
        """load of NetCDF."""
        if rng.random() < 0.4:
            kind = objects.odd_fit(self._write(self._good["fit.nc"], "f.nc"), rng)
        else:
            kind = "spoilt files"
            self._write(inputs.spoil(self._good["fit.nc"], rng), "f.nc")
        return kind, lambda: bs.load(self._work / "f.nc").table()

    def door_study(self, rng: random.Random) -> tuple[str, Try]:
        """The TOML of a study, and the tables that it names."""
        (self._work / "tables").mkdir(exist_ok=True)
        shutil.copy(self._folder / "tables" / "runs.csv", self._work / "tables")
        path = self._write(inputs.toml_text(STUDY, rng), "s.toml")
        return "spoilt studies", lambda: plan(bs.Study.read(path))

    def door_results(self, rng: random.Random) -> tuple[str, Try]:
        """A folder of results of somebody else."""
        out = self._work / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(self._folder / "out", out)
        kind = objects.odd_results(out, rng)

        def look() -> None:
            results = bs.open_results(out)
            repr(results)
            for task in results.parts:
                results.draws(task)
            if results.parts:
                assert isinstance(results.estimates, pd.DataFrame)
            bs.merge_results(out)

        return kind, look

    def door_places(self, rng: random.Random) -> tuple[str, Try]:
        """Names of files that are something else: folders, pipes, devices, circles of links, nothing."""
        kind, path = objects.odd_place(self._work, rng)
        readers: tuple[Callable[[str], object], ...] = (
            bs.read_runs,
            bs.load,
            bs.Study.read,
            bs.open_results,
            lambda name: bs.datasets.load("chinchilla", path=name),
            lambda name: bs.laws.find_law(f"{name}.py:Law" if ".py" not in name else f"{name}:Law"),
        )
        reader = rng.choice(readers)
        return kind, lambda: reader(path)

    def door_command(self, rng: random.Random) -> tuple[str, Try]:
        """Words of the command line, in this process."""
        for name in ("fit.nc", "study.toml"):
            shutil.copy(self._folder / name, self._work)
        shutil.copy(self._folder / "tables" / "runs.csv", self._work)
        bad = self._write(inputs.table_text(rng), "bad.csv").name
        files = {"runs": "runs.csv", "fit": "fit.nc", "study": "study.toml", "bad": bad, "none": "none.nc", "dot": "."}
        words = inputs.command_words(files, rng)
        return "odd words", lambda: _command(words, self._work)

    def door_formulas(self, rng: random.Random) -> tuple[str, Try]:
        """CSV that spreadsheets open."""
        texts = [rng.choice(inputs.NAMES) + rng.choice(("", *inputs.NAMES)) for _ in range(20)]

        def look() -> None:
            table = pd.read_csv(io.StringIO(inert(pd.DataFrame({"family": texts})).to_csv(index=False)), dtype=str)
            for text in table["family"].dropna():
                # As a comma is read, and where the semicolon separates.
                if any(FORMULA.match(cell) for cell in (text, *text.split(";"))):
                    raise Broken(f"a formula: {text!r}")

        return "formulas", look

    def _write(self, content: bytes, name: str) -> Path:
        (self._work / name).write_bytes(content)
        return self._work / name


def _command(words: list[str], folder: Path) -> None:
    """Run the command line as a process would, and hold it to what it promises."""
    out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), warnings.catch_warnings():
            main(words)
    except SystemExit as stop:
        if stop.code not in (0, None, 1, 2):
            raise Broken(f"exit code {stop.code} of {words!r}: {err.getvalue()[-300:]}") from None
        if "Traceback" in err.getvalue() and "--debug" not in words:
            raise Broken(f"a traceback of {words!r}") from None
        if stop.code == 2:
            raise bs.SettingsError(err.getvalue() or "refused") from None
    finally:
        os.chdir(before)
