"""Write the page of records: ``.venv/bin/python docs/make_records.py``; tests hold it against what commands print."""

from __future__ import annotations

from pathlib import Path

from markdown_tables import table
from record_columns import COMMANDS, OBJECTS, column

PATH = Path(__file__).parent / "records.md"
HEAD = """# Records that programs read

`--format json` prints a list of records, each an object with the columns below in this order; `--format csv` has the
same columns (lists joined by spaces). Numbers are in full; what is not finite is `null`, in CSV an empty cell.
Names and meanings of columns are kept within a minor version, and the changelog names every change; new columns may
appear at the end.

* `note` is of its row: how far beyond the data it lies, and how well such intervals held. `next`, `follow`, trade-offs
  and crossings have one note of the whole in every row. Further inputs of a law are columns after `tokens`.
* Budgets in dollars or hours add columns `dollars`, `device_hours` and `hours` after `compute`.
* `predict` with several fits has `stage`, `law`, `response` and `outside` (share of draws outside of the table of the
  next fit) before these columns.
* Under a table for people is the note of the row that goes furthest, and those of up to three others; with CSV the
  first of these is on stderr, too.
* Everything else (warnings, errors) goes to stderr, a line each, and [exit codes](generated/cli.md) tell how it
  went.
"""
OBJECTS_HEAD = """## Objects of several tables

The JSON of these commands is one object whose values are tables, as their attributes are in Python
([](identify.md), [](review.md), [](compare.md)). Their CSV is the first table; `--part` of `compare` chooses.
"""


def page() -> str:
    """Return the page as Markdown."""
    parts = [HEAD]
    for command, names in COMMANDS.items():
        rows = [(f"`{name}`", *column(command, name)) for name in names]
        parts += [f"## bayescale {command}\n", table(("column", "type", "unit", "meaning"), rows)]
    keys = [(f"`bayescale {command}`", ", ".join(f"`{key}`" for key in names)) for command, names in OBJECTS.items()]
    return "\n".join([*parts, OBJECTS_HEAD, table(("command", "keys"), keys)])


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
    print(PATH)
