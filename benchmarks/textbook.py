"""From what the hand-written models sample to the parameters that papers print, by bayescale's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Draws = dict[str, np.ndarray]
LAW = ("E", "A", "B", "alpha", "beta")


def textbook(model: str, drawn: Mapping[str, np.ndarray], columns: Mapping[str, Any]) -> Draws:
    """Draws of one of the models of numpyro_models.py or pymc_models.py, chain x draw (x family), in natural units."""
    draws = {name: np.asarray(value) for name, value in drawn.items()}
    if model == "naive":
        return draws
    anchors = {"A": (columns["N0"], "alpha"), "B": (columns["D0"], "beta")}
    if model == "anchored":
        return draws | {name: draws[name] * at ** draws[power] for name, (at, power) in anchors.items()}
    size, tokens = np.exp(draws["size_share"]), np.exp(draws["data_share"])
    E = np.exp(draws["level"]) / (1 + size + tokens)
    own = {"E": E, "A": E * size, "B": E * tokens}
    own |= {name: np.exp(draws[f"log_{name}"]) for name in ("alpha", "beta")}
    for name, (at, power) in anchors.items():
        own[name] = own[name] * at ** own[power]
        own[f"{name}_population"] = draws[f"{name}_population"] * at ** draws[f"{power}_population"]
    own |= {f"{name}_between": draws[f"log_{name}_between"] for name in ("alpha", "beta")}
    return {name: draws[name] for name in reported(model) if name not in own} | own


def reported(model: str) -> tuple[str, ...]:
    """The parameters that are compared: all that the model has."""
    if model != "centred":
        return (*LAW, "sigma", "nu")
    between = ("level", "size_share", "data_share", "alpha", "beta", "sigma")
    return (*LAW, "sigma", "nu", *(f"{n}_population" for n in (*LAW, "sigma")), *(f"{n}_between" for n in between))
