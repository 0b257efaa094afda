"""Designs and draws of the prior for any law, from the quantities of its arguments."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bayescale.laws import Law

DRAWS = 64
# Ranges of published experiments by quantity, and a large run of the kind that papers report.
RANGES = {
    "params": (1e7, 1e12),
    "tokens": (1e7, 1e12),
    "compute": (1e17, 1e26),
    "unique_tokens": (1e7, 1e12),
    "batch_tokens": (1e4, 1e8),
    "lr": (1e-5, 1e-2),
    "step": (1e2, 1e6),
}
LARGE = {"params": 70e9, "tokens": 1.4e12, "compute": 5.88e23, "unique_tokens": 1.4e12, "batch_tokens": 3e6}
LARGE |= {"lr": 1e-4, "step": 5e5}
RANGES |= {
    "embedding_params": (1e5, 9e6),  # a part of params
    "experts": (1.0, 1e3),
    "repeats": (1.0, 100.0),
    "accuracy": (0.01, 0.99),
    "error": (0.01, 0.99),
    "chance": (0.01, 0.5),
    "loss": (1.5, 5.0),
    "items": (1e2, 1e5),
    "source_loss": (1.0, 5.0),
    "bits_weights": (2.0, 16.0),
    "bits_activations": (2.0, 16.0),
    "bits_kv": (2.0, 16.0),
    "finetune_tokens": (1e5, 1e10),
    "lr_area": (1.0, 1e3),
    "annealing_area": (1e-3, 0.1),  # a part of lr_area
    "examples": (1e7, 1e10),
    "bits_post": (2.0, 16.0),
    "granularity": (1.0, 64.0),
    "is_target": (1e-3, 1.0),
    "is_pretrained": (1e-3, 1.0),
    "mix_web": (1e-3, 1.0),
    "mix_books": (1e-3, 1.0),
    "mix_code": (1e-3, 1.0),
}
LARGE |= {"embedding_params": 1e9, "experts": 64.0, "repeats": 1.0, "accuracy": 0.7, "error": 0.3, "chance": 0.25}
LARGE |= {"items": 1e4, "source_loss": 2.0, "bits_weights": 16.0, "bits_activations": 16.0, "bits_kv": 16.0}
LARGE |= {"loss": 2.0, "finetune_tokens": 1e9, "lr_area": 100.0, "annealing_area": 1.0}
RANGES |= {"flop_per_token": (1e8, 1e13), "censored": (1e-9, 1.0)}
LARGE |= {"flop_per_token": 4e11, "censored": 0.0}
LARGE |= {"examples": 1e9}
LARGE |= {"bits_post": 16.0, "granularity": 8.0, "is_target": 0.0, "is_pretrained": 0.0}
LARGE |= {"mix_web": 0.5, "mix_books": 0.3, "mix_code": 0.2}


def prior_draws(law: type[Law], count: int = DRAWS, seed: int = 0) -> Law:
    """A batch of instances from the prior, anchored at the middle of the design."""
    keys = jax.random.split(jax.random.key(seed), len(law.parameters))
    fields = {p.name: p.prior.numpyro().sample(k, (count,)) for p, k in zip(law.parameters, keys, strict=True)}
    return law(**fields, **{name: jnp.full(count, value) for name, value in middle(law).items()})


def middle(law: type[Law]) -> dict[str, float]:
    """Every anchor at the geometric middle of its input."""
    return {a.name: float(np.sqrt(np.prod(RANGES[law.arguments[a.argument].name]))) for a in law.anchors}


def design(law: type[Law], count: int = DRAWS, seed: int = 1) -> dict[str, Any]:
    """Arguments of the formula over the ranges of published experiments."""
    rng = np.random.default_rng(seed)
    bounds = {argument: np.log10(RANGES[quantity.name]) for argument, quantity in law.arguments.items()}
    return {argument: jnp.asarray(10 ** rng.uniform(*bound, count)) for argument, bound in bounds.items()}


def one_draw(batch: Law, i: int) -> Law:
    return jax.tree.map(lambda leaf: leaf[i], batch)


def loss_of(law: Law, inputs: dict[str, Any]) -> Any:
    return law(**inputs)
