"""Predictions of several fits, one after the other, on the command line."""

from __future__ import annotations

import numpy as np
import pytest

POINT = ("--params", "1e9", "--tokens", "2e10", "--group", "starcoder")


@pytest.fixture(scope="module")
def error_nc(frame, tmp_path_factory):
    """A short fit of the errors of the same runs, without families."""
    import bayescale as bs

    error = 0.8 - 0.2 * np.exp(2.0 - frame["loss"]) + 0.002 * np.tile([1.0, -1.0], len(frame) // 2)
    runs = bs.read_runs(frame[["loss"]].assign(error=error), law="downstream-error")
    path = tmp_path_factory.mktemp("error") / "error.nc"
    bs.fit("downstream-error", runs, seed=0).save(path)
    return path


def test_two_fits_predict_loss_and_error(bayescale, fit_nc, error_nc):
    import bayescale as bs

    records = bayescale("predict", fit_nc, error_nc, *POINT, "--format", "json").records
    assert [record["response"] for record in records] == ["loss", "error"]
    chained = bs.chain(bs.load(fit_nc), bs.load(error_nc))
    table = bs.predict(chained, params=1e9, tokens=2e10, group="starcoder").table()
    assert [record["median"] for record in records] == pytest.approx(table["median"].tolist(), rel=1e-12)
    shown = bayescale("predict", fit_nc, error_nc, *POINT).out
    assert "Predicted loss (nats/token) of starcoder: one new run, which scatters around the law" in shown
    assert "Predicted error of (all): one new run, which scatters around the law" in shown


def test_fits_in_the_wrong_order_and_laws_of_ones_own_are_refused(bayescale, fit_nc, error_nc):
    refused = bayescale("predict", error_nc, fit_nc, *POINT)
    assert refused.code == 2
    assert "The law 'chinchilla' takes params, tokens, and 'downstream-error' before it predicts error" in refused.err
    refused = bayescale("predict", fit_nc, error_nc, *POINT, "--law", "mine.py:Mine")
    assert refused.code == 2
    assert "--law is of one fit, got 2; chain fits of your own laws in Python" in refused.err
