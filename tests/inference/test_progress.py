"""Progress is shown on a terminal and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from bayescale.inference.progress import chain_progress
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
