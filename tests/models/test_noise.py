"""A noise is checked when its class statement is executed."""

from __future__ import annotations

import numpyro.distributions as dist
import pytest
from jax import Array

from bayescale.language.declare import anchor, parameter
from bayescale.language.errors import LawError
from bayescale.language.priors import HalfNormal
from bayescale.language.priors import Normal as NormalPrior
from bayescale.models import Noise


def refuses(message: str):
    return pytest.raises(LawError, match=f"^{message}$")


class HeavyTailed(Noise):
    """A noise of one's own."""

    scale = "tau"
    tau: Array = parameter("scale of log loss around the law", prior=HalfNormal(0.01))

    def __call__(self, log_loss, measurement_sd):
        return dist.Cauchy(log_loss, self.tau + measurement_sd)


def test_a_noise_is_named_after_its_class_and_after_its_scale():
    assert HeavyTailed.name == "heavy-tailed"
    assert HeavyTailed.scale == "tau"
    assert float(HeavyTailed(0.1)(1.0, 0.0).scale) == pytest.approx(0.1)


def test_the_base_of_noises_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Noise()


def test_a_noise_without_a_distribution_is_refused():
    with refuses(r"Mute needs def __call__\(self, log_loss, measurement_sd\) that gives a distribution\."):

        class Mute(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))


def test_a_noise_with_other_arguments_is_refused():
    with refuses(r"Deaf needs def __call__\(self, log_loss, measurement_sd\) that gives a distribution\."):

        class Deaf(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))

            def __call__(self, log_loss):
                return dist.Normal(log_loss, self.sigma)


@pytest.mark.parametrize(("field", "prior"), [("tau", HalfNormal(0.01)), ("sigma", NormalPrior(0.0, 1.0))])
def test_a_noise_without_a_positive_scale_is_refused(field, prior):
    body = f'''
class Unscaled(Noise):
    """A noise."""
    {field}: Array = parameter("scale", prior=PRIOR)
    def __call__(self, log_loss, measurement_sd):
        return None
'''
    with refuses(
        "Unscaled needs a parameter 'sigma' with a prior on positive numbers, the scale of all residuals; declare it, "
        "or name the one that is it: scale = 'tau'."
    ):
        exec(body, {**globals(), "PRIOR": prior})


def test_a_noise_with_an_anchor_is_refused():
    with refuses("Anchored declares the anchor 'N0', and a noise takes no inputs."):

        class Anchored(Noise):
            """A noise."""

            sigma: Array = parameter("scale", prior=HalfNormal(0.01))
            N0: float = anchor("N")

            def __call__(self, log_loss, measurement_sd):
                return dist.Normal(log_loss, self.sigma)
