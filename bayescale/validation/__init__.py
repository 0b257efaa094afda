"""Validation: how far a law can be trusted, before a fit, on simulated tables, and beyond the data."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "backtest": ["Backtest", "backtest", "learn_discrepancy"],
        "compare": ["Comparison", "compare", "mixture_places", "stacking_weights"],
    },
)
