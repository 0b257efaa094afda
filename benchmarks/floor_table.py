"""What NUTS makes of Step Law's surface by its floor: prints a table.

The law's own floor has level and slopes at the anchors; the other one here is a sum of an irreducible loss and two
powers. Bounds at 2 %, two chains of 250 warm-up and 400 kept draws: python benchmarks/floor_table.py
"""

from __future__ import annotations

import warnings

from catalogue_cases import surface
from clock import Clock
from jax import Array

import bayescale as bs
from bayescale.language.declare import anchor, parameter
from bayescale.language.quantities import BatchTokens, LearningRate, Loss, Size, Tokens
from bayescale.laws import StepLaw
from bayescale.laws.bowl import bowl
from bayescale.laws.namespace import namespace

PRIORS = {declared.name: declared.prior for declared in StepLaw.parameters}


class SumOfPowers(bs.Law):
    """Step Law's bowl above Chinchilla's sum."""

    E: Array = parameter("irreducible loss", prior=bs.LogNormal(1.7, 0.35), unit="nats/token")
    A: Array = parameter("loss from finite size", at="N0", prior=bs.LogNormal(0.4, 1.0), unit="nats/token")
    B: Array = parameter("loss from finite data", at="D0", prior=bs.LogNormal(0.4, 1.0), unit="nats/token")
    alpha: Array = parameter("size exponent", prior=PRIORS["alpha"])
    beta: Array = parameter("data exponent", prior=PRIORS["beta"])
    eta_0: Array = parameter("best learning rate", at=("N0", "D0"), prior=PRIORS["eta_0"])
    a_N: Array = parameter("exponent of the best learning rate in size", prior=PRIORS["a_N"])
    a_D: Array = parameter("exponent of the best learning rate in data", prior=PRIORS["a_D"])
    B_0: Array = parameter("best batch size", at="D0", prior=PRIORS["B_0"], unit="tokens")
    b_D: Array = parameter("exponent of the best batch size in data", prior=PRIORS["b_D"])
    k_eta: Array = parameter("curvature along the learning rate", prior=PRIORS["k_eta"])
    k_B: Array = parameter("curvature along the batch size", prior=PRIORS["k_B"])
    tilt: Array = parameter("exponent of the best learning rate in batch size", prior=PRIORS["tilt"])
    skew: Array = parameter("growth of the slope above the best learning rate", prior=PRIORS["skew"])
    twist: Array = parameter("exponent of k_B in the learning rate", prior=PRIORS["twist"])
    N0: float = anchor("N")
    D0: float = anchor("D")

    def __call__(self, N: Size, D: Tokens, eta: LearningRate, B: BatchTokens) -> Loss:
        xp = namespace(N, D, eta, B, *self.values.values())
        size, data = N / self.N0, D / self.D0
        rate = xp.log(eta / self.eta_0) - self.a_N * xp.log(size) - self.a_D * xp.log(data)
        batch = xp.log(B / self.B_0) - self.b_D * xp.log(data)
        above = bowl(rate, batch, k_eta=self.k_eta, k_B=self.k_B, tilt=self.tilt, skew=self.skew, twist=self.twist)
        return (self.E + self.A * size**-self.alpha + self.B * data**-self.beta) * (1.0 + above)


def main() -> None:
    """Print ESS, R-hat and divergences of both."""
    warnings.simplefilter("ignore", bs.DataWarning)
    print("| floor | draws | min bulk ESS | R-hat | divergences | CPU s |\n|---|---|---|---|---|---|")
    for name, law in {"level and slopes": StepLaw, "sum of powers": SumOfPowers}.items():
        runs = surface("step-law")
        with Clock() as clock:
            fit = bs.fit(law, runs, noise="censored", chains=2, draws=400, warmup=250, target_accept=0.9, seed=0)
        checks = {check.name: check for check in fit.checks.checks}
        bulk, r_hat, divergences = (checks[name].value for name in ("ess-bulk", "r-hat", "divergences"))
        print(f"| {name} | 800 | {bulk:.0f} | {r_hat:.3f} | {divergences:.0f} | {clock.cpu:.0f} |", flush=True)


if __name__ == "__main__":
    main()
