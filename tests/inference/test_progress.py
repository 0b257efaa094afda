"""Progress is a bar on a terminal, lines for a function that takes them, and nothing elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from bayescale.inference.progress import chain_progress
from bayescale.inference.progress_lines import SECONDS, ChainLines, in_words
from bayescale.inference.settings import Settings

SETTINGS = Settings(chains=2, warmup=50, draws=100)


def test_on_a_terminal_chains_draws_and_divergences_are_shown(terminal):
    screen = terminal()
    with chain_progress(SETTINGS, 1, None) as report:
        report(0, 150, 3)
        report(1, 50, 0)
    shown = screen.getvalue()
    assert "Sampling 2 chains" in shown
    assert "200/300" in shown
    assert "3 divergences" in shown


def test_thinned_draws_count_and_a_last_chunk_does_not_go_beyond_the_end(terminal):
    screen = terminal()
    with chain_progress(SETTINGS, 3, None) as report:
        report(0, 400, 0)
        report(1, 350, 0)
    assert "700/700" in screen.getvalue()


@pytest.mark.parametrize("shown", [None, False])
def test_elsewhere_nothing_is_shown(shown, monkeypatch, terminal):
    if shown is None:
        monkeypatch.setattr(sys, "stderr", io.StringIO())
    else:
        terminal()
    with chain_progress(SETTINGS, 1, shown) as report:
        assert report is None
    assert sys.stderr.getvalue() == ""


def test_it_can_be_asked_for(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with chain_progress(SETTINGS, 1, True) as report:
        assert report is not None


def test_a_fit_in_a_batch_prints_nothing(sample, capfd):
    sample()
    assert capfd.readouterr() == ("", "")


def test_a_fit_on_a_terminal_reports_every_chain_to_its_end(sample, terminal):
    screen = terminal()
    sample()
    assert "200/200" in screen.getvalue()


def test_a_function_is_told_of_every_attempt_and_why_there_is_another(sample, terminal):
    screen, said = terminal(), []
    settings = Settings(chains=4, warmup=50, draws=100, target_accept=0.98)
    with chain_progress(settings, 2, said.append, 2, "since draws of attempt 1 diverged (3)"):
        pass
    assert said == [
        "sampling, attempt 2: since draws of attempt 1 diverged (3), 4 chains of 250 draws, warm-up included, "
        "aiming at acceptance 0.98"
    ]
    assert screen.getvalue() == ""


def test_a_bar_says_why_chains_go_on(terminal):
    screen = terminal()
    with chain_progress(SETTINGS, 2, None, 1, "since checks ask for more draws"):
        pass
    assert "chains, since checks ask for more draws" in screen.getvalue()


def test_every_minute_a_line_says_how_far_how_fast_and_how_long_still():
    said, now = [], [0.0]
    lines = ChainLines(
        Settings(chains=2, warmup=100, draws=900, target_accept=0.9), 1, 1, "", said.append, lambda: now[0]
    )
    # 100 draws are of an earlier process, and compiling takes 20 s: neither is a matter of the rate.
    for now[0], *report in ((20.0, 0, 100, 0), (30.0, 1, 0, 0), (40.0, 0, 200, 0), (70.0, 0, 300, 1)):
        lines(*report)
    lines(1, 100, 0)  # within the minute
    assert said[1:] == ["sampling, attempt 1: 300 of 2,000 draws, 4 draws/s, 7 min left at this rate, divergences: 1"]
    now[0] = 70.0 + SECONDS
    lines(1, 340, 0)
    assert said[2:] == [
        "sampling, attempt 1: 640 of 2,000 draws, 4.91 draws/s, 5 min left at this rate, divergences: 1"
    ]


def test_before_any_draw_is_made_here_there_is_no_rate():
    said, now = [], [0.0]
    lines = ChainLines(
        Settings(chains=2, warmup=100, draws=400, target_accept=0.9), 1, 1, "", said.append, lambda: now[0]
    )
    now[0] = 2 * SECONDS
    lines(0, 500, 0)
    assert said[1:] == ["sampling, attempt 1: 500 of 1,000 draws"]


@pytest.mark.parametrize(("seconds", "words"), [(4.6, "5 s"), (89.0, "89 s"), (90.0, "2 min"), (7200.0, "2.0 h")])
def test_times_are_said_as_people_do(seconds, words):
    assert in_words(seconds) == words
