"""``bayescale fit --public-priors``."""

from __future__ import annotations

import pytest

import bayescale as bs


def test_public_priors_are_fitted_saved_and_said(bayescale, frame, tmp_path):
    """As the same fit by hand has them, at the model error of the runs."""
    table, out = tmp_path / "few.csv", tmp_path / "few.nc"
    one = frame[frame["family"] == "starcoder"][["params", "tokens", "loss"]]
    one.to_csv(table, index=False)
    done = bayescale("fit", table, "--model-error", "0.04", "--public-priors", "any", "--out", out, "--draws", "250")
    assert done.code == 0, done.err
    assert "replaced: A, B, E, alpha, beta, sigma, at D0 = 2e+08, at N0 = 2e+07" in " ".join(done.out.split())
    public = bs.priors.public("chinchilla", modality="any", model_error=0.04)
    fit = bs.load(out)
    assert dict(fit.model.priors) == dict(public) and dict(fit.model.anchors) == dict(public.anchors)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--public-priors", "images"), "modality must be one of any, text, got 'images'"),
        (("--public-priors", "text", "--law", "kaplan-nd"), "No public priors were learnt for the law 'kaplan-nd'"),
    ],
)
def test_public_priors_that_there_are_not(bayescale, runs_csv, tmp_path, words, message):
    done = bayescale("fit", runs_csv, *words, "--out", tmp_path / "fit.nc")
    assert done.code == 2 and message in " ".join(done.err.split())
