"""Names of conditions, from titles as data."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from casewright.kg.compile.names import Namer, safe_synonyms

CASES = yaml.safe_load((Path(__file__).parent / "data" / "names.yaml").read_text("utf-8"))


def titles_and_names() -> list[tuple[str, str]]:
    # A title holds commas, which YAML's flow lists split: the name is the last item.
    return [(", ".join(case[:-1]), case[-1]) for case in CASES]


@pytest.fixture(scope="module")
def namer() -> Namer:
    # The tabular itself teaches which words are names; here the titles and a few neighbours.
    return Namer([title for title, _ in titles_and_names()] + ["fracture", "Other Lyme disease"])


@pytest.mark.parametrize(("title", "name"), titles_and_names(), ids=lambda text: text[:60])
def test_a_title_becomes_the_name_that_a_clinician_writes(
    namer: Namer, title: str, name: str
) -> None:
    assert namer.name(title).text == name


def test_there_are_enough_titles() -> None:
    assert len(CASES) >= 60


def test_an_abbreviation_is_kept_only_where_it_stands_for_the_whole(namer: Namer) -> None:
    whole = namer.name("Human immunodeficiency virus [HIV] disease")
    part = namer.name("Chronic obstructive pulmonary disease [COPD] with (acute) exacerbation")
    assert whole.abbreviations == ("HIV",)
    assert part.abbreviations == ()


def test_inclusion_terms_are_synonyms_only_under_a_title_of_its_own(namer: Namer) -> None:
    terms = ["Lumbago NOS", "Loin pain", "Low back pain with sciatica", "Strain of back, chronic"]
    assert safe_synonyms(namer, "Low back pain, unspecified", terms) == ("lumbago", "loin pain")
    assert safe_synonyms(namer, "Other low back pain", terms) == ()
