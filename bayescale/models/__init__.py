"""The statistical model around a law: noise, pooling over families, run effects, and the NumPyro model they make."""

from bayescale.models.effects import RunEffects
from bayescale.models.layout import Layout, lay_out
from bayescale.models.model import Model, build_model
from bayescale.models.noise import NOISES, Laplace, Noise, Normal, StudentT, find_noise
from bayescale.models.pooling import Pooling

__all__ = [
    "NOISES",
    "Laplace",
    "Layout",
    "Model",
    "Noise",
    "Normal",
    "Pooling",
    "RunEffects",
    "StudentT",
    "build_model",
    "find_noise",
    "lay_out",
]
