"""ArviZ draws a fit, and a saved one read by xarray alone, without a change."""

from __future__ import annotations

import matplotlib
import pytest
import xarray as xr

matplotlib.use("Agg")
arviz = pytest.importorskip("arviz")
pytestmark = pytest.mark.filterwarnings("ignore")

PLOTS = {
    "plot_forest": {"var_names": ["alpha", "beta"]},
    "plot_trace_dist": {"var_names": ["alpha"]},
    "plot_rank": {"var_names": ["alpha"]},
    "plot_pair": {"var_names": ["A", "alpha"]},
}
# These need groups that are made again from the fit instead of being saved.
OF_THE_FIT = {"plot_ppc_dist": {}, "plot_prior_posterior": {"var_names": ["alpha"]}}


@pytest.fixture(scope="module")
def saved(plain, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "fit.nc"
    plain.save(path)
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        return tree.load()


@pytest.mark.parametrize("name", PLOTS)
def test_a_saved_fit_is_drawn_by_arviz(name, saved):
    assert getattr(arviz, name)(saved, backend="matplotlib", **PLOTS[name]) is not None


@pytest.mark.parametrize("name", [*PLOTS, *OF_THE_FIT])
def test_a_fit_is_drawn_by_arviz(name, plain):
    options = (PLOTS | OF_THE_FIT)[name]
    assert getattr(arviz, name)(plain.data, backend="matplotlib", **options) is not None


def test_a_file_without_its_posterior_is_not(saved):
    """What the tests above could overlook: that ArviZ draws anything."""
    kept = {name: node.to_dataset() for name, node in saved.children.items() if name != "posterior"}
    lacking = xr.DataTree.from_dict(kept)
    with pytest.raises(KeyError):
        arviz.plot_forest(lacking, backend="matplotlib")
