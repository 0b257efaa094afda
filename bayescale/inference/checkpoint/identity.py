"""Which fit a checkpoint is of, and in what another one differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import jax
import numpy as np

from bayescale.data import Runs
from bayescale.data.checkpoints import run_codes
from bayescale.inference.devices import kind_of
from bayescale.inference.provenance import model_record, versions
from bayescale.inference.settings import Settings
from bayescale.models import Model
from bayescale.models.layout import Layout

# Differences that a message names.
SHOWN = 3


def identity_of(
    model: Model, layout: Layout, settings: Settings, seed: int, runs: Runs | None = None
) -> dict[str, Any]:
    """Return everything that the draws depend on, JSON-ready: two runs with one identity make the same draws.

    Args:
        model: what is fitted.
        layout: the data as the sampler sees them.
        settings: as they were asked for.
        seed: of the fit.
        runs: the table, which says which rows are one run's where the likelihood is compressed.
    """
    record = {
        "data": _data_hash(layout, runs),
        "seed": seed,
        "settings": asdict(settings),
        **model_record(model),
        "versions": versions(),
        "device": kind_of(settings.devices),
    }
    return dict(json.loads(json.dumps(record)))


def differences(there: Any, here: Any) -> str:
    """Say in what two identities differ.

    Args:
        there, here: of the checkpoint and of the fit that is asked for.

    >>> differences({"seed": 1, "settings": {"draws": 100}}, {"seed": 2, "settings": {"draws": 500}})
    'seed was 1 and is 2; settings.draws was 100 and is 500'
    """
    before, now = dict(_leaves(there)), dict(_leaves(here))
    names = [name for name in {**now, **before} if before.get(name) != now.get(name)]
    words = [_said(name, before.get(name), now.get(name)) for name in names[:SHOWN]]
    more = len(names) - len(words)
    return "; ".join(words) + (f"; and {more} more" if more else "")


def _said(name: str, before: Any, now: Any) -> str:
    if name == "data":
        return "the runs are others"
    if name.endswith("sha256"):
        return f"the definition of the {name.split('.')[0].removesuffix('_sha256')} is another"
    return f"{name} was {_short(before)} and is {_short(now)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def _data_hash(layout: Layout, runs: Runs | None) -> str:
    """Hash of the arrays of a layout, of what its families and levels are called, and of which rows are one run's."""
    digest = hashlib.sha256(json.dumps([layout.families, layout.levels]).encode())
    for path, leaf in jax.tree_util.tree_flatten_with_path(layout.arrays)[0]:
        values = np.ascontiguousarray(leaf)
        digest.update(f"\n{jax.tree_util.keystr(path)}:{values.dtype.str}:{values.shape}:".encode())
        digest.update(values.tobytes())
    if runs is not None:
        digest.update(run_codes(runs).tobytes())
    return digest.hexdigest()
