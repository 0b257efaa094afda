"""Write the page of checks: ``.venv/bin/python docs/make_checks.py``; a test holds it against the package."""

from __future__ import annotations

from pathlib import Path

from markdown_tables import table

from bayescale.inference import diagnose, engine_checks, limits
from bayescale.validation.identify import checks as identify
from bayescale.validation.review import evidence, seed_noise, sensitivity

PATH = Path(__file__).parent / "checks.md"
HEAD = """# Every check, and when to change its limit

A check has a name, a status (pass, warn, fail), the value that was measured, the limit it is held against, and advice
where it does not pass. `fit.check()` raises when one of its checks fails, `bayescale check`, `review` and `identify` exit
with 1. This page is written by `docs/make_checks.py`, with the limits that the code has.

Limits are not arguments: a fit that passes here passes for the next reader, too. `check.value` is there for a limit of
your own, and the last column says when that is sensible.
"""
# By check: its limit, what it means, what to do, when another limit is sensible.
Rows = dict[str, tuple[str, str, str, str]]
FIT: Rows = {
    "r-hat": (
        f"at most {limits.R_HAT}",
        "chains of every parameter agree, in the middle and in the spread",
        "more draws and warm-up, as the advice says; check units and priors if draws never move",
        "1.05 is enough to look at a posterior while you work; not to print it",
    ),
    "ess-bulk": (
        f"at least {limits.ESS:g}",
        "enough effective draws for medians",
        "`draws=` twice as many",
        "a hundred tells a median to a tenth of a posterior sd",
    ),
    "ess-tail": (
        f"at least {limits.ESS:g}",
        "enough effective draws for the ends of intervals",
        "`draws=` twice as many",
        "raise it for ends of 99 % intervals, which fewer draws decide",
    ),
    "proposal-k": (
        f"at most {limits.PARETO_K}",
        "what the instant engine proposes has tails as heavy as the posterior",
        "`engine='nuts'`",
        "never: above it the tails may be missed",
    ),
    "efficiency": (
        f"at least {limits.EFFICIENCY}",
        "the instant engine's proposal resembles the posterior",
        "`engine='nuts'`",
        "never; it also says that the fit was slow",
    ),
    "modes": (
        f"at most {limits.MISSED}",
        "no mode that was found, with more than this share of the posterior, went without draws",
        "priors that decide, such as of the place of a break, or a law with fewer breaks",
        "lower it where you print intervals of more than 95 %",
    ),
    "divergences": (
        "0",
        "NUTS reached every corner of the posterior",
        "a higher `target_accept=`, or narrower priors",
        "a single one in thousands of draws moves no interval that you can see; say so when you print it",
    ),
    "tree-depth": (
        f"at most {engine_checks.DEEP:g} of the trajectories",
        "trajectories are seldom cut short",
        "`max_tree_depth=` one higher",
        "it costs effective draws, which have checks of their own: more is a matter of time",
    ),
    "e-bfmi": (
        f"at least {engine_checks.E_BFMI}",
        "the sampler moves well between low and high energies, that is into the tails",
        "more draws; often a scale that the data hardly determine",
        "seldom; look at `ess-tail` first",
    ),
    "separable": (
        f"at least {limits.OFF_LINE}",
        "runs leave the line along which the law's inputs rise together, as an sd of logs; on it effects can be swapped, "
        "and half of the posterior goes unseen",
        "runs off the line: other tokens per parameter at some budget",
        "where losses are known far better than to rounding, less is enough",
    ),
    "pareto-k": (
        f"at most {diagnose.INFLUENTIAL} of the runs",
        f"few runs decide their own prediction (a Pareto k above {limits.PARETO_K}); families with fewer than two runs per "
        "parameter are not counted",
        "look at the run that is named: a spike, another schedule, a unit; `noise='student-t'`",
        "in tables of a dozen runs some are always influential",
    ),
    "identified": (
        f"at most {limits.CONTRACTION} of the prior's sd",
        "the data say something about every parameter, and about every combination of them",
        "vary size and tokens apart from each other; `bs.identify` names the run to add",
        "a parameter that you do not use may stay at its prior: say so",
    ),
    "prior-conflict": (
        f"at most {limits.CONFLICT:g} prior sds",
        "no parameter, the noise scale included, lies far outside its prior; a right prior is called wrong once in 2,000",
        "units (nats/token, plain counts); else a prior that fits what you know, with `priors=`",
        "with dozens of parameters such an alarm is less rare",
    ),
}
IDENTIFY: Rows = {
    "runs": (
        f"at least {identify.RUNS_PER_PARAMETER} per parameter",
        "there are enough runs for the law",
        "add runs, or take a law with fewer parameters",
        "fewer are enough under public priors or in a family of many",
    ),
    "rank": (
        "all parameters",
        "to four digits the losses change in as many ways as there are parameters",
        "runs off the line",
        "never: below it there is no answer without priors",
    ),
    "identified": (
        "all combinations",
        "the runs tell at least as much as the prior about every combination of parameters",
        "the run that is named, or a prior that you can defend",
        "combinations that your question does not use may stay open",
    ),
    "conditioning": (
        f"at most {identify.CONDITION:g}",
        "the worst combination is known at most this many times less well than the best one",
        "a wider range of sizes and tokens",
        "it warns of what is loose; only the sds say whether that is too loose for you",
    ),
    "separable": (f"at least {limits.OFF_LINE}", "as above, before any fit", "as above", "as above"),
}
P = f"p at least {evidence.WARN} (fails below {evidence.FAIL})"
REVIEW: Rows = {
    "residuals-*": (
        P,
        "residuals do not bend along size, tokens or compute more than replicates do",
        "the law that the advice names; how parameters are counted, warm-up, short runs",
        "of many fits that are reviewed, one in a hundred warns by chance",
    ),
    "drift-*": (
        P,
        "a parameter without the largest runs is the same as with them",
        "do not take intervals beyond the data at their word; `model_error=0.04` lets large runs count most",
        "as above",
    ),
    "valley-curvature": (
        P,
        "IsoFLOP valleys have the curvature that the law ties to its frontier",
        "`bs.isoflop_path` for best sizes, runs near the bottom of the valleys",
        "as above",
    ),
    "loo-by-budget": (
        P,
        "no budget, or third of compute, is predicted worse than the others when it is left out",
        "look at how these runs were trained; `effects='budget'`, `loss_se`",
        "as above",
    ),
    "loo-by-family": (
        P,
        "no family is predicted worse than the others",
        "look at its tokenizer, test set and counts; a `sigma` per family is the default",
        "as above",
    ),
    "prior-sensitivity": (
        f"at most {sensitivity.SENSITIVE}",
        "the posterior hardly moves when the priors count more or less",
        "add runs, or say which priors were used",
        "where the prior is knowledge, such as a public one, being moved by it is what was wanted",
    ),
    "seed-noise": (
        f"between 1/{seed_noise.FACTOR:g} and {seed_noise.FACTOR:g} of the noise of seeds",
        "runs scatter about the law as seeds do; more is mistuning or the law's error, less is a smoothed loss",
        "`noise=` of `bs.review`, where you have measured seeds; tune the runs",
        "a test set of few tokens has noise of its own: give it as `loss_se`",
    ),
}
CALIBRATION: Rows = {
    "calibration": (
        "p at least `false_alarm` of `bs.calibrate`",
        "ranks of true parameters among their posterior draws are uniform, over simulated tables",
        "look at flagged fits first, then at the law's coordinates and priors",
        "`false_alarm=` is an argument: the rate at which a right engine is called wrong",
    ),
}
SECTIONS: dict[str, Rows] = {
    "Of a fit: `fit.check()`, `bayescale check`": FIT,
    "Of a design: `bs.identify`, `bayescale identify`": IDENTIFY,
    "Of a model: `bs.review`, `bayescale review`": REVIEW,
    "Of an engine: `bs.calibrate`": CALIBRATION,
}
MORE = "[](identify.md) and [](review.md) have examples, and the rates of false alarms that were measured."


def page() -> str:
    """Return the page as Markdown."""
    parts = [HEAD]
    for title, rows in SECTIONS.items():
        head = ("check", "passes at", "what it means", "what to do", "another limit")
        parts += [f"## {title}\n", table(head, [(f"`{name}`", *words) for name, words in rows.items()])]
    return "\n".join([*parts, MORE, ""])


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
    print(PATH)
