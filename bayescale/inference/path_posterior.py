"""The posterior of a line through points of known errors and unknown scatter: exact draws, from a grid of scatters."""

from __future__ import annotations

import numpy as np

# Scale of the half-normal prior of the scatter of log sizes: a factor of 1.35 is one sd.
SCATTER = 0.3
GRID = np.concatenate([[0.0], np.geomspace(1e-3, 3.0, 400)])


def draw_path(
    x: np.ndarray, y: np.ndarray, covariance: np.ndarray, draws: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw from the posterior of y = log k + a x + error + scatter, both normal, the errors with a known covariance.

    Flat priors of log k and a, half-normal of the scatter. Given the scatter, both are normal and their evidence has a
    closed form, so draws are exact but for the grid.

    Args:
        x: centred log compute, shape (n,).
        y: log sizes, shape (n,).
        covariance: of their errors, (n, n).
        draws: how many.
        rng: the generator.

    Returns:
        a, b = 1 - a, k and scatter, each (draws,).
    """
    # In the eigenvectors of the covariance errors are independent, whatever the scatter adds to each.
    variance, vectors = np.linalg.eigh(covariance)
    design, y = vectors.T @ np.column_stack([np.ones_like(x), x]), vectors.T @ y
    # A scatter of exactly zero and an error of zero would weigh infinitely; a millionth of a log size is neither's.
    weight = 1.0 / (np.maximum(variance, 1e-12) + GRID[:, None] ** 2)
    precision = np.einsum("ni,gn,nj->gij", design, weight, design)
    mean = np.linalg.solve(precision, np.einsum("ni,gn,n->gi", design, weight, y)[..., None])[..., 0]
    residual = y - mean @ design.T
    log_evidence = 0.5 * (np.log(weight) - weight * residual**2).sum(1) - 0.5 * np.linalg.slogdet(precision)[1]
    # Each point of the grid stands for its share of the scale.
    share = np.gradient(GRID)
    share[[0, -1]] /= 2
    log_mass = log_evidence - 0.5 * (GRID / SCATTER) ** 2 + np.log(share)
    mass = np.exp(log_mass - log_mass.max())
    chosen = rng.choice(GRID.size, int(draws), p=mass / mass.sum())
    factor = np.linalg.cholesky(np.linalg.inv(precision))[chosen]
    log_k, a = (mean[chosen] + np.einsum("dij,dj->di", factor, rng.standard_normal((int(draws), 2)))).T
    return {"a": a, "b": 1.0 - a, "k": np.exp(log_k), "scatter": GRID[chosen]}
