"""A study: what is fitted to what, as one TOML file says it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

from bayescale.data import read_runs
from bayescale.inference.settings import PRECISIONS, Settings, check_seed, check_together, merge_settings
from bayescale.language.errors import SettingsError
from bayescale.study.keys import Keys, plain_name
from bayescale.study.toml import read_toml

# What messages call them.
SETTINGS = "[settings] of a study"
# Fits of one part of the results: several compiled calls, and little to do again after a fault.
PART = 64
# What a table may be read with: all that read_runs takes but the table, and the law, which the study names.
READ = tuple(name for name in signature(read_runs).parameters if name not in ("source", "law"))


@dataclass(frozen=True)
class Tables:
    """Where some tables come from.

    Args:
        name: what the study calls them.
        files: a path, or a pattern such as ``sweeps/*.csv``, relative to the study; None for a data set.
        dataset: name of a data set of the registry; None for files.
        variant: of the data set.
        groups: families that are fitted, each by itself; empty for all.
        read: arguments of :func:`bayescale.read_runs`.
    """

    name: str
    files: str | None
    dataset: str | None
    variant: str | None
    groups: tuple[str, ...]
    read: Mapping[str, Any]


@dataclass(frozen=True)
class Outputs:
    """What is kept of the fits.

    Args:
        draws: whether the draws are kept, as NetCDF.
        prob: probability of the equal-tailed intervals.
        summary, estimates: names of the merged files in the folder of results, ending in .parquet or .csv.
    """

    draws: bool = True
    prob: float = 0.9
    summary: str = "summary.parquet"
    estimates: str = "estimates.parquet"


@dataclass(frozen=True)
class Study:
    """Tables, laws, noises, splits and seeds, all of which are combined.

    Args:
        folder: what paths of tables are relative to.
        tables: where they come from.
        laws: names, of the catalogue or of laws that are given with the run.
        noises: names.
        seeds: of the fits.
        ratios: splits: the largest compute of a family over the cut below which runs are fitted.
        whole: whether whole tables are fitted too.
        model_error: as for :func:`bayescale.fit`; None for none.
        settings: of the sampler.
        precision: ``"float64"`` or ``"float32"``.
        part: most fits of one part of the results.
        seconds: most seconds of a fit; None for no limit.
        outputs: what is kept.

    Examples:
        >>> study = Study.of({"tables": {"pile": {"dataset": "pile-families"}}, "seeds": [0, 1]})
        >>> study.laws, study.seeds, study.outputs.summary
        (('chinchilla',), (0, 1), 'summary.parquet')
    """

    folder: Path
    tables: tuple[Tables, ...]
    laws: tuple[str, ...]
    noises: tuple[str, ...]
    seeds: tuple[int, ...]
    ratios: tuple[float, ...]
    whole: bool
    model_error: float | None
    settings: Settings
    precision: str
    part: int
    seconds: float | None
    outputs: Outputs

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Study:
        """Read a study from its TOML file.

        Args:
            path: of the file; tables lie relative to its folder.

        Raises:
            SettingsError: no such file, no TOML, or a key that is unknown or has a value that it cannot have.
        """
        content = read_toml(path)
        return cls.of(content, folder=Path(path).resolve().parent)

    @classmethod
    def of(cls, content: Mapping[str, Any], *, folder: str | os.PathLike[str] = ".") -> Study:
        """Make a study of what its file says.

        Args:
            content: the keys and values of the file.
            folder: what paths of tables are relative to.

        Raises:
            SettingsError: a key that is unknown or has a value that it cannot have.
        """
        keys = Keys(content, "the study")
        found = keys.table("tables")
        if not found.content:
            raise SettingsError('The study names no tables; write [tables.NAME] with files = "..." or dataset = "...".')
        splits, limits = keys.table("splits"), keys.table("limits")
        settings = keys.table("settings").rest()
        study = cls(
            folder=Path(folder).resolve(),
            tables=tuple(_tables(found.table(name), name) for name in found.content),
            laws=keys.texts("laws", ("chinchilla",)),
            noises=keys.texts("noises", ("student-t",)),
            seeds=tuple(check_seed(seed) for seed in keys.distinct("seeds", (0,))),
            ratios=splits.numbers("ratios", above=1.0),
            whole=splits.truth("whole", True),
            model_error=keys.number("model_error", None, above=0.0),
            settings=merge_settings(None, settings, caller=SETTINGS),
            precision=keys.one_of("precision", PRECISIONS),
            part=keys.count("part", PART),
            seconds=limits.number("seconds", None, above=0.0),
            outputs=outputs_of(keys.table("outputs")),
        )
        if not (study.ratios or study.whole):
            raise SettingsError("[splits] of the study leaves nothing to fit: give ratios, or whole = true.")
        for one in (keys, splits, limits):
            one.refuse_others()
        check_together(study.settings, settings, SETTINGS)
        return study


def _tables(keys: Keys, name: str) -> Tables:
    files, dataset = keys.text("files", None), keys.text("dataset", None)
    if (files is None) == (dataset is None):
        raise SettingsError(f'{keys.where} needs either files = "sweeps/*.csv" or dataset = "pile-families".')
    made = Tables(
        name=plain_name(name, keys.where),
        files=files,
        dataset=dataset,
        variant=keys.text("variant", None),
        groups=keys.texts("groups", ()),
        read={key: keys.take(key, None) for key in READ if key in keys.content},
    )
    keys.refuse_others(READ)
    if dataset is not None and made.read:
        raise SettingsError(f"{keys.where} is a data set, which is read as its registry says; leave {list(made.read)}.")
    if files is not None and made.variant is not None:
        raise SettingsError(f"{keys.where} has a variant, which only data sets have; leave it out.")
    return made


def outputs_of(keys: Keys) -> Outputs:
    """What is kept of the fits, as the table of a study says it."""
    prob = keys.number("prob", Outputs.prob, above=0.0)
    if prob is None or not prob < 1:
        raise SettingsError(f"prob of {keys.where} must lie between 0 and 1, got {prob!r}.")
    made = Outputs(
        keys.truth("draws", Outputs.draws),
        prob,
        keys.file_name("summary", Outputs.summary),
        keys.file_name("estimates", Outputs.estimates),
    )
    if made.summary == made.estimates:
        raise SettingsError(f"summary and estimates of {keys.where} must be two files, got {made.summary!r} for both.")
    keys.refuse_others()
    return made
