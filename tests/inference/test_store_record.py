"""The record in a file is checked part by part: what a fit cannot have been is refused in one sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bayescale.laws import definition_hash, find_law


def set_in(*keys: str, to) -> Callable[[dict], None]:
    def change(record: dict) -> None:
        for key in keys[:-1]:
            record = record[key]
        record[keys[-1]] = to

    return change


SPOILT_RECORDS = {
    "no JSON": (lambda r: "{", "its record is no valid JSON"),
    "deep JSON": (lambda r: "[" * 200_000, "its record is no valid JSON"),
    "a list": (lambda r: "[]", "its record is JSON of a list, expected an object"),
    "not a number": (set_in("anchors", "N0", to=float("nan")), "its record is no valid JSON .NaN is no JSON number"),
    "no law": (lambda r: r.pop("law") and None, "its record needs 'law' as dict, got nothing"),
    "an unknown law": (
        set_in("law", "name", to="repeated"),
        r"the law 'repeated', which is not in the catalogue; give the law with load\(path, law=MyLaw\), "
        "or with --law my_laws.py:MyLaw on the command line",
    ),
    "a changed law": (
        set_in("law", "source_sha256", to="0" * 64),
        "another version of the law 'chinchilla' .* pass allow_changed_law=True",
    ),
    "another law of the catalogue": (
        lambda r: r["law"].update(name="kaplan-nd", source_sha256=_hash("kaplan-nd")),
        "its anchors must be positive numbers|it has the parameters",
    ),
    "one chain": (set_in("settings", "chains", to=1), "chains must be a whole number of at least 2, got 1"),
    "many chains": (set_in("settings", "chains", to=10**9), "must be float64 of shape"),
    "an unknown setting": (set_in("settings", "thinning", to=2), r"damaged or holds no fit \(TypeError\)"),
    "a negative seed": (set_in("seed", to=-1), "seed must be an integer from 0"),
    "a seed in words": (set_in("seed", to="7"), "its record needs 'seed' as int, got '7'"),
    "an anchor less": (lambda r: r["anchors"].pop("N0") and None, "its anchors must be positive numbers for N0, D0"),
    "a negative anchor": (set_in("anchors", "N0", to=-1.0), "its anchors must be positive numbers"),
    "an unknown noise": (
        set_in("noise", to="cauchy"),
        r"its noise must be one of student-t, .* got 'cauchy'; update .* give it with load\(path, noise=MyNoise\)",
    ),
    "a changed noise": (
        set_in("noise_sha256", to="0" * 64),
        "another version of the noise 'student-t' .* pass allow_changed_law=True",
    ),
    "another noise of the package": (set_in("noise", to="laplace"), "another version of the noise 'laplace'"),
    "no hash of the noise": (
        lambda r: r.pop("noise_sha256") and None,
        "its record needs 'noise_sha256' as str, got nothing",
    ),
    "an unknown pooling": (set_in("pooling", "default", to="some"), "pooling must be one of complete, partial, none"),
    "partial pooling of one table": (set_in("pooling", "default", to="partial"), "pooling 'partial' needs families"),
    "pooling of a stranger": (set_in("pooling", "overrides", to=[["Z", "none"]]), "needs families|no parameter 'Z'"),
    "no concentration": (set_in("pooling", "concentration", to=None), "its pooling needs a number as concentration"),
    "an unknown prior": (set_in("priors", "E", to={"prior": "os.system"}), "Unknown prior 'os.system'"),
    "a prior of a stranger": (set_in("priors", "Z", to={}), "it has the parameters A, B, E, Z"),
    "an impossible prior": (
        set_in("priors", "E", to={"prior": "HalfNormal", "scale": -1}),
        "HalfNormal: scale must be a positive finite number",
    ),
    "effects over a stranger": (
        set_in("effects", to={"column": "lr", "prior": {"prior": "HalfNormal", "scale": 1.0}}),
        "run effects are over 'budget' or 'run', got 'lr'",
    ),
    "effects over a missing column": (
        set_in("effects", to={"column": "run", "prior": {"prior": "HalfNormal", "scale": 1.0}}),
        "Effects over 'run' need that column",
    ),
    "another data hash": (set_in("data", "sha256", to="0" * 64), "not the one that was fitted, their hashes differ"),
    "an unknown unit": (set_in("data", "loss_unit", to="bits/token"), "its loss_unit must be one of nats/token"),
    "checks that are none": (set_in("checks", to={}), "its record needs 'checks' as list"),
    "a check that is none": (set_in("checks", to=["r-hat"]), "its checks must have name, status, value"),
    "a check with more": (
        lambda r: r["checks"][0].update(code="import os"),
        "its checks must have name, status, value",
    ),
    "a check of unknown status": (
        lambda r: r["checks"][0].update(status="great"),
        "the status of a check must be one of pass, warn, fail, got 'great'",
    ),
    "a check without a name": (lambda r: r["checks"][0].update(name=3), "its record needs 'name' as str, got 3"),
    "a check of words": (lambda r: r["checks"][0].update(value="many"), "its checks need numbers .* got 'many'"),
    "a check of truth": (lambda r: r["checks"][0].update(value=True), "its checks need numbers .* got True"),
    "no bytes in a token": (
        set_in("data", "bytes_per_token", to=0),
        "its bytes_per_token must be a positive",
    ),
    "bytes of another unit": (set_in("data", "bytes_per_token", to=4.0), "its bytes_per_token must be .* of bits/byte"),
    "names that are none": (set_in("data", "renamed", to={"loss": 3}), "its renamed must map names of columns"),
    "warnings that are none": (set_in("data", "warnings", to=[["a"]]), "its warnings must be pairs"),
}


@pytest.mark.parametrize("kind", SPOILT_RECORDS)
def test_a_spoilt_record_is_refused_in_one_sentence(kind, copy, rewrite, refused):
    change, message = SPOILT_RECORDS[kind]
    rewrite(copy, record=change)
    refused(copy, message)


def _hash(name: str) -> str:
    return definition_hash(find_law(name))
