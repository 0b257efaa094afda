"""What to cite: the works behind the law, the data, the sampler and the software of an answer, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

import pandas as pd

from bayescale.data import datasets
from bayescale.data.checkpoints import DROPPED
from bayescale.decisions import Arms, Chain, ChainPrediction, NextRun, Plan, Prediction, ScoreComparison, ScorePlan
from bayescale.inference.fit import Fit
from bayescale.language.errors import LawError, SettingsError
from bayescale.laws.references import bibliography
from bayescale.models import Noise

SOFTWARE = "bayescale"
EMBEDDED = "pile-families"
# What can be cited for: answers, fits, and what has these in it.
Answer = Prediction | Plan | NextRun | Arms
Source = Fit | Answer | Chain | ChainPrediction | ScorePlan | ScoreComparison


@dataclass(frozen=True, repr=False)
class Citations:
    """Works to cite, each with what it was used for; printed, they are BibTeX.

    Args:
        reasons: BibTeX key and what it is cited for.
        version: of bayescale, when the first fit was made.
    """

    reasons: tuple[tuple[str, str], ...]
    version: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The BibTeX keys."""
        return tuple(key for key, _ in self.reasons)

    @property
    def bibtex(self) -> str:
        """The entries of the bibliography.

        Raises:
            LawError: a law of your own cites what the bibliography does not have.
        """
        known = bibliography() | {SOFTWARE: _own_entry(self.version)}
        if missing := [key for key in self.keys if key not in known]:
            raise LawError(f"The bibliography has no {', '.join(missing)}; add these entries to your own.")
        return "\n\n".join(known[key] for key in self.keys) + "\n"

    def table(self) -> pd.DataFrame:
        """One row per work: key, used_for."""
        return pd.DataFrame(self.reasons, columns=["key", "used_for"])

    def __repr__(self) -> str:
        return self.bibtex


def cite(*sources: Source) -> Citations:
    """Return what to cite for fits and answers: what these used, and nothing else.

    Args:
        sources: fits, chains of fits, and what was asked of them. Predictions and plans do not have their fit in them,
            which is to be given, too; answers of several fits and of next runs have theirs.

    Raises:
        SettingsError: nothing, or something else.

    Examples:
        >>> from bayescale.decisions import allocate
        >>> from bayescale.laws import Chinchilla
        >>> plan = allocate(Chinchilla.published["hoffmann2022training"], compute=1e21)
        >>> cite(plan).keys
        ('hoffmann2022training', 'bradbury2018jax', 'bayescale')
    """
    if not sources or not all(isinstance(source, Source) for source in sources):
        kinds = ", ".join(kind.__name__ for kind in get_args(Source))
        got = ", ".join(type(source).__name__ for source in sources) or "nothing"
        raise SettingsError(f"cite takes what has fits or is asked of them ({kinds}), got {got}; write bs.cite(fit).")
    parts = [part for source in sources for part in _parts(source)]
    reasons: dict[str, list[str]] = {}
    for source in parts:
        for key, words in _of_fit(source) if isinstance(source, Fit) else _of_answer(source):
            if words not in reasons.setdefault(key, []):
                reasons[key].append(words)
    reasons |= {"bradbury2018jax": ["computation"], SOFTWARE: ["this package"]}
    fits = [part for part in parts if isinstance(part, Fit)]
    version = str(fits[0].record["versions"]["bayescale"]) if fits else ""
    return Citations(tuple((key, "; ".join(words)) for key, words in reasons.items()), version)


def data_key(fit: Fit) -> str | None:
    """The BibTeX key of the data set of the registry that a fit was made of; None for a table of one's own."""
    source = fit.runs.source
    if source.startswith("data set "):
        name = source.removeprefix("data set ").partition(",")[0]
        return datasets.describe(name).citation_key if name in datasets.names() else None
    return datasets.describe(EMBEDDED).citation_key if is_embedded(fit) else None


def is_embedded(fit: Fit) -> bool:
    """Whether the table of a fit is the one that comes with the package."""
    return fit.runs.sha256 == datasets.load(EMBEDDED).sha256


def _parts(source: Source) -> Iterator[Fit | Answer]:
    """The fits and answers that a source is made of."""
    match source:
        case Fit() | Prediction() | Plan():
            yield source
        case Chain():
            yield from source.fits
        case ChainPrediction():
            yield from source.stages
        case ScorePlan():
            yield from source.chain.fits
            yield source.plan
            yield from source.forecast.stages
        case ScoreComparison():
            yield from (stage for made in source.forecasts.values() for stage in made.stages)
        case NextRun():
            yield source.problem.situation.fit
            yield source
        case Arms():
            yield from (arm.fit for arm in source.contest.arms if isinstance(arm.fit, Fit))
            yield source


def _of_fit(fit: Fit) -> Iterator[tuple[str, str]]:
    for key in fit.law.cites:
        yield key, f"the law {fit.law.name}"
    if (source := data_key(fit)) is not None:
        yield source, "the data"
    if any(warning.code == DROPPED for warning in fit.runs.warnings):
        yield "choshen2024hitchhiker", "leaving early checkpoints out"
    yield from _of_engine(fit)
    names = {check.name for check in fit.checks.checks}
    if names & {"r-hat", "ess-bulk", "ess-tail"}:
        yield "vehtari2021rank", "R-hat and effective sample sizes"
    if names & {"pareto-k", "proposal-k"}:
        yield "vehtari2024pareto", "Pareto k"
    yield "kumar2019arviz", "diagnostics"


def _of_engine(fit: Fit) -> Iterator[tuple[str, str]]:
    if fit.record["engine"]["name"] == "instant":
        yield "hastings1970monte", "independence Metropolis sampling"
        return
    yield "hoffman2014nuts", "sampling by NUTS"
    if fit.model.noise.rounded is not Noise.rounded:
        yield "christen2005markov", "the second acceptance step of a noise with corners"
    yield "phan2019composable", "the sampler's implementation"


def _of_answer(answer: Answer) -> Iterator[tuple[str, str]]:
    if isinstance(answer, Plan) or (isinstance(answer, Arms) and answer.contest.sizes is None):
        yield "hoffmann2022training", "compute-optimal splits"
    if _has_discrepancy(answer):
        yield "kennedy2001bayesian", "a discrepancy of the law beyond the data"
        yield "plummer2015cuts", "keeping the data of the fit from changing that discrepancy"


def _has_discrepancy(answer: Answer) -> bool:
    """Whether something was added to the law beyond the data."""
    match answer:
        case NextRun():
            return answer.problem.situation.discrepancy is not None
        case Arms():
            return bool((answer.draws["discrepancy"] != "none").any())
    return str(answer.draws.attrs.get("discrepancy", "none")) != "none"


def _own_entry(version: str) -> str:
    note = f"Software, version {version}" if version else "Software"
    title = "{bayescale}: {Bayesian} inference for neural scaling laws"
    fields = {"title": title, "author": "{The bayescale authors}", "note": note}
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return f"@misc{{{SOFTWARE},\n{',\n'.join(lines)}\n}}"
