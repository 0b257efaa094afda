"""What more of an input does to the response, and which laws do not promise it."""

from __future__ import annotations

from bayescale.laws import Law

# More of these never hurts; a batch or a learning rate has a best value.
HELPFUL = ("params", "tokens", "compute", "unique_tokens", "step", "lr_area", "annealing_area", "examples")
HELPFUL += (
    "finetune_tokens",
    "granularity",
    "is_pretrained",
    "bits_weights",
    "bits_activations",
    "bits_kv",
    "bits_post",
)
# More of these never helps.
HARMFUL = ("loss", "source_loss")
# What is better the larger it is; all other responses are better the smaller they are.
SCORES = ("accuracy",)
# Where a law's form does not promise that more helps: Farseer's data term may rise with size faster than its floor
# falls, and at small sizes its published constants have it so.
UNPROMISED = {("farseer", "params")}
# Laws of valleys hold near their bottoms; far from these, a path that is free of the shape promises nothing.
UNPROMISED |= {(law, quantity) for law in ("isoflop", "isoflop-valley") for quantity in ("params", "tokens")}
# At fixed settings a larger plan can be worse: its best settings are others.
UNPROMISED |= {(law, helpful) for law in ("step-law", "step-law-nd") for helpful in ("params", "tokens")}
# A broken law may rise and fall again.
UNPROMISED |= {("bnsl-1", "tokens"), ("bnsl-2", "tokens"), ("bnsl-1-error", "examples"), ("bnsl-2-error", "examples")}
# Changes of exponents by experts may turn them over, and what quantising costs grows with tokens.
UNPROMISED |= {("routing", "params"), ("experts-joint", "params"), ("experts-joint", "tokens")}
UNPROMISED |= {("post-training-quantisation", "tokens")}


def promised(law: type[Law]) -> dict[str, bool]:
    """The arguments that the response only gets better with, or only worse: whether more of them helps."""
    return {
        argument: quantity.name in HELPFUL
        for argument, quantity in law.arguments.items()
        if quantity.name in (*HELPFUL, *HARMFUL) and (law.name, quantity.name) not in UNPROMISED
    }
