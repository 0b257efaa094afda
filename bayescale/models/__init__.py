"""The statistical model around a law: noise, pooling over families, run effects, and the NumPyro model they make."""

from bayescale.models import priors
from bayescale.models.build import build_model
from bayescale.models.censored import Censored
from bayescale.models.discrepancy import Discrepancy
from bayescale.models.effects import RunEffects
from bayescale.models.known_noises import KNOWN, find_noise
from bayescale.models.layout import Layout, lay_out
from bayescale.models.model import Model
from bayescale.models.noise import NOISES, Laplace, Noise, Normal, StudentT
from bayescale.models.pooling import Pooling
from bayescale.models.residuals import AR1, OU, RESIDUALS, Residuals, find_residuals
from bayescale.models.value_noise import VALUE_NOISES, BetaBinomial, NormalValue, ValueNoise

__all__ = [
    "AR1",
    "KNOWN",
    "NOISES",
    "OU",
    "RESIDUALS",
    "VALUE_NOISES",
    "BetaBinomial",
    "Censored",
    "Discrepancy",
    "Laplace",
    "Layout",
    "Model",
    "Noise",
    "Normal",
    "NormalValue",
    "Pooling",
    "Residuals",
    "RunEffects",
    "StudentT",
    "ValueNoise",
    "build_model",
    "find_noise",
    "find_residuals",
    "lay_out",
    "priors",
]
