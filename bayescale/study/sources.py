"""The tables of a study, read: one curve's runs each, or why they cannot be used."""

from __future__ import annotations

import glob
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bayescale.data import Runs, datasets, read_runs
from bayescale.data.schema import FEWEST_ROWS
from bayescale.language.errors import BayescaleError, DataError, SettingsError
from bayescale.language.regular import is_regular
from bayescale.study.study import Study, Tables
from bayescale.validation.backtest.splits import splits_of

# What one pattern may match.
MOST_FILES = 100_000


@dataclass(frozen=True, eq=False)
class Piece:
    """What one curve is fitted to.

    Args:
        table: name of the table in the study, and of the file where a pattern names several.
        family: of the table; empty where it has none.
        ratio: of the largest compute to the cut below which runs are left; None for all runs.
        runs: of that family, or the error by which there are none.
    """

    table: str
    family: str
    ratio: float | None
    runs: Runs | BayescaleError

    @property
    def label(self) -> str:
        """The name of the piece, from which the random numbers of its fits derive."""
        split = "all" if self.ratio is None else f"{self.ratio:g}x"
        return " / ".join((self.table, *((self.family,) if self.family else ()), split))


def pieces_of(study: Study, law: str) -> tuple[Piece, ...]:
    """Read what a law is fitted to, in the order of the study.

    Args:
        study: which tables, groups and splits.
        law: name or ``"file.py:Class"``, whose inputs tables need.

    Raises:
        SettingsError: files or groups that are in no table, or two pieces of one name.
    """
    found: list[Piece] = []
    for tables in study.tables:
        read = [(name, _read(study, tables, path, law)) for name, path in _paths(study, tables)]
        _check_groups(tables, [runs for _, runs in read])
        found.extend(piece for name, runs in read for piece in _pieces(study, tables, name, runs))
    labels = [piece.label for piece in found]
    if twice := sorted(label for label, count in Counter(labels).items() if count > 1):
        raise SettingsError(f"Two tables of the study are called {twice[0]!r}; rename a table, a file or a family.")
    return tuple(found)


def _paths(study: Study, tables: Tables) -> list[tuple[str, Path | None]]:
    """Names and paths of tables; of a pattern sorted by name, so that no order of a folder matters."""
    if tables.files is None:
        return [(tables.name, None)]
    if not glob.has_magic(tables.files):
        return [(tables.name, study.folder / tables.files)]
    try:
        paths = sorted({name for name in _matched(tables.files, study.folder) if is_regular(study.folder / name)})
    except (OSError, ValueError, NotImplementedError) as error:
        raise SettingsError(f"[tables.{tables.name}] of the study has no pattern of files ({error}).") from None
    if len(paths) > MOST_FILES:
        raise SettingsError(f"[tables.{tables.name}] of the study matches more than {MOST_FILES:,} files.")
    if not paths:
        raise SettingsError(f"[tables.{tables.name}] of the study matches no file: {tables.files!r} in {study.folder}.")
    return [(f"{tables.name}/{name}", study.folder / name) for name in paths]


def _matched(pattern: str, folder: Path) -> Iterator[str]:
    """Names that match a pattern; ``**`` goes into folders, not along links, which may lead in circles."""
    if "**" not in Path(pattern).parts:
        names = glob.iglob(pattern, root_dir=folder)
        yield from (Path(name).as_posix() for name in islice(names, MOST_FILES + 1))
        return
    base = Path(Path(pattern).anchor) if Path(pattern).is_absolute() else folder
    plain = not any(part.startswith(".") and part != ".." for part in Path(pattern).parts)
    found = base.glob(str(Path(pattern).relative_to(Path(pattern).anchor)))
    for path in islice(found, MOST_FILES + 1):
        name = path.relative_to(base) if base == folder else path
        if not (plain and any(part.startswith(".") and part != ".." for part in name.parts)):
            yield name.as_posix()


def _read(study: Study, tables: Tables, path: Path | None, law: str) -> Runs | BayescaleError:
    """Read one table; suspicions stay with the runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if path is None:
            return datasets.load(
                str(tables.dataset), tables.variant
            )  # a wrong name is the study's fault, not a table's
        try:
            return read_runs(path, law=law, **tables.read)
        except SettingsError:
            raise
        except BayescaleError as error:
            return error
        except Exception as error:  # whatever a file can be: it is one of many
            return DataError(f"the table cannot be read: {type(error).__name__}: {error}")


def _check_groups(tables: Tables, read: list[Runs | BayescaleError]) -> None:
    """Refuse groups that no table has; where a table could not be read, it may have had them."""
    runs = [one for one in read if isinstance(one, Runs)]
    there = {family for one in runs for family in one.families}
    if len(runs) == len(read) and (unknown := [group for group in tables.groups if group not in there]):
        raise SettingsError(
            f"[tables.{tables.name}] has no family {unknown[0]!r}; there are {', '.join(sorted(there)) or 'none'}."
        )


def _pieces(study: Study, tables: Tables, name: str, runs: Runs | BayescaleError) -> Iterator[Piece]:
    ratios = (*((None,) if study.whole else ()), *study.ratios)
    if not isinstance(runs, Runs):
        yield from (Piece(name, "", ratio, runs) for ratio in ratios)
        return
    for family, own in runs.by_family() if runs.families else [("", runs)]:
        if tables.groups and family not in tables.groups:
            continue
        yield from (Piece(name, family, ratio, _below(own, ratio)) for ratio in ratios)


def _below(runs: Runs, ratio: float | None) -> Runs | BayescaleError:
    """The runs of one family below the cut of a split."""
    if ratio is None:
        return runs
    try:
        (split,) = splits_of(runs, (ratio,), "compute", FEWEST_ROWS)
    except DataError as error:
        return error
    return DataError(f"{split.reason}.") if split.reason else runs.subset(split.fitted)
