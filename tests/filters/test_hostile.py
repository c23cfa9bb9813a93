# ruff: noqa: E501  (a list of awkward pieces reads worse when broken)
"""Hostile input: no crash, no time beyond the linear, no silent pass."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.filters.audit import audit_texts
from casewright.filters.disclosure.notes import made_up_notes
from casewright.filters.near_copies import NearCopies, ReferenceIndex, find_self_copies
from casewright.filters.phi import scan
from casewright.filters.phi.replacing import replace_hits
from casewright.filters.reference import read_reference

NOTES = made_up_notes(60, 1)
INDEX = ReferenceIndex.build(NOTES)
JUDGE = NearCopies(INDEX)

AWKWARD = st.lists(
    st.sampled_from(
        [
            "Dr. ", "Smith", "John", ", ", "\n", "\r\n", "MRN: ", "12", "/", "-", "555", "@", ".com",
            "\u200b", "\u00ad", "\u202e", "\ufeff", "\x00", "\ud800", "é", "ﬁ", "½", "Ⅷ", "１２", "Ѕmіth",
            "👩‍⚕️", "January ", "St. ", "O'", "http://", "(", ")", "#", "'s ", "Hospital ", "of ", "aged 95 ",
            " is alert", "NHS ", "A", "١٢", "İ", "ß", "\u0301", "\t", "::", "~", "Patient: ",
        ]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@given(st.one_of(AWKWARD, st.text(max_size=300)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_screened_and_spans_are_of_it(text: str) -> None:
    hits = scan(text)
    position = 0
    for hit in hits:
        assert position <= hit.start < hit.end <= len(text)
        assert text[hit.start : hit.end] == hit.text
        position = hit.end
    for policy in ("replace", "placeholder"):
        done = replace_hits(text, hits, policy, 1)  # type: ignore[arg-type]
        assert len(done.surrogates) == len(hits)
        for span in done.surrogates:
            assert done.text[span.start : span.end] == span.text
    for span in INDEX.verbatim(text):
        assert 0 <= span.start < span.end <= len(text)
    (row,) = audit_texts([("x", text)], INDEX, filters=["phi", "near_copies", "quality"])
    assert row.keep == (not row.verdict.reasons)


@given(st.lists(AWKWARD, max_size=5))
@settings(max_examples=60, deadline=None)
def test_any_texts_can_be_a_reference_and_are_copies_of_themselves(texts: list[str]) -> None:
    index = ReferenceIndex.build([(str(i), t) for i, t in enumerate(texts)])
    for text in texts:
        likeness = index.compare(text)
        assert 0.0 <= likeness.plain.containment <= 1.0
        assert 0.0 <= likeness.cosine <= 1.0
    find_self_copies((i, str(i), t) for i, t in enumerate(texts))


SECRET = "Amara Okafor-Lindqvist"
DISGUISES: dict[str, Callable[[str], str]] = {
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "look-alikes": lambda t: t.translate(str.maketrans("aAoOei", "аАоОеі")),
    "full width": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in t),
    "combining": lambda t: "".join(c + "\u0301" if c.isalpha() else c for c in t),
    "over lines": lambda t: t.replace(" ", "\n"),
    "odd spaces": lambda t: t.replace(" ", "\u2003"),
    "capitals": str.upper,
    "word joiners": "\u2060".join,
    "variation selectors": "\ufe0f".join,
    "tags": "\U000e0001".join,
    "right to left": lambda t: "\u202e" + "\u200f".join(t) + "\u202c",
    "no-break spaces": lambda t: t.replace(" ", "\u00a0"),
    "nulls": "\x00".join,
    "mathematical letters": lambda t: _shifted(t, 0x1D400, 0x1D41A),
    "circled letters": lambda t: _shifted(t, 0x24B6, 0x24D0),
    "carriage returns": lambda t: t.replace(" ", "\r\n"),
    "letters apart": " ".join,
    "letters with dots": ".".join,
    "HTML characters": lambda t: "".join(f"&#{ord(c)};" for c in t),
    "escaped": lambda t: "".join(f"\\u{ord(c):04x}" for c in t),
    "misread": lambda t: t.translate(str.maketrans("AaOo", "ÁáÓó")).encode().decode("latin-1"),
    "misread twice": lambda t: _misread(_misread(t.translate(str.maketrans("aoi", "áöï")))),
    "Greek letters": lambda t: t.translate(str.maketrans("AOov", "\u0391\u039f\u03bf\u03bd")),
}


def _misread(text: str) -> str:
    """What UTF-8 becomes where it is read as Windows-1252."""
    return text.encode().decode("cp1252")


def _shifted(text: str, upper: int, lower: int) -> str:
    """Latin letters as those of another block."""
    return "".join(
        chr(upper + ord(c) - 65)
        if "A" <= c <= "Z"
        else chr(lower + ord(c) - 97)
        if "a" <= c <= "z"
        else c
        for c in text
    )


@pytest.mark.parametrize("how", sorted(DISGUISES))
def test_a_disguised_name_is_found(how: str) -> None:
    text = f"The patient was seen by Dr. {DISGUISES[how](SECRET)} in the morning."
    hits = [h for h in scan(text) if h.type == "name"]
    assert hits, text
    start, end = text.index("Dr.") + 4, text.index(" in the morning")
    covered = sum(h.end - h.start for h in hits if h.start >= start - 4 and h.end <= end + 1)
    assert covered >= 0.8 * (end - start)


@pytest.mark.parametrize(
    "name",
    [
        *("0kaf0r", "M4ria G4rcia", "J0hn Sm1th", "J@mes", "J O H N S M I T H", "M-a-r-i-a"),
        *("José García".encode().decode("latin-1"), "Jos&eacute; Garc&iacute;a", "Jos=C3=A9"),
        *("A m a r a  O k a f o r", "Jenn1fer"),
    ],
)
def test_a_name_in_other_signs_is_found_whole_and_has_its_place(name: str) -> None:
    text = f"In clinic we saw {name} again"
    assert (17, 17 + len(name)) in {(h.start, h.end) for h in scan(text) if h.type == "name"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "S O A P note",
            "A V P U: alert",
            "L I M A to L A D",
            "H.E.L.L.P. syndrome",
            "a b c d e f",
        ),
        *("H1N1, CA125, p53, Ki67, B12, HbA1c, CD4", "5HT3 and IL6", "EF=55 HR=80bpm", "37Â°C"),
        *("pain 0 1 2 3 4 5 6 7 8 9 10", "Apgar 8 9 9", "R&D; K&gt;5", "50%20mg", "yes! sir! die!"),
    ],
)
def test_what_only_looks_disguised_is_left_alone(text: str) -> None:
    assert not scan(text)


def test_a_number_with_its_digits_apart_is_found() -> None:
    assert {h.text for h in scan("call 6 1 4 5 5 5 0 1 4 2 now")} == {"6 1 4 5 5 5 0 1 4 2"}


def test_a_name_that_is_divided_over_lines_is_found_whole() -> None:
    text = "The patient was seen by Dr. Amara Oka-\nfor in the morning."
    assert "Amara Oka-\nfor" in {h.text for h in scan(text)}


@given(st.binary(max_size=300), st.sampled_from(["latin-1", "cp1252", "utf-16-le", "utf-8"]))
@settings(max_examples=150, deadline=None)
def test_bytes_in_any_encoding_are_screened(data: bytes, encoding: str) -> None:
    text = data.decode(encoding, errors="replace") + "\nMRN 00481923.\n" + data.decode("latin-1")
    assert any("00481923" in h.text for h in scan(text)), text


@pytest.mark.parametrize("how", sorted(set(DISGUISES) - {"capitals"}))
@pytest.mark.parametrize(
    ("kind", "value"), [("phone", "614-555-0142"), ("email", "a.okafor@mail.example.com")]
)
def test_a_disguised_number_is_found(how: str, kind: str, value: str) -> None:
    if how in ("look-alikes", "combining") and kind == "phone":
        return
    assert kind in {h.type for h in scan(f"Reach her at {DISGUISES[how](value)} today.")}


@pytest.mark.parametrize("how", sorted(set(DISGUISES) - {"over lines"}))
def test_a_disguised_copy_is_found(how: str) -> None:
    assert not JUDGE(DISGUISES[how](NOTES[3][1])).keep


PATTERNS = {
    "letters": "a",
    "capitals": "Ab ",
    "names": "Smith, John\n",
    "titles": "Mr. A ",
    "digits": "1234567890",
    "dates": "12/",
    "dots": "a.b.",
    "labels": "Patient: ",
    "facilities": "of the Hospital of ",
    "zero width": "a\u200b",
    "boilerplate": "Lungs are clear to auscultation bilaterally. ",
    "copy": f"{NOTES[0][1]} ",
    "binary": random.Random(1).randbytes(997).decode("latin-1"),
    "months": "January ",
    "quotes": "'",
}


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_time_grows_with_the_length_alone(name: str) -> None:
    """Eight times the text takes at most about eight times as long (twice that for noise)."""
    small = (PATTERNS[name] * 40_000)[:20_000]
    large = (PATTERNS[name] * 320_000)[:160_000]

    def seconds(text: str) -> float:
        best = 1e9
        for _ in range(2):
            began = time.process_time()
            scan(text)
            JUDGE(text)
            best = min(best, time.process_time() - began)
        return best

    seconds(small)
    assert seconds(large) <= 16 * seconds(small) + 0.2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "cp1252", "latin-1"])
def test_a_leak_in_a_file_of_any_encoding_is_no_silent_pass(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(f"Café. The patient was seen by Dr. {SECRET}.".encode(encoding))
    (row,) = audit_texts(read_reference(path), INDEX)
    assert SECRET in {e.text for r in row.verdict.reasons for e in r.evidence}


def test_bytes_that_are_no_text_are_read_around_the_leak(tmp_path: Path) -> None:
    noise = random.Random(2).randbytes(3000).replace(b"\n", b"")
    path = tmp_path / "a.txt"
    path.write_bytes(noise + f"\nSeen by Dr. {SECRET} today. Call 614-555-0142.\n".encode() + noise)
    (row,) = audit_texts(read_reference(path), INDEX)
    found = {e.text for r in row.verdict.reasons for e in r.evidence}
    assert {SECRET, "614-555-0142"} <= found


@pytest.mark.parametrize("megabytes", [2, pytest.param(50, marks=pytest.mark.huge)])
def test_a_document_of_many_megabytes_is_screened(megabytes: int, tmp_path: Path) -> None:
    body = " ".join(t for _, t in made_up_notes(400, 9))
    size = megabytes * 1_000_000
    text = (body * (size // len(body) + 1))[:size]
    text = f"{text} Seen by Dr. {SECRET}. {NOTES[5][1]}"
    path = tmp_path / "big.jsonl"
    path.write_text(json.dumps({"id": "big", "text": text}))
    (row,) = audit_texts(read_reference(path), INDEX)
    assert not row.keep
    assert SECRET in {e.text for r in row.verdict.reasons for e in r.evidence}
    assert "near_copies" in {r.filter for r in row.verdict.reasons}
