"""The data sets that come with the package: where their figures are from and how to read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from bayescale.data.read import read_quietly
from bayescale.data.runs import Runs
from bayescale.language.errors import SettingsError
from bayescale.language.hints import did_you_mean


@dataclass(frozen=True)
class DatasetInfo:
    """What one should know about a data set.

    Args:
        name: the name it is loaded by.
        title: what it is, in one line.
        citation_key: BibTeX key of the publication of the figures.
        licence: terms of the source.
        rows: number of runs.
        notes: where each column comes from, and what to beware of.
        file: the file beside this module.
        columns: canonical name to column of the file, where they differ.
    """

    name: str
    title: str
    citation_key: str
    licence: str
    rows: int
    notes: str
    file: str
    columns: Mapping[str, str] = field(default_factory=dict)


PILE_FAMILIES = DatasetInfo(
    name="pile-families",
    title="Loss of 30 public models of six families on the test set of the Pile",
    citation_key="dey2023cerebras",
    licence="Figures from a model card under Apache-2.0; the numbers are facts.",
    rows=30,
    notes=(
        "loss: test cross-entropy on the Pile in nats per token, as printed side by side in the "
        "Cerebras-GPT model card; Pythia and GPT-NeoX have another tokenizer than the rest, so compare levels between "
        "families with care. "
        "compute: training FLOPs as printed there, to two digits, with attention and embeddings, so it exceeds 6ND, by "
        "three quarters for the smallest model and by a tenth to a fifth for the largest. "
        "params: nominal sizes, from the models' names. "
        "tokens: Cerebras-GPT as printed (20 per parameter); Pythia 299,892,736,000 for every size, which for Pythia "
        "deduped is about 1.5 epochs; GPT-J 402e9; GPT-NeoX 472e9, from those models' own publications. "
        "Beware: Pythia deduped 1.4B (1.889) stands out from its neighbours and is as published; GPT-J and GPT-NeoX "
        "are families of one model; within Cerebras-GPT size and data grow together, within Pythia tokens are constant."
    ),
    file="pile_families.csv",
)

CATALOGUE: tuple[DatasetInfo, ...] = (PILE_FAMILIES,)


def names() -> tuple[str, ...]:
    """Return the names of all data sets."""
    return tuple(info.name for info in CATALOGUE)


def describe(name: str) -> DatasetInfo:
    """Return what is known of a data set.

    Args:
        name: one of :func:`names`.

    Raises:
        SettingsError: when there is no such data set.

    Examples:
        >>> describe("pile-families").rows
        30
    """
    for info in CATALOGUE:
        if info.name == name:
            return info
    raise SettingsError(f"no data set {name!r}{did_you_mean(name, names())} (there are: {', '.join(names())}).")


def load(name: str) -> Runs:
    """Return a data set as runs; suspicions are kept in ``Runs.warnings`` and documented in its notes, not emitted.

    Args:
        name: one of :func:`names`.

    Raises:
        SettingsError: when there is no such data set.

    Examples:
        >>> load("pile-families").families
        ('Cerebras-GPT', 'Cerebras-GPT muP', 'Pythia', 'Pythia deduped', 'GPT-NeoX', 'GPT-J')
    """
    info = describe(name)
    # as_file: the package may be imported from a zip archive.
    with resources.as_file(resources.files("bayescale.data.datasets") / info.file) as path:
        return read_quietly(path, dict(info.columns))
