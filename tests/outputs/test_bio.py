"""Tags say what the spans say, whatever the tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from row_factory import make_row

from casewright.outputs.bio import LabelledSpan, bio_spans, bio_tags, flat_spans

TEXTS = [make_row(i).text for i in range(60)]


def tokenizers() -> Iterator[tuple[str, Any]]:
    """Real tokenizers, trained here: byte-level with and without spaces, word pieces, words."""
    lib = pytest.importorskip("tokenizers")
    from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

    for name, trim in (("bytes", True), ("bytes with spaces", False)):
        bpe = lib.Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=trim)
        bpe.post_processor = lib.processors.ByteLevel(trim_offsets=trim)
        bpe.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        bpe.train_from_iterator(
            TEXTS, trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet)
        )
        yield name, bpe
    pieces = lib.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.normalizer = normalizers.Lowercase()
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[UNK]", "[CLS]", "[SEP]"]
    pieces.train_from_iterator(
        TEXTS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special)
    )
    pieces.post_processor = lib.processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    yield "word pieces", pieces


@pytest.mark.parametrize("number", range(3))
def test_spans_survive_tagging_by_a_tokenizer(number: int) -> None:
    name, tokenizer = list(tokenizers())[number]
    seen = 0
    for index in range(60):
        row = make_row(index)
        spans = [LabelledSpan(e.start, e.end, e.label) for e in row.entities]
        offsets = tokenizer.encode(row.text).offsets
        tags = bio_tags(row.text, offsets, spans)
        assert len(tags) == len(offsets)
        assert bio_spans(row.text, offsets, tags) == flat_spans(spans), name
        seen += len(spans)
    assert seen == 300


@st.composite
def tagged(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]], list[LabelledSpan]]:
    """Words as tokens, cut further at random, and spans of whole words."""
    words = draw(st.lists(st.text("abcé😀", min_size=1, max_size=6), min_size=1, max_size=12))
    text, edges, offsets = "", [], []
    for word in words:
        text += " " if text else ""
        edges.append((len(text), len(text) + len(word)))
        cut = draw(st.integers(0, len(word)))
        offsets += [(len(text), len(text) + cut), (len(text) + cut, len(text) + len(word))]
        text += word
    spans = []
    for _ in range(draw(st.integers(0, 4))):
        first = draw(st.integers(0, len(words) - 1))
        last = draw(st.integers(first, len(words) - 1))
        spans.append(
            LabelledSpan(edges[first][0], edges[last][1], draw(st.sampled_from(("A", "B"))))
        )
    return text, offsets, spans


@settings(max_examples=150, deadline=None)
@given(tagged())
def test_spans_of_whole_tokens_come_back_as_they_were(
    drawn: tuple[str, list[tuple[int, int]], list[LabelledSpan]],
) -> None:
    text, offsets, spans = drawn
    assert bio_spans(text, offsets, bio_tags(text, offsets, spans)) == flat_spans(spans)


@pytest.mark.parametrize(
    ("offsets", "spans", "tags"),
    [
        ([(0, 1), (2, 3)], [(0, 1, "X"), (2, 3, "X")], ["B-X", "B-X"]),
        ([(0, 1), (2, 3)], [(0, 3, "X")], ["B-X", "I-X"]),
        ([(0, 3)], [(0, 1, "X"), (2, 3, "Y")], ["B-X"]),
        ([(0, 0), (0, 1), (1, 3), (3, 3)], [(2, 3, "X")], ["O", "O", "B-X", "O"]),
        ([(0, 1), (2, 3)], [], ["O", "O"]),
    ],
)
def test_tags_of_small_examples(
    offsets: Sequence[tuple[int, int]], spans: list[tuple[int, int, str]], tags: list[str]
) -> None:
    assert bio_tags("a b", offsets, [LabelledSpan(*s) for s in spans]) == tags


@pytest.mark.parametrize("span", [(2, 2), (0, 9), (-1, 2)])
def test_span_that_is_not_in_the_text_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="not in a text of 3"):
        bio_tags("a b", [(0, 1)], [LabelledSpan(*span, "X")])
