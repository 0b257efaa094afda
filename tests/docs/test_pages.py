"""The Python of the documentation's pages runs as printed."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path

import pytest

import bayescale as bs

PAGES = Path(__file__).parents[2] / "docs"
if not PAGES.exists():
    pytest.skip("the documentation is not beside these tests", allow_module_level=True)
# Pages whose code needs nothing but the package, what it prints and the files that it writes.
SELF_CONTAINED = {
    "datasets.md": (("Runs: 30 runs in 6 families", "read off a figure", "Beware", "gpt3"), ()),
    "many_fits.md": (("20 fits of chinchilla: 20 ok",), ("fits.nc",)),
    "long_runs.md": (("0 times gone on with",), ("fit.nc",)),
    "accelerators.md": (("of chinchilla", "rows ('chain', 'draw')"), ()),
    "batch.md": (
        ("Study of 2 fits in results: 2 ok", "('chain', 'draw')", "0 missing", "Study of 2 fits in shared: 2 ok"),
        ("results", "shared"),
    ),
    "backtest.md": (("Backtest of chinchilla: ", "True"), ()),
    "identify.md": (("rank 4, 2 of 5 combinations identified", "log N* at 2e+23 FLOP"), ()),
    "review.md": (("Review of chinchilla, 8 runs", "not looked at"), ()),
    "public_priors.md": (("Priors(E: LogNormal(", "declared", "public"), ()),
    "compare.md": (
        ("Comparison of 2 laws and choices", "Leave-future-out scores give all weight"),
        ("multiverse.png",),
    ),
    "next_run.md": (("times its price.", "unreliable"), ()),
    "allocate.md": (
        ("['', 'at most 7e+09 parameters']", "[0.0, 101.5]", "2.000000  2.474802e+23"),
        ("regret.png", "trade_offs.png"),
    ),
    "arms.md": (("steep", "wins", "crosses"), ()),
    "hyperparameters.md": (
        ("published bi2024deepseek", "Extrapolated 98x in compute without a discrepancy", "power of two"),
        ("batch_trade_off.png",),
    ),
    "downstream.md": (("reaches", "loss_regret", "ranked", "wins"), ("score_forecast.png",)),
    "follow.md": (("siblings and checkpoints", "it ended at 2.100", "break_even"), ("follow.png",)),
    "figures.md": (("'map': 1681", "'run': 12"), ("loss_map.png", "ridges.png")),
    "report.md": (("['card.json', 'latex', 'report.html']", "| β | data exponent | 0.3"), ("report/report.html",)),
    "isoflop.md": (("IsoFLOP path from 7 of 7 budgets",), ()),
    "loss_to_loss.md": (("kappa",), ()),
    "migrate_from_chinchilla.md": (("checks pass", "tokens_per_param"), ("df.csv",)),
    "costs.md": (("5.88e+23 FLOP, 1.4e+12 tokens, 7e+10 params", "10^12.95 to 10^20.7 FLOP: N grows as C^0.78"), ()),
}


@pytest.mark.parametrize("page", SELF_CONTAINED)
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", (PAGES / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert blocks
    exec(compile("\n".join(blocks), page, "exec"), {"__name__": "__main__"})
    printed, (words, written) = capsys.readouterr().out, SELF_CONTAINED[page]
    assert [line for line in words if line not in printed] == []
    assert all((tmp_path / name).exists() for name in written)


def test_the_page_of_figures_has_every_one_of_them():
    from bayescale.show import figures

    text = (PAGES / "figures.md").read_text("utf-8")
    names = [name for name in figures.__all__ if not name.endswith("_data")]
    assert len(names) > 20
    assert [name for name in names if f"`{name}`" not in text] == []
    assert [name for name in names if not hasattr(figures, f"{name}_data")] == []


def test_the_recipe_for_step_law_reads_the_grid_and_is_a_fit_of_it(dataset, monkeypatch):
    """Minutes of NUTS are left out; ``benchmarks/step_law_table.py`` has them."""
    (recipe,) = re.findall(r"^  ```python\n(.*?)^  ```", (PAGES / "hyperparameters.md").read_text("utf-8"), re.M | re.S)
    takes, asked, grid = inspect.signature(bs.fit), [], dataset("step-law", "grid")
    monkeypatch.setattr(bs.datasets, "load", lambda *names: {("step-law", "grid"): grid}[names])
    monkeypatch.setattr(bs, "fit", lambda *given, **named: asked.append(takes.bind(*given, **named).arguments))
    exec(compile(textwrap.dedent(recipe), "hyperparameters.md", "exec"), {"bs": bs})
    runs, sampler = asked[0]["runs"], asked[0]["sampler"]
    assert len(runs.families) == 17
    assert 0 < runs.table["censored"].sum() < len(runs)
    bs.Settings(**sampler)
