"""What is compiled, how often, and what is never compiled again: exact numbers, so that no change recompiles unnoticed.

A number that has changed is no error by itself. It says that a fit now compiles something else than before: either
that was meant, and the number and the words beside it are brought up to date, or something is traced twice that need
not be. Whatever is not zero in a *second* stage is paid for by every later fit.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("count_compilations.py")
ENGINES = ("instant", "NUTS")
NOTHING: dict[str, dict[str, int]] = {"programs": {}, "traces": {}, "small": {}}


@pytest.fixture(scope="module")
def counts(python) -> dict[str, dict[str, Any]]:
    """What the script counts, without a compile cache; see there for what the numbers are."""
    switched_off = {"BAYESCALE_COMPILE_CACHE": "off", "JAX_COMPILATION_CACHE_DIR": ""}
    return json.loads(python("-W", "error", SCRIPT, **switched_off))


@pytest.mark.parametrize("place", ["first", "second"])
def test_the_instant_engine_compiles_and_traces_nothing(counts, place):
    assert counts[f"instant: {place} fit"] == NOTHING


def test_a_batch_compiles_two_programs(counts):
    """Proposals and densities of the tables of a bucket; the formula has been traced by the fits before it."""
    assert counts["many: first batch"] == NOTHING | {"programs": {"match": 1, "evaluate": 1}}


def test_another_batch_of_the_same_bucket_compiles_and_traces_nothing(counts):
    """Other tables, and another number of them."""
    assert counts["many: second batch"] == NOTHING


def test_a_first_fit_by_nuts_compiles_each_of_its_programs_once(counts):
    """Two programs for the geometry, whose pilot is NumPy, two for the chains, one for the sites of all draws."""
    assert counts["NUTS: first fit"]["programs"] == {
        "_pool_all": 1,
        "guide_and_gradient": 1,
        "_begin": 1,
        "_advance_chunk": 1,
        "site_values": 1,
    }


def test_the_sampler_traces_a_formula_once_per_process(counts):
    """All programs of the sampler are made from one trace, which the first of them takes."""
    assert counts["NUTS: first fit"]["traces"] == {"_pool_all": 1}


def test_the_checks_compile_the_likelihood_and_what_they_measure(counts):
    """The likelihood is computed for 256 draws at a time; where some are left over, it is traced for these too.

    The parameters of a fit without families are computed without compiling.
    """
    instant, nuts = counts["instant: first checks"], counts["NUTS: first checks"]
    assert instant == NOTHING | {"programs": {"log_likelihood": 1}, "traces": {"log_likelihood": 2}}
    assert nuts == NOTHING | {
        "programs": {"log_likelihood": 1, "natural_values": 1},
        "traces": {"log_likelihood": 1},
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_a_first_question_compiles_the_curve_and_the_new_runs(counts, engine):
    """The curve once for points; for a plan of a law without closed form once for the sizes of a grid and once for each
    draw's own best size, and its slopes, by which that size is found.

    The values of a known family are there already where the checks have compiled them.
    """
    values = {"natural_values": 1} if engine == "instant" else {}
    predict, allocate = (counts[f"{engine}: first {verb}"] for verb in ("predict", "allocate"))
    assert predict["programs"] == {"response": 1, "new_runs": 1} | values
    assert allocate["programs"] == allocate["traces"] == {"response": 2, "_slopes": 1}
    assert predict["traces"] == {"response": 1}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("what", ["fit", "checks", "predict", "allocate"])
def test_another_table_of_the_same_bucket_compiles_and_traces_nothing(counts, engine, what):
    """Other runs, and another number of them; other points, and another number of them; other budgets, as many."""
    assert counts[f"{engine}: second {what}"] == NOTHING


@pytest.mark.parametrize("engine", ENGINES)
def test_a_saved_and_loaded_fit_predicts_with_what_is_compiled(counts, engine):
    """The formula is traced once, uncompiled: loading compares the shapes of the draws with those of the model."""
    assert counts[f"{engine}: save, load, predict"] == NOTHING | {"traces": {"(none)": 1}}


def test_single_operations_are_few(counts):
    """Each takes some hundredths of a second in every new process, and a loop over eager operations makes hundreds.

    Keys are made, split and drawn from once per shape; data types are converted; the eager first try of a closed
    optimum reshapes its parameters. Which operations these are is JAX's affair, so only their number is limited.
    """
    most = {name: sum(stage["small"].values()) for name, stage in counts.items()}
    assert max(most.values()) <= 10, most
