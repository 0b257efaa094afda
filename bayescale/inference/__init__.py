"""Inference: fitting, one table or many, by the instant engine or NUTS; point fits, checks, and fits on disk."""

from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit, fit
from bayescale.inference.hosts import join_hosts
from bayescale.inference.isoflop_path import IsoFLOPPath, isoflop_path
from bayescale.inference.learn_priors import learn_priors
from bayescale.inference.many import Fits, fit_many
from bayescale.inference.point import PointFit, PointSettings, point_fit
from bayescale.inference.population import population_priors
from bayescale.inference.settings import Settings
from bayescale.inference.store import load, save

__all__ = [
    "Check",
    "Fit",
    "Fits",
    "IsoFLOPPath",
    "PointFit",
    "PointSettings",
    "Settings",
    "fit",
    "fit_many",
    "isoflop_path",
    "join_hosts",
    "learn_priors",
    "load",
    "point_fit",
    "population_priors",
    "save",
]
