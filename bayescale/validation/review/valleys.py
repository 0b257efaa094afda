"""Whether IsoFLOP valleys are as curved as the law ties them to its frontier: alpha beta R* for Chinchilla."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bayescale.decisions.valley import compare_valleys
from bayescale.inference.checks import Check
from bayescale.inference.fit import Fit
from bayescale.inference.many import fit_many
from bayescale.language.errors import BayescaleError, SettingsError
from bayescale.validation.review.evidence import families_of, p_check

FREE = "isoflop-valley"
FEWEST_BUDGETS, FEWEST_RUNS = 3, 25
COLUMNS = ["group", "compute", "free", "tied", "difference", "lower", "upper", "prob", "p_value"]


def valley_curvature(fit: Fit, seed: int) -> tuple[pd.DataFrame, tuple[Check, ...]]:
    """Return log curvatures of a law with free valleys and of this one at each family's middle budget, and a check.

    Both are fitted to the budgets' runs of each family by itself. Families' p-values are joined by Bonferroni's rule.

    Raises:
        SettingsError: why there is nothing to compare.
    """
    if set(fit.law.inputs()) != {"params", "tokens"} or fit.law.response.name != "loss":
        raise SettingsError("the law is not one of loss in params and tokens")
    if fit.law.name.startswith("isoflop"):
        raise SettingsError("the law has valleys of its own")
    if "budget" not in fit.runs.table:
        raise SettingsError("the table has no column budget")
    tables, middle = {}, {}
    for family, at in families_of(fit):
        runs = fit.runs.subset(np.isin(np.arange(len(fit.runs)), at))
        if runs.table["budget"].nunique() >= FEWEST_BUDGETS and len(runs) >= FEWEST_RUNS:
            tables[family or "all"], middle[family or "all"] = runs, _middle(runs.table)
    if not tables:
        raise SettingsError(f"no family has {FEWEST_RUNS} runs at {FEWEST_BUDGETS} budgets")
    own = fit.model.given_priors
    tied = fit_many(fit.law, tables, noise=fit.model.noise, priors=own, seed=seed, progress=False)
    free = fit_many(FREE, tables, noise=fit.model.noise, seed=seed, progress=False)
    rows = []
    for family in tables:
        try:
            found = compare_valleys(free[family], tied[family], compute=middle[family], seed=seed)
        except BayescaleError:  # a fit that failed, or a valley without a bottom inside the range
            continue
        row = found[found["quantity"] == "log curvature"].iloc[0]
        p_value = 2.0 * min(row["above"], 1.0 - row["above"]) + 1.0 / (tied.settings.chains * tied.settings.nuts_draws)
        values = [row[name] for name in ("first", "second", "difference", "lower", "upper", "prob")]
        rows.append([family if fit.groups else "", middle[family], *values, min(p_value, 1.0)])
    table = pd.DataFrame(rows, columns=COLUMNS)
    if not rows:
        raise SettingsError("no fit of the valleys succeeded")
    worst = table.loc[table["p_value"].idxmin()]
    return table, (p_check("valley-curvature", min(1.0, len(table) * worst["p_value"]), _advice(worst)),)


def _middle(table: pd.DataFrame) -> float:
    """The compute of the middle budget."""
    centres = np.exp((np.log(6 * table["params"] * table["tokens"])).groupby(table["budget"]).mean())
    return float(centres.sort_values().iloc[len(centres) // 2])


def _advice(worst: pd.Series) -> str:
    ratio, of = np.exp(worst["difference"]), f" of {worst['group']}" if worst["group"] else ""
    return (
        f"IsoFLOP valleys{of} are {ratio:.2g} times as curved as the law ties them to its frontier (alpha beta R* for "
        "Chinchilla): size and tokens do not simply add, or runs far from the bottom are mistuned. Compare with runs "
        "near each budget's lowest loss, and take the best size from isoflop_path."
    )
