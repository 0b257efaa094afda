"""Suspicions about units and conventions: swapped or scaled columns, compute, losses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bayescale.costs import SixND
from bayescale.data.scaled import scale_of

if TYPE_CHECKING:
    from bayescale.data.runs import Runs

# Laws of language models are fitted from about 1e5 parameters and 1e7 tokens on: below these, a unit was lost.
SMALL_PARAMS = 1e4
SMALL_TOKENS = 1e6
# A median below these is not what a lost unit makes of it: the unit was the next larger one.
USUAL = {"params": 1e7, "tokens": 1e8}
# Designs have a median of some ten to a hundred tokens per parameter; swapped, that is a tenth to a hundredth.
FEW_TOKENS_PER_PARAM = 0.5
# Attention, embeddings and recomputation add up to half to 6ND in small models; only sparse models, other sizes and
# multiply-adds counted as one are below it.
MOST_OVER_6ND = 1.5
LEAST_OVER_6ND = 1 / 1.3
# Counting everything the same way leaves less than this between rows of like size, nominal sizes included.
CONVENTION_SPREAD = 1.6
CONVENTION_ROWS = 5
# A model that guesses has ln(vocabulary) nats: 12.45 for the largest vocabularies in use, 10.8 for 50k.
MOST_NATS = 12.0
# Source code, the easiest text in use, ends near 0.8 nats/token; bits per byte lie between 0.5 and 1.
FEWEST_NATS = 0.75
# Code models reach a perplexity of 3 to 4, text models 6 and more; losses in nats are 1.5 to 3.5.
SMALL_PERPLEXITY = 3.5
# Factors beyond e to this are no floats any more.
MOST_EXPONENT = 700.0
# Runs on one test set, from untrained to the best, span ln(50k) / 1.4.
LOSS_SPREAD = 8.0


def params_look_scaled(runs: Runs) -> str | None:
    """Model sizes in millions or billions."""
    median = runs.table["params"].median()
    if median >= SMALL_PARAMS:
        return None
    return f"the median params is {median:g}: sizes look like millions or billions; {_remedy(runs, 'params', median)}"


def tokens_look_scaled(runs: Runs) -> str | None:
    """Tokens in millions or billions."""
    median = runs.table["tokens"].median()
    if median >= SMALL_TOKENS:
        return None
    return f"the median tokens is {median:g}: counts look like millions or billions; {_remedy(runs, 'tokens', median)}"


def _remedy(runs: Runs, name: str, median: float) -> str:
    """How to say that a column is in other units."""
    column = (runs.renamed or {}).get(name) or name
    scaled = scale_of(column, median, USUAL[name])
    return f"give the number of {name if name == 'tokens' else 'parameters'}, as columns={{{name!r}: {scaled!r}}} does."


def swapped_params_tokens(runs: Runs) -> str | None:
    """Fewer tokens than parameters throughout."""
    median = (runs.table["tokens"] / runs.table["params"]).median()
    if median >= FEW_TOKENS_PER_PARAM:
        return None
    return f"the median tokens per parameter is {median:.2g}: check that params and tokens are not swapped."


def compute_mismatch(runs: Runs) -> str | None:
    """Compute that 6ND does not explain."""
    if runs.compute_convention == "6ND":
        return None
    # The larger half: what is not in 6ND fades with size.
    large = (runs.table["params"] >= runs.table["params"].median()).to_numpy()
    median = float(np.median(_over_6nd(runs)[large]))
    if LEAST_OVER_6ND <= median <= MOST_OVER_6ND:
        return None
    return (
        f"the median of compute/(6 params tokens) is {median:.2g} in the larger half: check that compute is in FLOPs "
        "of training and that params are all of the active parameters."
    )


def mixed_conventions(runs: Runs) -> str | None:
    """Compute or params counted one way in some rows and another way in others."""
    if runs.compute_convention == "6ND" or len(runs) < CONVENTION_ROWS:
        return None
    sizes = np.log(runs.table["params"].to_numpy())
    ratios = np.log(_over_6nd(runs))
    # Embeddings and attention weigh more in small models: one convention gives a smooth trend with size.
    if np.ptp(sizes) > 0:
        ratios = ratios - np.polynomial.Polynomial.fit(sizes, ratios, 1)(sizes)
    spread = float(np.ptp(ratios))
    if spread <= math.log(CONVENTION_SPREAD):
        return None
    factor = math.exp(min(spread, MOST_EXPONENT))
    return (
        f"compute/(6 params tokens) differs by a factor of {factor:.2g} between rows of like size: check that all rows "
        "count params (total or non-embedding) and compute the same way."
    )


def loss_looks_like_perplexity(runs: Runs) -> str | None:
    """A loss above that of guessing."""
    most = runs.table["loss"].max()
    if most <= MOST_NATS:
        return None
    return (
        f"the largest loss is {most:.4g} nats/token, worse than guessing: if losses are perplexities say "
        "loss_unit='perplexity', and leave out runs that diverged."
    )


def loss_looks_like_bits_per_byte(runs: Runs) -> str | None:
    """Losses below those of any text per token."""
    median = runs.table["loss"].median()
    if median >= FEWEST_NATS:
        return None
    return (
        f"the median loss is {median:.3g} nats/token (read as {runs.source_loss_unit}), very low: if losses "
        "are per byte say loss_unit='bits/byte' with bytes_per_token."
    )


def loss_looks_like_nats(runs: Runs) -> str | None:
    """Perplexities that are losses already."""
    median = runs.table["loss"].median()
    if runs.source_loss_unit != "perplexity" or median >= math.log(SMALL_PERPLEXITY):
        return None
    return f"the median perplexity is {math.exp(median):.3g}: if losses are in nats already say loss_unit='nats/token'."


def losses_mixed_units(runs: Runs) -> str | None:
    """Losses that no single unit spans."""
    loss = runs.table["loss"]
    spread = loss.max() / loss.min()
    if spread <= LOSS_SPREAD:
        return None
    return f"losses span a factor of {spread:.3g}: check that all rows use one unit and one kind of test set."


def _over_6nd(runs: Runs) -> np.ndarray:
    """Return compute over 6ND, over rows."""
    table = runs.table
    return (table["compute"] / SixND()(table["params"], table["tokens"])).to_numpy()
