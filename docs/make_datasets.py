"""Write the page of data sets from the registry: ``.venv/bin/python docs/make_datasets.py``; a test compares them."""

from __future__ import annotations

from pathlib import Path

from bayescale.data import datasets
from bayescale.data.datasets import DatasetInfo
from bayescale.laws import citation

PATH = Path(__file__).parent / "datasets.md"
HEAD = """# Public data sets

Tables of real training runs by name, read to one form: canonical columns, nats per token, counts of parameters and
tokens, and a note of every row that was left out.

```python
import bayescale as bs

runs = bs.datasets.load("pile-families")
print(runs)
print(bs.datasets.describe("chinchilla").notes)
print(bs.datasets.describe("learning-curves").cluster_of("GPT-3"))
```

`bs.datasets.load("chinchilla", "besiroglu")` takes a variant, `bs.datasets.fetch("chinchilla")` gives the path of the
file as its source has it. In a terminal: `bayescale datasets`, `bayescale datasets chinchilla --variant besiroglu`, and
`bayescale datasets chinchilla --out runs.csv` for a table that `bayescale fit` reads.

## Where files come from

The package carries `pile-families` only. The other files are looked for in this order:

1. your own copy: `load(name, path="my/copy.csv")`, `--path`;
2. the folder of the environment variable `BAYESCALE_DATASETS`, under the paths below; it is only read;
3. the cache: the folder of `BAYESCALE_DATASETS_CACHE`, else `datasets` in the user's cache of bayescale;
4. the address at a fixed commit, if there is one. The download is kept in the cache. `download=False` forbids it.

Where none of these has it, `load(name, instead=runs)` warns and takes the runs that it is given, simulated ones say.

Whatever the place, the bytes must have the SHA-256 that the registry knows: a changed or truncated file is refused, and
a failed download leaves nothing behind. Two addresses have a commit of twelve digits, which is all that is known of it.
Data sets without an address are tables made of an upstream file (or its path upstream is not known): bring your own
copy. Licences are as found; what a licence does not allow, this package does not either.

## What a variant and a cluster are

A variant is a selection of rows, or another response; the first one is the default. What a variant leaves out of the
file is the first of `runs.warnings`, with counts, and stays with every selection of the runs.

A cluster is a pipeline: code, tokenizer, schedules. Errors of a law on two families of one cluster are alike, so what
is learnt from families (a discrepancy, a prior) is tested honestly on another cluster only. The same runs under two
names are in one cluster; `describe(name).cluster_of(family)` names it.
"""


def page() -> str:
    """Return the page as Markdown."""
    infos = [datasets.describe(name) for name in datasets.names()]
    rows = [f"| [{i.name}](#{i.name}) | {i.rows:,} | {i.cluster_of()} | {_place(i)} | {i.title} |" for i in infos]
    table = "\n".join(["| name | rows | cluster | from | what it is |", "| --- | --- | --- | --- | --- |", *rows])
    parts = [HEAD, f"## All data sets\n\n{table}", *map(_section, infos)]
    cited = dict.fromkeys(info.citation_key for info in infos)
    parts.append("## References\n\n```bibtex\n" + "\n\n".join(citation(key) for key in cited) + "\n```")
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _place(info: DatasetInfo) -> str:
    """Where the data set comes from where nothing is cached."""
    if info.file is None:
        return "the package"
    return "your own copy" if info.file.address is None else f"[{info.file.address.split('/')[4]}]({info.file.address})"


def _section(info: DatasetInfo) -> str:
    """Everything about one data set."""
    lines = [f"## {info.name}", "", f"{info.title}.", "", info.notes, ""]
    lines += [f"* `{variant.name}`: {variant.title} ({variant.rows:,} rows)" for variant in info.variants]
    lines += ["", f"**Cites.** `{info.citation_key}`. **Licence.** {info.licence}"]
    if info.family_clusters:
        own = "; ".join(f"{family}: {cluster}" for family, cluster in info.family_clusters.items())
        lines += ["", f"**Clusters.** {own}; the others: {info.cluster_of()}."]
    if info.file is not None:
        lines += ["", f"**File.** `{info.file.path}`, sha256 `{info.file.sha256}`: {info.file.origin}."]
    return "\n".join(lines)


if __name__ == "__main__":
    PATH.write_text(page(), "utf-8")
