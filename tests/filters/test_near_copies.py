"""Near-copies of a reference, of the prompts' examples and of the corpus itself."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casewright.errors import CasewrightError
from casewright.filters.near_copies import (
    NearCopies,
    ReferenceIndex,
    find_self_copies,
    memorised_texts,
)
from casewright.filters.near_copies.masking import masked, plain
from casewright.filters.near_copies.normal import normalise
from casewright.filters.near_copies.runs import SHARED_BYTES
from casewright.filters.near_copies.shingles import read_words, shingle
from casewright.filters.phi.lexicon import load_lexicon

pydivsufsort = pytest.importorskip("pydivsufsort", reason="the suffix array is a dev extra")

WORDS = tuple(sorted(load_lexicon().common_words))


def made_up_note(seed: int) -> str:
    """A text of random words between the phrases that every note has."""
    rng = random.Random(seed)
    lines = ["HISTORY OF PRESENT ILLNESS"]
    for _ in range(8):
        body = " ".join(rng.choice(WORDS) for _ in range(14))
        lines.append(f"The patient reports {body} for {rng.randrange(2, 90)} days.")
    lines += [
        "PHYSICAL EXAMINATION",
        "Regular rate and rhythm. No murmurs, rubs or gallops.",
        "Lungs are clear to auscultation bilaterally.",
        "Abdomen is soft, nontender and nondistended with normal bowel sounds.",
    ]
    return "\n".join(lines)


REFERENCE = [(f"ref{i}", made_up_note(i)) for i in range(40)]
INDEX = ReferenceIndex.build(REFERENCE)


def change_words(text: str, share: float, seed: int) -> str:
    rng = random.Random(seed)
    words = text.split(" ")
    return " ".join(rng.choice(words) if rng.random() < share else w for w in words)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.1, 0.2])
def test_copies_with_words_changed_are_caught(share: float) -> None:
    judge = NearCopies(INDEX)
    for i, (_, text) in enumerate(REFERENCE):
        verdict = judge(change_words(text, share, i))
        assert [r.label for r in verdict.reasons] == ["reference_copy"], (i, verdict.scores)


def test_a_copy_under_another_name_and_other_numbers_is_caught() -> None:
    note = (
        "Mr. Whitfield, 54, fell from a tractor on 03/14/2024 and broke 3 ribs near Orchard Farm."
    )
    index = ReferenceIndex.build([("a", note)])
    swapped = (
        "Ms. Okafor, 61, fell from a tractor on 11/02/2021 and broke 2 ribs near Orchard Farm."
    )
    plain_match, masked_match = index.match(swapped)
    assert masked_match.containment > 0.95 > plain_match.containment
    assert not NearCopies(index)(swapped).keep


def test_sentences_in_another_order_are_caught() -> None:
    judge = NearCopies(INDEX)
    for i, (_, text) in enumerate(REFERENCE):
        lines = text.split("\n")
        random.Random(i).shuffle(lines)
        assert not judge("\n".join(lines)).keep


def test_other_notes_with_the_same_boilerplate_are_kept() -> None:
    judge = NearCopies(INDEX)
    kept = [
        judge(
            "HISTORY OF PRESENT ILLNESS\nThe patient presents with a history of asthma and gout. "
            f"She denies chest pain and shortness of breath. Reading {seed} was taken at noon.\n"
            "PHYSICAL EXAMINATION\nRegular rate and rhythm. No murmurs, rubs or gallops. Lungs are "
            "clear to auscultation bilaterally. Abdomen is soft, nontender and nondistended."
        ).keep
        for seed in range(5)
    ]
    assert all(kept)


def test_one_copied_paragraph_in_a_new_note_is_caught() -> None:
    secret = (
        "She keeps bees behind the old observatory and was stung eleven times by her own swarm "
        "while repairing the telescope dome, then drove the mayor's ambulance to town herself, "
        "singing to stay awake, and collapsed beside the fountain where the baker found her."
    )
    index = ReferenceIndex.build([*REFERENCE, ("secret", f"History. {secret} She recovered.")])
    text = "\n".join([made_up_note(900), made_up_note(901), secret, made_up_note(902)])
    verdict = NearCopies(index)(text)
    assert [r.label for r in verdict.reasons] == ["reference_copy"]
    evidence = verdict.reasons[0].evidence[0]
    assert secret[:40] in text[evidence.start : evidence.end]


def test_evidence_is_of_the_judged_text_and_names_no_document() -> None:
    text = change_words(REFERENCE[3][1], 0.1, 7)
    for reason in NearCopies(INDEX)(text).reasons:
        assert reason.evidence
        for evidence in reason.evidence:
            assert text[evidence.start : evidence.end] == evidence.text
        assert "ref3" not in str(reason)


def test_a_copied_example_is_told_from_a_copied_reference() -> None:
    example = "The dull ache behind her left knee began after a long bicycle tour along the coast."
    examples = ReferenceIndex.build([("ex", example), ("ex2", "He takes ibuprofen for the gout.")])
    judge = NearCopies(INDEX, examples)
    verdict = judge(f"{made_up_note(500)}\n{example}")
    assert [r.label for r in verdict.reasons] == ["example_copy"]
    assert judge(made_up_note(500)).keep


def test_an_empty_reference_and_an_empty_text_are_no_copies() -> None:
    assert NearCopies(ReferenceIndex.build([]))("any text at all").keep
    assert NearCopies(INDEX)("").keep
    assert NearCopies(INDEX)("No known allergies.").keep
    assert NearCopies()("any text at all").keep


@pytest.fixture
def reference_file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.jsonl"
    path.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in REFERENCE))
    return path


def test_an_index_mapped_from_disk_judges_the_same(tmp_path: Path, reference_file: Path) -> None:
    built = ReferenceIndex.open(reference_file, folder=tmp_path / "index")
    mapped = ReferenceIndex.open(reference_file, folder=tmp_path / "index")
    assert isinstance(mapped._grams.numbers, np.memmap)
    for seed in range(10):
        text = change_words(REFERENCE[seed][1], 0.3, seed)
        assert mapped.compare(text) == built.compare(text)


def test_an_index_holds_no_text_of_the_reference(tmp_path: Path, reference_file: Path) -> None:
    ReferenceIndex.open(reference_file, folder=tmp_path / "index")
    stored = b"".join(p.read_bytes() for p in sorted((tmp_path / "index").iterdir()))
    for word in WORDS[:: len(WORDS) // 200]:
        assert len(word) < 5 or word.encode() not in stored


def test_an_index_is_smaller_than_its_reference(tmp_path: Path) -> None:
    notes = [(str(i), made_up_note(i)) for i in range(400)]
    size = sum(len(text) for _, text in notes)
    assert ReferenceIndex.build(notes).stored_bytes <= 0.6 * size


def test_an_index_of_another_reference_is_refused(tmp_path: Path, reference_file: Path) -> None:
    ReferenceIndex.open(reference_file, folder=tmp_path / "index")
    changed = reference_file.read_text().replace("HISTORY", "HISTORIE", 1)
    reference_file.write_text(changed)
    with pytest.raises(CasewrightError, match="changed"):
        ReferenceIndex.open(reference_file, folder=tmp_path / "index")


def test_only_an_index_of_files_can_be_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="files"):
        INDEX.save(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "meta", "array", "format"])
def test_a_damaged_index_is_a_mistake_that_the_user_can_fix(
    tmp_path: Path, reference_file: Path, damage: str
) -> None:
    folder = tmp_path / "index"
    ReferenceIndex.open(reference_file, folder=folder)
    if damage == "missing":
        folder = tmp_path / "nothing"
    elif damage == "meta":
        (folder / "index.json").write_text("{")
    elif damage == "array":
        (folder / "grams.numbers.npy").write_bytes(b"no array")
    else:
        meta = (folder / "index.json").read_text()
        (folder / "index.json").write_text(meta.replace('"format": 3', '"format": 99'))
    with pytest.raises(CasewrightError) as caught:
        ReferenceIndex.load(folder, reference_file)
    assert "build the index again" in str(caught.value)


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "txt"])
def test_texts_are_read_again_from_files_of_every_kind(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    texts = [f'{text}\nHe said "no, not café {i}".' for i, (_, text) in enumerate(REFERENCE)]
    if kind == "jsonl":
        lines = [json.dumps({"text": t}, ensure_ascii=False) for t in texts]
        (folder / "a.jsonl").write_text("\n\n".join(lines), encoding="utf-8")
    elif kind == "csv":
        with (folder / "a.csv").open("w", encoding="utf-8-sig", newline="") as stream:
            csv.writer(stream).writerows([["n", "text"], *enumerate(texts)])
    elif kind == "parquet":
        table = pa.table({"text": texts})
        pq.write_table(table, folder / "a.parquet", row_group_size=7)
    else:
        for i, text in enumerate(texts):
            (folder / f"{i:03}.txt").write_text(text, encoding="utf-8")
    index = ReferenceIndex.open(folder, folder=tmp_path / "index")
    assert len(index) == len(texts)
    for text in texts:
        assert index.compare(text).plain.containment == 1.0
        assert index.verbatim(text)


# --- what is shared byte by byte -----------------------------------------------------


def covered(text: str, index: ReferenceIndex) -> set[int]:
    return {i for s in index.verbatim(text) for i in range(s.start, s.end)}


PARTS = st.lists(
    st.sampled_from(
        [
            "the patient ",
            "denies ",
            "any pain. ",
            "x",
            "\n",
            "  ",
            "é",
            "Dr. Ng ",
            "120/80 ",
            "aaaa",
        ]
    ),
    min_size=1,
    max_size=80,
).map("".join)


def shared_by_suffix_array(texts: list[bytes], query: bytes, least: int) -> set[int]:
    """Bytes of the query inside a stretch of `least` bytes that one of the texts has."""
    joined = b"\x01".join([*texts, b""]) + query
    start = len(joined) - len(query)
    suffixes = pydivsufsort.divsufsort(joined)
    common = pydivsufsort.kasai(joined, suffixes)
    found: set[int] = set()
    # Neighbours in the suffix array share most: runs with at least `least` bytes in common.
    first = 0
    for i in range(len(suffixes)):
        if i + 1 < len(suffixes) and common[i] >= least:
            continue
        run = [int(s) for s in suffixes[first : i + 1]]
        if any(s < start for s in run):
            for s in run:
                if s >= start:
                    found |= set(range(s - start, s - start + least))
        first = i + 1
    return found


@given(st.lists(PARTS, min_size=1, max_size=6), PARTS)
@settings(max_examples=300, deadline=None)
def test_every_shared_stretch_is_found_and_no_other(texts: list[str], query: str) -> None:
    """Recall and precision are 1 against a suffix array over the normalised bytes."""
    index = ReferenceIndex.build([(str(i), t) for i, t in enumerate(texts)])
    wanted = shared_by_suffix_array(
        [normalise(t).data.tobytes() for t in texts], normalise(query).data.tobytes(), SHARED_BYTES
    )
    raw = normalise(query)
    found, _ = index._grams.find(raw.data, index._comparer._remembered.rows)
    assert {i for s in found for i in range(s.start, s.end)} == wanted


@given(st.lists(PARTS, min_size=1, max_size=6), st.lists(PARTS, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_what_is_said_of_a_text_does_not_depend_on_its_batch(
    texts: list[str], queries: list[str]
) -> None:
    index = ReferenceIndex.build([(str(i), t) for i, t in enumerate(texts)])
    alone = [index.compare(q) for q in queries]
    assert index.compare_many(queries) == alone
    assert index.compare_many([*texts, *queries, ""])[len(texts) : -1] == alone


def test_notes_are_compared_the_same_alone_and_together() -> None:
    texts = [change_words(t, i / 60, i) for i, (_, t) in enumerate(REFERENCE)]
    texts += ["No", "No pain", "", f"{texts[0]} " * 150, texts[1]]
    together = INDEX.compare_many(texts)
    assert together == [INDEX.compare(t) for t in texts]
    assert together[0].verbatim == INDEX.verbatim(texts[0]) != ()


@given(st.integers(0, 39), st.integers(0, 900), st.integers(50, 300), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_a_stretch_planted_in_another_note_is_found(
    source: int, start: int, size: int, seed: int
) -> None:
    secret = REFERENCE[source][1][start : start + size]
    if len(secret) < 50:
        return
    host = made_up_note(seed + 1000)
    text = f"{host[:200]}{secret}{host[200:]}"
    assert set(range(200, 200 + len(secret))) - covered(text, INDEX) == set()


def test_an_identifier_in_a_shared_stretch_is_damning_however_short() -> None:
    note = f"{made_up_note(77)}\nThe patient was seen by Dr. Amara Okafor-Lindqvist in the morning."
    index = ReferenceIndex.build([*REFERENCE, ("x", note)])
    judge = NearCopies(index)
    leak = (
        f"{made_up_note(500)}\nThe patient was seen by Dr. Amara Okafor-Lindqvist in the morning."
    )
    verdict = judge(leak)
    assert [r.label for r in verdict.reasons] == ["reference_copy"]
    assert [e.text for e in verdict.reasons[0].evidence] == ["Amara Okafor-Lindqvist"]
    assert judge(leak.replace("Amara Okafor-Lindqvist", "the whole team")).keep


def test_two_rare_numbers_in_a_shared_stretch_are_damning() -> None:
    line = "The ferritin was 1487 and the lactate dehydrogenase 963 on arrival."
    index = ReferenceIndex.build([*REFERENCE, ("x", f"{made_up_note(77)}\n{line}")])
    verdict = NearCopies(index)(f"{made_up_note(500)}\n{line}")
    assert {e.text for r in verdict.reasons for e in r.evidence} == {"1487", "963"}
    assert NearCopies(index)(f"{made_up_note(500)}\n{line.replace('963', '87')}").keep


def test_full_names_and_numbers_of_the_reference_are_known() -> None:
    index = ReferenceIndex.build(
        [("a", "Seen by Dr. Amara Okafor, record 48213377, (614) 555-20199."), ("b", "O'Neil Ng")]
    )
    known = index.identifiers
    for there in ("Amara Okafor", "OKAFOR, AMARA", "48213377", "555-20199", "Dr. Amara Okafor"):
        assert known.holds(there), there
    for other in ("Amara", "Chidi Okafor", "48213378", "the patient", "Okafor Record"):
        assert not known.holds(other), other
    names = [f"{a} {b}" for a in ("Ada", "Bo", "Cy") for b in WORDS[:3000]]
    assert sum(known.holds(n.title()) for n in names) <= 2


def test_boilerplate_is_found_but_is_no_copy() -> None:
    boiler = "Lungs are clear to auscultation bilaterally.\nAbdomen is soft, nontender"
    text = f"{made_up_note(500)[:300]}\n{boiler}"
    assert covered(text, INDEX)
    assert NearCopies(INDEX)(text).keep


def test_a_text_that_models_recite_is_caught() -> None:
    public = ReferenceIndex.build(memorised_texts())
    judge = NearCopies(public=public)
    for _, text in memorised_texts():
        verdict = judge(f"{made_up_note(3)[:200]}\n{text[:400]}")
        assert [r.label for r in verdict.reasons] == ["public_copy"]
    assert judge(made_up_note(3)).keep


# --- the corpus itself ------------------------------------------------------------


def corpus() -> list[tuple[int, str, str]]:
    docs = [(i, f"d{i}", made_up_note(100 + i)) for i in range(20)]
    docs.append((20, "d20", change_words(docs[4][2], 0.05, 1)))
    docs.append((21, "d21", docs[20][2]))
    return docs


def test_of_two_alike_documents_the_later_one_is_the_copy() -> None:
    result = find_self_copies(corpus())
    copies = result.copies()
    assert set(copies) == {"d20", "d21"}
    assert copies["d20"].of_document == "d4"
    assert copies["d21"].of_document == "d4"


def test_the_order_of_the_corpus_does_not_matter() -> None:
    docs = corpus()
    first = find_self_copies(docs)
    for seed in range(5):
        random.Random(seed).shuffle(docs)
        assert find_self_copies(docs) == first


def test_a_result_can_be_examined_at_another_threshold() -> None:
    docs = [(i, f"d{i}", change_words(made_up_note(7), i / 20, i)) for i in range(8)]
    result = find_self_copies(docs)
    sizes = [len(result.copies(t)) for t in (0.3, 0.5, 0.7, 0.9)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]
    with pytest.raises(ValueError, match="not recorded"):
        result.copies(0.1)


def test_a_document_like_a_dropped_one_only_is_kept() -> None:
    base = [" ".join(WORDS[i * 30 : i * 30 + 3]) for i in range(60)]
    docs = [
        (0, "a", " ".join(base[:40])),
        (1, "b", " ".join(base[10:50])),
        (2, "c", " ".join(base[20:60])),
    ]
    result = find_self_copies(docs, threshold=0.6)
    assert set(result.copies()) == {"b"}


def test_short_texts_are_copies_of_their_like_only() -> None:
    docs = [
        (0, "long", made_up_note(1) + " Never smoker."),
        (1, "x", "Never smoker."),
        (2, "y", "Never smoker."),
    ]
    assert set(find_self_copies(docs).copies()) == {"y"}


# --- words and shingles --------------------------------------------------------------


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_words_lead_back_to_their_place(text: str) -> None:
    words = read_words(text)
    assert np.all(words.starts < words.ends)
    # "¼" is one character and, folded, two words.
    assert np.all(words.starts[1:] >= words.starts[:-1])
    assert not len(words) or (words.starts[0] >= 0 and words.ends[-1] <= len(text))


@given(st.lists(st.from_regex(r"[a-z0-9]{1,12}", fullmatch=True), min_size=1, max_size=30))
def test_hashes_depend_on_the_words_alone(tokens: list[str]) -> None:
    a = read_words(" ".join(tokens))
    b = read_words("\n".join(t.upper() for t in tokens) + "!")
    assert np.array_equal(a.hashes, b.hashes)
    assert len({int(h) for h in a.hashes}) == len(set(tokens))
    assert len(shingle(a.hashes)) == max(1, len(tokens) - 2)


def test_masking_joins_names_and_numbers() -> None:
    text = "Mr. John Smith paid 120/80 dollars to Amara Okafor in March."
    reading = masked(read_words(text))
    parts = [text[a:b] for a, b in zip(reading.starts, reading.ends, strict=True)]
    assert parts == [
        "Mr",
        "John Smith",
        "paid",
        "120/80",
        "dollars",
        "to",
        "Amara Okafor",
        "in",
        "March",
    ]
    assert len(plain(read_words(text)).hashes) == len(re.findall(r"\w+", text))


@pytest.mark.parametrize(
    "text", ["\x00" * 50, "\u200b" * 50, "é" * 50, "a\u200bb", "\ud800 x", " " * 50]
)
def test_odd_texts_are_read(text: str) -> None:
    assert NearCopies(INDEX)(text).keep
