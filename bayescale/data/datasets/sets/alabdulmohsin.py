"""Alabdulmohsin et al.'s benchmark of curves that are to be extrapolated."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bayescale.data.datasets.entry import DataFile, DatasetInfo, Variant
from bayescale.data.datasets.tidy import tidied
from bayescale.data.runs import Runs

FLAGS = {"training": 1, "held-out": 0}


def _parse(path: Path, variant: str, name: str) -> Runs:
    """The points of one part, or of both, in the order of each curve, each once."""
    rows = pd.read_csv(path).rename(columns={"Seen Examples": "examples", "Loss": "error"})
    rows["family"] = rows["Domain"].str.cat([rows["Task"], rows["Model"]], sep="/")
    table = rows.drop_duplicates().sort_values(["family", "examples"], kind="stable")
    kept = table[table["Training"] == FLAGS[variant]] if variant in FLAGS else table
    left_out = [
        (len(rows) - len(table), "that repeat another in every column"),
        (len(table) - len(kept), "of the other part of the curves"),
    ]
    return tidied(kept[["family", "examples", "error"]], f"{name}, {variant}", left_out=left_out)


def parse_language(path: Path, variant: str) -> Runs:
    """Translation, language modelling and BIG-Bench."""
    return _parse(path, variant, "alabdulmohsin-language")


def parse_vision(path: Path, variant: str) -> Runs:
    """Few-shot image classification."""
    return _parse(path, variant, "alabdulmohsin-vision")


def _variants(training: int, held_out: int) -> tuple[Variant, ...]:
    return (
        Variant("training", "the part of each curve that laws are fitted to", training),
        Variant("held-out", "the part that is to be predicted", held_out),
        Variant("all", "whole curves", training + held_out),
    )


def _file(name: str, sha256: str) -> DataFile:
    repository, commit = "DongWooLee-Eli/nslpfn", "10a5a60911a2a22ef453d8b4ddf1408b6a6075d9"
    return DataFile.on_github(f"learning-curves/{name}", sha256, repository, commit, f"data/{name}")


COMMON = (
    "family: domain/task/model, one curve. examples: training examples or tokens seen. error: the column Loss of the "
    "source, all of it below 1. Points are sorted along each curve. "
    "Left out: the other part of the curves, which variants name as the authors split them, and rows that repeat "
    "another in every column. "
    "Beware: neighbours on a curve say nearly the same, curves of one task with more shots are of the same models, "
)
LICENCE = "MIT at the address; the authors' own copy is in google-research/revisiting_neural_scaling_laws."
LANGUAGE = DatasetInfo(
    name="alabdulmohsin-language",
    title="Twenty curves of translation, language modelling and BIG-Bench with a held-out part",
    citation_key="alabdulmohsin2022revisiting",
    licence=LICENCE,
    notes=(
        COMMON + "and metrics differ: log-perplexity of translation (NMT), log loss of language models (LM) and scores "
        "of tasks (BB), each on the authors' scale, which is not nats per token. The file has 687 rows of "
        "language models twice or more."
    ),
    variants=_variants(370, 342),
    parse=parse_language,
    file=_file("benchmark.lang.csv", "63c346db00a66b692e1ea9a0f71a2f2b267e55f74be5b863a92e199dffbf0983"),
    cluster="alabdulmohsin",
)
VISION = DatasetInfo(
    name="alabdulmohsin-vision",
    title="72 curves of few-shot image classification with a held-out part",
    citation_key="alabdulmohsin2022revisiting",
    licence=LICENCE,
    notes=COMMON + "and the error is that of classifying from 5, 10 or 25 examples a class, not of pre-training.",
    variants=_variants(3902, 14981),
    parse=parse_vision,
    file=_file("benchmark.vision.csv", "23b00692d71e58aa5a2a941e831d57688e0977fdcf5f5125ff7b64283b5d9e83"),
    cluster="alabdulmohsin",
)
