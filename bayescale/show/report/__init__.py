"""Reports: one page of HTML, a folder of LaTeX and a card for machines."""

from bayescale.show.report.make import Report, report

__all__ = ["Report", "report"]
