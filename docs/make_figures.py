"""Draw the README's picture from the embedded data: ``.venv/bin/python docs/make_figures.py``.

Only the public API is used, so the picture is what a user gets.
"""

from pathlib import Path

import bayescale as bs

IMAGES = Path(__file__).parent / "images"
SEED = 0  # as in the README
# Families of one model inform the fit and are left out of the picture, where they would be a point under a curve.
DRAWN = ["Cerebras-GPT", "Cerebras-GPT muP", "Pythia", "Pythia deduped"]


def draw(fit: bs.Fit) -> Path:
    """Write the figure and return where it is."""
    axes = bs.figures.loss_compute(fit, groups=DRAWN)
    axes.set_title("Chinchilla's law, families with shared priors (embedded data: pile-families)", fontsize=10)
    IMAGES.mkdir(exist_ok=True)
    path = IMAGES / "loss_compute.png"
    axes.figure.savefig(path, dpi=110, bbox_inches="tight")
    return path


if __name__ == "__main__":
    fit = bs.fit("chinchilla", bs.datasets.load("pile-families"), seed=SEED)
    print(fit)
    print(draw(fit))
