"""One fit with hostile names and one report of it, which the tests of reports share."""

from __future__ import annotations

from dataclasses import replace

import pytest

import bayescale as bs

# Names that would do something in HTML, LaTeX, Markdown or a terminal, if anything let them.
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)>",
    "\\input{/etc/passwd} $x^2$ & 50% #1 {~} ^_ `",
    "\u05e9\u05dc\u05d5\u05dd \u6f22 {{ 7*7 }} <{ 1 }> |a|b|",
)
# Tables with line breaks or turned text in names are refused at the door; titles and names of fits come by another.
TITLE = "two\nlines \u202eturned <b>bold</b> \\end{document} 100%"
ASKED = {"params": [1e9, 3e10], "tokens": [2e10, 6e11], "compute": [1e20, 1e23]}


@pytest.fixture(scope="session")
def hostile_fit():
    """Families with names that attack whoever prints them; a short fit that does not pass its checks."""
    public = bs.datasets.load("pile-families")
    table = public.to_frame()
    names = dict(zip(table["family"].unique(), HOSTILE, strict=False))
    runs = replace(public, table=table.assign(family=table["family"].replace(names)))
    # As the short fit of the other figures, so that nothing is compiled for it.
    return bs.fit("chinchilla", runs, seed=0, chains=2, warmup=100, draws=100, progress=False)


@pytest.fixture(scope="session")
def hostile_report(hostile_fit, tmp_path_factory):
    """A report of it, with a hostile title, too."""
    folder = tmp_path_factory.mktemp("hostile") / "report"
    return bs.report({HOSTILE[0][:60]: hostile_fit}, out=folder, title=TITLE, group=HOSTILE[2], **ASKED)


@pytest.fixture(scope="session")
def plain_fit():
    """One curve to the runs of Cerebras-GPT and Pythia, which passes its checks."""
    runs = bs.datasets.load("pile-families").select(["Cerebras-GPT", "Pythia"])
    return bs.fit("chinchilla", runs, pooling="complete", seed=0, progress=False)


@pytest.fixture(scope="session")
def plain_report(plain_fit, tmp_path_factory):
    """A report without questions."""
    return bs.report(plain_fit, out=tmp_path_factory.mktemp("plain") / "report")
