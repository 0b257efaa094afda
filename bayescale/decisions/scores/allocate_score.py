"""Budgets split for a score, through a chain of fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bayescale.costs import Cost, RateCard
from bayescale.decisions.allocate import allocate
from bayescale.decisions.allocation.constraints import Constraint
from bayescale.decisions.allocation.objectives import Objective, check_objective
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.chain import Chain
from bayescale.decisions.draws import seed_of
from bayescale.decisions.inputs import number_of, numbers_of
from bayescale.decisions.scores.link import OfScore, link_of
from bayescale.decisions.scores.plan import ScorePlan
from bayescale.decisions.stages import own_group
from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import Discrepancy


def allocate_score(
    chain: Chain,
    *,
    compute: Any = None,
    dollars: Any = None,
    device_hours: Any = None,
    hours: Any = None,
    rate_card: RateCard | None = None,
    cost: Cost | None = None,
    objective: Objective | None = None,
    constraints: Constraint | Sequence[Constraint] = (),
    target: float | None = None,
    group: str | None = None,
    seed: int | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    **inputs: Any,
) -> ScorePlan:
    """Split budgets into model size and tokens so that the expected accuracy is highest, or the expected error lowest.

    Under one draw the best split for a score that falls with the loss is the best split for the loss, so the posterior
    of the best split is that of :func:`bayescale.allocate`. The one split to choose may differ from that with the least
    expected loss, since the mean of a curved function is not the function of the mean (Jensen): ``loss_params`` and
    ``loss_regret`` of the table say by how much.

    Args:
        chain: from :func:`bayescale.chain`: a law of the loss over params and tokens, then one or more to an accuracy,
            an error or another loss, each of which must rise or fall all along with what it takes.
        compute, dollars, device_hours, hours, rate_card, cost, constraints: as of :func:`bayescale.allocate`.
        objective: of the error, or of one less the accuracy: its expectation by default, or a ``Quantile``, ``CVaR`` or
            ``Exceedance`` of ``bayescale.allocation``. ``Exceedance(0.4)`` makes an accuracy above 0.6 likeliest.
        target: a score to be reached: the table then has the probability that a new run reaches it.
        group: a family, as of :func:`bayescale.predict` for a chain.
        seed: of the random part; by default that of the first fit.
        discrepancy: of the loss, as of :func:`bayescale.predict`.
        inputs: what else the stages take, such as ``chance=0.25``, one number each; and what the noise of a new run
            takes, such as ``items``.

    Returns:
        a :class:`ScorePlan`.

    Raises:
        SettingsError: as :func:`bayescale.allocate`; no chain, or a target that is no score.
        LawError: a first stage that takes no params and tokens, or a last one of something else than a score.

    References:
        gadre2024language, bhagia2024establishing
    """
    if not isinstance(chain, Chain):
        raise SettingsError(f"allocate_score takes a chain of fits, bs.chain(loss, accuracy), got {chain!r}.")
    first, base = chain.fits[0], check_objective(objective)
    seed, numbers = seed_of(first, seed), _numbers(chain, inputs)
    link = link_of(chain, group, seed, numbers)
    budgets = {"compute": compute, "dollars": dollars, "device_hours": device_hours, "hours": hours}
    of_first: dict[str, Any] = {name: value for name, value in numbers.items() if name in first.law.inputs()}
    plan = allocate(
        first,
        **budgets,
        rate_card=rate_card,
        cost=cost,
        objective=OfScore(base, link),
        constraints=constraints,
        group=own_group(chain, first, group),
        seed=seed,
        discrepancy=discrepancy,
        **of_first,
    )
    reached = None if target is None else float(numbers_of(link.response, target)[0])
    asked = {"group": group, "seed": seed, "discrepancy": discrepancy, "kind": "run", **numbers}
    return ScorePlan(chain, plan, link, reached, asked)


def _numbers(chain: Chain, given: Mapping[str, Any]) -> dict[str, float]:
    """Further inputs of all stages and their noises, one number each.

    Raises:
        SettingsError: an input that no stage takes, or that is not one number.
    """
    known = {q.name: q for fit in chain.fits for q in (*fit.law.arguments.values(), *fit.model.noise.columns.values())}
    known = {name: q for name, q in known.items() if name not in ("params", "tokens", *chain.links)}
    found = {}
    for name, value in given.items():
        if name not in known:
            raise SettingsError(
                f"allocate_score takes no {name!r}; further inputs of {chain.name}: {', '.join(known) or 'none'}."
            )
        found[name] = number_of(known[name], value)
    return found
