"""Figures of texts: each agrees with a plain recount, and the packaged bands with the corpora."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from row_factory import ABOUT, FINGERPRINT, make_row

from casewright.outputs import parts
from casewright.outputs.diversity import SIZES, Diversity, measure_diversity, words_of
from casewright.outputs.measures import (
    MENTIONS,
    Sampled,
    Share,
    coverage_of_notes,
    measure_run,
    measure_sample,
)
from casewright.outputs.report.bands import load_corpora, measure_panels
from casewright.outputs.rundir import RunDir

CORPORA = Path(__file__).parents[3] / "shared" / "corpora"


def bleu(words: list[str], references: Sequence[list[str]]) -> float:
    """BLEU-4 as Papineni et al. (2002) define it, without any short cut."""

    def grams(text: list[str], size: int) -> Counter[tuple[str, ...]]:
        return Counter(tuple(text[i : i + size]) for i in range(len(text) - size + 1))

    logs = 0.0
    for size in range(1, 5):
        own = grams(words, size)
        most: Counter[tuple[str, ...]] = Counter()
        for other in references:
            most |= grams(other, size)
        met = sum(min(n, most[gram]) for gram, n in own.items())
        if not met:
            return 0.0
        logs += math.log(met / own.total()) / 4
    nearest = min((abs(len(r) - len(words)), len(r)) for r in references)[1]
    return min(1.0, math.exp(1 - nearest / len(words))) * math.exp(logs)


def at(size: int, texts: Sequence[str]) -> Diversity:
    return next(d for d in measure_diversity(texts) if d.words == size)


def varied(seed: int, count: int, words: int, vocabulary: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(f"w{rng.randrange(vocabulary)}" for _ in range(words)) for _ in range(count)]


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 10_000), vocabulary=st.integers(2, 9))
def test_self_bleu_is_that_of_the_definition(seed: int, vocabulary: int) -> None:
    texts = varied(seed, 8, 250, vocabulary)
    words = [words_of(t) for t in texts]
    expected = sum(
        bleu(own, [w for n, w in enumerate(words) if n != place])
        for place, own in enumerate(words)
    ) / len(words)  # fmt: skip
    assert at(2_000, texts).self_bleu == pytest.approx(expected, abs=1e-4)


def test_plainer_texts_have_plainer_figures() -> None:
    plain, rich = at(2_000, varied(1, 10, 300, 5)), at(2_000, varied(1, 10, 300, 2_000))
    assert plain.compression > rich.compression
    assert plain.distinct_pairs < rich.distinct_pairs
    assert plain.self_bleu is not None
    assert rich.self_bleu is not None
    assert plain.self_bleu > rich.self_bleu
    same = at(2_000, [varied(1, 1, 300, 2_000)[0]] * 10)
    assert same.repeated > 0.99
    assert rich.repeated == 0


def test_figures_are_taken_at_the_sizes_that_are_reached_and_no_other() -> None:
    texts = varied(2, 30, 200, 100)
    assert [d.words for d in measure_diversity(texts)] == [2_000, 5_000]
    assert at(2_000, texts) == at(2_000, texts[:10])
    assert measure_diversity(texts[:9]) == ()
    assert measure_diversity([]) == ()
    assert measure_diversity(["one " * 30_000])[-1].self_bleu is None


def test_sample_is_measured_by_plain_counting() -> None:
    texts = ["Fever. No cough here.\nCall 555-0100 now.", "Fever."]
    made = measure_sample(
        "notes", [Sampled(str(n), str(n), t, 2 - n, 1 - n) for n, t in enumerate(texts)]
    )
    assert made.documents == 2
    assert made.words is not None
    assert (made.words.p10, made.words.median, made.words.p90) == (1.6, 4.0, 6.4)
    assert made.sentence_words is not None
    assert made.sentence_words.median == pytest.approx((7 / 3 + 1) / 2, abs=1e-4)
    assert made.mentions_per_100_words == pytest.approx(100 * 3 / 8)
    assert made.denied == Share.of(1, 3)
    assert made.identifiers_per_1000_words == pytest.approx(1000 / 8)
    assert made.diversity == ()


def test_alike_documents_of_one_case_do_not_count() -> None:
    text = " ".join(varied(3, 1, 120, 500))

    def sample(cases: Sequence[str]) -> list[Sampled]:
        return [Sampled(str(n), c, f"{text} end {n}", 0, 0) for n, c in enumerate(cases)]

    assert measure_sample("notes", sample("aaaa")).alike == Share.of(0, 4)
    assert measure_sample("notes", sample("aabb")).alike == Share.of(2, 4)


def test_note_and_dialogue_share_concepts() -> None:
    pairs = [(frozenset("abc"), frozenset("bcd")), (frozenset("x"), frozenset())]
    assert coverage_of_notes(pairs) == (Share.of(2, 4), Share.of(2, 3))
    assert coverage_of_notes([]) == (Share.of(0, 0), Share.of(0, 0))


PLANNED = 45


def write_run(path: Path) -> Path:
    with RunDir.open(path, FINGERPRINT, PLANNED, about=ABOUT) as out:
        for index in range(PLANNED):
            out.add(make_row(index, keep=index % 7 != 1))
        out.seal()
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("measures") / "run")


def test_figures_of_a_run_agree_with_a_recount(run: Path) -> None:
    rows = [r for i in range(PLANNED) if (r := make_row(i, keep=i % 7 != 1)).outcome == "kept"]
    measures = measure_run(run)
    assert [g.group for g in measures.groups] == ["notes", "dialogues"]
    for group in measures.groups:
        mine = [r for r in rows if bool(r.turns) == (group.group == "dialogues")]
        named = [e for r in mine for e in r.entities if e.label in MENTIONS]
        words = sum(len(r.text.split()) for r in mine)
        assert group.documents == len(mine)
        assert group.denied == Share.of(sum(e.assertion == "denied" for e in named), len(named))
        assert group.mentions_per_100_words == pytest.approx(100 * len(named) / words, abs=1e-3)


def test_figures_do_not_depend_on_how_the_run_is_stored(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "PART_ROWS", 10)
    assert measure_run(write_run(tmp_path / "run")) == measure_run(run)


def test_empty_run_has_no_figures(tmp_path: Path) -> None:
    with RunDir.open(tmp_path / "run", FINGERPRINT, 0) as out:
        out.seal()
    measures = measure_run(tmp_path / "run")
    assert measures.groups == ()
    assert measures.leaks == Share.of(0, 0)
    assert all(not panel.strips for panel in measure_panels(measures))


def test_strips_stand_where_their_figures_say(run: Path) -> None:
    strips = [s for panel in measure_panels(measure_run(run)) for s in panel.strips]
    assert {s.group for s in strips} >= {"notes", "dialogues"}
    for strip in strips:
        places = [c.place for c in strip.corpora]
        assert all(0 <= place <= 100 for place in places)
        assert strip.own is None or 0 <= strip.own.place <= 100
        if strip.state == "alone":
            assert strip.own is None or not places
            continue
        assert (strip.low, strip.high) == (min(places), max(places))
        assert strip.own is not None
        inside = strip.low <= strip.own.place <= strip.high
        assert inside == (strip.state == "within")
        assert (strip.own.place < strip.low) == (strip.state == "below")


def test_bands_name_their_source_and_hold_figures_only() -> None:
    corpora = load_corpora()
    assert {c.measures.group for c in corpora} == {"notes", "dialogues"}
    for corpus in corpora:
        assert "CC BY 4.0" in corpus.source
        assert 0 < corpus.measures.documents <= corpus.of
        assert {d.words for d in corpus.measures.diversity} <= set(SIZES)


@pytest.mark.shared
@pytest.mark.skipif(not CORPORA.is_dir(), reason="the development corpora are not here")
def test_packaged_bands_are_what_the_corpora_measure() -> None:
    """All that needs no graph, measured again on the smallest corpus."""
    from casewright.seeds import derive_seed

    lines = (CORPORA / "primock57.jsonl").read_text("utf-8").splitlines()
    rows = sorted(map(json.loads, lines), key=lambda r: derive_seed("measures", str(r["id"])))
    made = measure_sample(
        "notes", [Sampled(str(r["id"]), str(r["id"]), r["note"], 0, 0) for r in rows]
    )
    packaged = next(c for c in load_corpora() if c.name == "primock57 notes")
    for name in ("documents", "words", "sentence_words", "diversity", "alike",
                 "identifiers_per_1000_words"):  # fmt: skip
        assert getattr(made, name) == getattr(packaged.measures, name), name
