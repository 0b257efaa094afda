"""What all tests share: where the real experiments are, and fits that are made once."""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayescale as bs

REAL_DATA = runpy.run_path(str(Path(__file__).parents[1] / "tools" / "real_data.py"))["FOLDER"]
REQUIRED = "BAYESCALE_REQUIRE_DATA"
MOST_MAPS = 20_000
MISSING = re.compile(r"(\S+) is not in .*; set BAYESCALE_TEST_DATA")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal out whole folders where tests run in several processes (`make test`)."""
    return runpy.run_path(str(Path(__file__).with_name("parallel.py")))["FolderScheduling"](config, log)


@pytest.fixture(scope="session")
def real_file() -> Callable[[str], Path]:
    """Find a file of the real experiments; without it a test is left out, or fails where the data are required."""

    def find(name: str) -> Path:
        path = REAL_DATA / name
        if path.exists():
            return path
        message = f"{name} is not in {REAL_DATA}; set BAYESCALE_TEST_DATA to a folder that has it"
        if os.environ.get(REQUIRED, "") not in ("", "0"):
            pytest.fail(f"{message} ({REQUIRED} is set)", pytrace=False)
        pytest.skip(message)

    return find


@pytest.fixture(scope="session")
def dataset(real_file) -> Callable[..., bs.Runs]:
    """Load a data set of the registry from the file of the real experiments, without the network."""

    def load(name: str, variant: str | None = None) -> bs.Runs:
        return bs.datasets.load(name, variant, path=real_file(bs.datasets.describe(name).file.path))

    return load


@pytest.fixture(scope="session", autouse=True)
def no_width_from_outside():
    """Forget the width of a terminal: several processes of pytest have one of 80 columns, users that export theirs."""
    os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="module", autouse=True)
def compiled_functions_are_let_go():
    """Forget compiled functions before there are too many of them for one process.

    Every one of them takes some memory maps, of which Linux gives a process 65,530; beyond, the compiler crashes.
    """
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_bytes().splitlines()) > MOST_MAPS:
        import gc

        import jax

        jax.clear_caches()
        gc.collect()


def pytest_terminal_summary(terminalreporter):
    """Say in every run what was not tested for want of data: a skip alone is easily overlooked."""
    texts = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    if found := [match for text in texts if (match := MISSING.search(text))]:
        missing = sorted({match[1] for match in found})
        terminalreporter.write_line(
            f"{len(found)} tests against real experiments were left out: no {', '.join(missing)}. "
            f"BAYESCALE_TEST_DATA names their folder, {REQUIRED}=1 makes their absence a failure.",
            yellow=True,
        )


@pytest.fixture
def double_precision():
    """Compute in float64, for tests that call JAX themselves."""
    import jax

    with jax.enable_x64(True):
        yield


@pytest.fixture(scope="session")
def prior_draw() -> Callable[[np.random.Generator, bs.Prior], float]:
    """Draw from a prior by NumPy and its own numbers, so that a wrong distribution in the package would show."""

    def draw(rng: np.random.Generator, prior: bs.Prior) -> float:
        match prior:
            case bs.LogNormal(median, log_sd):
                return float(median * np.exp(log_sd * rng.standard_normal()))
            case bs.HalfNormal(scale):
                return float(abs(scale * rng.standard_normal()))
            case bs.Gamma(shape, rate, lower):
                return next(x for x in iter(lambda: rng.gamma(shape) / rate, None) if x > lower)
        raise TypeError(prior)

    return draw


@pytest.fixture(scope="session")
def with_every_input() -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Give a table of params and tokens a column for every input that a law of the loss may take."""

    def add(table: pd.DataFrame) -> pd.DataFrame:
        params, tokens, row = table["params"], table["tokens"], np.arange(len(table))
        return table.assign(
            unique_tokens=tokens / 3,
            step=tokens / 1e6,
            embedding_params=params / 10,
            lr_area=tokens / 1e9,
            annealing_area=params / 1e11,
            lr=1e-3 * 2.0 ** (row % 5),
            batch_tokens=2e5 * 2.0 ** (row // 5 % 4),
            source_loss=1.5 + 1.5 * (1 + row % 7) / 7,
            experts=2.0 ** (row % 6),
            granularity=2.0 ** (row % 4),
            finetune_tokens=tokens / 100 * 4.0 ** (row % 3),
            is_target=row % 2,
            is_pretrained=row // 2 % 2,
            bits_weights=3.0 + row % 5,
            bits_activations=3.0 + row // 2 % 5,
            bits_kv=3.0 + row // 3 % 5,
            bits_post=3.0 + row % 7,
        )

    return add


@pytest.fixture(scope="session")
def chinchilla_points(dataset) -> pd.DataFrame:
    """Hoffmann et al.'s digitised runs, all 245, sorted by loss, with the IsoFLOP budget nearest to each."""
    return dataset("chinchilla").table[["params", "compute", "loss", "budget"]]


@pytest.fixture(scope="session")
def loss_to_loss(dataset) -> bs.Runs:
    """Six corpora, 529 runs."""
    return dataset("loss-to-loss")


@pytest.fixture(scope="session")
def loss_to_loss_fit(loss_to_loss):
    """The default fit of the six corpora."""
    return bs.fit("chinchilla", loss_to_loss, seed=0)


@pytest.fixture(scope="session")
def pile_fit():
    """The default fit of the embedded Pile families."""
    return bs.fit("chinchilla", bs.datasets.load("pile-families"), seed=0)


@pytest.fixture(scope="session")
def in_flight() -> pd.DataFrame:
    """Checkpoints of four finished runs and of a larger one, ``run 4``, that is seen for 38.8 % of its training."""
    rng, shares = np.random.default_rng(0), np.geomspace(0.05, 1.0, 20)
    parts = []
    for index, size in enumerate((1e8, 2e8, 4e8, 8e8, 1.6e9)):
        tokens = 20 * size * shares
        loss = (1.8 + 400 / size**0.34 + 1200 / tokens**0.36) * np.exp(0.003 * rng.standard_normal(20))
        parts.append(pd.DataFrame({"run": f"run {index}", "params": size, "tokens": tokens, "loss": loss}))
    parts[-1] = parts[-1][shares < 0.4]
    return pd.concat(parts)
