"""How the results came about: versions, hashes, seeds, and the commands that make them again."""

from __future__ import annotations

from collections.abc import Iterator

from bayescale.inference.fit import Fit
from bayescale.show.report.blocks import Block, Code, Facts, Heading, Prose, Section
from bayescale.show.report.fit_command import fit_commands, not_on_the_command_line
from bayescale.show.report.report_command import not_in_the_report_command, report_command
from bayescale.show.report.subject import Subject

# Rows may have been selected before the fit, which runs do not remember; the hash tells.
AGAIN = "This command makes the fit again, of runs with that SHA-256:"


def provenance(subject: Subject) -> Section:
    """Return the section on provenance."""
    blocks: list[Block] = []
    for name, fit in subject.fits.items():
        if not subject.is_single:
            blocks.append(Heading(name))
        blocks.append(Facts(tuple(_facts(fit))))
        said = not_on_the_command_line(fit)
        blocks.append(Prose(f"This command comes near the fit: {said}" if said else AGAIN))
        blocks.append(Code("\n".join(fit_commands(fit, subject.files[name]))))
    lost = not_in_the_report_command(subject)
    blocks.append(Prose(f"And this one near the report: {lost}" if lost else "And this one the report:"))
    blocks.append(Code(report_command(subject)))
    return Section("provenance", "Provenance", tuple(blocks))


def _facts(fit: Fit) -> Iterator[tuple[str, str]]:
    record, settings = fit.record, fit.settings
    versions = record["versions"]
    yield "Versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    yield "Made", f"{record['created']}, on {record['device']}, in {record['seconds']:.3g} s"
    yield "Engine", fit.engine
    yield "Settings", f"seed {fit.seed}; " + ", ".join(f"{k} {v}" for k, v in vars(settings).items() if v is not None)
    yield "SHA-256 of the runs", fit.runs.sha256
    yield "SHA-256 of the law's formula", str(record["law"]["source_sha256"])
    yield "SHA-256 of the noise", str(record["noise_sha256"])
