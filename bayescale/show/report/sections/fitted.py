"""The fit beside its runs: figures."""

from __future__ import annotations

from collections.abc import Iterator

from bayescale.costs import SixND
from bayescale.decisions.extrapolation import largest_compute
from bayescale.inference.fit import Fit
from bayescale.language.errors import BayescaleError
from bayescale.show.numbers import format_number, format_prob, powers
from bayescale.show.report.blocks import Block, Drawing, Heading, Section, omitted
from bayescale.show.report.subject import Subject


def fitted(subject: Subject) -> Section:
    """Return the section with the figures of the fits."""
    blocks: list[Block] = []
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        blocks += list(_of_fit(fit, name, subject))
    return Section("fit", "Fit and runs", tuple(blocks))


def _of_fit(fit: Fit, name: str, subject: Subject) -> Iterator[Block]:
    """Loss and residuals by compute where there is a compute-optimal loss; what was observed by what was predicted
    for all other laws."""
    interval = f"{format_prob(subject.prob)} interval"
    try:
        drawn = [_loss_compute(fit, name, subject, interval), _residuals(fit, name, subject, interval)]
    except BayescaleError as error:
        yield omitted(f"loss against compute. {error}")
        yield _observed(fit, name, subject, interval)
    else:
        yield from drawn
        yield _map(fit, name, subject)


def _map(fit: Fit, name: str, subject: Subject) -> Block:
    """The map of the loss, which is one family's."""
    from bayescale.show import figures

    if subject.group not in (None, *fit.groups) or (subject.group is None and len(fit.groups) > 1):
        return omitted(
            "the map of the loss over size and tokens, which is of one family: group=... (--group) names it."
        )
    try:
        axes = figures.loss_map(fit, group=subject.group, compute=subject.compute, prob=subject.prob)
    except BayescaleError as error:
        return omitted(f"the map of the loss. {error}")
    share = format_prob(subject.prob)
    caption = (
        "Loss over model size and training tokens. On each line of one budget stands the posterior density of its best "
        f"split, filled in the {share} highest-density interval; what is hatched lies beyond the largest run."
    )
    words = (
        "Contours of the law's loss over model size and training tokens on logarithmic axes, with the runs. "
        "The compute-optimal frontier crosses the lines of fixed compute, and is dashed beyond the largest run."
    )
    return Drawing(subject.part("loss-map", name), caption, words, axes.figure)


def _loss_compute(fit: Fit, name: str, subject: Subject, interval: str) -> Drawing:
    from bayescale.show import figures

    axes = figures.loss_compute(fit, prob=subject.prob, discrepancy=subject.discrepancy)
    caption = (
        f"Loss against training compute. Curves are the law at the compute-optimal split with its {interval}, so runs "
        "that were trained elsewhere lie above them; what is dashed and hatched lies beyond the data."
    )
    families = f" of {len(fit.groups)} families" if len(fit.groups) > 1 else ""
    largest = powers(format_number(largest_compute(fit, None, SixND())))
    words = (
        f"Loss of {len(fit.runs)} runs{families} against training compute on logarithmic axes, with the law's median "
        f"and {interval} at the compute-optimal split. The largest run has {largest} FLOP; curves go ten times further."
    )
    return Drawing(subject.part("loss-compute", name), caption, words, axes.figure)


def _residuals(fit: Fit, name: str, subject: Subject, interval: str) -> Drawing:
    from bayescale.show import figures

    data = figures.residuals_data(fit, prob=subject.prob)
    outside, expected = int(data["outside"].sum()), len(data) * (1 - subject.prob)
    caption = f"Residuals of the runs: {outside} lie outside their {interval}, {expected:.3g} are expected to."
    words = (
        f"Standardised residuals of {len(data)} runs against training compute; {outside} lie outside their {interval}."
    )
    return Drawing(subject.part("residuals", name), caption, words, figures.residuals(data).figure)


def _observed(fit: Fit, name: str, subject: Subject, interval: str) -> Drawing:
    from bayescale.show import figures

    axes = figures.observed_predicted(fit, prob=subject.prob)
    caption = f"Every run against its own posterior predictive {interval}; on the line both agree."
    words = f"Observed {fit.law.response.label} of {len(fit.runs)} runs against its posterior predictive median."
    return Drawing(subject.part("observed-predicted", name), caption, words, axes.figure)
