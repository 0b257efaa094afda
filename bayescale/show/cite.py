"""What to cite: the works behind the law, the data, the sampler and the software of an answer, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from bayescale.data import datasets
from bayescale.data.checkpoints import DROPPED
from bayescale.decisions import Plan, Prediction
from bayescale.inference.fit import Fit
from bayescale.language.errors import LawError, SettingsError
from bayescale.laws.references import bibliography
from bayescale.models import Noise

SOFTWARE = "bayescale"
_EMBEDDED = "pile-families"


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


def cite(*sources: Fit | Prediction | Plan) -> Citations:
    """Return what to cite for fits, predictions and plans: what these used, and nothing else.

    Args:
        sources: fits, and what was asked of them.

    Raises:
        SettingsError: nothing, or something else.

    Examples:
        >>> from bayescale.decisions import allocate
        >>> from bayescale.laws import Chinchilla
        >>> plan = allocate(Chinchilla.published["hoffmann2022training"], compute=1e21)
        >>> cite(plan).keys
        ('hoffmann2022training', 'bradbury2018jax', 'bayescale')
    """
    if not sources or not all(isinstance(source, Fit | Prediction | Plan) for source in sources):
        raise SettingsError("cite takes fits, predictions and plans, such as bs.cite(fit).")
    reasons: dict[str, list[str]] = {}
    for source in sources:
        for key, words in _of_fit(source) if isinstance(source, Fit) else _of_answer(source):
            if words not in reasons.setdefault(key, []):
                reasons[key].append(words)
    reasons |= {"bradbury2018jax": ["computation"], SOFTWARE: ["this package"]}
    fits = [source for source in sources if isinstance(source, Fit)]
    version = str(fits[0].record["versions"]["bayescale"]) if fits else ""
    return Citations(tuple((key, "; ".join(words)) for key, words in reasons.items()), version)


def data_key(fit: Fit) -> str | None:
    """The BibTeX key of the data set of the registry that a fit was made of; None for a table of one's own."""
    source = fit.runs.source
    if source.startswith("data set "):
        name = source.removeprefix("data set ").partition(",")[0]
        return datasets.describe(name).citation_key if name in datasets.names() else None
    embedded = fit.runs.sha256 == datasets.load(_EMBEDDED).sha256
    return datasets.describe(_EMBEDDED).citation_key if embedded else None


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


def _of_answer(answer: Prediction | Plan) -> Iterator[tuple[str, str]]:
    if isinstance(answer, Plan):
        yield "hoffmann2022training", "compute-optimal splits"
    if str(answer.draws.attrs.get("discrepancy", "none")) != "none":
        yield "kennedy2001bayesian", "a discrepancy of the law beyond the data"
        yield "plummer2015cuts", "keeping the data of the fit from changing that discrepancy"


def _own_entry(version: str) -> str:
    note = f"Software, version {version}" if version else "Software"
    title = "{bayescale}: {Bayesian} inference for neural scaling laws"
    fields = {"title": title, "author": "{The bayescale authors}", "note": note}
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items()]
    return f"@misc{{{SOFTWARE},\n{',\n'.join(lines)}\n}}"
