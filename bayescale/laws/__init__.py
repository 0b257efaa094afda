"""The catalogue of scaling laws: one file per paper, listed in ``CATALOGUE``."""

from bayescale.laws.base import Law
from bayescale.laws.catalogue import CATALOGUE, find_law
from bayescale.laws.chinchilla import Chinchilla
from bayescale.laws.definition import definition_hash
from bayescale.laws.describe import formula, law_record
from bayescale.laws.kaplan import KaplanND
from bayescale.laws.references import citation

__all__ = [
    "CATALOGUE",
    "Chinchilla",
    "KaplanND",
    "Law",
    "citation",
    "definition_hash",
    "find_law",
    "formula",
    "law_record",
]
