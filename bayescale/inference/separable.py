"""Whether a design can tell the effects of a law's inputs apart."""

from __future__ import annotations

import numpy as np

from bayescale.data import Runs
from bayescale.language.quantities import EMBEDDING_PARAMS
from bayescale.laws import Law

# Inputs that vary at all vary by more than this, as the sd of their logarithm.
VARIES = 0.3


def distance_from_line(law: type[Law], runs: Runs) -> float:
    """How far runs leave the line along which a law's inputs rise together.

    On that line the law's terms can be exchanged: with D = 20 N, Chinchilla with its size and data terms swapped is the
    same curve. The posterior then has two modes, of which a sampler that begins in one never sees the other, and no
    check of its chains can tell.

    Returns:
        the smallest sd of the log of an input around its regression on the others, among positive inputs without upper
        bound that vary; infinity where fewer than two do.
    """
    # Shares are left out, since the weights of a mixture always lie on a plane, and so are inputs with zeros; and
    # embeddings, which are a part of the size and have no term of their own that could change places with another.
    candidates = [q.name for q in law.arguments.values() if np.isinf(q.upper) and q.name != EMBEDDING_PARAMS.name]
    free = [column for column in (runs.numbers(name) for name in candidates) if (column > 0).all()]
    if len(free) < 2:
        return float("inf")
    logs = np.log(np.column_stack(free))
    logs = logs[:, logs.std(axis=0) > VARIES]
    if logs.shape[1] < 2:
        return float("inf")
    away = logs - logs.mean(axis=0)
    around = []
    for j in range(away.shape[1]):
        others = np.delete(away, j, axis=1)
        around.append(float((away[:, j] - others @ np.linalg.lstsq(others, away[:, j])[0]).std()))
    return min(around)


def inseparable(law: type[Law], distance: float) -> str:
    """What a distance that is too small means, and what to do."""
    inputs = " and ".join(law.inputs())
    return (
        f"{inputs} rise together in these runs, which leave that line by {100 * distance:.2g} %: how the loss splits "
        "between them cannot be told, and there may be a second mode that the sampler did not visit. Add runs off the "
        "line; predictions on it hold, parameters and plans do not"
    )
