"""Write the catalogue's page from the laws: ``.venv/bin/python docs/make_catalogue.py``; a test holds it up to date."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markdown_tables import table

from bayescale.language.latex import plain_symbol
from bayescale.laws import CATALOGUE, Law, citation, formula, law_record
from bayescale.laws.base import PAGE

PATH = Path(__file__).parent / "catalogue.md"
HEAD = """# The catalogue of laws

There is no universal scaling law: take the one whose inputs you have and whose claims fit what you did, compare it with
others, or [add your own](add_a_law.md). `bayescale laws` lists them in a terminal, `bayescale laws NAME` shows one.
This page is written by `docs/make_catalogue.py` from the laws themselves; `docs/catalogue_fits.md` has fits to tables.
"""


def page() -> str:
    """Return the page as Markdown."""
    laws = list(CATALOGUE)
    parts = [HEAD, "## All laws\n", table(("law", "inputs", "response", "in a sentence"), map(_line, laws))]
    parts += [_section(law) for law in laws]
    cited = dict.fromkeys(key for law in laws for key in law.cites)
    parts.append("## References\n\n```bibtex\n" + "\n\n".join(citation(key) for key in cited) + "\n```")
    return "\n".join(part.rstrip() + "\n" for part in parts)


def _line(law: type[Law]) -> Sequence[str]:
    record = law_record(law)
    return f"[{law.name}](#{law.name})", ", ".join(record["inputs"]), record["response"], record["summary"]


def _section(law: type[Law]) -> str:
    """Everything about one law."""
    record = law_record(law)
    lines = [f"## {law.name}", "", record["summary"], "", f"$${formula(law, latex=True)}$$", ""]
    for name, title in PAGE.items():
        if record[name]:
            lines += [f"**{title}.** {record[name]}", ""]
    inputs = [f"{plain_symbol(q.symbol)}: {_quantity(q)}, column `{q.name}`" for q in law.arguments.values()]
    lines += [f"**Inputs.** {'; '.join(inputs)}. **Response.** {_quantity(law.response)}.", ""]
    head = ("parameter", "symbol", "meaning", "unit", "prior")
    rows = [(f"`{p['name']}`", _math(p), p["meaning"], p["unit"], p["prior"]) for p in record["parameters"]]
    lines += [table(head, rows)]
    if record["derived"]:
        derived = [(f"`{d['name']}`", _math(d), d["meaning"], d["unit"]) for d in record["derived"]]
        lines += [table(("derived", "symbol", "meaning", "unit"), derived)]
    if law.published:
        lines += [f"**Published values.** {', '.join(f'`{key}`' for key in law.published)}.", ""]
    elif law.unpublished:
        lines += [f"**No published values.** {law.unpublished}", ""]
    return "\n".join([*lines, f"**Cites.** {', '.join(f'`{key}`' for key in law.cites)}."])


def _quantity(quantity: Any) -> str:
    return quantity.label + (f" ({quantity.unit})" if quantity.unit else "")


def _math(one: dict[str, Any]) -> str:
    return f"${one['symbol']}$"


if __name__ == "__main__":
    PATH.write_text(page(), encoding="utf-8")
    print(PATH)
