"""A saved fit comes back whole and predicts the same to the bit; any other file gives a sentence and runs nothing."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pandas as pd
import pytest
import xarray as xr
from jax import Array

from bayescale.data.read import read_quietly
from bayescale.decisions import allocate, predict
from bayescale.inference import diagnose
from bayescale.inference.diagnose import Check, Checks
from bayescale.inference.fit import Fit
from bayescale.inference.posterior import sites_dataset
from bayescale.inference.provenance import provenance
from bayescale.inference.settings import Settings
from bayescale.inference.store import archive, load, save
from bayescale.inference.store.draws import site_shapes
from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import LawError, SettingsError, StoreError
from bayescale.language.priors import HalfNormal, LogNormal
from bayescale.language.quantities import Loss, Size, Tokens
from bayescale.laws import Law, find_law
from bayescale.models import Noise, Normal, Pooling, RunEffects, StudentT, build_model, lay_out
from bayescale.models.layout import design_anchors


class OwnLaw(Law):
    """A law that is not in the catalogue."""

    E: Array = parameter("irreducible loss", prior=LogNormal(1.7, 0.35), unit="nats/token")
    A: Array = parameter("loss from finite size", at="N0", prior=LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=LogNormal(0.4, 0.4))
    N0: float = anchor("N")

    def __call__(self, N: Size, D: Tokens) -> Loss:
        return self.E + self.A * (N / self.N0) ** -self.alpha + 0.0 * jnp.log(D)


class OwnNoise(Noise):
    """A noise that is not of the package."""

    sigma: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.01))

    def __call__(self, log_loss, measurement_sd):
        return dist.Logistic(log_loss, jnp.hypot(self.sigma, measurement_sd))


def table(families: tuple[str, ...] = ()) -> pd.DataFrame:
    """Runs of a known law with a little scatter; enough rows, and two budgets."""
    rows = []
    for family in families or ("",):
        for i, params in enumerate((1e8, 3e8, 9e8)):
            for tokens in (4e9, 6e10):
                loss = 1.8 + 0.1 * len(family) + 400 / params**0.35 + 400 / tokens**0.3 + 0.003 * (-1) ** i
                row = {"params": params, "tokens": tokens, "loss": loss, "budget": f"b{i}", "loss_se": 0.001}
                rows.append(row | ({"family": family} if families else {}))
    return pd.DataFrame(rows)


def made(law: str | type[Law] = "chinchilla", families: tuple[str, ...] = (), **choices) -> Fit:
    """A fit whose draws are random numbers: what is stored is the same as after sampling."""
    law, runs = find_law(law), read_quietly(table(families))
    effects, settings = choices.pop("effects", None), Settings(chains=2, warmup=50, draws=6)
    anchors = design_anchors(law, runs)
    layout = lay_out(law, runs, effects, anchors)
    choices = {"noise": StudentT, "pooling": Pooling.of(None, grouped=len(families) > 1)} | choices
    sizes = {"n_families": len(layout.families), "n_levels": len(layout.levels)}
    model = build_model(law, effects=effects, **choices, **sizes)
    rng = np.random.default_rng(0)
    shapes = site_shapes(model, layout)
    sites = {name: -0.5 + 0.2 * rng.standard_normal((2, 6, *shape)) for name, shape in shapes.items()}
    unconstrained = sites_dataset(model, sites, layout.families, layout.levels)
    stats = {
        "lp": rng.standard_normal((2, 6)),
        "energy": rng.standard_normal((2, 6)),
        "n_steps": rng.integers(1, 8, (2, 6)),
        "diverging": rng.random((2, 6)) < 0.3,
        "tree_depth": rng.integers(1, 4, (2, 6)),
    }
    sample_stats = xr.Dataset({name: (("chain", "draw"), value) for name, value in stats.items()})
    sample_stats = sample_stats.assign_coords(chain=unconstrained["chain"], draw=unconstrained["draw"])
    record = json.loads(json.dumps(provenance(model, runs, anchors, settings, 7, seconds=1.0)))
    return Fit(model, runs, anchors, settings, 7, unconstrained, sample_stats, record)


CHECKS = Checks(
    (
        Check("r-hat", "fail", math.inf, 1.01, "The chains of E disagree."),
        Check("e-bfmi", "fail", math.nan, 0.3, "The tails are explored slowly."),
        Check("divergences", "pass", 0.0, 0.0),
    )
)


def without_data(fit: Fit) -> Fit:
    """Put what takes compiling in its place: most of what is claimed here does not need it."""
    fit.__dict__["log_likelihood"] = xr.Dataset({"loss": ("run", np.zeros(len(fit.runs)))})
    fit.__dict__["measured_checks"] = CHECKS
    return fit


FITS: dict[str, Callable[[], Fit]] = {
    "one table": made,
    "families": lambda: made(families=("web", "código", "日本")),
    "correlated, with effects": lambda: made(
        families=("a", "b"),
        pooling=Pooling("partial", (("alpha", "complete"), ("beta", "none")), correlated=True, concentration=1.5),
        effects=RunEffects("budget", HalfNormal(0.02)),
    ),
    "other noise and priors": lambda: made(
        "kaplan-nd", noise=Normal, priors={"sigma": HalfNormal(0.1 + 0.2)}, effects=RunEffects("budget")
    ),
    "own law": lambda: made(OwnLaw),
    "own noise": lambda: made(noise=OwnNoise),
}


@pytest.fixture(scope="module", params=FITS)
def pair(request, tmp_path_factory) -> tuple[Fit, Fit]:
    """A fit, and the same after a round trip."""
    fit = without_data(FITS[request.param]())
    path = tmp_path_factory.mktemp("fits") / "fit.nc"
    save(fit, path)
    own = {"own law": {"law": OwnLaw}, "own noise": {"noise": OwnNoise}}
    return fit, load(path, **own.get(request.param, {}))


def test_everything_comes_back(pair):
    fit, back = pair
    for name in ("model", "anchors", "settings", "seed", "record"):
        assert getattr(back, name) == getattr(fit, name), name
    xr.testing.assert_identical(back.unconstrained, fit.unconstrained)
    xr.testing.assert_identical(back.sample_stats, fit.sample_stats)
    assert {n: v.dtype for n, v in back.sample_stats.items()} == {n: v.dtype for n, v in fit.sample_stats.items()}
    pd.testing.assert_frame_equal(back.runs.table, fit.runs.table)
    about = ("group", "loss_unit", "params_convention", "compute_convention", "source", "source_loss_unit", "sha256")
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


def test_a_loaded_fit_saves_to_the_same_content(pair, tmp_path):
    fit, back = pair
    for name, one in (("a.nc", fit), ("b.nc", without_data(back))):
        save(one, tmp_path / name)
    first, second = (archive.read_archive(tmp_path / name) for name in ("a.nc", "b.nc"))
    assert (first.record, first.sha256) == (second.record, second.sha256)


def test_the_data_tree_is_in_the_file_and_is_made_again_alike(tmp_path):
    fit = made(noise=Normal)  # the model that compiles fastest
    save(fit, tmp_path / "fit.nc")
    made_again = {"posterior_predictive", "prior", "prior_predictive"}
    with xr.open_datatree(tmp_path / "fit.nc", engine="h5netcdf") as stored:
        assert {"posterior", "sample_stats", "log_likelihood", "observed_data"} <= set(stored.children)
        assert set(stored.children) == (set(fit.data.children) - made_again) | {"runs"}
        for name in set(stored.children) - {"runs"}:
            xr.testing.assert_equal(stored[name].to_dataset().load(), fit.data[name].to_dataset())
        assert stored["runs"]["budget"].values.tolist() == fit.runs.table["budget"].tolist()
        assert json.loads(stored.attrs["record"])["seed"] == fit.seed
    back = load(tmp_path / "fit.nc")
    # Twelve draws are too few for it, which must not keep the fit from being saved.
    assert {check.name: check.status for check in back.checks.checks}["pareto-k"] == "warn"
    for name, group in fit.data.children.items():
        xr.testing.assert_identical(back.data[name].to_dataset(), group.to_dataset())


def test_the_checks_are_saved_with_the_fit_and_measured_again_on_request_only(pair, monkeypatch):
    _, back = pair
    calls = []
    monkeypatch.setattr(diagnose, "diagnose", lambda fit: calls.append(fit) or Checks(()))
    monkeypatch.delitem(back.__dict__, "measured_checks", raising=False)
    assert repr(back.checks) == repr(CHECKS)  # NaN is not equal to itself
    assert "r-hat fails (inf); e-bfmi fails (nan)" in repr(back)
    assert not calls
    assert back.check() == back.check() == ()
    assert calls == [back]


def test_a_file_of_before_checks_were_saved_is_checked_when_asked(good, tmp_path):
    path = copied(good, tmp_path)
    rewrite(path, record=lambda r: r.pop("checks") and None)
    assert load(path).saved_checks is None


def test_a_fit_without_a_record_is_saved_with_one(tmp_path):
    fit = without_data(replace(made(), record={}))
    save(fit, tmp_path / "fit.nc")
    assert load(tmp_path / "fit.nc").record["law"]["name"] == "chinchilla"


def test_priors_of_a_fit_outlive_a_change_of_the_declared_ones(tmp_path):
    """A later version may declare another prior; the support and the prior draws must stay those of the fit."""
    path = saved(tmp_path)
    rewrite(path, record=lambda r: r["priors"]["nu"].update(lower=0.5))
    back = load(path)
    assert back.model.prior("nu").lower == 0.5
    assert [name for name, _ in back.model.priors] == ["nu"]


def test_names_of_any_kind_are_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fit = without_data(made())
    for path in ("fit", Path("Größe 1 " + "x" * 240)):
        save(fit, path)
        assert load(path).seed == 7
    (tmp_path / "link.nc").symlink_to("fit")
    save(fit, "link.nc")
    assert (tmp_path / "link.nc").is_symlink()
    assert load("link.nc").seed == 7


# --- Files that are no good ------------------------------------------------------------------------------------------


def saved(folder: Path, fit: Fit | None = None) -> Path:
    save(without_data(fit or made()), folder / "fit.nc")
    return folder / "fit.nc"


def rewrite(path: Path, *, record: Callable | None = None, file: Callable | None = None, seal: bool = True) -> None:
    """Change a file as someone would who knows the format: record, variables, and then the checksum."""
    with h5py.File(path, "r+") as h5:
        if record:
            changed = json.loads(h5.attrs["record"])
            replaced = record(changed)
            h5.attrs["record"] = replaced if isinstance(replaced, str) else json.dumps(changed)
        if file:
            file(h5)
    if seal:
        try:
            whole = archive.read_archive(path)
        except StoreError:
            return
        with h5py.File(path, "r+") as h5:
            arguments = (whole.record, whole.groups[archive.DRAWS], whole.groups[archive.STATS])
            h5.attrs["sha256"] = archive.checksum(*arguments)


def put(name: str, values, **storage) -> Callable[[h5py.File], None]:
    """Replace one variable."""

    def change(h5: h5py.File) -> None:
        if name in h5:
            del h5[name]
        h5.create_dataset(name, data=values, **storage)

    return change


def drop(name: str) -> Callable[[h5py.File], None]:
    return lambda h5: h5.__delitem__(name)


def cell(name: str, index, value) -> Callable[[h5py.File], None]:
    return lambda h5: h5[name].__setitem__(index, value)


def attr(name: str, value) -> Callable[[h5py.File], None]:
    return lambda h5: h5.attrs.__setitem__(name, value)


def external_link(h5: h5py.File) -> None:
    h5["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")


def soft_link(h5: h5py.File) -> None:
    del h5["runs/loss"]
    h5["runs/loss"] = h5py.SoftLink("/runs/params")


def loop(h5: h5py.File) -> None:
    h5["runs/again"] = h5["/"]


def external_storage(h5: h5py.File) -> None:
    del h5["runs/loss"]
    h5.create_dataset("runs/loss", (6,), "f8", external=[("/etc/passwd", 0, 48)])


def virtual(h5: h5py.File) -> None:
    del h5["runs/loss"]
    layout = h5py.VirtualLayout((6,), "f8")
    layout[:] = h5py.VirtualSource("other.nc", "loss", (6,))
    h5.create_virtual_dataset("runs/loss", layout)


def unallocated(h5: h5py.File) -> None:
    del h5["runs/loss"]
    h5.create_dataset("runs/loss", (10**12,), "f8")


FEW_OBJECTS = 60


def many(h5: h5py.File) -> None:
    for i in range(FEW_OBJECTS):
        h5.create_group(f"g{i}")


DRAWS = "unconstrained_posterior"
SPOILT_FILES = {
    "an external link": (external_link, "'/elsewhere' links to somewhere else; a fit holds its own data"),
    "a soft link": (soft_link, "'/runs/loss' links to somewhere else"),
    "a loop": (loop, "it holds more or deeper groups than a fit has"),
    "too many groups": (many, "it holds more or deeper groups than a fit has"),
    "external storage": (external_storage, "'/runs/loss' takes its data from another file"),
    "a virtual variable": (virtual, "'/runs/loss' takes its data from another file"),
    "a named type": (lambda h5: h5.__setitem__("t", np.dtype("f8")), "'/t' is neither a group nor a variable"),
    "a huge declared shape": (unallocated, "variable 'loss' of 'runs' is not stored plainly and in full"),
    "compression": (
        put("runs/loss", np.ones(10**6), compression="gzip"),
        "variable 'loss' of 'runs' is not stored plainly and in full",
    ),
    "references": (
        lambda h5: put("runs/loss", np.array([h5.ref], dtype=h5py.ref_dtype))(h5),
        "variable 'loss' of 'runs' is of type object; expected numbers or characters",
    ),
    "no format": (lambda h5: h5.attrs.__delitem__("format"), "it was not written by bayescale, it lacks the format"),
    "another format": (attr("format", "gguf"), "it was not written by bayescale"),
    "a format that is a number": (attr("format", 3), "its attribute 'format' is missing or no text"),
    "a later version": (attr("format_version", 2), "it has format version 2 and .* reads versions up to 1; update"),
    "version zero": (attr("format_version", 0), "its format_version is no positive integer"),
    "a version in words": (attr("format_version", "one"), "its format_version is no positive integer"),
    "no record": (lambda h5: h5.attrs.__delitem__("record"), "its attribute 'record' is missing or no text"),
    "a huge record": (attr("record", "[" * (archive.MAX_RECORD + 1)), "has 4,194,305 characters and at most 4,194,304"),
    "no checksum": (lambda h5: h5.attrs.__delitem__("sha256"), "its attribute 'sha256' is missing or no text"),
    "no draws": (drop(DRAWS), f"the group '{DRAWS}' is missing; expected a file written by save"),
    "no runs": (drop("runs"), "the group 'runs' is missing"),
    "a variable for a group": (put("runs", np.ones(3)), "the group 'runs' is missing"),
    "a group for a variable": (lambda h5: h5.create_group("runs/more"), "holds 'more', which is no variable"),
    "no draws of E": (drop(f"{DRAWS}/E"), f"the group '{DRAWS}' lacks variable 'E'"),
    "draws of a stranger": (put(f"{DRAWS}/Z", np.ones((2, 6))), "holds the unknown variable 'Z'"),
    "too few draws": (put(f"{DRAWS}/E", np.ones((2, 5))), r"'E' must be float64 of shape \(2, 6\), got .* \(2, 5\)"),
    "draws with one axis more": (put(f"{DRAWS}/E", np.ones((2, 6, 1))), r"must be float64 of shape \(2, 6\)"),
    "single precision": (put(f"{DRAWS}/E", np.ones((2, 6), "f4")), "'E' must be float64 .* got float32"),
    "draws that are not numbers": (cell(f"{DRAWS}/E", (1, 2), np.nan), "the draws of 'E' are not all finite"),
    "infinite draws": (cell(f"{DRAWS}/beta", (0, 0), np.inf), "the draws of 'beta' are not all finite"),
    "no divergences": (drop("sample_stats/diverging"), "the group 'sample_stats' lacks the variable 'diverging'"),
    "statistics of another shape": (put("sample_stats/lp", np.ones(6)), r"the statistic 'lp' must be numbers of shape"),
    "a column less": (drop("runs/loss"), "its runs must be columns of one length with params, tokens, compute, loss"),
    "a strange column": (put("runs/colour", np.ones(6)), "its runs must be columns of one length"),
    "columns of several lengths": (put("runs/loss", np.ones(7)), "its runs must be columns of one length"),
    "integers for losses": (put("runs/loss", np.ones(6, int)), "the column 'loss' of its runs is int64"),
    "a negative loss": (cell("runs/loss", 0, -1.0), "1 unusable cell: row 1, loss: '-1' is not positive"),
    "a control character": (cell("runs/budget", (2, 1), b"\x1b"), "row 3, budget: .* contains control characters"),
    "bytes that are no text": (cell("runs/budget", (2, 1), b"\xff"), r"damaged or holds no fit \(UnicodeDecodeError\)"),
    "another loss": (cell("runs/loss", 0, 2.0), "its table of runs is not the one that was fitted"),
}


@pytest.mark.parametrize("kind", SPOILT_FILES)
def test_a_spoilt_file_is_refused_in_one_sentence(kind, good, tmp_path, monkeypatch):
    change, message = SPOILT_FILES[kind]
    monkeypatch.setattr(archive, "MAX_OBJECTS", FEW_OBJECTS)
    path = copied(good, tmp_path)
    rewrite(path, file=change)
    refused(path, message)


def set_in(*keys: str, to) -> Callable[[dict], None]:
    def change(record: dict) -> None:
        for key in keys[:-1]:
            record = record[key]
        record[keys[-1]] = to

    return change


SPOILT_RECORDS = {
    "no JSON": (lambda r: "{", "its record is no valid JSON"),
    "deep JSON": (lambda r: "[" * 200_000, "its record is no valid JSON"),
    "a list": (lambda r: "[]", "its record is JSON of a list, expected an object"),
    "not a number": (set_in("anchors", "N0", to=float("nan")), "its record is no valid JSON .NaN is no JSON number"),
    "no law": (lambda r: r.pop("law") and None, "its record needs 'law' as dict, got nothing"),
    "an unknown law": (
        set_in("law", "name", to="repeated"),
        r"the law 'repeated', which is not in the catalogue; give the law with load\(path, law=MyLaw\), "
        "or with --law my_laws.py:MyLaw on the command line",
    ),
    "a changed law": (
        set_in("law", "source_sha256", to="0" * 64),
        "another version of the law 'chinchilla' .* pass allow_changed_law=True",
    ),
    "another law of the catalogue": (
        lambda r: r["law"].update(name="kaplan-nd", source_sha256=_hash("kaplan-nd")),
        "its anchors must be positive numbers|it has the parameters",
    ),
    "one chain": (set_in("settings", "chains", to=1), "chains must be a whole number of at least 2, got 1"),
    "many chains": (set_in("settings", "chains", to=10**9), "must be float64 of shape"),
    "an unknown setting": (set_in("settings", "thinning", to=2), r"damaged or holds no fit \(TypeError\)"),
    "a negative seed": (set_in("seed", to=-1), "seed must be an integer from 0"),
    "a seed in words": (set_in("seed", to="7"), "its record needs 'seed' as int, got '7'"),
    "an anchor less": (lambda r: r["anchors"].pop("N0") and None, "its anchors must be positive numbers for N0, D0"),
    "a negative anchor": (set_in("anchors", "N0", to=-1.0), "its anchors must be positive numbers"),
    "an unknown noise": (
        set_in("noise", to="cauchy"),
        r"its noise must be one of student-t, .* got 'cauchy'; update .* give it with load\(path, noise=MyNoise\)",
    ),
    "a changed noise": (
        set_in("noise_sha256", to="0" * 64),
        "another version of the noise 'student-t' .* pass allow_changed_law=True",
    ),
    "another noise of the package": (set_in("noise", to="laplace"), "another version of the noise 'laplace'"),
    "no hash of the noise": (
        lambda r: r.pop("noise_sha256") and None,
        "its record needs 'noise_sha256' as str, got nothing",
    ),
    "an unknown pooling": (set_in("pooling", "default", to="some"), "pooling must be one of complete, partial, none"),
    "partial pooling of one table": (set_in("pooling", "default", to="partial"), "pooling 'partial' needs families"),
    "pooling of a stranger": (set_in("pooling", "overrides", to=[["Z", "none"]]), "needs families|no parameter 'Z'"),
    "no concentration": (set_in("pooling", "concentration", to=None), "its pooling needs a number as concentration"),
    "an unknown prior": (set_in("priors", "E", to={"prior": "os.system"}), "Unknown prior 'os.system'"),
    "a prior of a stranger": (set_in("priors", "Z", to={}), "it has the parameters A, B, E, Z"),
    "an impossible prior": (
        set_in("priors", "E", to={"prior": "HalfNormal", "scale": -1}),
        "HalfNormal: scale must be a positive finite number",
    ),
    "effects over a stranger": (
        set_in("effects", to={"column": "lr", "prior": {"prior": "HalfNormal", "scale": 1.0}}),
        "run effects are over 'budget' or 'run', got 'lr'",
    ),
    "effects over a missing column": (
        set_in("effects", to={"column": "run", "prior": {"prior": "HalfNormal", "scale": 1.0}}),
        "Effects over 'run' need that column",
    ),
    "another data hash": (set_in("data", "sha256", to="0" * 64), "not the one that was fitted, their hashes differ"),
    "an unknown unit": (set_in("data", "loss_unit", to="bits/token"), "its loss_unit must be one of nats/token"),
    "checks that are none": (set_in("checks", to={}), "its record needs 'checks' as list"),
    "a check that is none": (set_in("checks", to=["r-hat"]), "its checks must have name, status, value"),
    "a check with more": (
        lambda r: r["checks"][0].update(code="import os"),
        "its checks must have name, status, value",
    ),
    "a check of unknown status": (
        lambda r: r["checks"][0].update(status="great"),
        "the status of a check must be one of pass, warn, fail, got 'great'",
    ),
    "a check without a name": (lambda r: r["checks"][0].update(name=3), "its record needs 'name' as str, got 3"),
    "a check of words": (lambda r: r["checks"][0].update(value="many"), "its checks need numbers .* got 'many'"),
    "a check of truth": (lambda r: r["checks"][0].update(value=True), "its checks need numbers .* got True"),
    "warnings that are none": (set_in("data", "warnings", to=[["a"]]), "its warnings must be pairs"),
}


@pytest.mark.parametrize("kind", SPOILT_RECORDS)
def test_a_spoilt_record_is_refused_in_one_sentence(kind, good, tmp_path):
    change, message = SPOILT_RECORDS[kind]
    path = copied(good, tmp_path)
    rewrite(path, record=change)
    refused(path, message)


NO_FITS = {
    "an empty file": (lambda content: b"", "it is empty; copy it or save the fit again"),
    "text": (lambda content: b"params,tokens,loss\n", "it is no NetCDF-4 file, it begins with b'params,t'"),
    "a pickle": (lambda content: b"\x80\x04cposix\nsystem\n(S'touch owned'\ntR.", "it is no NetCDF-4 file"),
    "NetCDF 3": (lambda content: b"CDF\x01" + bytes(100), "it is no NetCDF-4 file"),
    "the first bytes": (lambda content: content[:5], "it is no NetCDF-4 file"),
    "only a signature": (lambda content: content[:8], "it is truncated or damaged"),
    "half a file": (lambda content: content[: len(content) // 2], "it is truncated or damaged"),
    "a byte less": (lambda content: content[:-1], "it is truncated or damaged"),
}


@pytest.mark.parametrize("kind", NO_FITS)
def test_what_is_no_fit_is_refused_in_one_sentence(kind, good, tmp_path):
    change, message = NO_FITS[kind]
    path = tmp_path / "fit.nc"
    path.write_bytes(change(good.read_bytes()))
    refused(path, message)


def test_a_file_of_another_program_is_refused(tmp_path):
    with h5py.File(tmp_path / "fit.nc", "w") as h5:
        h5["weights"] = np.ones(3)
    refused(tmp_path / "fit.nc", "it was not written by bayescale")


def test_what_is_not_there_is_refused(tmp_path):
    refused(tmp_path / "fit.nc", "there is no such file")
    refused(tmp_path, "it is a folder")
    os.mkfifo(tmp_path / "pipe.nc")
    refused(tmp_path / "pipe.nc", "it is a device or a pipe")


def test_damage_anywhere_is_noticed_or_harmless(good, tmp_path):
    """Random bytes in random places: one sentence, or the same fit (where bytes fill gaps or serve other readers)."""
    content, rng = good.read_bytes(), np.random.default_rng(1)
    fit = load(good)
    for trial in range(60):
        spoilt = bytearray(content)
        start = int(rng.integers(len(content) if trial % 2 else 4096))
        spoilt[start : start + 4] = rng.bytes(4)
        (tmp_path / "fit.nc").write_bytes(spoilt[: len(content)])
        try:
            back = load(tmp_path / "fit.nc")
        except StoreError:
            continue
        xr.testing.assert_identical(back.unconstrained, fit.unconstrained)
        assert (back.record, back.runs.sha256) == (fit.record, fit.runs.sha256)
    (tmp_path / "fit.nc").write_bytes(content)
    assert load(tmp_path / "fit.nc").record == fit.record  # the failures before leave nothing open


def test_altered_draws_are_noticed(good, tmp_path):
    path = copied(good, tmp_path)
    rewrite(path, file=cell(f"{DRAWS}/E", (0, 0), 1.0), seal=False)
    refused(path, "its draws or its record were altered or damaged after it was saved")


def test_a_changed_law_is_loaded_on_request_only(good, tmp_path):
    path = copied(good, tmp_path)
    rewrite(path, record=set_in("law", "source_sha256", to="0" * 64))
    back = load(path, allow_changed_law=True)
    assert back.record["law"]["source_sha256"] == "0" * 64
    save(without_data(back), path)
    refused(path, "another version of the law")  # saving again does not launder it


def test_a_changed_noise_is_loaded_on_request_only(good, tmp_path):
    path = copied(good, tmp_path)
    rewrite(path, record=set_in("noise_sha256", to="0" * 64))
    back = load(path, allow_changed_law=True)
    assert back.record["noise_sha256"] == "0" * 64
    save(without_data(back), path)
    refused(path, "another version of the noise")  # saving again does not launder it


def test_a_noise_of_ones_own_is_given_again(tmp_path):
    path = saved(tmp_path, made(noise=OwnNoise))
    refused(path, r"its noise must be one of .*, got 'own-noise'; .* give it with load\(path, noise=MyNoise\)")
    refused(path, "it was fitted with the noise 'own-noise', got noise='normal'; give that of the fit", noise=Normal)
    with pytest.raises(SettingsError, match=r"^noise must be the Noise class of the fit, got 'normal'; leave it out"):
        load(path, noise="normal")


# --- Nothing in a file is run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["{file}:Evil", "{file}", "os:system", "__import__('os')"])
def test_a_law_that_a_file_names_is_not_run(name, good, tmp_path):
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'owned')!r}, 'w')\n")
    path = copied(good, tmp_path)
    rewrite(path, record=set_in("law", "name", to=name.format(file=evil)))
    refused(path, "which is not in the catalogue")
    assert not (tmp_path / "owned").exists()


def test_a_law_of_your_own_is_given_by_you(tmp_path):
    path = saved(tmp_path, made(OwnLaw))
    refused(path, r"the law 'own-law', which is not in the catalogue; give the law with load\(path, law=MyLaw\)")
    assert load(path, law=OwnLaw).law is OwnLaw
    refused(path, "it was fitted with the law 'own-law', got law='chinchilla'", law="chinchilla")
    with pytest.raises(LawError, match="There is no law 'nonsense' in the catalogue"):
        load(path, law="nonsense")


def test_a_fit_is_loaded_alike_in_another_process(tmp_path):
    fit = made(families=("a", "b"))
    path = saved(tmp_path, fit)
    code = (
        "import sys, bayescale as bs; fit = bs.load(sys.argv[1]);"
        "print(bs.predict(fit, params=7e10, tokens=1e12).draws['loss'].to_numpy().tobytes().hex())"
    )
    out = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == predict(fit, params=7e10, tokens=1e12).draws["loss"].to_numpy().tobytes().hex()


# --- Writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), TypeError("bad attribute")])
def test_a_failing_write_leaves_what_was_there(error, tmp_path, monkeypatch):
    path = saved(tmp_path)
    before = path.read_bytes()

    def fail(tree, unfinished, **options):
        Path(unfinished).write_bytes(b"half")
        raise error

    monkeypatch.setattr(xr.DataTree, "to_netcdf", fail)
    with pytest.raises(StoreError, match=r"The fit could not be written to .*check the space"):
        save(without_data(made()), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["fit.nc"]


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(tree, unfinished, **options):
        Path(unfinished).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.DataTree, "to_netcdf", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save(without_data(made()), tmp_path / "fit.nc")
    assert not list(tmp_path.iterdir())


def test_paths_that_cannot_be_written_are_refused(tmp_path):
    fit = without_data(made())
    with pytest.raises(StoreError, match=r"There is no folder .*nowhere to write fit\.nc to; make it first"):
        save(fit, tmp_path / "nowhere" / "fit.nc")
    with pytest.raises(StoreError, match="is a folder; give the name of a file in it"):
        save(fit, tmp_path)
    with pytest.raises(StoreError, match="is a device or a pipe"):
        save(fit, "/dev/null")
    with pytest.raises(StoreError, match="path must be a file name, got int"):
        save(fit, 3)
    with pytest.raises(StoreError, match="save takes a fit made by"):
        save("fit", tmp_path / "fit.nc")


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StoreError, match="cannot be written to; choose another or change permissions"):
        save(without_data(made()), tmp_path / "fit.nc")


def test_what_load_could_not_know_is_not_saved(tmp_path):
    class OwnPrior(HalfNormal):
        """A prior of one's own."""

    for choices, message in (
        ({"priors": {"sigma": OwnPrior(0.1)}}, "The prior OwnPrior of sigma is your own"),
        ({"effects": RunEffects("budget", OwnPrior(0.1))}, "The prior OwnPrior of run effects is your own"),
    ):
        with pytest.raises(StoreError, match=message):
            save(without_data(made(**choices)), tmp_path / "fit.nc")
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    """A good file to spoil copies of."""
    return saved(tmp_path_factory.mktemp("good"))


def copied(good: Path, folder: Path) -> Path:
    (folder / "fit.nc").write_bytes(good.read_bytes())
    return folder / "fit.nc"


def refused(path: Path, message: str, **options) -> None:
    """Loading raises one sentence that names the file and says what is wrong."""
    with pytest.raises(StoreError) as caught:
        load(path, **options)
    text = str(caught.value)
    assert text.startswith(f"{path} cannot be loaded: ")
    assert re.search(message, text), text
    assert "\n" not in text
    assert len(text) < 700 + len(str(path))


def _hash(name: str) -> str:
    from bayescale.laws import definition_hash

    return definition_hash(find_law(name))
