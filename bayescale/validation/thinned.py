"""Fits with fewer draws, for answers whose precision needs no more."""

from __future__ import annotations

from dataclasses import replace

from bayescale.inference.fit import Fit


def thinned(fit: Fit, draws: int) -> Fit:
    """A fit with about as many evenly spaced draws, from all of its chains."""
    sizes = fit.unconstrained.sizes
    step = max(1, sizes["chain"] * sizes["draw"] // draws)
    return replace(
        fit,
        unconstrained=fit.unconstrained.isel(draw=slice(None, None, step)),
        sample_stats=fit.sample_stats.isel(draw=slice(None, None, step)),
    )
