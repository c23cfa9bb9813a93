"""Entries on acute illness say who falls ill: their ages reach the bands of the graph."""

from __future__ import annotations

import pytest

from casewright.kg.compile.acute import Acute
from casewright.kg.compile.curated import Curated
from casewright.kg.compile.provenance import Register
from casewright.kg.compile.schema import AcuteEntry
from casewright.kg.compile.spine import Spine, load_spine
from casewright.kg.compile.variants import Variants
from casewright.kg.graph import AGE_BANDS


@pytest.fixture(scope="module")
def spine() -> Spine:
    pytest.importorskip("simple_icd_10_cm", reason="needs the kg extra")
    return load_spine()


def acute(spine: Spine, **keys: object) -> Acute:
    entry = AcuteEntry.model_validate(
        {"codes": ["Q40.0"], "name": "x", "settings": ["inpatient"], "source": "y", **keys}
    )
    register = Register({"public-domain", "CC0-1.0"})
    return Acute(spine, Curated(acute=(entry,)), Variants(spine), register, lambda code: code)


def test_a_span_is_spread_evenly_over_its_years(spine: Spine) -> None:
    ages = [{"ages": [0, 0], "p": 0.6}, {"ages": [3, 6], "p": 0.4}]
    weights = acute(spine, ages=ages).ages(spine.codes["Q40.0"])
    assert weights is not None
    by_band = dict(zip(AGE_BANDS, weights, strict=True))
    assert by_band[(0, 0)] == pytest.approx(0.6)
    assert by_band[(1, 4)] == pytest.approx(0.2)  # 3 and 4 of the four years
    assert by_band[(5, 11)] == pytest.approx(0.2)
    assert sum(weights) == pytest.approx(1.0)


def test_what_an_entry_does_not_say_is_left_to_the_survey(spine: Spine) -> None:
    code = spine.codes["Q40.0"]
    silent = acute(spine)
    assert silent.ages(code) is None
    assert silent.female(code) is None
    assert acute(spine, female=0.2).female(code) == 0.2
