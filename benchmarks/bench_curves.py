"""Learning curves of a published benchmark, extrapolated: posteriors of several laws against least squares.

python benchmarks/bench_curves.py [--only LM] [--every 1] [--seed 0] [--keep scores.csv]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import report
from curve_forecasts import (
    DRAWS,
    Fitted,
    Forecast,
    averaged,
    first_parts,
    fit_all,
    forecast,
    forecast_of,
)
from learning_curves import MOST_ROWS, STARTS, Curve, Score, least_squares, read_curves, score_draws, score_point

import bayescale as bs
from bayescale.validation import stacking_weights

POINTS = ("m1-error", "m2-error", "m3-error", "m4-error")
POSTERIORS = ("m2-error", "m3-error", "m4-error", "bnsl-1-error", "bnsl-2-error")
AVERAGE, TRUSTED = "averaged", "averaged, laws that pass"
# The law and the family of curves that are fitted again by what `bs.fit` takes where the instant engine fails.
AGAIN, FAMILY = "m4-error", "BIG-Bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="part of the labels of the curves that are wanted")
    parser.add_argument("--every", type=int, default=1, help="take every so many of the curves, sorted by label")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", help="file for the score of every method on every curve")
    chosen = parser.parse_args()
    curves = read_curves(chosen.only, chosen.every)
    points, seconds = point_scores(curves, chosen.seed)
    print(f"Least squares done, {seconds:.0f} CPU s.", flush=True)
    lines = [f"* Least squares: {seconds:.0f} CPU s for {len(POINTS)} laws."]
    posteriors, more = posterior_scores(curves, chosen.seed)
    again, said_again = again_scores([c for c in curves if c.family == FAMILY], chosen.seed)
    scores, more = pd.concat([points, posteriors, again], ignore_index=True), [*more, *said_again]
    if chosen.keep:
        scores.to_csv(chosen.keep, index=False)
    written = [about(curves), "", *table(scores), "", *lines, *more, *against(scores)]
    print("\n".join(written), flush=True)
    if not chosen.only:
        report.write_section("Learning curves, extrapolated", written)


def point_scores(curves: Sequence[Curve], seed: int) -> tuple[pd.DataFrame, float]:
    """Of least squares, and CPU seconds."""
    began, rows = time.process_time(), []
    for i, curve in enumerate(curves):
        for name in POINTS:
            law = least_squares(bs.laws.find_law(name), curve.train, seed + i)
            predicted = np.asarray(law(curve.later["examples"].to_numpy()))
            rows.append(row(curve, f"least squares {name}", score_point(predicted, curve.later["error"].to_numpy())))
    return pd.DataFrame(rows), time.process_time() - began


def posterior_scores(curves: Sequence[Curve], seed: int) -> tuple[pd.DataFrame, list[str]]:
    """Of each law's posterior and their average, and what to say of the fits."""
    parts, rows, lines = first_parts(curves), [], []
    whole: dict[str, list[Forecast]] = {}
    tried: dict[str, list[np.ndarray]] = {}
    passed: dict[str, np.ndarray] = {}
    for name in POSTERIORS:
        law = bs.laws.find_law(name)
        fitted = fit_all(law, {c.label: c.train for c in curves}, seed)
        whole[name] = [forecast(fitted.fits, c.label, c.later, seed + i) for i, c in enumerate(curves)]
        rows += [scored(c, f"posterior {name}", f) for c, f in zip(curves, whole[name], strict=True)]
        first = fit_all(law, {label: part for label, (part, _) in parts.items()}, seed)
        tried[name] = [
            forecast(first.fits, c.label, parts[c.label][1], seed + i).log_density for i, c in enumerate(curves)
        ]
        passed[name] = np.array([fitted.passes(c.label) and first.passes(c.label) for c in curves])
        lines.append(said(name, fitted, first, len(curves)))
        print(lines[-1], flush=True)
    for family in sorted({c.family for c in curves}):
        members = [i for i, c in enumerate(curves) if c.family == family]
        weights = stacking_weights([np.stack([tried[name][i] for name in POSTERIORS]) for i in members])
        lines.append(
            f"* Weights, {family}: {', '.join(f'{n} {w:.2f}' for n, w in zip(POSTERIORS, weights, strict=True))}."
        )
        for i in members:
            rows.append(scored(curves[i], AVERAGE, averaged([whole[name][i] for name in POSTERIORS], weights)))
        trusted = [name for name in POSTERIORS if passed[name][members].mean() >= 0.5]
        if not trusted:
            lines.append(f"* No law passes on half of the curves of {family}, so nothing is averaged of those that do.")
            continue
        weights = stacking_weights([np.stack([tried[name][i] for name in trusted]) for i in members])
        for i in members:
            rows.append(scored(curves[i], TRUSTED, averaged([whole[name][i] for name in trusted], weights)))
    return pd.DataFrame(rows), lines


def again_scores(curves: Sequence[Curve], seed: int) -> tuple[pd.DataFrame, list[str]]:
    """One law fitted by `bs.fit`, which takes NUTS where the instant engine fails, and what its chains did."""
    rows, lines, law = [], [], bs.laws.find_law(AGAIN)
    for i, curve in enumerate(curves):
        fit = bs.fit(law, bs.read_runs(curve.train, law=law), seed=seed)
        made = forecast_of(fit, curve.later, seed + i)
        rows.append(scored(curve, f"posterior {AGAIN}, {fit.engine.split(' ')[0]}", made))
        lines.append(f"* {curve.label}, {AGAIN} by {fit.engine.split(' ')[0]}: {chains(fit, curve)}")
        print(lines[-1], flush=True)
    return pd.DataFrame(rows), lines


def chains(fit: bs.Fit, curve: Curve) -> str:
    """R-hat, failed checks, and the guessing errors of the chains beside the first errors of the curve."""
    r_hat = next(check.value for check in fit.checks.checks if check.name == "r-hat")
    medians = ", ".join(f"{value:.3f}" for value in fit.posterior["E_c"].median("draw").to_numpy())
    failed = ", ".join(check.name for check in fit.checks.failed) or "none"
    first = ", ".join(f"{value:.3f}" for value in curve.train["error"][:3])
    return (
        f"R-hat {r_hat:.2f}, failed checks: {failed}; medians of the error of guessing by chain {medians}, first "
        f"errors of the curve {first}, last of the training part {curve.train['error'].iloc[-1]:.3f}, last of all "
        f"{curve.later['error'].iloc[-1]:.3f}."
    )


def scored(curve: Curve, method: str, made: Forecast) -> dict:
    return row(curve, method, score_draws(made.draws, made.log_density, curve.later["error"].to_numpy()))


def row(curve: Curve, method: str, score: Score) -> dict:
    return {"curve": curve.label, "family": curve.family, "method": method, **score._asdict()}


def said(name: str, whole: Fitted, first: Fitted, curves: int) -> str:
    return (
        f"* {name}: {whole.cpu:.0f} CPU s for {curves} curves, compiling included, {whole.flagged} flagged; "
        f"on first parts {first.cpu:.0f} CPU s, {first.flagged} flagged."
    )


def about(curves: Sequence[Curve]) -> str:
    """What was done, in words."""
    rows = sum(len(c.later) for c in curves)
    return (
        f"{len(curves)} curves of Alabdulmohsin et al.'s benchmark, errors of vision and scaled losses of text, both "
        f"between 0 and 1 and fitted as errors; at most {MOST_ROWS} rows of each part. The rows marked as training are "
        f"fitted, the {rows:,} later ones, up to about twice the examples, are scored. Posteriors: Student-t noise, "
        f"declared priors, the instant engine, {DRAWS:,} draws, flagged fits included. Averaged: each family's mixture "
        "of the five posteriors, with weights that stack forecasts of the last 40 % of the training rows from the "
        "first 60 %; the draws of a flagged fit are not those of its posterior, and *laws that pass* averages only "
        "laws whose fits of both parts pass on half of the family's curves or more. "
        f"*{AGAIN}, nuts*: {FAMILY} fitted one by one by `bs.fit`. "
        f"Least squares of log error: SciPy, {STARTS} starts. RMSLE of the median or the point; CRPS "
        "of log error, times 1,000, of a point its absolute error; coverage of central intervals of a new run. Means "
        "over curves and their standard errors (in parentheses); curves of a family share models or tasks, so that "
        "these errors are too small."
    )


def table(scores: pd.DataFrame) -> list[str]:
    """A block per family and one of all curves."""
    lines = [
        "| curves | method | RMSLE | CRPS x 1,000 | in 50 % | in 90 % | log score |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    groups = [*scores.groupby("family"), ("all", scores)]
    for family, members in groups:
        count = members["curve"].nunique()
        for method, some in members.groupby("method", sort=False):
            cells = [f"{with_error(some['rmsle'], '.4f')}", f"{with_error(1000 * some['crps'], '.1f')}"]
            cells += [with_error(some[name], ".2f") for name in ("half", "most", "log_score")]
            lines.append(f"| {family} ({count}) | {method} | {' | '.join(cells)} |")
    return lines


def with_error(values: pd.Series, style: str) -> str:
    """Mean and standard error over curves, or nothing."""
    if values.isna().all():
        return ""
    error = f" ({format(values.std(ddof=1) / np.sqrt(len(values)), style)})" if len(values) > 1 else ""
    return f"{format(values.mean(), style)}{error}"


def against(scores: pd.DataFrame) -> list[str]:
    """Paired differences from the least squares that do best on all curves."""
    wide = {name: scores.pivot(index="curve", columns="method", values=name) for name in ("rmsle", "crps")}
    points = [f"least squares {name}" for name in POINTS]
    lines = []
    for name, style, scale in (("rmsle", ".4f", 1.0), ("crps", ".1f", 1000.0)):
        best = wide[name][points].mean().idxmin()
        for method in (AVERAGE, *(f"posterior {law}" for law in POSTERIORS)):
            gain = scale * (wide[name][best] - wide[name][method])
            error = gain.std(ddof=1) / np.sqrt(len(gain))
            verdict = "wins" if gain.mean() > 2 * error else "LOSES" if gain.mean() < -2 * error else "ties"
            lines.append(
                f"* {name.upper()}, {method} against {best}: better by {gain.mean():{style}} ({error:{style}}), "
                f"{verdict}."
            )
    return lines


if __name__ == "__main__":
    main()
