"""What the identifier scan finds and leaves alone: cases as data, one file per class."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casewright.filters.phi import HIT_TYPES, scan

DATA = Path(__file__).parents[1] / "data" / "phi"
CLASSES = ("names", "dates", "numbers", "places")


def _cases(part: str) -> list[object]:
    cases = []
    for name in CLASSES:
        for case in yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))[part]:
            label = case if isinstance(case, str) else case["text"]
            cases.append(pytest.param(case, id=f"{name}: {label[:50]!a}"))
    return cases


@pytest.mark.parametrize("case", _cases("positives"))
def test_finds_exactly_the_identifiers(case: dict[str, object]) -> None:
    assert [f"{h.type}: {h.text}" for h in scan(str(case["text"]))] == case["hits"]


@pytest.mark.parametrize("text", _cases("negatives"))
def test_leaves_clinical_language_alone(text: str) -> None:
    assert [f"{h.type}: {h.text} ({h.why})" for h in scan(text)] == []


TRICKY = (
    "Maria Lindqvist|555-010-0142|\x00|\u200b|Dr. |03/14/2024|MRN |00481923|\n| at |ß|ﬁ|½|İ|Ａ|"
    "St. Vincent's|０１２|@example.com|\ud800"
)
PIECES = st.lists(
    st.one_of(st.text(max_size=12), st.sampled_from(TRICKY.split("|"))), max_size=20
).map("".join)


@given(PIECES)
@example("00000000¼@0.AA")
@settings(max_examples=300, deadline=None)
def test_hits_are_ordered_disjoint_and_say_what_stands_there(text: str) -> None:
    position = 0
    for hit in scan(text):
        assert position <= hit.start < hit.end <= len(text)
        assert text[hit.start : hit.end] == hit.text
        assert hit.type in HIT_TYPES
        assert 0 < hit.score <= 1
        position = hit.end


@pytest.mark.parametrize(
    "hidden",
    [
        "Ma\u200bria Lindqv\u00adist",
        "Mаriа Lindqvist",  # Cyrillic a
        "Ｍａｒｉａ Ｌｉｎｄｑｖｉｓｔ",
        "Maria\x00 Lindqvist",
        "Maria\nLindqvist",
        "María Lindqvíst",
    ],
)
def test_tricks_of_writing_hide_no_name(hidden: str) -> None:
    text = f"Yesterday {hidden} was seen again."
    found = [h for h in scan(text) if h.type == "name"]
    assert [h.text for h in found] == [hidden]


@pytest.mark.parametrize(
    "unit",
    [
        "A",
        "Aa",
        "a-",
        "A.",
        "A' ",
        "Dr. ",
        "9",
        "9-",
        "9 ",
        "9/",
        "(555",
        "x@",
        "a.a",
        "www.",
        "MRN ",
        "Maria ",
        "of the ",
        "St. ",
        "\x00",
        "\u200b",
        "é",
        " ",
        "\n",
        "patient number is is is ",
        "five ",
        "::",
        "ab:",
        "Hospital ",
        "aB",
        "_",
    ],
)
def test_repetition_takes_time_in_proportion_to_length(unit: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        taken = []
        for _ in range(3):  # the best of three: a busy machine slows single scans
            start = time.process_time()
            scan(text)
            taken.append(time.process_time() - start)
        return min(taken)

    seconds(2_000)
    short, long = seconds(20_000), seconds(160_000)
    # Eight times the text: linear work takes 8 times as long, quadratic work 64 times. What is
    # too quick to be timed is linear enough.
    assert long < max(24 * short, 1.0)


def test_binary_noise_is_scanned_without_a_crash() -> None:
    noise = bytes(range(256)) * 400
    for encoding in ("latin-1", "cp437", "utf-16-le"):
        scan(noise.decode(encoding, "surrogatepass" if encoding == "utf-16-le" else "strict"))
