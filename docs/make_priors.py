"""Write the page of priors: ``.venv/bin/python docs/make_priors.py``; a test holds it against the package."""

from __future__ import annotations

from pathlib import Path

from markdown_tables import table
from prior_roles import ROLES, role_of

from bayescale.laws import CATALOGUE
from bayescale.models import NOISES, RESIDUALS, VALUE_NOISES, RunEffects

PATH = Path(__file__).parent / "priors.md"
HEAD = """# Every prior, and when to change it

Declared priors are wide enough for any table that the law is meant for, and proper, so that few runs give wide
intervals instead of an error. This page is written by `docs/make_priors.py` from what laws and models declare.
`LogNormal(median, log_sd)`; `LogitNormal(median, sd)` is between bounds, 0 and 1 unless others follow.

* **They hold at anchors**, the geometric means of your table, not at one parameter and one token.
  `bs.Priors({...}, anchors={"N0": 1, "D0": 1})` says where yours hold.
* **Replace some**: `bs.fit(law, runs, priors={"E": bs.LogNormal(0.8, 0.3)})`. The others stay as declared, and the fit
  says which were replaced. Look at what they mean before you fit: `fit.data` has a prior predictive group.
* **What tells you to**: the check `prior-conflict` (a parameter far outside its prior), `identified` (the posterior is
  the prior), and `prior-sensitivity` of `bs.review`. [](checks.md) has all checks.
* **For a family of few runs** take priors learnt from public families, `bs.priors.public("chinchilla")`
  ([](public_priors.md)), or from your own, `bs.learn_priors` and `bs.population_priors`.
* **Do not** change a prior to move a forecast: a prior that was chosen by its answer is no prior.
"""
NOISE = """## Noise, residuals and effects

The scale of the noise is half-Cauchy, a median of 0.01 of the loss and a tail that allows for noisy tables. Seeds alone
scatter by 0.03 to 0.07 %. *When to change it:* where you have measured seeds, `priors={"sigma": bs.LogNormal(...)}`; the
standard error of single losses goes into the column `loss_se` instead. `nu` says how heavy tails are; its prior leaves
out the mean of a Student-t that does not exist (nu below 1). *When to change it:* seldom; `noise="normal"` is for tables
without outliers.
"""
FAMILIES = """## How families differ

With partial pooling each family's parameters are normal around the population's, in the coordinates below, and the sd
`..._between` is half-normal with this scale; noise scales differ likewise. Of logs, 0.3 is 30 %, and 0.4 of the level is
a factor of 1.5. Parameters without a coordinate here scatter by themselves with the scale 0.3. They are independent in
the population unless `bs.Pooling(correlated=True)` gives them a correlation, whose LKJ prior has `concentration=`. *When to change it:* families that are one recipe with another seed are alike: pool completely
(`pooling="complete"` or by parameter). Families of other modalities are not one population: fit them apart.
"""
BEYOND = """## Learnt from many families

`bs.learn_discrepancy`, which makes the error of a law beyond its data, and `bs.learn_priors` have small models of their
own. Between means between clusters (laboratories), within means between families of a cluster.

| parameter | prior | what it is |
| --- | --- | --- |
| `drift` | Normal(0, 0.02) | mean relative error per decade beyond the data |
| `drift_between`, `drift_within` | HalfNormal(0.02) | its scatter |
| `log_scale` | Normal(log 0.01, 1) | log sd of the path per square root of a decade |
| `between`, `within` of it | HalfNormal(0.5) | its scatter |
| `power` | Normal(0.5, 0.5) | how the scale grows with the noise of a family |
| centre of `learn_priors` | Normal(that of the priors of the fits, 1) | log of a parameter of the population |
| scatter of `learn_priors` | HalfNormal(0.5) twice | of clusters and of families, in logs |

*When to change them:* they are not arguments. `discrepancy=` of `predict` and `allocate` takes another one, from your own
backtests (`bs.learn_discrepancy(backtest)`), by its sd a decade beyond (`bs.Discrepancy.brownian(0.02)`), or none.
"""


def page() -> str:
    """Return the page as Markdown."""
    groups: dict[str, dict[tuple[str, str, str, str], list[str]]] = {role.title: {} for role in ROLES}
    for law in CATALOGUE:
        for p in law.parameters:
            key = (p.name, str(p.prior), p.unit, p.meaning)
            groups[role_of(p.meaning).title].setdefault(key, []).append(law.name)
    parts = [HEAD]
    for role in ROLES:
        parts += [
            f"## {role.title}\n",
            role.why,
            "",
            f"*When to change it:* {role.change}\n",
            _laws(groups[role.title]),
        ]
    parts += [NOISE, _declared(), FAMILIES, _between(), BEYOND]
    return "\n".join(parts)


def _laws(found: dict[tuple[str, str, str, str], list[str]]) -> str:
    rows = [
        (f"`{name}`", f"`{prior}`", meaning, unit, ", ".join(laws))
        for (name, prior, unit, meaning), laws in found.items()
    ]
    return table(("parameter", "prior", "meaning", "unit", "laws"), rows)


def _declared() -> str:
    rows: list[tuple[str, str, str, str]] = []
    for kind in (*NOISES, *VALUE_NOISES, *RESIDUALS):
        rows += [(f"`{kind.name}`", f"`{p.name}`", f"`{p.prior}`", p.meaning) for p in kind.parameters]
    effects = RunEffects("run")
    rows.append(("`effects`", "`omega`", f"`{effects.prior}`", "sd of the shifts of a budget or a run, in log loss"))
    return table(("of", "parameter", "prior", "meaning"), rows)


def _between() -> str:
    found: dict[tuple[str, str, str], list[str]] = {}
    for law in CATALOGUE:
        for one in law.pooled:
            found.setdefault((f"`{one.name}_between`", f"HalfNormal({one.between:g})", one.doc), []).append(law.name)
    return table(("sd", "prior", "of", "laws"), [(*key, ", ".join(laws)) for key, laws in found.items()])


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
    print(PATH)
