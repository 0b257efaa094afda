"""Predictions of several fits, one after the other, on the command line."""

from __future__ import annotations

import pytest

POINT = ("--params", "1e9", "--tokens", "2e10", "--group", "starcoder")


def test_two_fits_predict_loss_and_error(bayescale, fit_nc, error_nc):
    import bayescale as bs

    records = bayescale("predict", fit_nc, error_nc, *POINT, "--format", "json").records
    assert [record["response"] for record in records] == ["loss", "error"]
    chained = bs.chain(bs.load(fit_nc), bs.load(error_nc))
    table = bs.predict(chained, params=1e9, tokens=2e10, group="starcoder").table()
    assert [record["median"] for record in records] == pytest.approx(table["median"].tolist(), rel=1e-12)
    shown = bayescale("predict", fit_nc, error_nc, *POINT).out
    assert "Predicted loss (nats/token) of starcoder: one new run, which scatters around the law" in shown
    assert "Predicted error of (all): one new run, which scatters around the law" in shown


def test_fits_in_the_wrong_order_and_laws_of_ones_own_are_refused(bayescale, fit_nc, error_nc):
    refused = bayescale("predict", error_nc, fit_nc, *POINT)
    assert refused.code == 2
    assert "The law 'chinchilla' takes params, tokens, and 'downstream-error' before it predicts error" in refused.err
    refused = bayescale("predict", fit_nc, error_nc, *POINT, "--law", "mine.py:Mine")
    assert refused.code == 2
    assert "--law is of one fit, got 2; chain fits of your own laws in Python" in refused.err


BUDGETS = ("--compute", "1e20", "1e22", "--group", "starcoder")


def test_two_fits_plan_for_the_error(bayescale, fit_nc, error_nc):
    import bayescale as bs

    chained = bs.chain(bs.load(fit_nc), bs.load(error_nc))
    plan = bs.allocate_score(chained, compute=[1e20, 1e22], group="starcoder", target=0.6)
    for answer, table in (("posterior", plan.table(prob=0.8)), ("plan", plan.action_table(prob=0.8))):
        words = ("allocate", fit_nc, error_nc, *BUDGETS, "--target", "0.6", "--answer", answer, "--prob", "0.8")
        records = bayescale(*words, "--format", "json").records
        assert len(records) == len(table)
        for record, (_, row) in zip(records, table.iterrows(), strict=True):
            for name in table.columns:
                assert record[name] == row[name] or record[name] == pytest.approx(row[name], rel=1e-9)
    shown = bayescale("allocate", fit_nc, error_nc, *BUDGETS, "--target", "0.6", "--answer", "plan").out
    assert shown.startswith(
        "Plan with the least expected error (C = 6ND) for starcoder, 90% equal-tailed interval of a"
    )
    assert "P(reaches" in shown and "the least expected loss is at" in shown
    shown = bayescale("allocate", fit_nc, error_nc, *BUDGETS).out
    assert shown.startswith("Compute-optimal plan (C = 6ND) for starcoder") and " error " in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--answer", "regret"), "--answer regret is of plans for a loss; --answer plan says what a score gives up."),
        (("--format", "latex"), "--format latex is for plans for a loss; those for a score have csv and json."),
        (("--compute-error", "0.1"), "--compute-error is of plans for a loss; leave it out, or give one fit."),
        (("--law", "mine.py:Mine"), "--law is of one fit, got 2; chain fits of your own laws in Python"),
    ],
)
def test_what_a_plan_for_a_score_has_not_is_refused(bayescale, fit_nc, error_nc, words, message):
    refused = bayescale("allocate", fit_nc, error_nc, *BUDGETS, *words)
    assert refused.code == 2
    assert refused.err.startswith(f"error: {message}")


def test_a_target_without_a_second_fit_is_refused(bayescale, fit_nc):
    refused = bayescale("allocate", fit_nc, *BUDGETS, "--target", "0.6")
    assert refused.code == 2
    assert "--target is a score; give the fits of the later stages too" in refused.err
