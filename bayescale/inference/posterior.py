"""From draws of the sampled sites to labelled posterior variables in natural units."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import xarray as xr

from bayescale.inference.evaluate import natural_values
from bayescale.inference.precision import computing
from bayescale.models.model import CORRELATION, EFFECTS, FAMILY, OMEGA, Model


def sites_dataset(
    model: Model, sites: Mapping[str, np.ndarray], families: tuple[str, ...], levels: tuple[tuple[str, str], ...]
) -> xr.Dataset:
    """Label unconstrained site values (chain x draw x ...)."""
    dims = {FAMILY: ("family", "coordinate"), EFFECTS: ("level",), CORRELATION: ("correlation_coordinate",)}
    dims |= {f"{p.name}_family": ("family",) for p in model.partial_noise}
    dims |= {p.name: ("family",) for p in model.of_kind("none")}
    variables = {name: (("chain", "draw", *dims.get(name, ())), np.asarray(value)) for name, value in sites.items()}
    coords: dict[str, Any] = {"chain": np.arange(_shape(sites)[0]), "draw": np.arange(_shape(sites)[1])}
    used = {dim for dims_, _ in variables.values() for dim in dims_}
    labels = {
        "family": list(families),
        "coordinate": [c.name for c in model.coordinates],
        "level": [_level_name(level) for level in levels],
    }
    coords |= {dim: label for dim, label in labels.items() if dim in used}
    return xr.Dataset(variables, coords=coords)


def natural_dataset(model: Model, sites: xr.Dataset, anchors: Mapping[str, float]) -> xr.Dataset:
    """Posterior variables in natural units, in the law's textbook form, with units and names.

    Returns:
        over chain, draw and (for parameters that families own) family: the law's parameters, derived quantities,
        noise parameters; over chain and draw: ``{parameter}_population`` and ``{coordinate}_between``. A population's
        parameter whose textbook form needs one that every family has by itself stays at the anchors, as it says.
    """
    with computing():
        family, population = _values(model, flat_sites(sites))
        law = _textbook(model, family, anchors)
        differ = {name for name, value in law.items() if np.ndim(value) > 1}
        located, anchored = _population(model, family, population, anchors, differ)
    noise = {p.name: family[p.name] for p in model.noise_parameters}
    population |= located
    shape = (sites.sizes["chain"], sites.sizes["draw"])
    out = xr.Dataset(coords={"chain": sites["chain"], "draw": sites["draw"]})
    if "family" in sites.coords:
        out = out.assign_coords(family=sites["family"])
    for name, value in (law | noise | population).items():
        dims = _extra_dims(name, value, model)
        out[name] = (("chain", "draw", *dims), np.asarray(value, float).reshape(*shape, *np.shape(value)[1:]))
        out[name].attrs.update(attributes(name, model, anchored))
    if EFFECTS in out:
        out = out.assign_coords(level=sites["level"])
    return out


def varying(posterior: xr.Dataset, derived: Collection[str]) -> xr.Dataset:
    """Return the posterior without what is constant by its formula, for which R-hat is undefined.

    That is the diagonal of a correlation matrix (each pair is kept once), and derived quantities that are the same
    whatever the parameters are: if it is the parameters that do not move, they are left to say so.
    """
    kept: dict[Any, Any] = {}
    for name, variable in posterior.data_vars.items():
        if "coordinate_other" in variable.dims:
            values = variable.transpose("chain", "draw", "coordinate", "coordinate_other").to_numpy()
            kept[name] = (("chain", "draw", "pair"), values[..., *np.tril_indices(values.shape[-1], -1)])
        elif str(name).removesuffix("_population") not in derived or (variable != variable.isel(chain=0, draw=0)).any():
            kept[name] = variable
    return xr.Dataset(kept)


def _values(model: Model, flat: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Family and population values in natural units, draw x ...; without compiling where no family has its own."""
    if len(model.of_kind("complete")) == len(model.parameters) and model.effects is None:
        try:
            return {p.name: model.prior(p.name).natural(flat[p.name]) for p in model.parameters}, {}
        except NotImplementedError:  # a prior of the user's, which has a NumPyro distribution only
            pass
    family, population = natural_values(model, flat)
    return {n: np.asarray(v) for n, v in family.items()}, {n: np.asarray(v) for n, v in population.items()}


def _textbook(model: Model, values: Mapping[str, Any], anchors: Mapping[str, float]) -> dict[str, np.ndarray]:
    """The law's parameters in textbook form and its derived quantities."""
    families = max((np.ndim(values[p.name]) for p in model.law.parameters), default=1) > 1
    spread = {n: v[:, None] if families and np.ndim(v) == 1 else v for n, v in values.items()}
    law = model.law_at(spread, anchors)
    named = law.textbook().values | {d.name: getattr(law, d.name) for d in model.law.derived_quantities}
    # A common parameter was spread over the families only to combine with the others.
    return {name: v[:, 0] if families and np.shape(v)[1:] == (1,) else v for name, v in named.items()}


def _population(
    model: Model,
    family: Mapping[str, Any],
    population: Mapping[str, Any],
    anchors: Mapping[str, float],
    differ: Collection[str],
) -> tuple[dict[str, np.ndarray], set[str]]:
    """The population's law parameters in textbook form, and the names of those that have none.

    A parameter that is common to all families is also the population's. One that every family has by itself has no
    population, and whatever the textbook form needs it for stays at the anchors: it is set to NaN to see what that is.
    """
    if not model.partial_law:
        return {}, set()
    values = {p.name: population[f"{p.name}_population"] for p in model.partial_law}
    values |= {p.name: family[p.name] for p in model.of_kind("complete")}
    values |= {p.name: np.full(len(family[p.name]), np.nan) for p in model.of_kind("none")}
    textbook = _textbook(model, values, anchors)
    located = {f"{p.name}_population": textbook[p.name] for p in model.partial_law}
    left = {name for name, value in located.items() if np.isnan(value).all()}
    # A derived quantity has a population if it differs between families and needs nothing that has none.
    derived = {f"{d.name}_population": textbook[d.name] for d in model.law.derived_quantities if d.name in differ}
    return {name: value for name, value in (located | derived).items() if not np.isnan(value).all()}, left


def _extra_dims(name: str, value: np.ndarray, model: Model) -> tuple[str, ...]:
    if name == EFFECTS:
        return ("level",)
    if name == CORRELATION:
        return ("coordinate", "coordinate_other")
    return ("family",) if np.ndim(value) > 1 else ()


def attributes(name: str, model: Model, anchored: Collection[str] = ()) -> dict[str, str]:
    """Name and unit of a variable; ``anchored`` are those that are not in textbook form although the law has one."""
    base, _, role = name.rpartition("_")
    at_one = model.law.has_textbook() and name not in anchored
    parameters = {p.name: (p.textbook_meaning if at_one else p.meaning, p.unit) for p in model.parameters}
    parameters |= {d.name: (d.doc, d.unit) for d in model.law.derived_quantities}
    if name in parameters:
        return {"long_name": parameters[name][0], "units": parameters[name][1]}
    if role == "population" and base in parameters:
        return {"long_name": f"population location of: {parameters[base][0]}", "units": parameters[base][1]}
    if role == "between":
        scale = {c.name: c.doc for c in model.coordinates} | {
            p.name: f"{model.prior(p.name).scale_words}{p.meaning}" for p in model.partial_noise
        }
        return {"long_name": f"sd between families of: {scale.get(base, base)}", "units": ""}
    words = {OMEGA: "sd of run effects on log loss", EFFECTS: "run effect on log loss"}
    return {"long_name": words.get(name, name), "units": ""}


def flat_sites(sites: xr.Dataset) -> dict[str, np.ndarray]:
    """Site values with chain and draw in one first axis."""
    flat = {}
    for name, variable in sites.data_vars.items():
        values = variable.transpose("chain", "draw", ...).to_numpy()
        flat[str(name)] = values.reshape(-1, *values.shape[2:])
    return flat


def _shape(sites: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    return np.shape(next(iter(sites.values())))


def _level_name(level: tuple[str, str]) -> str:
    family, value = level
    return f"{family} / {value}" if family else value
