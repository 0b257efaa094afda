"""Settings of a fit, and how one seed becomes many."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bayescale.inference.devices import SPREADS, check_devices
from bayescale.language.errors import SettingsError

CHAIN_METHODS = ("parallel", "sequential", "vectorized")
NUTS_DRAWS = 1500
# Draws of warm-up for posteriors with sharp corners, where few of them leave the sampler too bold, and for others.
LONG_WARMUP, SHORT_WARMUP = 400, 250
ENGINES = ("auto", "instant", "nuts")
PRECISIONS = ("float64", "float32")
LIKELIHOODS = ("auto", "compressed", "full")


@dataclass(frozen=True)
class Settings:
    """Sampler settings; hashable, saved with the fit.

    Args:
        chains: independent chains, at least 2 so that R-hat means something.
        warmup: adaptation draws per chain, discarded; None lets the fit choose: 400 where a family has few runs,
            else 250.
        draws: kept draws per chain; None is 1,500 for NUTS, and as many as ``ess`` takes for the instant engine.
        target_accept: mean acceptance that the step size aims at, in (0.5, 1); None lets the fit choose: 0.98 where
            a family has few runs, whose posterior has sharp corners, else 0.9, and more if the sampler still diverges.
        max_tree_depth: doublings per draw; 10 means up to 1,023 steps.
        chain_method: ``"parallel"`` (a thread per chain, on one device after the other), ``"sequential"`` or
            ``"vectorized"`` (those of a device side by side, which an accelerator is quicker with).
        engine: ``"auto"`` (instant for small posteriors if its checks pass, else NUTS, and NUTS where target_accept is
            given), ``"instant"`` or ``"nuts"``.
        ess: the smallest bulk ESS over all parameters that the instant engine draws for when ``draws`` is None.
        likelihood: ``"auto"`` (of nodes of training curves where rows are many and that is the same to 0.001 nats),
            ``"compressed"`` (so, or an error that says why not) or ``"full"`` (of all rows).
        devices: None (JAX's default device), a number of devices, ``"all"``, or ``"cpu"``, ``"gpu"``, ``"tpu"`` for all
            of a kind. NUTS and batches of fits are spread over them; the instant engine is NumPy and uses none.
        spread: of one fit's NUTS: ``"chains"``, which gives the draws of one device to the last bit, or ``"rows"`` of
            the table, for tables that are too large for one device or that several hosts share.
    """

    chains: int = 4
    warmup: int | None = None
    draws: int | None = None
    target_accept: float | None = None
    max_tree_depth: int = 10
    chain_method: str = "parallel"
    engine: str = "auto"
    ess: int = 2000
    likelihood: str = "auto"
    devices: int | str | None = None
    spread: str = "chains"

    @property
    def nuts_draws(self) -> int:
        """Kept draws per chain where their number does not follow from an ESS."""
        return NUTS_DRAWS if self.draws is None else self.draws

    @property
    def nuts_warmup(self) -> int:
        """Adaptation draws per chain; the long warm-up where nothing has been chosen."""
        return LONG_WARMUP if self.warmup is None else self.warmup

    def __post_init__(self) -> None:
        for name, least in (("chains", 2), ("warmup", 50), ("draws", 4), ("max_tree_depth", 1), ("ess", 100)):
            value = getattr(self, name)
            if name in ("draws", "warmup") and value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise SettingsError(f"{name} must be a whole number of at least {least}, got {value!r}.")
        if self.target_accept is not None and not 0.5 < self.target_accept < 1:
            raise SettingsError(f"target_accept must lie between 0.5 and 1, got {self.target_accept!r}.")
        if self.engine not in ENGINES:
            raise SettingsError(f"engine must be one of {', '.join(ENGINES)}, got {self.engine!r}.")
        if self.likelihood not in LIKELIHOODS:
            raise SettingsError(f"likelihood must be one of {', '.join(LIKELIHOODS)}, got {self.likelihood!r}.")
        if self.likelihood == "compressed" and self.engine == "instant":
            raise SettingsError(
                "likelihood='compressed' is for NUTS, and engine='instant' takes all rows: leave one of them out."
            )
        if self.chain_method not in CHAIN_METHODS:
            raise SettingsError(f"chain_method must be one of {', '.join(CHAIN_METHODS)}, got {self.chain_method!r}.")
        check_devices(self.devices)
        if self.spread not in SPREADS:
            raise SettingsError(f"spread must be one of {', '.join(SPREADS)}, got {self.spread!r}.")
        if self.spread == "rows" and self.devices is None:
            raise SettingsError("spread='rows' needs the devices to spread them over: give devices='all', or a number.")
        if self.spread == "rows" and self.likelihood == "compressed":
            raise SettingsError(
                "likelihood='compressed' leaves no rows to spread: give spread='chains', or leave it out."
            )


def merge_settings(settings: Settings | None, single: Mapping[str, Any], caller: str = "fit") -> Settings:
    """Return the settings with single ones replaced; ``caller`` is the function that an error names.

    Raises:
        SettingsError: a name that is no setting.
    """
    if unknown := sorted(set(single) - set(Settings.__dataclass_fields__)):
        known = ", ".join(sorted(Settings.__dataclass_fields__))
        raise SettingsError(f"{caller} does not take {unknown[0]!r}; sampler settings are {known}.")
    return replace(settings or Settings(), **single)


def check_seed(seed: object) -> int:
    """Return the seed.

    Raises:
        SettingsError: not an integer from 0 to 2**63 - 1.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise SettingsError(f"seed must be an integer from 0 to 2**63 - 1, got {seed!r}.")
    return seed


def seed_for(seed: int, purpose: str) -> int:
    """Return a 32-bit seed for one purpose; different names give unrelated streams of the same seed."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:4], "little")


# Settings of one fit that tables which are fitted together do not have, and why.
ALONE = {
    "spread": "whole tables go to devices; fit(...) spreads one's rows",
    "ess": "chains are as long as their checks need; give draws=...",
    "likelihood": "tables fitted together take all rows; fit(...) compresses those of one",
}


def check_together(settings: Settings, given: Mapping[str, Any], caller: str) -> None:
    """Refuse settings that nothing reads where tables are fitted together.

    Args:
        settings: all of them.
        given: those that were given one by one.
        caller: who takes them, for the message.

    Raises:
        SettingsError: the first that was given, or is not as it is by default.
    """
    usual = Settings()
    for name, why in ALONE.items():
        if name in given or getattr(settings, name) != getattr(usual, name):
            raise SettingsError(f"{caller} does not take {name!r}: {why}.")
