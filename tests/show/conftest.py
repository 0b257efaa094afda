"""One short fit, and tables like those of fits, that the tests of showing share."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.text import Text

from bayescale.data import datasets


@pytest.fixture(scope="session")
def fit():
    """A short fit of the embedded families: enough draws to draw, too few to believe."""
    from bayescale.inference import fit

    return fit("chinchilla", datasets.load("pile-families"), seed=0, draws=100, warmup=100, chains=2, progress=False)


@pytest.fixture
def parameters() -> pd.DataFrame:
    """A table like ``fit.table()``."""
    rows = [
        ("dense", "E", "nats/token", 1.81724, 1.7911, 1.8432),
        ("dense", "alpha", "", 0.34783, 0.33, 0.3612),
        ("sparse", "E", "nats/token", 1.7, 1.6, 1.8),
        ("sparse", "N_c", "parameters", 7.2345e9, 6.1234e9, 8.4321e9),
        ("(all)", "nu", "", 14.0, 2.8, 43.0),
    ]
    table = pd.DataFrame(rows, columns=["group", "parameter", "unit", "median", "lower", "upper"])
    return table.assign(prob=0.9)


@pytest.fixture
def curves() -> pd.DataFrame:
    """A table like ``loss_compute_data(fit)`` for forty families."""
    rows = []
    for family in range(40):
        for compute in (1e18, 1e19, 1e20, 1e21):
            loss = 2 + family / 40 + 1e3 * compute**-0.15
            rows.append(
                (f"family {family}", "curve", compute, 0.9, loss, loss * 0.98, loss * 1.02, None, compute / 1e20)
            )
            if compute <= 1e20:
                rows.append((f"family {family}", "run", compute, None, None, None, None, loss * 1.01, compute / 1e20))
    names = ["group", "part", "compute", "prob", "median", "lower", "upper", "loss", "extrapolation"]
    table = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[2:], float))
    added = (table["part"] == "curve") & (table["extrapolation"] > 1)
    return table.assign(discrepancy=added.map({True: "learnt, 25 families", False: "none"}))


@pytest.fixture(scope="session")
def plain():
    """A fit of one family, by the instant engine."""
    from bayescale.data import read_runs
    from bayescale.decisions import simulate
    from bayescale.inference import fit
    from bayescale.laws import Chinchilla

    truth = Chinchilla.published["besiroglu2024chinchilla"]
    design = pd.DataFrame([{"params": n, "tokens": r * n} for n in (1e8, 3e8, 1e9, 3e9) for r in (5, 20, 80)])
    runs = read_runs(simulate(truth, design, sigma=0.004, seed=0))
    return fit("chinchilla", runs, seed=0, progress=False)


@pytest.fixture(scope="session")
def badly_placed():
    """Find words of a figure that leave it, and labels of ticks that touch each other."""
    return words_badly_placed


def words_badly_placed(figure) -> list[str]:
    """The words; none in a figure that can be printed."""
    figure.draw_without_rendering()
    found, page = [], figure.bbox
    for text in figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip():
            continue
        box = text.get_window_extent()
        # What an axis clips away is not seen; positions of ticks outside the limits are of that kind.
        if (text.get_clip_on() and text.get_clip_box() is not None) or not _on_an_axis(text, figure):
            continue
        if box.x0 < page.x0 - 2 or box.y0 < page.y0 - 2 or box.x1 > page.x1 + 2 or box.y1 > page.y1 + 2:
            found.append(text.get_text())
    for ax in figure.axes:
        for axis, side in ((ax.xaxis, "x"), (ax.yaxis, "y")):
            found += _touching(axis, side)
    return found


def _shown(axis) -> list:
    """Ticks whose place is on the axis."""
    low, high = sorted(axis.get_view_interval())
    margin = 1e-9 * max(abs(low), abs(high))
    ticks = [tick for tick in axis.get_major_ticks() if low - margin <= tick.get_loc() <= high + margin]
    return [tick.label1 for tick in ticks if tick.label1.get_visible() and tick.label1.get_text()]


def _on_an_axis(text, figure) -> bool:
    """Whether a text is shown: a label of a tick is where its tick is."""
    labels = {
        label for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()) for label in (tick.label1, tick.label2)
    }  # fmt: skip
    return text not in labels or any(text in _shown(axis) for ax in figure.axes for axis in (ax.xaxis, ax.yaxis))


def _touching(axis, side: str) -> list[str]:
    labels = sorted(_shown(axis), key=lambda label: getattr(label.get_window_extent(), f"{side}0"))
    boxes = [label.get_window_extent() for label in labels]
    pairs = zip(labels, boxes, boxes[1:], strict=False)
    return [label.get_text() for label, one, two in pairs if getattr(two, f"{side}0") < getattr(one, f"{side}1") - 1]
