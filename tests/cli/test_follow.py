"""A run in flight on the command line: what is asked by words is what the library is asked by objects."""

from __future__ import annotations

import pytest

import bayescale as bs
from bayescale.data.read import read_quietly

ASKED = ("--run", "run 4", "--final-tokens", "3.2e10", "--target", "2.4")


@pytest.fixture(scope="module")
def file(in_flight, tmp_path_factory):
    path = tmp_path_factory.mktemp("curves") / "runs.csv"
    in_flight.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def found(file):
    return bs.follow(read_quietly(file), "run 4", final_tokens=3.2e10, target=2.4)


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("final", "Run run 4 at 38.8 % of its training, 4 siblings: final loss, median and 90% equal-tailed interval"),
        ("funnel", "Run run 4: loss on the way, median and 90% equal-tailed interval"),
        ("stop", "Run run 4 at 38.8 % of its training: "),
    ],
)
def test_every_answer_is_that_of_the_library(bayescale, file, found, answer, title):
    wanted = {"final": found.table, "funnel": found.funnel, "stop": found.stop}[answer]()
    result = bayescale("follow", file, *ASKED, "--answer", answer, "--format", "json")
    assert result.err == ""
    assert len(result.records) == len(wanted)
    for record, (_, row) in zip(result.records, wanted.iterrows(), strict=True):
        for name in wanted.columns:
            # JSON has no NaN, and a family that is none is no text.
            assert (float("nan") if record[name] is None else record[name]) == pytest.approx(row[name], nan_ok=True)
    assert bayescale("follow", file, *ASKED, "--answer", answer).out.startswith(title)


def test_csv_is_the_table_with_its_note_beside_it(bayescale, file, found):
    result = bayescale("follow", file, *ASKED, "--format", "csv")
    assert result.out.splitlines()[0] == ",".join((*found.table().columns, "note"))
    assert result.err.startswith("note: This run ends at 4 times the largest compute of its siblings")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--run", "nobody", "--final-tokens", "3.2e10"), "The table must have one run 'nobody'; it has run 0"),
        (("--run", "run 4"), "This table counts tokens: give final_tokens"),
        (("--run", "run 4", "--final-tokens", "1e9"), "A run in flight has not reached its end, 1e+09 tokens"),
        ((*ASKED, "--sibling", "run 0"), "Following 'run 4' takes at least 3 finished runs"),
        ((*ASKED, "--answer", "stop", "--threshold", "2"), "prob must lie strictly between 0 and 1"),
    ],
)
def test_wrong_words_are_refused_in_a_line(bayescale, file, words, message):
    result = bayescale("follow", file, *words)
    assert result.code == 2
    assert result.err.startswith(f"error: {message}")
