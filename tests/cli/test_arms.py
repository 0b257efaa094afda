"""Arms on the command line: what is asked by words is what the library is asked by objects."""

from __future__ import annotations

import pytest

import bayescale as bs

ASKED = ("--compute", "1e20", "1e21")


@pytest.fixture(scope="module")
def found(fit_nc):
    return bs.compare_arms(bs.load(fit_nc), compute=[1e20, 1e21])


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("arms", "Arms (C = 6ND), the laws' curves, median and 90% equal-tailed interval"),
        ("pairs", "Pairs of arms: loss of the first less that of the second, median and 90%"),
        ("crossings", "Crossings of curves between 1e20 and 1e21 FLOP"),
        ("detectable", "Least difference (nats/token) that is told with 80% probability, as 95% certain"),
    ],
)
def test_every_answer_is_that_of_the_library(bayescale, fit_nc, found, answer, title):
    table = {"arms": found.table, "pairs": found.pairs, "crossings": found.crossings, "detectable": found.detectable}
    wanted = table[answer]()
    records = bayescale("arms", fit_nc, *ASKED, "--answer", answer, "--format", "json").records
    assert len(records) == len(wanted)
    for record, (_, row) in zip(records, wanted.iterrows(), strict=True):
        for name in wanted.columns:
            # JSON has no NaN.
            assert (float("nan") if record[name] is None else record[name]) == pytest.approx(row[name], nan_ok=True)
    assert bayescale("arms", fit_nc, *ASKED, "--answer", answer).out.startswith(title)


def test_arms_clusters_and_sizes_are_passed_on(bayescale, fit_nc):
    fit = bs.load(fit_nc)
    names = list(fit.groups)[:2]
    clusters = {names[0]: "a", names[1]: "b"}
    wanted = bs.compare_arms(fit, compute=1e21, arms=names, params=1e9, clusters=clusters).pairs()
    words = [word for name in names for word in ("--arm", name)]
    words += [word for name, own in clusters.items() for word in ("--cluster", f"{name}={own}")]
    result = bayescale(
        "arms", fit_nc, "--compute", "1e21", "--params", "1e9", *words, "--answer", "pairs", "--format", "json"
    )
    assert result.records[0]["wins"] == pytest.approx(wanted["wins"].item())
    assert len(result.records) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--arm", "nobody"), "There is no arm 'nobody'; there are "),
        (("--cluster", "web"), "--cluster takes ARM=NAME, got 'web'."),
        (
            ("--answer", "detectable", "--prob", "0.8"),
            "--prob is of --answer arms or pairs or crossings; leave it out of --answer detectable.",
        ),
        (("--answer", "crossings"), "Crossings lie between budgets, and there is one;"),
    ],
)
def test_wrong_words_are_refused_in_a_line(bayescale, fit_nc, words, message):
    result = bayescale("arms", fit_nc, "--compute", "1e21", *words)
    assert result.code == 2
    assert result.err.startswith(f"error: {message}")


def test_files_of_one_name_are_refused(bayescale, fit_nc):
    result = bayescale("arms", fit_nc, fit_nc, "--compute", "1e21")
    assert result.code == 2
    assert result.err.startswith("error: Arms are called as their files, and two have one name;")
