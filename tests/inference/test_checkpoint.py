"""A fit that was ended goes on from its checkpoint to the same draws, of this fit and of no other."""

from __future__ import annotations

import importlib
import re
import threading

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayescale.data.read import read_quietly
from bayescale.inference.checkpoint import trail as trails
from bayescale.inference.checkpoint.identity import differences, identity_of
from bayescale.inference.checkpoint.sealed import read_sealed_arrays, write_sealed_arrays
from bayescale.inference.preparation import prepare_fit
from bayescale.inference.settings import Settings
from bayescale.language.errors import FitError, SettingsError, SettingsWarning, StoreError
from bayescale.laws import find_law

nuts = importlib.import_module("bayescale.inference.nuts")
sampling = importlib.import_module("bayescale.inference.sampling")
# Three chunks of draws for each of two chains, the first of which is warm-up.
DRAWS = 100


class Ended(Exception):
    """What ends a fit in these tests."""


@pytest.fixture(autouse=True)
def written_after_every_chunk(monkeypatch):
    monkeypatch.setattr(trails, "SECONDS", 0.0)
    monkeypatch.setattr(trails, "TIMES", 0.0)


@pytest.fixture
def end_after(monkeypatch):
    """End fits after so many chunks; ``None`` lets them go on."""
    real, counted, lock = trails.Trail.add, [0], threading.Lock()

    def arm(count, error=Ended):
        counted[0] = 0

        def add(self, *arguments):
            real(self, *arguments)
            with lock:
                counted[0] += 1
                if counted[0] == count:
                    raise error

        monkeypatch.setattr(trails.Trail, "add", add)
        return counted

    return arm


@pytest.fixture
def changed_draws(monkeypatch):
    """Change what every chunk keeps; ``changed_draws(lambda kept, *arguments: ...)``."""
    kernel = nuts.advance

    def arm(change):
        def advance(*arguments):
            state, kept = kernel(*arguments)
            return state, change(kept, *arguments)

        advance.trace = kernel.trace
        monkeypatch.setattr(nuts, "advance", advance)

    return arm


@pytest.fixture
def fitted(sample, power_runs):
    """Fit two families, long enough to be ended."""

    def fit(**choices):
        return sample(power_runs(("a", "b")), **{"draws": DRAWS} | choices)

    return fit


def assert_same(one, other) -> None:
    xr.testing.assert_identical(one.unconstrained, other.unconstrained)
    xr.testing.assert_identical(one.sample_stats, other.sample_stats)


# --- The same draws --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["parallel", "sequential", "vectorized"])
def test_a_fit_that_was_ended_twice_has_the_same_draws(method, fitted, end_after, tmp_path):
    path, whole = tmp_path / "fit.checkpoint", fitted(chain_method=method)
    for _ in range(2):
        end_after(1)
        with pytest.raises(Ended):
            fitted(chain_method=method, checkpoint=path)
        assert path.exists()
    counted = end_after(None)
    resumed = fitted(chain_method=method, checkpoint=path)
    assert_same(resumed, whole)
    assert resumed.record["resumed"] == 2
    assert "resumed" not in whole.record
    # What was done was not done again: three chunks of each chain, or of both together, and some in each process.
    assert counted[0] <= (3 if method == "vectorized" else 6) - 2
    assert list(tmp_path.iterdir()) == []


def test_checkpoints_change_no_draw(fitted, tmp_path):
    assert_same(fitted(checkpoint=tmp_path / "fit.checkpoint"), fitted())
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_is_off_by_one_bit_is_seen_in_the_draws(fitted, end_after, tmp_path, monkeypatch):
    """What the tests of equal draws claim could fail."""
    path, whole, real = tmp_path / "fit.checkpoint", fitted(), trails.from_arrays

    def nudged(template, arrays, prefix):
        state = real(template, arrays, prefix)
        if not prefix.endswith("state"):
            return state
        return state._replace(z=state.z.at[0].set(np.nextafter(state.z[0], np.inf)))

    end_after(3)
    with pytest.raises(Ended):
        fitted(checkpoint=path)
    end_after(None)
    monkeypatch.setattr(trails, "from_arrays", nudged)
    with pytest.raises(AssertionError):
        assert_same(fitted(checkpoint=path), whole)


def test_attempts_that_are_over_are_not_made_again(fitted, end_after, changed_draws, tmp_path):
    """The first attempt diverges and the second is ended; the third process makes what remains of the second."""
    planned, targets = (0.98, 0.99, 0.995, 0.998), []  # of few rows

    def diverging_at_first(kept, *arguments):
        targets.append(float(arguments[4]))
        return kept._replace(diverging=np.full(kept.diverging.shape, targets[-1] == min(planned)))

    changed_draws(diverging_at_first)
    whole = fitted(target_accept=None)
    assert [one["divergences"] > 0 for one in whole.record["attempts"]] == [True, False]
    path = tmp_path / "fit.checkpoint"
    end_after(8)  # six chunks make the first attempt
    with pytest.raises(Ended):
        fitted(target_accept=None, checkpoint=path)
    targets.clear()
    end_after(None)
    resumed = fitted(target_accept=None, checkpoint=path)
    assert set(targets) == {0.99}
    assert resumed.record["attempts"] == whole.record["attempts"]
    assert_same(resumed, whole)


def test_a_fall_back_to_nuts_goes_on_with_nuts(sample, power_runs, end_after, tmp_path, monkeypatch):
    """The instant engine is not tried again, and why it did not do is remembered."""

    def refuse(*arguments):
        tried.append(1)
        raise sampling.NotInstant("it must not")

    tried, path = [], tmp_path / "fit.checkpoint"
    monkeypatch.setattr(sampling, "run_instant", refuse)
    choices = {"engine": "auto", "target_accept": None, "checkpoint": path}
    end_after(2)
    with pytest.raises(Ended):
        sample(power_runs(rows=30), **choices)
    end_after(None)
    resumed = sample(power_runs(rows=30), **choices)
    assert tried == [1]
    assert resumed.engine == "nuts (not instant: it must not)"


def test_an_instant_fit_takes_a_checkpoint_and_does_not_need_it(sample, power_runs, tmp_path):
    fit = sample(power_runs(rows=30), engine="instant", target_accept=None, checkpoint=tmp_path / "fit.checkpoint")
    assert fit.engine.startswith("instant")
    assert list(tmp_path.iterdir()) == []


# --- Whose it is -----------------------------------------------------------------------------------------------------


@pytest.fixture
def begun(fitted, end_after, tmp_path):
    """A checkpoint of the fit."""
    end_after(3)
    with pytest.raises(Ended):
        fitted(checkpoint=tmp_path / "fit.checkpoint")
    end_after(None)
    return tmp_path / "fit.checkpoint"


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"seed": 3}, "seed was 0 and is 3"),
        ({"draws": 150}, "settings.draws was 100 and is 150"),
        ({"noise": "laplace"}, "the definition of the noise is another"),
        ({"pooling": "none"}, "pooling"),
        ({"model_error": 0.04}, "the runs are others"),
    ],
)
def test_another_fit_is_refused_with_what_differs(change, difference, begun, fitted):
    before = begun.read_bytes()
    with pytest.raises(StoreError) as caught:
        fitted(checkpoint=begun, **change)
    text = str(caught.value)
    assert text.startswith(f"{begun} is the checkpoint of another fit: ")
    assert difference in text
    assert text.endswith("Fit what it was begun with to go on, give another name, or remove it to begin anew.")
    assert begun.read_bytes() == before


def test_other_runs_and_other_versions_are_refused(begun, sample, power_runs, fitted, monkeypatch):
    with pytest.raises(StoreError, match=r"of another fit: the runs are others\."):
        sample(power_runs(("a", "b"), seed=1), draws=DRAWS, checkpoint=begun)
    from bayescale.inference import provenance

    real = provenance.version_of
    monkeypatch.setattr(provenance, "version_of", lambda name: "9.9" if name == "jaxlib" else real(name))
    with pytest.raises(StoreError, match=r"of another fit: versions\.jaxlib was '[\d.]+' and is '9\.9'\."):
        fitted(checkpoint=begun)


# --- Damage ----------------------------------------------------------------------------------------------------------


def test_a_bit_that_flipped_is_found_wherever_it_is(begun, fitted):
    content = begun.read_bytes()
    for place in np.linspace(0, len(content) - 1, 40).astype(int):
        flipped = bytearray(content)
        flipped[place] ^= 1
        begun.write_bytes(flipped)
        with pytest.raises(StoreError, match=f"^{re.escape(str(begun))} cannot be resumed from: it "):
            fitted(checkpoint=begun)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_truncated_file_is_found(share, begun, fitted):
    content = begun.read_bytes()
    begun.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StoreError, match=r"cannot be resumed from: it .* remove it"):
        fitted(checkpoint=begun)


def test_other_runs_of_the_same_rows_are_another_fit():
    """Of a compressed likelihood the runs say which rows are one curve's, which the arrays of all rows do not."""
    table = pd.DataFrame({"params": np.repeat(np.geomspace(1e8, 1e9, 4), 2), "tokens": np.geomspace(1e9, 9e10, 8)})
    table["loss"] = 2.0 + 50.0 * table["params"] ** -0.25
    identities = []
    for names in ("abcdefgh", "stuvwxyz", "aabbccdd"):
        runs = read_quietly(table.assign(run=list(names)))
        model, _, layout = prepare_fit(find_law("chinchilla"), runs, None, None, None, None, None)
        identities.append(identity_of(model, layout, Settings(), 0, runs))
    assert differences(*identities[:2]) == ""
    identities = identities[1:]
    assert differences(*identities) == "the runs are others"


def test_a_file_of_something_else_is_refused_before_anything_is_computed(fitted, tmp_path, monkeypatch):
    path = tmp_path / "runs.csv"
    path.write_text("params,tokens,loss\n")
    monkeypatch.setattr(sampling, "draw_nuts", None)
    with pytest.raises(StoreError, match=r"it is no checkpoint of bayescale; give another name, or remove it\.$"):
        fitted(checkpoint=path)
    assert path.read_text() == "params,tokens,loss\n"
    with pytest.raises(StoreError, match=r"is a folder; give the name of a file in it, such as .*fit\.checkpoint\.$"):
        fitted(checkpoint=tmp_path)


def test_several_hosts_cannot_share_a_checkpoint(fitted, tmp_path, monkeypatch):
    monkeypatch.setattr("jax.process_count", lambda: 2)
    with pytest.raises(SettingsError, match=r"^2 processes were joined, and a checkpoint is of one; leave the"):
        fitted(checkpoint=tmp_path / "fit.checkpoint")


def test_a_fit_that_cannot_be_made_leaves_no_checkpoint(fitted, changed_draws, tmp_path):
    """What is done would only fail again."""
    changed_draws(lambda kept, *arguments: kept._replace(position=np.full(kept.position.shape, np.nan)))
    with pytest.raises(FitError, match="not finite"):
        fitted(checkpoint=tmp_path / "fit.checkpoint")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("geometry/stretch", "it has nothing as geometry/stretch and float64 of"),
        ("lane/0/state/z", "it has nothing as lane/0/state/z and float64 of"),
        ("lane/0/kept/energy", "it lacks draws; remove it to begin anew."),
    ],
)
def test_a_file_whose_checksum_is_right_and_that_lacks_something_is_refused(name, message, begun, fitted):
    about, arrays = read_sealed_arrays(begun)
    del arrays[name]
    write_sealed_arrays(begun, about, arrays)
    with pytest.raises(StoreError, match=f"^{re.escape(f'{begun} cannot be resumed from: {message}')}"):
        fitted(checkpoint=begun)


# --- What goes wrong while it is written -----------------------------------------------------------------------------


def test_a_full_disk_warns_once_and_the_fit_goes_on(fitted, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(trails, "write_sealed_arrays", full)
    with pytest.warns(SettingsWarning, match=r"^\[checkpoint-not-written\] .*No space left.* tries again") as warned:
        fit = fitted(checkpoint=tmp_path / "fit.checkpoint")
    assert len(warned) == 1
    assert_same(fit, fitted())


def test_what_a_killed_process_left_half_written_is_removed(fitted, tmp_path):
    from bayescale.language.files import _prefix

    path = tmp_path / "fit.checkpoint"
    (tmp_path / f"{_prefix(path)}0123.checkpoint").write_bytes(b"half")
    (tmp_path / ".unfinished-of-another").write_bytes(b"half")
    fitted(checkpoint=path)
    assert [one.name for one in tmp_path.iterdir()] == [".unfinished-of-another"]


# --- Interrupts ------------------------------------------------------------------------------------------------------


def test_an_interrupt_passes_with_a_note_and_chains_stop(fitted, end_after, tmp_path):
    path, before = tmp_path / "fit.checkpoint", threading.active_count()
    counted = end_after(2, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        fitted(checkpoint=path, draws=5000)
    # Of 101 chunks for each chain those that were on their way when the interrupt came.
    assert counted[0] <= 6
    assert threading.active_count() <= before
    (note,) = caught.value.__notes__
    count, rest = note.split(" ", 1)
    assert count.isdecimal()
    assert rest == f"of 10,100 draws, warm-up included, are kept in {path}; the same call goes on from there."


def test_an_interrupt_without_checkpoint_says_how_to_have_one(fitted, end_after):
    end_after(2, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        fitted()
    assert caught.value.__notes__ == [
        "Nothing is kept of the fit; fit(..., checkpoint='fit.checkpoint') keeps what is done of it."
    ]
