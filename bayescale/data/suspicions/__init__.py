"""Suspicions: a usable table that looks wrong, or cannot tell what people want from it, says so with a code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bayescale.data.schema import FEWEST_ROWS
from bayescale.data.suspicions import design, rows, scales
from bayescale.language.errors import DataWarning

if TYPE_CHECKING:
    from bayescale.data.runs import Runs

# Each looks at runs that have these columns, and returns one sentence, or None where all is well.
SUSPICIONS: dict[str, tuple[Callable[[Runs], str | None], tuple[str, ...]]] = {
    "large-table": (rows.large_table, ()),
    "duplicate-rows": (rows.duplicate_rows, ()),
    "few-runs": (rows.few_runs, ()),
    "single-run-family": (rows.single_run_family, ()),
    "similar-family-names": (rows.similar_family_names, ()),
    "checkpoints-as-runs": (rows.checkpoints_as_runs, ()),
    "params-look-scaled": (scales.params_look_scaled, ("params",)),
    "tokens-look-scaled": (scales.tokens_look_scaled, ("tokens",)),
    "swapped-params-tokens": (scales.swapped_params_tokens, ("params", "tokens")),
    "compute-mismatch": (scales.compute_mismatch, ("params", "tokens", "compute")),
    "mixed-conventions": (scales.mixed_conventions, ("params", "tokens", "compute")),
    "loss-looks-like-perplexity": (scales.loss_looks_like_perplexity, ("loss",)),
    "loss-looks-like-bits-per-byte": (scales.loss_looks_like_bits_per_byte, ("loss",)),
    "loss-looks-like-nats": (scales.loss_looks_like_nats, ("loss",)),
    "losses-mixed-units": (scales.losses_mixed_units, ("loss",)),
    "constant-params": (design.constant_params, ("params",)),
    "constant-tokens": (design.constant_tokens, ("tokens",)),
    "constant-tokens-per-param": (design.constant_tokens_per_param, ("params", "tokens")),
    "collinear-design": (design.collinear_design, ("params", "tokens")),
    "loss-rises-with-compute": (design.loss_rises_with_compute, ("loss", "compute")),
}

# A suspicion whose cause is already named says nothing new.
EXPLAINED_BY: dict[str, tuple[str, ...]] = {
    "swapped-params-tokens": ("params-look-scaled", "tokens-look-scaled"),
    "compute-mismatch": ("params-look-scaled", "tokens-look-scaled"),
    "losses-mixed-units": ("loss-looks-like-perplexity",),
    "loss-looks-like-bits-per-byte": ("loss-looks-like-nats",),
    "collinear-design": ("constant-tokens-per-param",),
}


def suspicions(runs: Runs) -> tuple[DataWarning, ...]:
    """Return the coded warnings that a table of runs gives rise to.

    Args:
        runs: the table.

    Returns:
        one warning per code, in the order of ``SUSPICIONS``; nothing for fewer than three runs.
    """
    if len(runs) < FEWEST_ROWS:
        return ()
    messages = {
        code: message
        for code, (look, columns) in SUSPICIONS.items()
        if set(columns) <= set(runs.table) and (message := look(runs))
    }
    return tuple(
        DataWarning(code, message)
        for code, message in messages.items()
        if not any(cause in messages for cause in EXPLAINED_BY.get(code, ()))
    )
