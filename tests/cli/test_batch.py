"""Studies on the command line: what is made, kept, put together or refused, and the exit codes that say so."""

from __future__ import annotations

import io
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import bayescale as bs
from bayescale.cli.batch import _describe
from bayescale.study.chunks import Chunk
from bayescale.study.executors import processes
from bayescale.study.executors.crew import attempt
from bayescale.study.folder import Folder
from bayescale.study.parts import write_part
from bayescale.study.run import plan
from bayescale.study.work import without_fits

TEXT = """
part = 1
[tables.made]
files = "tables/*.csv"
[settings]
draws = 50
engine = "instant"
"""
NAMES = ["made/tables/fineweb-edu.csv", "made/tables/starcoder.csv"]


class Here:
    """One worker that fits where the test is: tests of processes are elsewhere."""

    made = 0

    def __init__(self, count=1, seconds=None):
        self.waiting = deque()

    def free(self):
        return 1 - len(self.waiting)

    def start(self, order):
        self.waiting.append(order)

    def wait(self, seconds):
        order = self.waiting.popleft()
        Here.made += len(order.chunk.tasks)
        return [attempt(order)]

    def stop(self):
        pass


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(processes, "Processes", Here)
    monkeypatch.setattr(Here, "made", 0)


@pytest.fixture
def study(frame, tmp_path) -> Path:
    """A study of two tables, each a part of its own."""
    (tmp_path / "tables").mkdir()
    for family, runs in frame.groupby("family"):
        runs.drop(columns="family").to_csv(tmp_path / "tables" / f"{family}.csv", index=False)
    (tmp_path / "study.toml").write_text(TEXT)
    return tmp_path / "study.toml"


def words(study: Path, *more: str) -> tuple[object, ...]:
    return ("batch", study, "--out", study.parent / "out", *more)


def test_a_study_is_made_once_and_printed_in_every_form(bayescale, study):
    first = bayescale(*words(study))
    assert (first.code, first.err, Here.made) == (0, "", 2)
    lines = [line.split() for line in first.out.splitlines()]
    assert lines[0] == ["law", "noise", "seed", "fits", "parts", "seconds", "fits/s"]
    assert lines[2][:5] == ["chinchilla", "student-t", "0", "2", "2"]
    assert " ".join(first.out.split()).endswith(f"Study of 2 fits in {study.parent / 'out'}: 2 ok")
    records = bayescale(*words(study, "--format", "json")).records
    table = pd.read_csv(io.StringIO(bayescale(*words(study, "--format", "csv")).out))
    assert bayescale(*words(study)).out == first.out  # times are those of the parts that are kept
    assert Here.made == 2
    kept = bs.open_results(study.parent / "out").summary
    for column in ("task", "table", "status", "rows"):
        assert [record[column] for record in records] == table[column].tolist() == kept[column].tolist()
    assert table["table"].tolist() == NAMES and table["status"].tolist() == ["ok", "ok"]


def test_a_dry_run_names_the_fits_and_makes_none(bayescale, study):
    (study.parent / "tables" / "bad.csv").write_text("params,tokens\n1e9,1e10\n")
    said = bayescale(*words(study, "--dry-run"))
    assert said.code == 0
    assert said.out.splitlines()[2].split() == ["chinchilla", "student-t", "0", "3"]
    assert "made/tables/bad.csv: " in said.out
    records = bayescale(*words(study, "--dry-run", "--format", "json")).records
    assert [record["task"] for record in records] == [task.hash for task in plan(bs.Study.read(study)).tasks]
    assert [record["rows"] for record in records] == [0, 25, 25]
    assert [bool(record["problem"]) for record in records] == [True, False, False]
    table = pd.read_csv(io.StringIO(bayescale(*words(study, "--dry-run", "--format", "csv")).out))
    assert table["table"].tolist() == ["made/tables/bad.csv", *NAMES]
    assert Here.made == 0 and not (study.parent / "out").exists()


def test_shards_are_put_together_by_merge(bayescale, study):
    second = bayescale(*words(study, "--shard", "2/2", "--format", "csv"))
    assert second.code == 0  # what is missing is for the other shard
    assert pd.read_csv(io.StringIO(second.out))["table"].tolist() == NAMES[1:]
    early = bayescale(*words(study, "--merge"))
    assert early.code == 2 and "1 of 2 fits are missing" in " ".join(early.err.split())
    assert bayescale(*words(study, "--shard", "1/2")).code == 0
    assert not (study.parent / "out" / "summary.parquet").exists()
    merged = bayescale(*words(study, "--merge", "--format", "json"))
    assert merged.code == 0 and Here.made == 2
    assert [record["table"] for record in merged.records] == NAMES
    assert pd.read_parquet(study.parent / "out" / "summary.parquet")["table"].tolist() == NAMES


def test_a_shard_without_a_part_has_nothing_to_say(bayescale, study):
    assert bayescale(*words(study, "--shard", "3/3")).code == 0
    assert bayescale(*words(study, "--shard", "3/3", "--format", "json")).records == []
    assert Here.made == 0


def test_what_timed_out_is_made_again_only_when_asked(bayescale, study):
    folder = Folder(study.parent / "out")
    folder.prepare()
    hung = plan(bs.Study.read(study)).tasks[1]
    write_part(folder, without_fits(Chunk((hung,)), "timed out", "it took more than 1 s"))
    kept = bayescale(*words(study))
    assert kept.code == 1 and Here.made == 1
    assert f"{NAMES[1]}, chinchilla, student-t, seed 0: timed out: it took more than 1 s" in " ".join(kept.out.split())
    again = bayescale(*words(study, "--redo"))
    assert again.code == 0 and Here.made == 2
    assert bayescale(*words(study, "--redo")).code == 0 and Here.made == 2


def test_fits_that_are_not_ok_are_exit_code_1(bayescale, study):
    (study.parent / "tables" / "starcoder.csv").write_text("params,tokens\n1e9,1e10\n")
    made = bayescale(*words(study))
    assert made.code == 1
    assert f"{NAMES[1]}, chinchilla, student-t, seed 0: failed: " in " ".join(made.out.split())
    assert bayescale(*words(study, "--merge")).code == 1


UNUSED = [
    ("--law", "mine.py:Mine"),
    ("--processes", "0"),
    ("--processes", "2"),
    ("--workers", "0"),
    ("--scheduler", "tcp://localhost:8786"),
    ("--shard", "1/2"),
    ("--dry-run",),
    ("--redo",),
]


@pytest.mark.parametrize("option", UNUSED, ids=" ".join)
def test_merge_refuses_what_it_makes_no_use_of(bayescale, study, option):
    refused = bayescale(*words(study, "--merge", *option))
    assert refused.code == 2 and refused.out == ""
    said = " ".join(refused.err.split())
    assert f"--merge makes no fits and takes --out and --format only, got {option[0]}; leave out" in said


WRONG = [
    (("--processes", "0"), "processes must be a whole number of at least 1, got 0"),
    (("--processes", "1", "--workers", "1"), "Fits are made by processes, workers or those of a scheduler, got"),
    (("--shard", "3/2"), "A shard i/n has i from 1 to n, got '3/2'"),
    (("--shard", "one"), "A shard is i/n, such as 1/8 for the first of eight, got 'one'"),
    (("--law", "mine"), "A law of your own is given as FILE.py:CLASS, got 'mine'"),
    (("--merge",), "holds no manifest of a study"),
    (("--cluster", "tcp://localhost:8786"), "No such option"),
]


@pytest.mark.parametrize(("option", "message"), WRONG, ids=[" ".join(option) for option, _ in WRONG])
def test_wrong_words_are_exit_code_2_and_one_message(bayescale, study, option, message):
    wrong = bayescale(*words(study, *option))
    assert (wrong.code, wrong.out, Here.made) == (2, "", 0)
    assert message in " ".join(wrong.err.split()) and "Traceback" not in wrong.err


def test_a_study_that_cannot_be_read_is_exit_code_2(bayescale, study):
    study.write_text("laws = [")
    for more in ((), ("--dry-run",), ("--merge",)):
        wrong = bayescale(*words(study, *more))
        assert wrong.code == 2 and "is no TOML file" in " ".join(wrong.err.split())
    assert bayescale("batch", study.parent / "nothing.toml").code == 2


def test_a_folder_in_use_is_exit_code_2(bayescale, study):
    folder = Folder(study.parent / "out")
    folder.prepare()
    with folder.held(None):
        second = bayescale(*words(study))
    assert second.code == 2 and "is writing to" in second.err


def test_a_folder_of_another_study_is_kept_unless_it_may_go(bayescale, study):
    assert bayescale(*words(study)).code == 0
    other = study.parent / "other.toml"
    other.write_text(TEXT.replace("draws = 50", "draws = 60"))
    refused = bayescale(*words(other))
    assert refused.code == 2 and "holds fits of which this study wants none" in refused.err
    assert bs.open_results(study.parent / "out").summary["table"].tolist() == NAMES
    assert bayescale(*words(study)).code == 0 and Here.made == 2
    assert bayescale(*words(other, "--prune")).code == 0 and Here.made == 4
    # An edited study keeps what it still wants, and is not asked.
    (study.parent / "tables" / "fineweb-edu.csv").unlink()
    assert bayescale(*words(other)).code == 0 and Here.made == 4
    assert bs.open_results(study.parent / "out").summary["table"].tolist() == NAMES[1:]


def test_the_worst_fits_are_shown_and_the_rest_are_counted(capsys):
    """Seven of eight are not ok; the one without any R-hat comes first."""
    r_hat = [1.0, 1.02, 1.05, 1.01, 1.03, 1.04, 1.02, float("nan")]
    rows = {"table": [f"t{i}" for i in range(8)], "family": "", "ratio": float("nan"), "law": "chinchilla"}
    about = {"noise": "normal", "seed": range(8), "status": ["ok", *["flagged"] * 7], "reason": "why", "r_hat": r_hat}
    _describe(SimpleNamespace(parts=1, summary=pd.DataFrame({**rows, **about})))
    # Behind the line that says what there is.
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()][-6:]
    assert [line.split(",")[0] for line in lines] == ["t7", "t2", "t5", "t4", "t1", "and 2 more"]
    assert lines[0] == "t7, chinchilla, normal, seed 7: flagged: why"


EXAMPLE = Path(__file__).parents[2] / "examples" / "study.toml"
beside = pytest.mark.skipif(not EXAMPLE.exists(), reason="the examples are not beside these tests")


@beside
def test_the_example_study_is_read_and_planned(bayescale):
    result = bayescale("batch", EXAMPLE, "--dry-run", "--format", "json")
    assert result.code == 0
    assert len(result.records) == 32
    assert {record["law"] for record in result.records} == {"chinchilla", "chinchilla-tied"}
    assert {record["problem"] for record in result.records} == {""}


@beside
@pytest.mark.slow
def test_the_example_study_ends_with_all_fits_ok(bayescale, tmp_path):
    result = bayescale("batch", EXAMPLE, "--out", tmp_path / "results", "--format", "json")
    assert (result.code, {record["status"] for record in result.records}) == (0, {"ok"})
