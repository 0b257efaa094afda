"""Predictions of runs that were not trained."""

from __future__ import annotations

import pandas as pd

from bayescale.decisions import Prediction
from bayescale.language.labels import ALL, NEW_FAMILY
from bayescale.show.estimates import estimates
from bayescale.show.grid import Grid
from bayescale.show.report.blocks import Block, Heading, Prose, Section, Table, omitted
from bayescale.show.report.subject import Subject

MEANING = {"run": "one new run", "law": "the law's curve"}


def predictions(subject: Subject) -> Section:
    """Return the section on predictions."""
    blocks: list[Block] = []
    if subject.inputs:
        blocks.append(
            Prose("A new run scatters around the law's curve; it is what a training run is to be held against.")
        )
    for name, pair in subject.predictions.items():
        if not subject.is_single and subject.inputs:
            blocks.append(Heading(name))
        if not isinstance(pair, str):
            blocks.append(Table(subject.part("predictions", name), caption(pair[0]), _grid(pair, subject.prob)))
        elif subject.inputs or not blocks:
            blocks.append(omitted(pair))
    return Section("predictions", "Predictions", tuple(blocks))


def caption(prediction: Prediction) -> str:
    """What is predicted, and of whom."""
    return f"Predicted {prediction.response} of {group_words(prediction.group)}."


def group_words(label: str) -> str:
    """A group as it is called in a sentence."""
    known = {NEW_FAMILY: "a family that is not in the data", ALL: "runs like those of the table"}
    return known.get(label, label)


def _grid(pair: tuple[Prediction, Prediction], prob: float) -> Grid:
    tables = [one.table(prob=prob, mcse=True) for one in pair]
    table = pd.concat(tables, ignore_index=True).drop(columns=["group", "discrepancy"])
    table["kind"] = table["kind"].map(MEANING)
    table.attrs |= tables[0].attrs
    return estimates(table)
