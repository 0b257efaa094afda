"""The fits of a study, each known by a hash of everything that its result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bayescale.data import Runs
from bayescale.inference.provenance import versions
from bayescale.inference.table import check_batch
from bayescale.language.errors import BayescaleError, SettingsError
from bayescale.laws import definition_hash, find_law
from bayescale.models import find_noise
from bayescale.study.sources import Piece, pieces_of
from bayescale.study.study import Study

# What tells fits apart, for people: columns of the results.
KEYS = ("table", "family", "ratio", "law", "noise", "seed")


@dataclass(frozen=True)
class Task:
    """One fit.

    Args:
        hash: SHA-256 of content, law, noise, priors, settings, seed and versions; in short what the result depends on.
        label: of the table's piece.
        table, family, ratio: where the runs come from; an empty family for none, NaN as ratio for all runs.
        law, noise, seed: what is fitted.
    """

    hash: str
    label: str
    table: str
    family: str
    ratio: float | None
    law: str
    noise: str
    seed: int

    def keys(self) -> dict[str, Any]:
        """Columns of the results."""
        return {name: getattr(self, name) for name in KEYS} | {
            "ratio": float("nan" if self.ratio is None else self.ratio)
        }


@dataclass(frozen=True, eq=False)
class Tasks:
    """All fits of a study and what they are fitted to.

    Args:
        study: of which they are.
        tasks: in the order of the study: laws, noises, seeds, then tables.
        runs: of each task, by its hash.
        laws: how workers find a law, by its name: the name itself, or ``"file.py:Class"``.
    """

    study: Study
    tasks: tuple[Task, ...]
    runs: Mapping[str, Runs | BayescaleError]
    laws: Mapping[str, str]


def expand(study: Study, laws: Mapping[str, str]) -> Tasks:
    """Combine tables, laws, noises, splits and seeds.

    Args:
        study: what is combined.
        laws: laws of your own, ``"file.py:Class"`` by name.

    Raises:
        LawError: a law that is not in the catalogue and not given.
        SettingsError: a noise that there is not, or what the tables lack.
    """
    found = {name: _spec(name, laws) for name in study.laws}
    about = {name: _law_record(spec) for name, spec in found.items()}
    noises = {name: _noise_record(name) for name in study.noises}
    # Devices change no draw of a batch, and which there are is the machine's.
    settings = {name: value for name, value in asdict(study.settings).items() if name not in ("devices", "spread")}
    common = {
        "settings": settings,
        "model_error": study.model_error,
        "precision": study.precision,
        "outputs": [study.outputs.draws, study.outputs.prob],
        "versions": versions(),
    }
    tasks, runs = [], {}
    for law, spec in found.items():
        pieces = pieces_of(study, spec)
        contents = [_content(piece) for piece in pieces]
        for noise in study.noises:
            for seed in study.seeds:
                fitted = common | {"law": about[law], "noise": noises[noise], "seed": seed}
                for piece, content in zip(pieces, contents, strict=True):
                    text = json.dumps(fitted | {"label": piece.label, "content": content}, sort_keys=True)
                    digest = hashlib.sha256(text.encode()).hexdigest()
                    tasks.append(Task(digest, piece.label, piece.table, piece.family, piece.ratio, law, noise, seed))
                    runs[digest] = piece.runs
    return Tasks(study, tuple(tasks), runs, found)


def _spec(name: str, laws: Mapping[str, str]) -> str:
    """How a worker finds a law; files run only where whoever starts the study names them."""
    if ".py:" in name:
        raise SettingsError(
            f"A study names laws and runs no files, got {name!r}; write the law's name in it and give the file with "
            f"--law {name} (laws=[...] of run_study)."
        )
    return laws.get(name) or find_law(name).name


def _law_record(spec: str) -> list[Any]:
    law = find_law(spec)
    return [law.name, definition_hash(law), {p.name: p.prior.as_dict() for p in law.parameters}]


def _noise_record(name: str) -> list[Any]:
    noise = find_noise(name)
    check_batch(noise)
    return [noise.name, definition_hash(noise), {p.name: p.prior.as_dict() for p in noise.parameters}]


def _content(piece: Piece) -> str:
    return piece.runs.sha256 if isinstance(piece.runs, Runs) else f"{type(piece.runs).__name__}: {piece.runs}"
