"""What the registry says of a data set: where its file is from, which selections there are and how it is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bayescale.data.runs import Runs
from bayescale.language.errors import SettingsError
from bayescale.language.hints import did_you_mean


@dataclass(frozen=True)
class DataFile:
    """One file of measurements, by content.

    Args:
        path: where it lies in a folder of data sets and in the cache, such as ``"loss-to-loss/sweep.csv"``.
        sha256: hash of its bytes; a file of another content is refused.
        origin: where its figures are from, in words.
        address: URL at a fixed commit; None where there is none, and users bring their own copy.
    """

    path: str
    sha256: str
    origin: str
    address: str | None = None

    @classmethod
    def on_github(cls, path: str, sha256: str, repository: str, commit: str, place: str) -> DataFile:
        """A file of a repository at a commit; a commit may be cut to its first twelve digits."""
        address = f"https://raw.githubusercontent.com/{repository}/{commit}/{place}"
        return cls(path, sha256, f"github.com/{repository}, {place} at commit {commit[:12]}", address)


@dataclass(frozen=True)
class Variant:
    """A selection of a data set, or one of its responses.

    Args:
        name: how it is asked for.
        title: what it is, in one line.
        rows: how many rows it has.
    """

    name: str
    title: str
    rows: int


@dataclass(frozen=True)
class DatasetInfo:
    """What one should know about a data set.

    Args:
        name: the name it is loaded by.
        title: what it is, in one line.
        citation_key: BibTeX key of the publication of the figures.
        licence: terms of the source, as found.
        notes: where each column comes from, what is left out, and what to beware of.
        variants: its selections; the first is the default.
        parse: makes runs of the file and the name of a variant.
        file: where the file is from; None for a table that comes with the package.
        cluster: the pipeline (code, tokenizer, schedules) that made the runs. What is learnt from families and tested
            on others is tested honestly only on those of another cluster.
        family_clusters: the cluster of families that are of another one than the rest.
    """

    name: str
    title: str
    citation_key: str
    licence: str
    notes: str
    variants: tuple[Variant, ...]
    parse: Callable[[Path, str], Runs]
    file: DataFile | None = None
    cluster: str = ""
    family_clusters: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows of the default variant."""
        return self.variants[0].rows

    def variant(self, name: str | None = None) -> Variant:
        """Return a variant by its name, or the default one.

        Raises:
            SettingsError: there is no such variant.
        """
        if name is None:
            return self.variants[0]
        known = {variant.name: variant for variant in self.variants}
        if name not in known:
            there = ", ".join(known)
            raise SettingsError(
                f"data set {self.name!r} has no variant {name!r}{did_you_mean(name, known)} (there are: {there})."
            )
        return known[name]

    def cluster_of(self, family: str | None = None) -> str:
        """Return the cluster of a family: runs of one pipeline, whose errors may be alike.

        Args:
            family: a family of the data set; None for runs without families.
        """
        own = self.family_clusters.get(family) if family is not None else None
        return own or self.cluster or self.name
