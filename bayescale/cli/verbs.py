"""The commands by name, what each is for in a line, and where its code is, which is loaded when it is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from typer.main import get_command_from_info
from typer.models import CommandInfo

from bayescale.cli.examples import epilog
from bayescale.cli.value_lists import ValueLists, WordLists


@dataclass(frozen=True)
class Verb:
    """A command.

    Args:
        line: what it is for, in the list of commands.
        function: the function behind it; its file in this folder has the same name.
        form: how its words are read.
    """

    line: str
    function: str
    form: type[ValueLists] = ValueLists


# In the order of the work. Building every command from its signature costs more than all else that the help does,
# so that the list of commands has lines of its own.
VERBS: dict[str, Verb] = {
    "demo": Verb("Show every stage on real data, in a minute.", "demo"),
    "identify": Verb("Say what a table can tell of a law before it is fitted.", "identify"),
    "fit": Verb("Fit a law to a table of runs and save the fit.", "fit"),
    "check": Verb("Check saved fits; exit code 1 if a check fails.", "check"),
    "review": Verb("Say what speaks against a fitted model.", "review"),
    "summary": Verb("Print the parameters of a saved fit.", "summary"),
    "predict": Verb("Predict the loss of runs, or whatever the law predicts.", "predict"),
    "allocate": Verb("Plan model size and tokens for budgets.", "allocate"),
    "cheapest": Verb("Find the least budget that reaches a loss.", "cheapest"),
    "pareto": Verb("Show trade-offs of loss, training and serving cost.", "pareto"),
    "plan": Verb("Plan learning rate and batch size of a run.", "plan"),
    "arms": Verb("Say which of several recipes or corpora is better.", "arms"),
    "scores": Verb("Say which of several recipes has the better score.", "scores"),
    "next": Verb("Say which run to train next, and whether it is worth it.", "next_run"),
    "follow": Verb("Forecast where a run in flight will end.", "follow"),
    "backtest": Verb("Fit to the smaller runs, predict the larger ones, and score.", "backtest"),
    "compare": Verb("Compare laws and choices of analysis.", "compare", WordLists),
    "report": Verb("Write a report: a page of HTML, a folder of LaTeX, a card.", "report"),
    "batch": Verb("Make the fits of a study that its folder does not have yet.", "batch"),
    "laws": Verb("List the laws, or show one.", "laws"),
    "datasets": Verb("List the public data sets, or write one as a table.", "datasets"),
}


class Commands(Mapping[str, Any]):
    """The commands of :data:`VERBS`, each built when it is asked for."""

    def __init__(self) -> None:
        self._built: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._built:
            verb = VERBS[name]
            function = getattr(import_module(f"bayescale.cli.{verb.function}"), verb.function)
            info = CommandInfo(name=name, cls=verb.form, callback=function, epilog=epilog(name), short_help=verb.line)
            self._built[name] = get_command_from_info(info, pretty_exceptions_short=True, rich_markup_mode=None)
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(VERBS)

    def __len__(self) -> int:
        return len(VERBS)
