"""How the parameters of laws move with their anchors, so that the curves stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bayescale.laws import Law

from .designs import middle

# Where a law's form depends on the unit: Farseer's log coefficient of data is a stretched exponential of size for D in
# tokens, and in another unit it is one plus a multiple of its exponent.
OF_ONE_UNIT = {("farseer", "D0")}
# A batch is counted in the tokens that data are counted in, and a best batch size has no anchor.
OF_ONE_UNIT |= {("step-law", "D0"), ("step-law-nd", "D0")}


def moved(law: Law, field: str, anchor: str, exponent: Any, to: dict[str, float]) -> dict[str, Any]:
    """A coefficient of (input / anchor) ** -exponent, at another anchor."""
    return {field: getattr(law, field) * (to[anchor] / getattr(law, anchor)) ** -exponent}


def move_kaplan(law: Law, to: dict[str, float]) -> Law:
    changed = moved(law, "L_N", "N0", law.alpha_N, to) | moved(law, "L_D", "D0", law.alpha_D, to)
    return law.replace(**changed, **to)


def move_reciprocal(law: Law, to: dict[str, float]) -> Law:
    changed = moved(law, "size_gap", "N0", law.gamma, to) | moved(law, "data_gap", "D0", law.gamma, to)
    return law.replace(**changed, **to)


def move_power(letter: str) -> Callable[[Law, dict[str, float]], Law]:
    """How a law L_X (X / X0) ** -alpha_X moves."""

    def move(law: Law, to: dict[str, float]) -> Law:
        changed = moved(law, f"L_{letter}", f"{letter}0", getattr(law, f"alpha_{letter}"), to)
        return law.replace(**changed, **{f"{letter}0": to[f"{letter}0"]})

    return move


def move_steps(law: Law, to: dict[str, float]) -> Law:
    return move_power("S")(move_power("N")(law, to), to)


def move_farseer(law: Law, to: dict[str, float]) -> Law:
    """Its functions of size at another size; B and its slope also at other tokens."""
    size, tokens = np.log(to["N0"] / law.N0), np.log(to["D0"] / law.D0)

    def bent(power: Any) -> Any:
        return np.expm1(power * size) / power

    beta, t = law.beta * np.exp(law.t * bent(law.a)), law.t * np.exp(law.a * size)
    steepness = (law.g + law.beta * law.t * np.log(law.D0)) * np.exp(law.b * size)
    at_new_size = (law.g + law.beta * law.t * np.log(law.D0)) * bent(law.b) - (beta - law.beta) * np.log(law.D0)
    return law.replace(
        E=law.E * np.exp(law.s * bent(law.q)),
        s=law.s * np.exp(law.q * size),
        B=law.B * np.exp(at_new_size - beta * tokens),
        g=steepness - beta * t * np.log(to["D0"]),
        beta=beta,
        t=t,
        **to,
    )


def move_surface(law: Law, to: dict[str, float]) -> Law:
    """Level, slopes and best settings at another plan."""
    size, data = to["N0"] / law.N0, to["D0"] / law.D0
    rate, batch = law.centre(params=to["N0"], tokens=to["D0"])
    fall = law.s_N * (1 - size**-law.alpha) / law.alpha + law.s_D * (1 - data**-law.beta) / law.beta
    slopes = {"s_N": law.s_N * size**-law.alpha, "s_D": law.s_D * data**-law.beta}
    return law.replace(L_0=law.L_0 * np.exp(-fall), **slopes, eta_0=rate, B_0=batch, **to)


def move_loss(law: Law, to: dict[str, float]) -> Law:
    """The same floors and exponent, from another source loss."""
    Y, f_s = law(to["L0"]), law.E_s / to["L0"]
    f = law.E / Y
    return law.replace(Y=Y, f=f, f_s=f_s, eta=law.kappa * (1 - f) / (1 - f_s), **to)


def move_joint(law: Law, to: dict[str, float]) -> Law:
    """The same curves of both losses, from another size and other tokens."""
    changed = moved(law, "A", "N0", law.alpha, to) | moved(law, "B", "D0", law.beta, to)
    reducible = changed["A"] + changed["B"]
    Y = law(to["N0"], to["D0"], 1.0)
    f = law.E / Y
    eta = law.kappa * (1 - f) * (law.E_s + reducible) / reducible
    return law.replace(Y=Y, f=f, eta=eta, **changed, **to)


# How the parameters move with the anchors, for laws that have no textbook form to say it.
MOVES: dict[str, Callable[[Law, dict[str, float]], Law]] = {
    "kaplan-nd": move_kaplan,
    "kaplan-nd-floor": move_kaplan,
    "kaplan-n": move_power("N"),
    "kaplan-d": move_power("D"),
    "kaplan-c": move_power("C"),
    "kaplan-ns": move_steps,
    "farseer": move_farseer,
    "step-law": move_surface,
    "step-law-nd": move_surface,
    "loss-to-loss": move_loss,
    "loss-to-loss-joint": move_joint,
    "reciprocal": move_reciprocal,
}


def at_other_anchors(law: type[Law], batch: Law) -> Law:
    """The same curves, with all anchors at 1 in the textbook form, else at seven times what they were."""
    if law.has_textbook():
        return batch.textbook()
    return MOVES[law.name](batch, {name: 7.0 * value for name, value in middle(law).items()})
