"""Examples of every command, as its help ends with and as tests run them."""

from __future__ import annotations

# What a new user needs, in the order of the work.
FIVE_LINES = (
    ("bayescale demo", "see it on real data"),
    ("bayescale fit runs.csv --out fit.nc", "fit a law to runs"),
    ("bayescale check fit.nc", "can it be relied on?"),
    ("bayescale predict fit.nc --params 7e10 --tokens 1.4e12", "loss of a run"),
    ("bayescale allocate fit.nc --compute 1e21 1e23", "best size and tokens"),
)

# By command. Files are runs.csv, a table with a column family; fit.nc, a fit of it; error.nc, a fit
# of errors against loss; curves.csv, checkpoints of runs;
# study.toml, a study of runs.csv.
EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("bayescale demo", "bayescale demo --out my-demo --seed 1"),
    "identify": (
        "bayescale identify runs.csv --law chinchilla --group family",
        "bayescale identify runs.csv --sigma 0.005 --budget 1e23 --format json",
    ),
    "fit": (
        "bayescale fit runs.csv --law chinchilla --group family --out fit.nc",
        "bayescale fit runs.csv --columns params=n_params loss=val_loss",
        "bayescale fit runs.csv --law my_laws.py:MyLaw --model-error 0.04",
        "bayescale fit runs.csv --group family --checkpoint fit.checkpoint",
        "bayescale fit runs.csv --chains 8 --devices all",
    ),
    "check": ("bayescale check fit.nc", "bayescale check fit.nc --format json"),
    "review": ("bayescale review fit.nc", "bayescale review fit.nc --no-refits --format json"),
    "summary": ("bayescale summary fit.nc", "bayescale summary fit.nc --prob 0.5 --format latex"),
    "predict": (
        "bayescale predict fit.nc --params 7e10 --tokens 1.4e12",
        "bayescale predict fit.nc --params 1e9 7e10 --tokens 1e12 --kind law",
        "bayescale predict fit.nc --params 7e10 --tokens 1e12 --format json",
    ),
    "allocate": (
        "bayescale allocate fit.nc --compute 1e21 1e23",
        "bayescale allocate fit.nc --compute 1e23 --serve 1e12 --answer plan",
        "bayescale allocate fit.nc --compute 1e21 --format csv",
    ),
    "cheapest": (
        "bayescale cheapest fit.nc --loss 2.3 --prob 0.9",
        "bayescale cheapest fit.nc --loss 2.3 --keep params-max=7e9",
    ),
    "pareto": ("bayescale pareto fit.nc --compute 1e22 1e23 --serve 1e12",),
    "plan": (
        "bayescale plan --published li2025predictable --params 7e9 --tokens 1.4e12",
        "bayescale plan --answer trade-off --critical 2e6 --params 7e9 --tokens 1e12",
    ),
    "arms": (
        "bayescale arms fit.nc --compute 1e21 1e23",
        "bayescale arms fit.nc --compute 1e21 --answer pairs --format csv",
    ),
    "scores": (
        "bayescale scores fit.nc error.nc --params 7e10 --tokens 1e12",
        "bayescale scores fit.nc error.nc --params 7e9 --tokens 1e12 --answer pairs",
    ),
    "follow": (
        "bayescale follow curves.csv --run big --final-tokens 3.2e10 --target 2.4",
        "bayescale follow curves.csv --run big --final-tokens 3.2e10 --answer funnel",
    ),
    "backtest": (
        "bayescale backtest runs.csv --ratios 2 4 8 16",
        "bayescale backtest runs.csv --ratios 4 --model-error 0.04 --format csv",
    ),
    "compare": (
        "bayescale compare runs.csv --laws chinchilla kaplan-nd --compute 1e24",
        "bayescale compare runs.csv --laws chinchilla --noises normal laplace",
    ),
    "report": (
        "bayescale report runs.csv",
        "bayescale report fit.nc --out report",
        "bayescale report fit.nc --params 7e10 --tokens 1e12 --compute 1e21 1e23",
    ),
    "batch": (
        "bayescale batch study.toml --out results --processes 2",
        "bayescale batch study.toml --dry-run",
    ),
    "laws": ("bayescale laws", "bayescale laws chinchilla --latex", "bayescale laws --format json"),
    "datasets": (
        "bayescale datasets",
        "bayescale datasets pile-families --out runs.csv",
        "bayescale datasets pile-families --format csv",
    ),
    "next": (
        "bayescale next fit.nc --compute 1e23",
        "bayescale next fit.nc --goal forecast --params 7e10 --tokens 1.4e12",
    ),
}


def epilog(command: str) -> str | None:
    """Return the end of a command's help: its examples, each on a line of its own.

    >>> for line in epilog("check").splitlines()[1:]:
    ...     print(line)
    Examples:
      bayescale check fit.nc
      bayescale check fit.nc --format json
    """
    lines = EXAMPLES.get(command)
    # Backspace tells the help to leave the lines of a paragraph as they are.
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines))) if lines else None


def start() -> str:
    """Return what ``bayescale`` says without a command.

    >>> print(start().splitlines()[1])
      bayescale fit runs.csv --out fit.nc                     fit a law to runs
    """
    wide = max(len(line) for line, _ in FIVE_LINES)
    return "\n".join(f"  {line:<{wide}}  {words}" for line, words in FIVE_LINES)
