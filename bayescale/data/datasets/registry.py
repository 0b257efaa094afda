"""The data sets by name: their entries, where they are and how they are loaded."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from bayescale.data.datasets import folders
from bayescale.data.datasets.entry import DatasetInfo
from bayescale.data.datasets.sets import (
    alabdulmohsin,
    chinchilla,
    data_constrained,
    gpt3,
    learning_curves,
    loss_to_loss,
    misfitting,
    overtraining,
    pile_families,
    porian,
    routing,
    step_law,
)
from bayescale.data.runs import Runs
from bayescale.language.errors import DataWarning, MissingDataError, SettingsError
from bayescale.language.hints import did_you_mean

CATALOGUE: tuple[DatasetInfo, ...] = (
    pile_families.INFO,
    chinchilla.INFO,
    loss_to_loss.INFO,
    overtraining.INFO,
    overtraining.DOWNSTREAM,
    porian.INFO,
    misfitting.INFO,
    data_constrained.INFO,
    routing.INFO,
    step_law.INFO,
    gpt3.INFO,
    learning_curves.INFO,
    alabdulmohsin.LANGUAGE,
    alabdulmohsin.VISION,
)


# Code of the warning that other runs were taken.
INSTEAD = "instead"


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


def state(name: str) -> str:
    """Return where the file of a data set would come from; its content is not looked at.

    Args:
        name: one of :func:`names`.

    Returns:
        ``"embedded"`` in the package, ``"local"`` in the folder of ``BAYESCALE_DATASETS``, ``"cached"`` from an earlier
        download, ``"download"`` on loading, or ``"bring your own"``.

    Raises:
        SettingsError: when there is no such data set.

    Examples:
        >>> state("pile-families")
        'embedded'
    """
    file = describe(name).file
    if file is None:
        return "embedded"
    if (here := folders.found(file)) is not None:
        return here[0]
    return "bring your own" if file.address is None else "download"


def fetch(name: str, *, path: str | os.PathLike[str] | None = None, download: bool = True) -> Path:
    """Return the path of the file of a data set as its source has it, with every column.

    Args:
        name: one of :func:`names`.
        path: your own copy; without it the folder of the environment variable ``BAYESCALE_DATASETS`` is searched, then
            the cache, then the file is downloaded.
        download: False to do without the network.

    Returns:
        the path; the content has the hash that the registry knows.

    Raises:
        DataError: there is no copy and none can be had, or a copy has another content.
        SettingsError: when there is no such data set, or it is part of the package and has no file.
    """
    info = describe(name)
    if info.file is None:
        raise SettingsError(f"data set {name!r} comes with the package and has no file of its own: load it.")
    return folders.locate(info.file, name, path=path, download=download)


def load(
    name: str,
    variant: str | None = None,
    *,
    path: str | os.PathLike[str] | None = None,
    download: bool = True,
    instead: Runs | None = None,
) -> Runs:
    """Return a data set as runs; suspicions are kept in ``Runs.warnings`` and documented in its notes, not emitted.

    Args:
        name: one of :func:`names`.
        variant: one of the data set's variants, by name; its first by default.
        path: your own copy of its file; without it the folder of the environment variable ``BAYESCALE_DATASETS`` is
            searched, then the cache, then the file is downloaded.
        download: False to do without the network.
        instead: runs to return, with a warning that names the reason, where there is no copy and none can be had;
            simulated ones, say. A copy of another content is refused all the same.

    Returns:
        the runs in canonical columns and units. What was left out of the file is the first of their warnings.

    Raises:
        DataError: there is no copy and none can be had, or a copy has another content.
        SettingsError: when there is no such data set or variant.

    Warns:
        DataWarning: what ``instead`` gave was taken.

    Examples:
        >>> load("pile-families").families
        ('Cerebras-GPT', 'Cerebras-GPT muP', 'Pythia', 'Pythia deduped', 'GPT-NeoX', 'GPT-J')
    """
    info = describe(name)
    chosen = info.variant(variant)
    if info.file is None:
        if path is not None:
            raise SettingsError(f"data set {name!r} comes with the package: leave path out.")
        return info.parse(Path(), chosen.name)
    try:
        file = fetch(name, path=path, download=download)
    except MissingDataError as error:
        if instead is None:
            raise
        message = f"these are not the runs of {name!r} but those given instead of them: {error}"
        warnings.warn(DataWarning(INSTEAD, message), stacklevel=2)
        return instead
    return info.parse(file, chosen.name)
