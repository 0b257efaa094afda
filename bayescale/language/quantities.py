"""Quantities with their units and conventions: what a column of a table or an argument of a law means."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, get_args, get_origin

from bayescale.language.errors import LawError


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
        lower, upper: what values of it lie between; the upper bound itself is a value.
        strict: whether the lower bound itself is none.

    Raises:
        LawError: a name that is no column name, or bounds that leave no values.
    """

    name: str
    symbol: str
    unit: str
    label: str
    conventions: tuple[str, ...] = ()
    lower: float = 0.0
    upper: float = math.inf
    strict: bool = True

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name.isidentifier()):
            raise LawError(
                f"A quantity's name is its column's, made of letters, digits and underscores; got {self.name!r}."
            )
        if not -math.inf < self.lower < self.upper:
            raise LawError(
                f"The quantity {self.name!r} needs a finite lower bound below its upper bound, got {self.lower!r} and "
                f"{self.upper!r}."
            )

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record that :func:`quantity_from_dict` reads back; JSON has no infinity."""
        return {
            **asdict(self),
            "conventions": list(self.conventions),
            "upper": None if math.isinf(self.upper) else self.upper,
        }


def quantity_from_dict(record: Any) -> Quantity:
    """Rebuild a quantity from :meth:`Quantity.as_dict`.

    Raises:
        LawError: something else.
    """
    if not isinstance(record, dict) or set(record) != {f.name for f in fields(Quantity)}:
        raise LawError(f"A quantity is a record of {', '.join(f.name for f in fields(Quantity))}, got {record!r:.200}.")
    texts = (*(record[name] for name in ("name", "symbol", "unit", "label")), *record["conventions"])
    numbers = (record["lower"], 0.0 if record["upper"] is None else record["upper"])
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(x, int | float) for x in numbers):
        raise LawError(f"A quantity has texts and numbers as bounds, got {record!r:.200}.")
    upper = math.inf if record["upper"] is None else float(record["upper"])
    changed = {"conventions": tuple(record["conventions"]), "upper": upper, "strict": bool(record["strict"])}
    return Quantity(**record | changed | {"lower": float(record["lower"])})


def _share(name: str, symbol: str, label: str) -> Quantity:
    """A number between 0 and 1, both included."""
    return Quantity(name, symbol, "", label, upper=1.0, strict=False)


def mixture(domain: str) -> Quantity:
    """Return the weight of a domain in a mixture of training data: the column ``mix_<domain>``.

    In each row of a table the weights of all domains sum to 1. As an argument of a law:
    ``def __call__(self, web: Annotated[Any, mixture("web")], ...)``.

    >>> mixture("web").name
    'mix_web'
    """
    return _share(f"{MIXTURE}{domain}", f"r_{{{domain}}}", f"share of {domain} in the training data")


# How the columns of mixture weights begin.
MIXTURE = "mix_"

PARAMS = Quantity("params", "N", "parameters", "model size", ("total", "non_embedding", "active"))
TOKENS = Quantity("tokens", "D", "tokens", "training tokens", ("seen", "unique"))
COMPUTE = Quantity("compute", "C", "FLOP", "training compute", ("6ND", "exact"))
LOSS = Quantity("loss", "L", "nats/token", "loss", ("nats/token", "bits/token", "bits/byte", "perplexity"))
BATCH = Quantity("batch_tokens", "B", "tokens", "batch size")
LEARNING_RATE = Quantity("lr", r"\eta", "", "learning rate")
UNIQUE_TOKENS = Quantity("unique_tokens", "U", "tokens", "unique tokens", ("unique",))
STEP = Quantity("step", "S", "steps", "training step", strict=False)
EMBEDDING_PARAMS = Quantity("embedding_params", "N_{emb}", "parameters", "embedding parameters", strict=False)
EXPERTS = Quantity("experts", "E", "experts", "number of experts", lower=1.0, strict=False)
REPEATS = Quantity("repeats", "R", "epochs", "passes over the unique tokens", lower=1.0, strict=False)
ACCURACY = _share("accuracy", "a", "task accuracy")
ERROR = _share("error", r"\epsilon", "task error")
CHANCE = _share("chance", "a_0", "accuracy of guessing")
ITEMS = Quantity("items", "n", "items", "number of test items", lower=1.0, strict=False)
SOURCE_LOSS = Quantity("source_loss", "L_s", "nats/token", "loss on another test set or corpus")
BITS_WEIGHTS = Quantity("bits_weights", "P_w", "bits", "precision of weights")
BITS_ACTIVATIONS = Quantity("bits_activations", "P_a", "bits", "precision of activations")
BITS_KV = Quantity("bits_kv", "P_{kv}", "bits", "precision of the key-value cache")
FINETUNE_TOKENS = Quantity("finetune_tokens", "D_F", "tokens", "fine-tuning tokens", strict=False)
LR_AREA = Quantity("lr_area", "S_1", "steps", "area under the learning-rate schedule")
ANNEALING_AREA = Quantity(
    "annealing_area", "S_2", "steps", "annealing area of the learning-rate schedule", strict=False
)
FLOP_PER_TOKEN = Quantity("flop_per_token", "M", "FLOP/token", "model scale")
CENSORED = Quantity("censored", "c", "", "whether the response is a lower bound only", upper=1.0, strict=False)
EXAMPLES = Quantity("examples", "x", "examples", "training examples seen")
BITS_POST = Quantity("bits_post", "P_{post}", "bits", "precision after training")
GRANULARITY = Quantity("granularity", "G", "", "granularity of experts")
# Either 0 or 1: tables with anything between are refused.
IS_TARGET = _share("is_target", "t", "loss is of the target")
IS_PRETRAINED = _share("is_pretrained", "p", "run starts from a trained model")
INDICATORS = (IS_TARGET.name, IS_PRETRAINED.name)
# Of plans, not of tables.
TOKENS_PER_PARAM = Quantity("tokens_per_param", "D/N", "tokens/parameter", "tokens per parameter")

# The canonical quantities of tables, in the order of their columns.
# fmt: off
QUANTITIES: dict[str, Quantity] = {
    q.name: q for q in (
        PARAMS, TOKENS, COMPUTE, LOSS, STEP, BATCH, LEARNING_RATE, UNIQUE_TOKENS, EMBEDDING_PARAMS, EXPERTS, REPEATS,
        ACCURACY, ERROR, CHANCE, ITEMS, SOURCE_LOSS, BITS_WEIGHTS, BITS_ACTIVATIONS, BITS_KV,
        FINETUNE_TOKENS, LR_AREA, ANNEALING_AREA, FLOP_PER_TOKEN, CENSORED, EXAMPLES,
        BITS_POST, GRANULARITY, IS_TARGET, IS_PRETRAINED,
    )
}
# fmt: on

# Annotations for the arguments and the response of a law.
Size = Annotated[Any, PARAMS]
Tokens = Annotated[Any, TOKENS]
Compute = Annotated[Any, COMPUTE]
Loss = Annotated[Any, LOSS]
BatchTokens = Annotated[Any, BATCH]
LearningRate = Annotated[Any, LEARNING_RATE]
UniqueTokens = Annotated[Any, UNIQUE_TOKENS]
Step = Annotated[Any, STEP]
EmbeddingSize = Annotated[Any, EMBEDDING_PARAMS]
Experts = Annotated[Any, EXPERTS]
Repeats = Annotated[Any, REPEATS]
Accuracy = Annotated[Any, ACCURACY]
Error = Annotated[Any, ERROR]
Chance = Annotated[Any, CHANCE]
Items = Annotated[Any, ITEMS]
SourceLoss = Annotated[Any, SOURCE_LOSS]
BitsWeights = Annotated[Any, BITS_WEIGHTS]
BitsActivations = Annotated[Any, BITS_ACTIVATIONS]
BitsKV = Annotated[Any, BITS_KV]
FinetuneTokens = Annotated[Any, FINETUNE_TOKENS]
LearningRateArea = Annotated[Any, LR_AREA]
AnnealingArea = Annotated[Any, ANNEALING_AREA]
FlopPerToken = Annotated[Any, FLOP_PER_TOKEN]
Censored = Annotated[Any, CENSORED]
Examples = Annotated[Any, EXAMPLES]
BitsPost = Annotated[Any, BITS_POST]
Granularity = Annotated[Any, GRANULARITY]
IsTarget = Annotated[Any, IS_TARGET]
IsPretrained = Annotated[Any, IS_PRETRAINED]


def quantity_of(annotation: object) -> Quantity | None:
    """Return the quantity that an annotation carries, or None."""
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, Quantity):
                return extra
    return None
