"""Recipes compared by the score that they are forecast to reach, beside their ranking at a small scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayescale.decisions.arms.scores import best, wins
from bayescale.decisions.beyond import LEARNT
from bayescale.decisions.chain import Chain
from bayescale.decisions.draws import seed_of
from bayescale.decisions.extrapolation import noted
from bayescale.decisions.predict import predict
from bayescale.decisions.scores.link import RISING
from bayescale.decisions.scores.ranking import Ranking, ranked
from bayescale.decisions.stages import ChainPrediction
from bayescale.inference.settings import seed_for
from bayescale.inference.summary import check_prob, interval
from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import Discrepancy


@dataclass(frozen=True, eq=False, repr=False)
class ScoreComparison:
    """Forecasts of recipes, draw by draw, and their ranking at small scale; made by :func:`compare_scores`.

    Args:
        forecasts: of each recipe by name, all stages.
        scores: of the last stage, recipe x draw x point, paired.
        ranking: by measured score at the largest scale that the tables of all recipes have.
    """

    forecasts: Mapping[str, ChainPrediction]
    scores: np.ndarray
    ranking: Ranking

    @property
    def response(self) -> str:
        """The name of the score."""
        return next(iter(self.forecasts.values())).last.response

    def table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """One row per point and recipe.

        Args:
            prob: probability of the equal-tailed intervals, in (0, 1).

        Returns:
            columns recipe, params, tokens, response, kind, prob, median, lower, upper, best (the probability that no
            other recipe is better; recipes that are level share it), ranked (its place at the small scale, 1 being
            best), measured (its score there), ranked_params and ranked_tokens (that scale), extrapolation, discrepancy;
            missing where there is no such scale. ``attrs["note"]`` is the note of the first forecast,
            ``attrs["notes"]`` that of each row.

        Raises:
            SettingsError: no such probability.
        """
        median, lower, upper = interval(self.scores, check_prob(prob), axis=1)
        probable = best(np.swapaxes(self._badness(), 0, 1))
        rows = []
        for i, (name, made) in enumerate(self.forecasts.items()):
            own = made.last.table(prob=prob).drop(columns=["group", "unit"])
            own = own.assign(median=median[i], lower=lower[i], upper=upper[i], best=probable[i], note=made.notes)
            own.attrs.clear()  # those of one recipe
            own = own.assign(point=np.arange(len(own)))
            own.insert(0, "recipe", name)
            rows.append(own.assign(response=self.response, **self.ranking.of(name)))
        table = pd.concat(rows).sort_values("point", kind="stable", ignore_index=True).drop(columns="point")
        last = ["extrapolation", "discrepancy", "note"]
        table = table[[*(name for name in table.columns if name not in last), *last]]
        return noted(table, next(iter(self.forecasts.values())).note)

    def pairs(self) -> pd.DataFrame:
        """One row per point and pair of recipes.

        Returns:
            columns params, tokens, first, second, wins (the probability that the first is better) and ranking (1 where
            the first was ahead at the small scale, 0 where the second was, a half where they were level, missing where
            there is no such scale).
        """
        names, badness = list(self.forecasts), self._badness()
        points = next(iter(self.forecasts.values())).last.table()
        rows = []
        for point in range(len(points)):
            at = {name: points[name].iloc[point] for name in ("params", "tokens")}
            for i, first in enumerate(names):
                for j in range(i + 1, len(names)):
                    ahead = float(wins(badness[i, :, point], badness[j, :, point]))
                    rows.append({**at, "first": first, "second": names[j], "wins": ahead})
        table = pd.DataFrame(rows)
        ranks = [self.ranking.ahead(*pair) for pair in table[["first", "second"]].itertuples(index=False)]
        return table.assign(ranking=ranks)

    def __repr__(self) -> str:
        return f"Recipes by their {self.response}\n{self.table().to_string(index=False)}"

    def _badness(self) -> np.ndarray:
        """Scores, of which less is better."""
        return -self.scores if self.response in RISING else self.scores


def compare_scores(
    chains: Chain | Mapping[str, Chain],
    *,
    params: Any,
    tokens: Any,
    kind: str = "run",
    seed: int | None = None,
    discrepancy: str | Discrepancy | None = LEARNT,
    **inputs: Any,
) -> ScoreComparison:
    """Compare recipes by the accuracy or error that chains forecast, with what ranking small runs says beside it.

    The ranking is what people do without a law: the recipe whose run is best at a small scale is taken to be best. It
    is made from the table of the last stage, at the largest size and tokens that all recipes have there.

    Args:
        chains: one chain of fits with families, which are the recipes; or a chain per recipe by name.
        params: sizes, one or a flat list.
        tokens: training tokens, one number or as many.
        kind: ``"run"`` for one new run of each recipe, ``"law"`` for the curves.
        seed: of the random part. Families of one chain share the draws of what is common to them, so that it cancels;
            chains of their own are independent, errors beyond the data included.
        discrepancy: of the loss, as of :func:`bayescale.predict`.
        inputs: what else the chains take, such as ``chance``.

    Returns:
        a :class:`ScoreComparison`.

    Raises:
        SettingsError: fewer than two recipes, chains of different scores, or inputs as of :func:`bayescale.predict`.
    """
    recipes = _recipes(chains)
    asked = {"params": params, "tokens": tokens, "kind": kind, "discrepancy": discrepancy, **inputs}
    made = {}
    for name, (chain, group) in recipes.items():
        own = seed_of(chain.fits[0], seed)
        own = own if isinstance(chains, Chain) else seed_for(own, f"recipe/{name}")
        made[name] = predict(chain, group=group, seed=own, **asked)
    if len({one.last.response for one in made.values()}) > 1:
        found = ", ".join(f"{name} {one.last.response}" for name, one in made.items())
        raise SettingsError(f"Recipes are compared by one score, and these chains predict several: {found}.")
    first = seed_of(next(iter(recipes.values()))[0].fits[0], seed)
    return ScoreComparison(made, _scores(made, None if isinstance(chains, Chain) else first), ranked(recipes))


def _scores(made: Mapping[str, ChainPrediction], seed: int | None) -> np.ndarray:
    """Recipe x draw x point, draws of chains of their own paired at random by a seed.

    Fits of one seed are made of the same random numbers, so that draws of two fits depend on each other in the order in
    which they come; those of one chain are to.
    """
    found = []
    for name, one in made.items():
        values = one.last.draws[one.last.response].to_numpy()
        flat = values.reshape(-1, values.shape[-1])
        found.append(
            flat if seed is None else np.random.default_rng(seed_for(seed, f"pairing/{name}")).permutation(flat)
        )
    count = min(len(values) for values in found)
    return np.stack([values[:count] for values in found])


def _recipes(chains: Any) -> dict[str, tuple[Chain, str | None]]:
    """Each recipe's chain and its family there."""
    if isinstance(chains, Chain):
        grouped = [fit.groups for fit in chains.fits if fit.groups]
        common = [name for name in (grouped[0] if grouped else ()) if all(name in own for own in grouped)]
        found: dict[str, tuple[Chain, str | None]] = {name: (chains, name) for name in common}
    elif isinstance(chains, Mapping) and all(isinstance(one, Chain) for one in chains.values()):
        found = {str(name): (one, None) for name, one in chains.items()}
    else:
        raise SettingsError(f"compare_scores takes a chain with families, or chains by name, got {chains!r}.")
    if len(found) < 2:
        raise SettingsError(f"A comparison needs two recipes or more, got {', '.join(found) or 'none'}.")
    return found
