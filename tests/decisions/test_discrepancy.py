"""Beyond the data predictions and plans carry a discrepancy, say so, and are as they were inside."""

from __future__ import annotations

import numpy as np
import pytest

import bayescale as bs
from bayescale.decisions import allocate, predict
from bayescale.language.errors import SettingsError

# The largest run of the fits is 3.6e20 FLOP.
INSIDE, FAR = {"params": 1e9, "tokens": 5e10}, {"params": 1e10, "tokens": 6e11}
ADDED = bs.Discrepancy.brownian(0.05, drift=-0.02)
DRAWS = 10_000


@pytest.mark.parametrize("kind", ["law", "run"])
def test_points_inside_the_data_are_exactly_as_they_were(one, kind):
    both = {name: [INSIDE[name], FAR[name]] for name in INSIDE}
    plain, added = (
        predict(one, **both, kind=kind, discrepancy=choice).draws["loss"].to_numpy() for choice in (None, ADDED)
    )
    np.testing.assert_array_equal(plain[..., 0], added[..., 0])
    assert not np.allclose(plain[..., 1], added[..., 1])


def test_a_curve_beyond_has_the_drift_and_the_variance_of_its_distance(one):
    """Two decades beyond; mean and sd of 10,000 normal draws within five standard errors, false alarms 6e-7 each."""
    plain, added = (
        np.log(predict(one, **FAR, kind="law", discrepancy=choice).draws["loss"]).to_numpy().ravel()
        for choice in (None, ADDED)
    )
    z = (added - plain + 0.02 * 2) / (0.05 * np.sqrt(2))
    assert abs(z.mean()) < 5 / np.sqrt(DRAWS)
    assert abs(z.std() - 1) < 0.01 + 5 / np.sqrt(2 * DRAWS)  # straight lines between nodes are a hundredth short


def test_a_plan_keeps_its_split_and_its_loss_widens(grouped):
    plain, added = (
        allocate(grouped, compute=[1e20, 1e23], group="web", discrepancy=choice) for choice in (None, ADDED)
    )
    for name in ("params", "tokens", "tokens_per_param"):
        np.testing.assert_array_equal(plain.draws[name], added.draws[name])
    np.testing.assert_array_equal(plain.draws["loss"][..., 0], added.draws["loss"][..., 0])
    assert float(np.log(added.draws["loss"][..., 1]).std()) > float(np.log(plain.draws["loss"][..., 1]).std()) + 0.05
    named = added.table().set_index(["compute", "quantity"])["discrepancy"]
    assert named[named != "none"].to_dict() == {(1e23, "loss"): ADDED.name}


def test_every_table_names_what_was_added_and_the_note_says_how_far(one):
    made = predict(one, params=[1e9, 1e10], tokens=[5e10, 6e11], discrepancy=ADDED)
    assert made.table()["discrepancy"].tolist() == ["none", ADDED.name]
    untried = f"Extrapolated 100x in compute; the discrepancy is {ADDED.name}, untried on held-out runs."
    assert made.note == made.table().attrs["note"] == untried
    assert repr(made).endswith(untried)
    bare = predict(one, **FAR, discrepancy=None)
    assert bare.note == "Extrapolated 100x in compute without a discrepancy: intervals there are too narrow."
    assert predict(one, **INSIDE, discrepancy=ADDED).note == ""


def test_a_note_tells_the_coverage_at_the_next_ratio_that_was_tried(one):
    rows = [
        {"ratio": ratio, "prob": 0.9, "coverage": share, "runs": 1200, "families": 7}
        for ratio, share in ((8.0, 0.93), (128.0, 0.88))
    ]
    record = {"coverage": rows}
    known = bs.Discrepancy("learnt", ADDED.draws, record=record)
    held = "90 % intervals covered 88 % of 1,200 held-out runs up to 128x beyond the data, in 7 other families."
    assert predict(one, **FAR, discrepancy=known).note == f"Extrapolated 100x in compute; {held}"
    further = predict(one, params=1e11, tokens=6e11, discrepancy=known).note
    assert further == f"Extrapolated 1e+03x in compute; nothing was tried as far out as this. Nearer, {held}"


def test_what_is_no_discrepancy_is_refused(one):
    for ask in (lambda **more: predict(one, **FAR, **more), lambda **more: allocate(one, compute=1e23, **more)):
        with pytest.raises(SettingsError, match=r"^discrepancy must be 'learnt', None or a Discrepancy, got 0\.02\.$"):
            ask(discrepancy=0.02)
