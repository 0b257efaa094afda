"""The baseline of decisions: which recipe is ahead at the largest small scale that all of them were measured at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bayescale.decisions.chain import Chain
from bayescale.decisions.inputs import DESIGN
from bayescale.decisions.run_rows import rows_of_group
from bayescale.decisions.scores.link import RISING

# Sizes and tokens of two recipes are the same up to so many digits of their natural log: a half per cent.
DIGITS = 2
# Runs of one budget, whose tokens are rounded.
SAME_COMPUTE = 0.97


@dataclass(frozen=True, eq=False)
class Ranking:
    """Measured scores of recipes at one scale; empty where they have none in common.

    Args:
        measured: score by recipe.
        scale: params and tokens, missing where there is no such scale.
        rises: whether more is better.
    """

    measured: Mapping[str, float]
    scale: tuple[float, float]
    rises: bool

    def of(self, name: str) -> dict[str, float]:
        """Return a recipe's place, score and scale as columns of a table."""
        params, tokens = self.scale
        place = float("nan")
        if self.measured:
            place = 1.0 + sum(self.ahead(other, name) == 1.0 for other in self.measured if other != name)
        score = self.measured.get(name, float("nan"))
        return {"ranked": place, "measured": score, "ranked_params": params, "ranked_tokens": tokens}

    def ahead(self, first: str, second: str) -> float:
        """Return 1 where the first recipe is ahead, 0 where the second is, a half where they are level."""
        if not self.measured:
            return float("nan")
        more = self.measured[first] - self.measured[second]
        return float(0.5 * (1 + np.sign(more if self.rises else -more)))


def ranked(recipes: Mapping[str, tuple[Chain, str | None]]) -> Ranking:
    """Rank recipes at the largest compute of a size and number of tokens that all of them have.

    Where several sizes have that compute, as on an IsoFLOP grid, it is the one with the best mean score.

    Args:
        recipes: each one's chain and its family there, or None.
    """
    response = next(iter(recipes.values()))[0].fits[-1].law.response.name
    tables = {name: _rows(chain, group, response) for name, (chain, group) in recipes.items()}
    nothing = Ranking({}, (float("nan"), float("nan")), response in RISING)
    if any(table is None for table in tables.values()):
        return nothing
    means: dict[str, Any] = {name: table.groupby("cell").mean() for name, table in tables.items() if table is not None}
    common = set.intersection(*(set(table.index) for table in means.values()))
    if not common:
        return nothing
    cells = sorted(common)
    size, tokens = (next(iter(means.values())).loc[cells, name].to_numpy() for name in DESIGN)
    scores = np.stack([table.loc[cells, response].to_numpy() for table in means.values()])
    goodness = np.where(size * tokens >= SAME_COMPUTE * (size * tokens).max(), scores.mean(axis=0), np.nan)
    best = int(np.nanargmax(goodness if nothing.rises else -goodness))
    measured = dict(zip(means, scores[:, best].tolist(), strict=True))
    return Ranking(measured, (float(size[best]), float(tokens[best])), nothing.rises)


def _rows(chain: Chain, group: str | None, response: str) -> pd.DataFrame | None:
    """Size, tokens, score and cell of a recipe's rows of the last stage; None where they have no size or tokens."""
    own = rows_of_group(chain.fits[-1].runs, group)
    if not set(DESIGN) <= set(own):
        return None
    logs = np.log(own[list(DESIGN)].to_numpy(float))
    return own[[*DESIGN, response]].assign(cell=[" ".join(f"{value:.{DIGITS}f}" for value in row) for row in logs])
