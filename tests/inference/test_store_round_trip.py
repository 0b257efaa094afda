"""A saved fit comes back whole, with its checks, and predicts the same to the last bit."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

from bayescale.decisions import allocate, predict
from bayescale.inference import diagnose
from bayescale.inference.checks import Checks
from bayescale.inference.fit import Fit
from bayescale.inference.store import archive, load, save
from bayescale.language.priors import HalfNormal
from bayescale.models import Normal, Pooling, RunEffects

FITS = {
    "one table": {},
    "families": {"families": ("web", "código", "日本")},
    "correlated, with effects": {
        "families": ("a", "b"),
        "pooling": Pooling("partial", (("alpha", "complete"), ("beta", "none")), correlated=True, concentration=1.5),
        "effects": RunEffects("budget", HalfNormal(0.02)),
    },
    "other noise and priors": {
        "law": "kaplan-nd",
        "noise": Normal,
        "priors": {"sigma": HalfNormal(0.1 + 0.2)},
        "effects": RunEffects("budget"),
    },
    "own law": {},
    "own noise": {},
}


@pytest.fixture(scope="module", params=FITS)
def pair(request, made, without_data, own_law, own_noise, tmp_path_factory) -> tuple[Fit, Fit]:
    """A fit, and the same after a round trip."""
    own = {"own law": {"law": own_law}, "own noise": {"noise": own_noise}}.get(request.param, {})
    fit = without_data(made(**FITS[request.param], **own))
    path = tmp_path_factory.mktemp("fits") / "fit.nc"
    save(fit, path)
    return fit, load(path, **own)


def test_everything_comes_back(pair):
    fit, back = pair
    for name in ("model", "anchors", "settings", "seed", "record"):
        assert getattr(back, name) == getattr(fit, name), name
    xr.testing.assert_identical(back.unconstrained, fit.unconstrained)
    xr.testing.assert_identical(back.sample_stats, fit.sample_stats)
    assert {n: v.dtype for n, v in back.sample_stats.items()} == {n: v.dtype for n, v in fit.sample_stats.items()}
    pd.testing.assert_frame_equal(back.runs.table, fit.runs.table)
    about = ("group", "loss_unit", "params_convention", "compute_convention", "source", "source_loss_unit", "sha256")
    about += ("bytes_per_token", "renamed")
    assert [getattr(back.runs, n) for n in about] == [getattr(fit.runs, n) for n in about]
    assert [str(w) for w in back.runs.warnings] == [str(w) for w in fit.runs.warnings]


def test_posterior_and_predictions_are_the_same_to_the_last_bit(pair):
    fit, back = pair
    xr.testing.assert_identical(back.posterior, fit.posterior)
    for group in {None, *fit.groups[:1]}:
        draws = [predict(one, params=[1e9, 7e10], tokens=1e12, group=group).draws for one in (fit, back)]
        xr.testing.assert_identical(*draws)
    if fit.law.name == "chinchilla":
        xr.testing.assert_identical(*(allocate(one, compute=[1e21, 1e23]).draws for one in (fit, back)))


def test_a_loaded_fit_saves_to_the_same_content(pair, tmp_path, without_data):
    fit, back = pair
    for name, one in (("a.nc", fit), ("b.nc", without_data(back))):
        save(one, tmp_path / name)
    first, second = (archive.read_archive(tmp_path / name) for name in ("a.nc", "b.nc"))
    assert (first.record, first.sha256) == (second.record, second.sha256)


def test_the_data_tree_is_in_the_file_and_is_made_again_alike(tmp_path, made):
    fit = made(noise=Normal)  # the model that compiles fastest
    save(fit, tmp_path / "fit.nc")
    made_again = {"posterior_predictive", "prior", "prior_predictive"}
    with xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf") as stored:
        assert {"posterior", "sample_stats", "log_likelihood", "observed_data"} <= set(stored.children)
        assert set(stored.children) == (set(fit.data.children) - made_again) | {"runs"}
        for name in set(stored.children) - {"runs"}:
            xr.testing.assert_equal(stored[name].to_dataset().load(), fit.data[name].to_dataset())
        assert stored["runs"]["budget"].values.tolist() == fit.runs.table["budget"].tolist()
        assert json.loads(stored["record"].values.tobytes())["seed"] == fit.seed
    back = load(tmp_path / "fit.nc")
    # Twelve draws are too few for it, which must not keep the fit from being saved.
    assert {check.name: check.status for check in back.checks.checks}["pareto-k"] == "warn"
    for name, group in fit.data.children.items():
        xr.testing.assert_identical(back.data[name].to_dataset(), group.to_dataset())


def test_the_checks_are_saved_with_the_fit_and_measured_again_on_request_only(pair, monkeypatch, given_checks):
    _, back = pair
    calls = []
    monkeypatch.setattr(diagnose, "diagnose", lambda fit: calls.append(fit) or Checks(()))
    monkeypatch.delitem(back.__dict__, "measured_checks", raising=False)
    assert repr(back.checks) == repr(given_checks)  # NaN is not equal to itself
    assert "r-hat fails (inf); e-bfmi fails (nan)" in repr(back)
    assert not calls
    assert back.check() == back.check() == ()
    assert calls == [back]


def test_a_file_of_before_checks_were_saved_is_checked_when_asked(copy, rewrite):
    rewrite(copy, record=lambda r: r.pop("checks") and None)
    assert load(copy).saved_checks is None


def test_a_fit_without_a_record_is_saved_with_one(tmp_path, made, without_data):
    fit = without_data(replace(made(), record={}))
    save(fit, tmp_path / "fit.nc")
    assert load(tmp_path / "fit.nc").record["law"]["name"] == "chinchilla"


def test_priors_of_a_fit_outlive_a_change_of_the_declared_ones(tmp_path, saved, rewrite):
    """A later version may declare another prior; the support and the prior draws must stay those of the fit."""
    path = saved(tmp_path)
    rewrite(path, record=lambda r: r["priors"]["nu"].update(lower=0.5))
    back = load(path)
    assert back.model.prior("nu").lower == 0.5
    assert [name for name, _ in back.model.priors] == ["nu"]


def test_names_of_any_kind_are_paths(tmp_path, monkeypatch, made, without_data):
    monkeypatch.chdir(tmp_path)
    fit = without_data(made())
    for path in ("fit", Path("Größe 1 " + "x" * 240)):
        save(fit, path)
        assert load(path).seed == 7
    (tmp_path / "link.nc").symlink_to("fit")
    save(fit, "link.nc")
    assert (tmp_path / "link.nc").is_symlink()
    assert load("link.nc").seed == 7


def test_a_fit_is_loaded_alike_in_another_process(tmp_path, made, saved):
    fit = made(families=("a", "b"))
    path = saved(tmp_path, fit)
    code = (
        "import sys, bayescale as bs; fit = bs.load(sys.argv[1]);"
        "print(bs.predict(fit, params=7e10, tokens=1e12).draws['loss'].to_numpy().tobytes().hex())"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == predict(fit, params=7e10, tokens=1e12).draws["loss"].to_numpy().tobytes().hex()
