"""Write the page of codes: ``.venv/bin/python docs/make_troubleshooting.py``; a test holds it against the package."""

from __future__ import annotations

from pathlib import Path

from markdown_tables import table

from bayescale.data.suspicions import design, rows, scales
from bayescale.data.unnamed import MOST_GROUPS
from bayescale.language import errors
from bayescale.models.suspicions import FACTOR

PATH = Path(__file__).parent / "troubleshooting.md"
HEAD = """# Troubleshooting by code

A table or an argument that is accepted and looks wrong warns with a code in brackets, on stderr or as a `DataWarning` or
`SettingsWarning` whose `code` scripts can read. What warned stays with the runs: `runs.warnings`, and with a saved fit.
This page is written by `docs/make_troubleshooting.py`, with the limits that the code has.

Silence one code in Python with `warnings.filterwarnings("ignore", message=r"\\[few-runs\\]")`.
"""
# By code: what was seen, what to do.
TABLES: dict[str, tuple[str, str]] = {
    "large-table": (
        f"more than {rows.LARGE_TABLE:,} rows, which make fits slow",
        "keep one row per run, or thin the checkpoints; with normal noise along named runs they are compressed",
    ),
    "duplicate-rows": (
        "rows that repeat another in every column; they count as independent evidence",
        "remove them, unless they are separate runs",
    ),
    "few-runs": (
        f"fewer than {rows.FEW_RUNS} runs and no other family to learn from: the posterior is mostly the prior",
        "add runs (`bs.identify` names which), give priors that you can defend, or take public priors",
    ),
    "single-run-family": (
        "families of one run, whose curve comes from the other families; if all have one, the group column names runs",
        "nothing, if that is meant; else name the column of families with `group=`",
    ),
    "similar-family-names": (
        "names of families that differ only by case, spaces or punctuation",
        "give them one name where they are one family",
    ),
    "checkpoints-as-runs": (
        "several rows of one run: their errors are correlated, so intervals get too narrow",
        "fit with `residuals='ou'` or keep one row per run; `runs.drop_early()` leaves out the first checkpoints",
    ),
    "params-look-scaled": (
        f"a median of less than {scales.SMALL_PARAMS:g} parameters: sizes in millions or billions",
        "say so: `columns={'params': 'size_m*1e6'}`, `--columns 'params=size_m*1e6'`",
    ),
    "tokens-look-scaled": (
        f"a median of less than {scales.SMALL_TOKENS:g} tokens: counts in millions or billions",
        "say so: `columns={'tokens': 'tokens_b*1e9'}`, `--columns 'tokens=tokens_b*1e9'`",
    ),
    "swapped-params-tokens": (
        f"a median of less than {scales.FEW_TOKENS_PER_PARAM:g} tokens per parameter",
        "look whether the two columns are swapped: `columns={'params': ..., 'tokens': ...}`",
    ),
    "compute-mismatch": (
        f"compute over 6ND outside {scales.LEAST_OVER_6ND:.2f} to {scales.MOST_OVER_6ND:g} in the larger half of the runs",
        "give training FLOP and all active parameters, or leave the column out so that it follows from 6ND",
    ),
    "mixed-conventions": (
        f"compute over 6ND differs by more than a factor of {scales.CONVENTION_SPREAD:g} between rows of like size",
        "count parameters and compute in one way in all rows; `bs.convert` shows a fit in another count",
    ),
    "loss-looks-like-perplexity": (
        f"a loss above {scales.MOST_NATS:g} nats/token, worse than guessing",
        "`loss_unit='perplexity'`, or leave out runs that diverged",
    ),
    "loss-looks-like-bits-per-byte": (
        f"a median below {scales.FEWEST_NATS:g} nats/token",
        "`loss_unit='bits/byte'` with `bytes_per_token=`",
    ),
    "loss-looks-like-nats": (
        f"read as perplexity, with a median below {scales.SMALL_PERPLEXITY:g}",
        "`loss_unit='nats/token'`",
    ),
    "losses-mixed-units": (
        f"losses that span more than a factor of {scales.LOSS_SPREAD:g}",
        "one unit and one test set for all rows; other test sets are other tables",
    ),
    "constant-params": ("one model size: the posterior of its effect is the prior", "add runs of other sizes"),
    "constant-tokens": ("one number of tokens: the posterior of its effect is the prior", "add runs of other lengths"),
    "constant-tokens-per-param": (
        f"tokens per parameter within a factor of {design.SAME_RATIO:g}: effects of size and data cannot be told apart",
        "add runs at another ratio; plans from such a table rest on the prior",
    ),
    "collinear-design": (
        f"log params and log tokens correlate by more than {design.COLLINEAR:g}",
        "add runs off that line, such as two sizes more at one budget",
    ),
    "loss-rises-with-compute": (
        f"a rank correlation of loss and compute above {design.RISING:g} within families",
        "look at the loss column, and for runs that diverged or over-fitted",
    ),
    "families-unnamed": (
        f"a text column that is not used splits the table into 2 to {MOST_GROUPS} groups of several sizes each, and no "
        "family is named: all runs are taken for one curve",
        "`group='corpus'` (`--group corpus`); `columns={'family': None}` (`--columns family=`) says that they are one",
    ),
    "early-checkpoints-dropped": ("how many rows `drop_early` left out", "nothing: it says what was done"),
    "instead": (
        "a public file that could not be had, so that the runs given instead of it were taken",
        "get the file: the warning says where it was looked for",
    ),
    "rows-left-out": ("rows of a public file that its table does not have, and why", "nothing: it is to be known"),
    "families-count-differently": (
        "families of a public table that count parameters in different ways",
        "do not compare their sizes; fit them one by one, or with their own parameters (`pooling='none'`)",
    ),
}
SETTINGS: dict[str, tuple[str, str]] = {
    "prior-at-anchor": (
        f"a prior of a coefficient more than a factor of {FACTOR:g} from the declared one: priors hold at the anchors, "
        "and papers print coefficients at one parameter and one token",
        "give the prior at the geometric mean of the table, or `bs.Priors({...}, anchors={'N0': 1, 'D0': 1})`",
    ),
    "independent-checkpoints": (
        "several rows of one run whose errors the model takes for independent",
        "`residuals='ou'` or `effects='run'`, or one row per run",
    ),
    "residuals-not-normal": (
        "residuals along runs with a noise whose sums have another distribution: intervals of predictions can be too "
        "narrow",
        "`noise='normal'`",
    ),
    "checkpoint-not-written": (
        "the checkpoint of a fit that goes on could not be written, for want of space for example; said once, and again "
        "after a writing that went well",
        "make space: the fit tries again by itself, and loses what is done since then only if it is ended ([](long_runs.md))",
    ),
}
ERRORS = {
    errors.DataError: "mend the cells that it names; `error.cells` has all of them, `--debug` prints them",
    errors.MissingDataError: "give your copy with `path=`, set `BAYESCALE_DATASETS`, or take other runs with `instead=`",
    errors.LawError: "`bayescale laws` lists the laws; a law of your own is checked when its file is read",
    errors.SettingsError: "the message says what is accepted",
    errors.FitError: "look at `bs.identify`, units and priors; report a table that should fit",
    errors.StoreError: "a damaged or foreign file is never read in part: fit again, or give the right file; of a "
    "checkpoint the message says in what its fit is another ([](long_runs.md))",
    errors.CheckError: "[](checks.md) says what each check means and what to change; `error.checks` has those that fail",
}
TAIL = """## Other things that happen

| what you see | why | what to do |
| --- | --- | --- |
| the first fit takes some ten seconds more than the next | JAX compiles each kind of model once | nothing; the result is kept on disk, `BAYESCALE_COMPILE_CACHE` says where, or `off` |
| `The fit does not pass its checks` | the sampler or the data do not allow an answer yet | follow the advice; [](checks.md) |
| very wide intervals of A and B | they are printed at one parameter and one token, far from all runs | look at predictions; `summary` is not where uncertainty shows |
| a plan's interval spans decades | size and tokens rise together in the table, or there are few budgets | `bs.identify` names the run to add |
| `Extrapolated ...` under an answer | the question lies beyond the largest run of the table | read how often such intervals held, in the note itself |
| `interrupted: ...`, exit code 130 | Ctrl-C or SIGTERM | with `--checkpoint` give the command that it prints ([](long_runs.md)); without it nothing is kept |
| Ctrl-C takes a while | chains stop after the draws that they are at, and the first ones come after compiling | wait: the line comes by itself |
| `internal error`, exit code 3 | a bug in bayescale | run it with `--debug` and report what it prints |
| a test run says that tests were left out | published tables are not part of the project | `BAYESCALE_TEST_DATA` names their folder |
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [HEAD, "## Tables\n", _codes(TABLES), "## Arguments\n", _codes(SETTINGS)]
    own = [(f"`{kind.__name__}`", (kind.__doc__ or "").split("\n")[0], what) for kind, what in ERRORS.items()]
    parts += [
        "## Errors\n\nWhat cannot be used is refused: an error says what was expected, what came and what to do. All are "
        "`BayescaleError`s,\nand on the command line one line on stderr with exit code 2.\n",
        table(("error", "what it is", "what to do"), own),
    ]
    return "\n".join([*parts, TAIL])


def _codes(codes: dict[str, tuple[str, str]]) -> str:
    lines = [(f"`{code}`", what, remedy) for code, (what, remedy) in codes.items()]
    return table(("code", "what was seen", "what to do"), lines)


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
    print(PATH)
