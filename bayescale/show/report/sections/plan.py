"""Compute-optimal plans with what they may waste."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from bayescale.decisions import Plan
from bayescale.show import cells
from bayescale.show.cells import words
from bayescale.show.estimates import estimates
from bayescale.show.grid import Grid, grid
from bayescale.show.numbers import format_prob
from bayescale.show.report.blocks import Block, Drawing, Heading, Prose, Section, Table, omitted
from bayescale.show.report.sections.predictions import group_words
from bayescale.show.report.subject import Subject


def plans(subject: Subject) -> Section:
    """Return the section on plans."""
    blocks: list[Block] = []
    for name, plan in subject.plans.items():
        if not subject.is_single and subject.compute is not None:
            blocks.append(Heading(name))
        if not isinstance(plan, str):
            blocks += list(_of_plan(plan, name, subject))
        elif subject.compute is not None or not blocks:
            blocks.append(omitted(plan))
    return Section("plan", "Plan", tuple(blocks))


def _of_plan(plan: Plan, name: str, subject: Subject) -> Iterator[Block]:
    from bayescale.show import figures

    prob = subject.prob
    interval = f"{format_prob(prob)} interval"
    yield Prose(
        "Two answers. The posterior of the best split says how well the runs determine it: every draw has a best "
        "size of its own. The plan to choose is the one split per budget with the least expected loss over all draws; "
        "its waste is the share of the budget that it spends more than the best split of each draw would need for the "
        "same loss."
    )
    table = plan.table(prob=prob, mcse=True).drop(columns=["group", "discrepancy", "extrapolation"])
    yield Table(
        subject.part("plan", name), f"Posterior of the best split, for {group_words(plan.group)}.", estimates(table)
    )
    action, regret = plan.action_table(prob=prob), plan.regret(prob=prob)
    caption = f"The plan to choose and the compute that it may waste: mean and {interval}."
    yield Table(subject.part("action", name), caption, chosen(action, regret))
    axes = figures.allocation(plan, prob=prob)
    caption = f"Compute-optimal model size and training tokens, median and {interval}."
    yield Drawing(
        subject.part("allocation", name),
        caption,
        f"{caption} Both rise with compute on logarithmic axes.",
        axes[0].figure,
    )


def chosen(action: pd.DataFrame, regret: pd.DataFrame) -> Grid:
    """One row per budget: the split, its expected loss, and what it may waste."""
    rows = []
    for plan, lost in zip(action.to_dict("records"), regret.to_dict("records"), strict=True):
        waste = [lost[f"percent{end}"] for end in ("", "_lower", "_upper")]
        rows.append(
            [
                *(cells.number(plan[name]) for name in ("compute", "params", "tokens", "tokens_per_param")),
                cells.number(plan["expected_loss"], digits=4),
                *(cells.number(value, digits=2) for value in waste),
                words(f"{100 * lost['within']:.0f}%"),
            ]
        )
    headers = [
        f"compute {action['cost'].iloc[0]} (FLOP)",
        "params",
        "tokens",
        "tokens/param",
        "expected loss",
        "waste (%)",
        "lower",
        "upper",
        f"P(waste ≤ {100 * regret['share'].iloc[0]:g}%)",
    ]
    return grid(headers, rows, right=headers)
