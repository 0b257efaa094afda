"""A batch of fits is one labelled dataset, and each fit in it is the fit that a table has by itself."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayescale as bs
from bayescale.inference.many import side_by_side, together
from bayescale.inference.many.fit_many import STEPS


def test_everything_is_labelled(fits, tables):
    assert fits.labels == tuple(tables)
    assert fits.posterior["alpha"].dims == ("fit", "chain", "draw")
    assert dict(fits.posterior.sizes) == {"fit": 6, "chain": 4, "draw": STEPS}
    assert fits.posterior["E"].attrs == {"long_name": "irreducible loss", "units": "nats/token"}
    assert set(fits.posterior) == {"E", "A", "B", "alpha", "beta", "a", "sigma", "nu"}
    assert fits.checks["rows"].to_series().to_dict() == {label: len(t) for label, t in tables.items()}
    assert fits.anchors["N0"].sel(fit="table 2").item() == pytest.approx(
        np.exp(np.log(tables["table 2"]["params"]).mean())
    )


def test_every_fit_passes_or_says_why_not(fits):
    assert set(fits.checks["status"].values) == {"ok"}
    assert fits.checks["r_hat"].max() <= 1.01
    assert fits.checks["ess_bulk"].min() >= 400
    assert fits.check()["fit"].tolist() == list(fits.labels)


def test_one_of_the_fits_is_a_fit(fits, tables):
    one = fits["table 3"]
    assert isinstance(one, bs.Fit)
    one.check()
    for name in fits.posterior:
        np.testing.assert_allclose(one.posterior[name], fits.posterior[name].sel(fit="table 3"), rtol=1e-12)
    assert one.engine == "instant (table 'table 3' of 6)"
    row = tables["table 3"].iloc[0]
    predicted = bs.predict(one, params=row["params"], tokens=row["tokens"]).table(prob=0.99)
    assert predicted["lower"].item() < row["loss"] < predicted["upper"].item()
    # The measures of the batch are those of the fit's own checks.
    measured = {check.name: check.value for check in one.checks.checks}
    at = fits.checks.sel(fit="table 3")
    assert measured["proposal-k"] == at["pareto_k"].item()
    assert measured["ess-bulk"] <= at["ess_bulk"].item() * (1 + 1e-9)  # the fit also looks at derived quantities


def test_one_of_the_fits_can_be_saved(fits, tmp_path):
    fits["table 1"].save(tmp_path / "fit.nc")
    loaded = bs.load(tmp_path / "fit.nc")
    xr.testing.assert_equal(loaded.posterior, fits["table 1"].posterior)


def test_the_dataset_is_written_and_read_by_xarray(fits, tmp_path):
    fits.dataset.to_netcdf(tmp_path / "fits.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "fits.nc", engine="h5netcdf") as read:
        assert read["status"].values.tolist() == ["ok"] * 6
        np.testing.assert_array_equal(read["alpha"], fits.posterior["alpha"])
        assert read.attrs == {"law": "chinchilla", "noise": "student-t", "seed": 1}


def test_draws_of_a_table_do_not_depend_on_the_tables_beside_it(fits, tables):
    chosen = {label: tables[label] for label in ("table 4", "table 1")}
    fewer = bs.fit_many("chinchilla", chosen, seed=1)
    assert fewer.labels == ("table 4", "table 1")
    for label in chosen:
        np.testing.assert_array_equal(fewer.posterior["E"].sel(fit=label), fits.posterior["E"].sel(fit=label))


def test_another_seed_gives_other_draws(fits, tables):
    other = bs.fit_many("chinchilla", {"table 0": tables["table 0"]}, seed=2)
    assert not np.isin(other.posterior["E"], fits.posterior["E"].sel(fit="table 0")).any()


def test_families_of_runs_are_tables(table):
    runs = bs.read_runs(pd.concat([table(0).assign(family="one"), table(1).assign(family="two")]))
    fits = bs.fit_many("chinchilla", runs, draws=50)
    assert fits.labels == ("one", "two")
    assert fits["two"].runs.families == ("two",)


def test_a_sequence_is_numbered(table):
    fits = bs.fit_many("chinchilla", [table(0), table(1)], draws=50)
    assert fits.labels == (0, 1)
    assert len(fits) == 2
    assert [fits[label].runs.table["loss"].iloc[0] for label in fits] == [
        t["loss"].iloc[0] for t in (table(0), table(1))
    ]


def test_fewer_draws_are_kept_evenly_and_checks_see_all_steps(fits, tables):
    few = bs.fit_many("chinchilla", tables, seed=1, draws=100)
    np.testing.assert_array_equal(few.posterior["E"], fits.posterior["E"].isel(draw=slice(9, None, 10)))
    np.testing.assert_array_equal(few.checks["ess_bulk"], fits.checks["ess_bulk"])


def test_own_draws_and_chains(table):
    fits = bs.fit_many("chinchilla", [table(0)], draws=1300, chains=3)
    assert dict(fits.posterior.sizes) == {"fit": 1, "chain": 3, "draw": 1300}


def test_priors_and_noise_reach_the_model(table):
    narrow = bs.fit_many("chinchilla", [table(0)], noise="normal", priors={"alpha": bs.LogNormal(0.9, 0.01)}, draws=100)
    assert "nu" not in narrow.posterior
    assert narrow.posterior["alpha"].mean() == pytest.approx(0.9, rel=0.02)


def test_tables_of_every_length_are_fitted_together(table):
    """Short, long, and longer than a bucket; with measurement errors, which are a bucket of their own."""
    given = {"short": table(0, rows=5), "long": table(1, rows=128), "longer": table(2, rows=129)}
    given["errors"] = table(3).assign(loss_se=0.01)
    fits = bs.fit_many("chinchilla", given, seed=0, draws=100)
    assert (fits.checks["status"] != "failed").all()
    sd = fits.posterior["alpha"].std(("chain", "draw"))
    assert sd.sel(fit="short") > sd.sel(fit="long")


def test_nuts_only_when_it_is_asked_for(table, fits):
    alone = bs.fit_many("chinchilla", {"table 0": table(0, rows=24)}, engine="nuts", seed=1, draws=1000)
    assert alone.checks["engine"].values.tolist() == ["nuts"]
    assert alone["table 0"].engine == "nuts (as asked for)"
    assert "diverging" in alone["table 0"].sample_stats
    batch = fits.posterior.sel(fit="table 0")
    for name in ("E", "alpha", "beta"):
        a, b = np.log(alone.posterior[name]), np.log(batch[name])
        # Both have at least 400 effective draws: four standard errors of the difference of means.
        assert abs(a.mean() - b.mean()) < 4 * np.hypot(a.std(), b.std()) / np.sqrt(400)


def test_how_many_are_computed_together_makes_no_difference(fits, tables, monkeypatch):
    """But for the rounding of other compiled code, which moves a proposal's centre by far less than an sd."""
    monkeypatch.setattr(together, "GROUP", 4)
    grouped = bs.fit_many("chinchilla", tables, seed=1)
    xr.testing.assert_identical(grouped.posterior, fits.posterior)
    monkeypatch.setattr(side_by_side, "TOGETHER", 3)
    other = bs.fit_many("chinchilla", tables, seed=1)
    for name in fits.posterior:
        a, b = other.posterior[name], fits.posterior[name]
        assert (
            float((abs(a.mean(("chain", "draw")) - b.mean(("chain", "draw"))) / b.std(("chain", "draw"))).max()) < 0.02
        )


def test_the_table_has_a_row_per_parameter_and_fit(fits):
    table = fits.table(prob=0.8)
    assert len(table) == 6 * 8
    row = table[(table["fit"] == "table 5") & (table["parameter"] == "beta")].iloc[0]
    draws = fits.posterior["beta"].sel(fit="table 5")
    assert [row["lower"], row["median"], row["upper"]] == pytest.approx(np.quantile(draws, [0.1, 0.5, 0.9]))
    assert row["prob"] == 0.8
    with pytest.raises(bs.SettingsError, match="prob must lie strictly between 0 and 1"):
        fits.table(prob=90)


def test_a_batch_prints_what_happened(fits):
    assert re.fullmatch(
        r"6 fits of chinchilla: 6 ok\n  noise student-t; 6 instant; 4 chains x 1000 draws, seed 1\n"
        r"  largest R-hat 1\.0\d\d\d, \d+\.\d s",
        repr(fits),
    )


def test_progress_has_rate_and_time_left(table, terminal):
    screen = terminal()
    bs.fit_many("chinchilla", [table(0), None, table(1)], draws=50)
    shown = screen.getvalue()
    assert "Fitting" in shown
    assert "3/3" in shown
    assert "fits/s" in shown
    assert "1 failed" in shown
    assert "0:00:0" in shown


def test_there_is_no_progress_elsewhere(table, capsys):
    bs.fit_many("chinchilla", [table(0)], draws=50)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("scatter", [0.01, 0.001])
@pytest.mark.parametrize("rows", [100, 2000])
def test_float32_moves_log_densities_by_no_more_than_its_rounding(rows, scatter, table):
    """To first order: every log loss is known to one rounding, and enters over the noise scale with a slope of at most
    about one; every sum over a tile is rounded once more, by half a unit of what has been summed so far.
    """
    import jax

    from bayescale.data.read import read_quietly
    from bayescale.inference.many.density import Density
    from bayescale.inference.many.rows import TILE, Bucket, stack
    from bayescale.inference.precision import computing
    from bayescale.models.layout import design_anchors

    runs = read_quietly(table(0, rows=rows, scatter=scatter))
    fit = bs.fit_many("chinchilla", [runs], draws=100)
    data = stack(fit.law, [runs], [design_anchors(fit.law, runs)], Bucket.of(fit.law, runs).width)
    data = jax.tree.map(lambda a: a[0], data)
    draws = np.stack([fit.unconstrained[p.name].to_numpy().ravel() for p in fit.model.parameters], axis=-1)

    def differences(double: bool) -> np.ndarray:
        with computing(double=double):
            density = Density(fit.model, data)
            values = np.asarray(jax.jit(lambda u: density(density.positions(u)))(draws))
        assert values.dtype == (np.float64 if double else np.float32)
        return values.astype(float) - values[0]

    unit = float(np.finfo(np.float32).eps)
    residuals = rows * unit * float(np.abs(data.log_loss).max()) / scatter
    sums = 0.5 * unit * (rows / TILE) * float(np.abs(fit.sample_stats["lp"]).max())
    assert np.abs(differences(False) - differences(True)).max() < residuals + sums


def test_float32_and_float64_give_the_same_posterior(fits, tables):
    single = bs.fit_many("chinchilla", tables, seed=1, precision="float32")
    assert set(single.checks["status"].values) == {"ok"}
    for name in fits.posterior:
        a, b = np.log(single.posterior[name]), np.log(fits.posterior[name])
        # The same random numbers make nearly the same draws, so this is far less than what separates seeds.
        shift = np.abs(a.mean(("chain", "draw")) - b.mean(("chain", "draw"))) / b.std(("chain", "draw"))
        assert float(shift.max()) < 0.05, name
    with pytest.raises(bs.SettingsError, match="precision must be one of float64, float32, got 'half'"):
        bs.fit_many("chinchilla", tables, precision="half")


def test_a_table_has_the_same_bits_whatever_it_is_fitted_with(tables, fits):
    some = list(tables)[1::2]
    others = bs.fit_many("chinchilla", {label: tables[label] for label in reversed(some)}, seed=1)
    for label in some:
        assert others.posterior.sel(fit=label).identical(fits.posterior.sel(fit=label))
