"""A run in flight: where it will end, given its checkpoints so far and its finished siblings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from bayescale.costs import SixND
from bayescale.data import Runs
from bayescale.decisions.draws import EXTRAPOLATION
from bayescale.decisions.follow.belief import Belief
from bayescale.decisions.follow.notes import note_of_forecast
from bayescale.decisions.follow.posterior import scatter_draws
from bayescale.decisions.follow.regressors import regressors_of
from bayescale.decisions.follow.result import Follow
from bayescale.decisions.follow.shares import Shares
from bayescale.decisions.follow.situation import Situation
from bayescale.decisions.inputs import positive_number
from bayescale.inference.settings import check_seed, seed_for
from bayescale.language.quantities import LOSS, PARAMS, TOKENS

# Curves for each draw of how siblings scatter.
EACH = 2


def follow(
    runs: Runs,
    run: str,
    *,
    final_tokens: float | None = None,
    final_steps: float | None = None,
    target: float | None = None,
    group: str | None = None,
    siblings: Sequence[str] | None = None,
    inputs: Sequence[str] | None = None,
    seed: int = 0,
) -> Follow:
    """Forecast the final loss of a run in flight from its checkpoints so far and from finished runs of its family.

    Curves are compared at the same share of training, where learning-rate schedules of one kind are in the same place:
    what a decay brings at the end is learnt from the siblings' own ends. The log losses of a run are a line in the logs
    of its inputs plus a deviation with a covariance along training; line, covariance and its parameters are learnt
    together, and the run's own checkpoints are conditioned on exactly. Outside the range of the siblings' inputs the
    line may bend, by a covariance that is learnt too.

    Args:
        runs: the checkpoints of all runs, with a column ``run`` and tokens or steps; losses of one test set. Each
            other run of the family is finished, its last row being its end.
        run: the name of the one in flight.
        final_tokens: where it will end, in tokens.
        final_steps: the same in steps, for a table that has no tokens.
        target: a loss in nats/token that it should end at or below.
        group: its family, where families share its name.
        siblings: the names of the runs to learn from; None for all others of the family. Name them where some have not
            finished, or have another kind of schedule.
        inputs: columns whose logs the line is of; None for those of ``params``, the end and ``repeats`` (passes over
            the data) that differ between siblings.
        seed: of the draws.

    Returns:
        a :class:`Follow`: the forecast with and without the checkpoints, over what is left of training.

    Raises:
        SettingsError: no such run, one that has ended, fewer than three siblings with early checkpoints, ends or losses
            that are in other units than theirs, an input that cannot be used, or a target that is not positive.
        DataError: a table without losses or without places, or two rows of a run at one place.
        FitError: how siblings scatter could not be sampled.

    Examples:
        >>> import numpy as np, pandas as pd
        >>> from bayescale.data.read import read_quietly
        >>> shares = np.geomspace(0.05, 1.0, 12)
        >>> def curve(name, params, until):
        ...     tokens = 20 * params * shares[:until]
        ...     loss = 1.8 + 400 / params**0.34 + 1200 / tokens**0.36
        ...     return pd.DataFrame({"run": name, "params": params, "tokens": tokens, "loss": loss})
        >>> finished = [curve(f"{size:.0e}", size, 12) for size in np.geomspace(1e8, 1e9, 6)]
        >>> runs = read_quietly(pd.concat([*finished, curve("big", 2e9, 6)]))
        >>> found = follow(runs, "big", final_tokens=4e10, target=2.4)
        >>> found.table()["forecast"].tolist()
        ['siblings and checkpoints', 'siblings']
    """
    seed = check_seed(seed)
    if target is not None:
        target = positive_number("target", target, "a loss in nats/token")
    situation = Situation.of(
        runs, run, group=group, siblings=siblings, final_tokens=final_tokens, final_steps=final_steps
    )
    shares = Shares.of(situation)
    line = regressors_of(situation, shares.siblings, inputs)
    belief = Belief.of(shares.logs, line.siblings, line.run, shares.times, line.outside)
    seen, alike, drawn = shares.log_loss(situation.run), 1.0, {}
    for name, own in (("loss", seen), ("without", None)):
        rng = np.random.default_rng(seed_for(seed, f"follow/{situation.group}/{run}/{name}"))
        curve = belief.curve(*scatter_draws(belief, own, rng))
        if own is None:
            alike = curve.first(seen.size).beyond(seen)
        later = curve.last(shares.later.size) if own is None else curve.given(own)
        drawn[name] = np.exp(later.draw(rng, EACH))
    beyond = _beyond(situation, shares)
    note = note_of_forecast(shares, line, beyond, alike)
    draws = _labelled(situation, shares, drawn, beyond)
    draws.attrs |= {"inputs": ", ".join(line.names), "params_convention": runs.params_convention, "note": note}
    return Follow(draws, _table(situation, shares), target)


def _labelled(situation: Situation, shares: Shares, drawn: dict[str, np.ndarray], beyond: float) -> xr.Dataset:
    """Draws over chain, draw and the share of training."""
    words = {"loss": "loss", "without": "loss without the checkpoints"}
    place = situation.place
    variables = {
        name: (("chain", "draw", "share"), values[None], {"long_name": words[name], "units": LOSS.unit})
        for name, values in drawn.items()
    }
    coords = {
        "share": ("share", shares.later, {"long_name": "share of training", "units": ""}),
        place.name: ("share", shares.later * situation.run.end, {"long_name": place.label, "units": place.unit}),
        "extrapolation": ((), beyond, EXTRAPOLATION),
    }
    attrs = {
        "run": situation.run.name, "group": situation.group, "seen": situation.share, "place": place.name,
        "siblings": len(shares.siblings), "params": situation.run.values.get(PARAMS.name, np.nan),
    }  # fmt: skip
    return xr.Dataset(variables, coords, attrs)


def _beyond(situation: Situation, shares: Shares) -> float:
    """The run's compute at its end over the largest of its siblings, NaN where it is not known."""
    every = [one.values for one in (situation.run, *shares.siblings)]
    if situation.place is not TOKENS or any(PARAMS.name not in one for one in every):
        return float("nan")
    own, *theirs = [float(SixND()(one[PARAMS.name], one[TOKENS.name])) for one in every]
    return own / max(theirs)


def _table(situation: Situation, shares: Shares) -> pd.DataFrame:
    """The curves that are known."""
    curves = [("run", situation.run), *(("sibling", one) for one in shares.siblings)]
    return pd.concat(
        [
            pd.DataFrame(
                {"role": role, "run": one.name, "share": one.shares, situation.place.name: one.place, "loss": one.loss}
            )
            for role, one in curves
        ],
        ignore_index=True,
    )
