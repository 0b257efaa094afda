"""Quantities with their units and conventions: what a column of a table or an argument of a law means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin


@dataclass(frozen=True)
class Quantity:
    """A measured quantity.

    Args:
        name: the canonical column name, for example ``"params"``.
        symbol: its letter in formulas.
        unit: the unit after reading (losses are converted to nats/token at the door).
        label: the words on an axis.
        conventions: the ways people count it, the default first; a table is taken to use one of them throughout, and
            nothing here can tell whether it does.
    """

    name: str
    symbol: str
    unit: str
    label: str
    conventions: tuple[str, ...] = ()


PARAMS = Quantity("params", "N", "parameters", "model size", ("total", "non_embedding", "active"))
TOKENS = Quantity("tokens", "D", "tokens", "training tokens", ("seen", "unique"))
COMPUTE = Quantity("compute", "C", "FLOP", "training compute", ("6ND", "exact"))
LOSS = Quantity("loss", "L", "nats/token", "loss", ("nats/token", "bits/token", "bits/byte", "perplexity"))
BATCH = Quantity("batch_tokens", "B", "tokens", "batch size")
LEARNING_RATE = Quantity("lr", r"\eta", "", "learning rate")
UNIQUE_TOKENS = Quantity("unique_tokens", "U", "tokens", "unique tokens", ("unique",))
STEP = Quantity("step", "S", "steps", "training step")
# Of plans, not of tables.
TOKENS_PER_PARAM = Quantity("tokens_per_param", "D/N", "tokens/parameter", "tokens per parameter")

QUANTITIES: dict[str, Quantity] = {
    q.name: q for q in (PARAMS, TOKENS, COMPUTE, LOSS, BATCH, LEARNING_RATE, UNIQUE_TOKENS, STEP)
}

# Annotations for the arguments and the response of a law.
Size = Annotated[Any, PARAMS]
Tokens = Annotated[Any, TOKENS]
Compute = Annotated[Any, COMPUTE]
Loss = Annotated[Any, LOSS]
BatchTokens = Annotated[Any, BATCH]
LearningRate = Annotated[Any, LEARNING_RATE]
UniqueTokens = Annotated[Any, UNIQUE_TOKENS]
Step = Annotated[Any, STEP]


def quantity_of(annotation: object) -> Quantity | None:
    """Return the quantity that an annotation carries, or None."""
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, Quantity):
                return extra
    return None
