"""Compute of training a model and then serving it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bayescale.costs.base import Cost
from bayescale.costs.checking import check_positive
from bayescale.costs.kaplan import PASSES
from bayescale.costs.six_nd import SixND
from bayescale.language.errors import SettingsError


class WithInference(Cost):
    """Training, and a forward pass for every token that the model will serve: 6 N D + 2 N D_inference.

    A budget is then for both. Inference is a third of what training on as many tokens costs.

    Args:
        served: tokens of prompts and answers together, over the model's life.
        training: what training costs; 6ND by default.
        price: of an inference FLOP over a training FLOP, where hardware is used worse in one of them; see
            :meth:`RateCard.inference_price`. Budgets then count training FLOP of equal price.

    Raises:
        SettingsError: tokens or a price that are not positive, or training that is no Cost.

    References:
        sardana2024beyond

    Examples:
        >>> f"{WithInference(2e12)(70e9, 1.4e12):.3g}"
        '8.68e+23'
    """

    def __init__(self, served: float, *, training: Cost | None = None, price: float = 1.0):
        check_positive("WithInference", "served", served, "in tokens", single=True)
        check_positive("WithInference", "price", price, "of an inference FLOP over a training FLOP", single=True)
        if training is not None and not isinstance(training, Cost):
            raise SettingsError(f"WithInference: training must be a Cost such as SixND(), got {training!r}.")
        self.served, self.training, self.price = served, SixND() if training is None else training, price
        self.name = f"{self.training.name} + inference"

    def inference(self, params: Any) -> Any:
        """Return what serving costs, in FLOP times their price."""
        return self.price * self.training(params, self.served) / PASSES

    def __call__(self, params: Any, tokens: Any) -> Any:
        return self.training(params, tokens) + self.inference(params)

    def tokens(self, params: Any, compute: Any) -> Any:
        """Return the training tokens that are left after serving; one token where serving takes it all."""
        left = np.asarray(compute, float) - np.asarray(self.inference(params), float)
        one = np.asarray(self.training(params, 1.0), float)
        return np.maximum(self.training.tokens(params, np.maximum(left, one)), 1.0)

    @property
    def params_convention(self) -> str | None:
        """How this cost counts parameters: as that of training does."""
        return self.training.params_convention

    def __repr__(self) -> str:
        return f"WithInference({self.served!r}, training={self.training!r}, price={self.price!r})"
