"""What a comparison found: scores, weights, decisions and predictions of laws and of their mixture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bayescale.costs import Cost
from bayescale.decisions.prediction import Prediction
from bayescale.inference.summary import check_prob
from bayescale.language.errors import SettingsError
from bayescale.models.discrepancy import Discrepancy
from bayescale.validation.compare.decision import STACKED, Decision, decide, decision_rows, stacked
from bayescale.validation.compare.fitting import Tried
from bayescale.validation.compare.in_range import HIGH_K, in_range
from bayescale.validation.compare.mixture import predict_mixture
from bayescale.validation.compare.scores import differences, held_out_scores, unit_name, unit_scores, weights_of


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Laws and choices of analysis side by side; made by :func:`bayescale.compare`.

    Args:
        tried: every choice with its fits and its backtest.
        shared: mask of the rows that every choice keeps; scores are of these.
        budgets: of the decision, in FLOP; empty for none.
        cost: what they are counted in; None for 6ND.
        discrepancy: what answers beyond the data have added.
        seed: of the answers.
    """

    tried: tuple[Tried, ...]
    shared: np.ndarray
    budgets: np.ndarray
    cost: Cost | None
    discrepancy: str | Discrepancy | None
    seed: int

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the choices."""
        return tuple(one.choice.label for one in self.tried)

    @property
    def families(self) -> tuple[str, ...]:
        """The families that there are answers for; ``("(all)",)`` for a table without families."""
        return tuple(self.tried[0].fits)

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Leave-future-out log scores of the held-out runs, with the discrepancy.

        Returns:
            over family, ratio and row of the table; a column per choice. The weights are made of these.
        """
        return held_out_scores(self.tried, bare=False)

    @cached_property
    def scores_without(self) -> pd.DataFrame:
        """As :attr:`scores`, without a discrepancy."""
        none = all(added is None for one in self.tried for added in one.backtest.discrepancy.values())
        return self.scores if none else held_out_scores(self.tried, bare=True)

    @cached_property
    def in_range(self) -> dict[str, pd.DataFrame]:
        """In-range PSIS-LOO of every choice: elpd and Pareto k by the row of the table. It is no extrapolation."""
        return {one.choice.label: in_range(one, self.shared) for one in self.tried}

    @cached_property
    def weights(self) -> pd.Series:
        """Stacking weights of the choices, from leave-future-out scores."""
        return weights_of(self.scores)

    def table(self) -> pd.DataFrame:
        """Scores and weights, the best extrapolation first.

        Returns:
            columns choice, law, noise, dropped, model_error; log_score (mean leave-future-out log density of a held-out
            run, with the discrepancy), difference (from the best) and difference_se (of the paired difference over
            units), units (how many) and unit (``"families"`` or ``"splits"``; splits of one family share their runs, so
            that their standard error is too small), runs (held out, each as often as there are splits with it), weight;
            log_score_without, difference_without, difference_se_without, weight_without: the same without the
            discrepancy; in_range_elpd, in_range_se, in_range_difference, in_range_difference_se (PSIS-LOO, sums over
            runs, in the range of the data), k_hat (largest) and k_high (share of runs above 0.7); flagged (fits that do
            not pass their checks).
        """
        choices = [one.choice for one in self.tried]
        rows: dict[str, Any] = {
            "choice": list(self.labels),
            "law": [choice.law.name for choice in choices],
            "noise": [choice.noise for choice in choices],
            "dropped": ["" if choice.drop is None else str(choice.drop) for choice in choices],
            "model_error": [choice.model_error for choice in choices],
        }
        for suffix, scores in (("", self.scores), ("_without", self.scores_without)):
            units = unit_scores(scores)
            found = differences(units).loc[list(self.labels)]
            rows[f"log_score{suffix}"] = found["score"].to_numpy()
            rows[f"difference{suffix}"] = found["difference"].to_numpy()
            rows[f"difference_se{suffix}"] = found["error"].to_numpy()
            if not suffix:
                rows |= {"units": len(units), "unit": unit_name(scores), "runs": len(scores)}
            rows[f"weight{suffix}"] = weights_of(scores).loc[list(self.labels)].to_numpy()
        rows |= self._in_range_columns() | {"flagged": [one.flagged for one in self.tried]}
        return pd.DataFrame(rows).sort_values("log_score", ascending=False, ignore_index=True, kind="stable")

    def _in_range_columns(self) -> dict[str, list[float]]:
        runs = pd.DataFrame({label: found["elpd"] for label, found in self.in_range.items()})
        k = pd.DataFrame({label: found["k"] for label, found in self.in_range.items()})
        best, root = runs.sum().idxmax(), np.sqrt(len(runs))
        apart = runs.sub(runs[best], axis=0)
        columns = {
            "in_range_elpd": runs.sum(),
            "in_range_se": root * runs.std(ddof=1),
            "in_range_difference": apart.sum(),
            "in_range_difference_se": (root * apart.std(ddof=1)).drop(best).reindex(runs.columns),
            "k_hat": k.max(),
            "k_high": (k > HIGH_K).mean(),
        }
        return {name: [float(values[label]) for label in self.labels] for name, values in columns.items()}

    @cached_property
    def decisions(self) -> dict[str, dict[str, Decision]]:
        """Draws of the plan by family, then choice; the mixture is ``"(stacked)"``.

        Raises:
            SettingsError: the comparison was made without compute.
            LawError: no law has a plan at these budgets.
        """
        if not self.budgets.size:
            raise SettingsError("The comparison has no decision; make it with compute=..., a budget in FLOP.")
        weights, found = self.weights.loc[list(self.labels)].to_numpy(), {}
        for family in self.families:
            own = {
                one.choice.label: decide(one, family, self.budgets, self.cost, self.discrepancy, self.seed)
                for one in self.tried
            }
            found[family] = {STACKED: stacked(list(own.values()), weights), **own}
        return found

    def decision_table(self, *, prob: float = 0.9) -> pd.DataFrame:
        """The compute-optimal plan under every choice and under their mixture, which comes first.

        Args:
            prob: probability of the equal-tailed intervals, in (0, 1).

        Returns:
            columns choice, weight, group, compute (FLOP), quantity (params, tokens, tokens_per_param; a, the exponent
            of optimal size from half to twice the budget; loss, the curve at the optimum with the discrepancy), unit,
            prob, median, lower, upper, extrapolation (the budget over the largest compute of a run), discrepancy.
            ``attrs["unplanned"]`` has the choices without a plan and why: they are not in the mixture here.

        Raises:
            SettingsError: no compute, or no such probability.
            LawError: no law has a plan at these budgets.
        """
        check_prob(prob)
        rows: list[dict[str, Any]] = []
        missing: dict[str, str] = {}
        for family, decisions in self.decisions.items():
            for label, one in decisions.items():
                weight = 1.0 if label == STACKED else float(self.weights[label])
                rows += decision_rows(label, weight, family, one, self.budgets, prob)
                missing |= {label: one.reason} if one.reason else {}
        table = pd.DataFrame(rows)
        table.attrs["unplanned"] = missing
        return table

    def predict(self, *, group: str | None = None, kind: str = "run", **inputs: Any) -> Prediction:
        """Predict with the mixture of the choices by their weights.

        Args:
            group: a family; None is the only one, or a table without families.
            kind: as for :func:`bayescale.predict`.
            inputs: of all laws, by canonical name; each takes its own.

        Returns:
            a prediction of 4,000 draws, as many of each choice as its weight says, in one chain.

        Raises:
            SettingsError: an input that no law takes, one that a law lacks, or no such family.
        """
        return predict_mixture(
            self.tried,
            self.weights.loc[list(self.labels)].to_numpy(),
            self.family(group),
            kind=kind,
            discrepancy=self.discrepancy,
            seed=self.seed,
            inputs=inputs,
        )

    def family(self, group: str | None) -> str:
        """The family that a question is about.

        Raises:
            SettingsError: no such family, or none named where there are several.
        """
        if group is None and len(self.families) == 1:
            return self.families[0]
        if group not in self.families:
            raise SettingsError(f"Name a family with group=..., one of {', '.join(self.families)}; got {group!r}.")
        return group

    def __repr__(self) -> str:
        table = self.table()
        names = ["choice", "log_score", "difference", "difference_se", "weight", "in_range_difference", "k_hat"]
        first = table.iloc[0]
        return (
            f"Comparison of {len(self.tried)} laws and choices, leave-future-out over {first['units']} {first['unit']}"
            f"; in_range is PSIS-LOO, no extrapolation\n{table[names].round(3).to_string(index=False)}"
        )
