"""BIO tags of a tokenizer's tokens, from the character spans that are the truth.

Spans are what is stored; tags depend on a tokenizer and are made where one is chosen:

    encoding = tokenizer(row["text"], return_offsets_mapping=True)
    tags = bio_tags(row["text"], encoding["offset_mapping"], spans)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LabelledSpan", "bio_spans", "bio_tags", "flat_spans"]


@dataclass(frozen=True, slots=True, order=True)
class LabelledSpan:
    """Characters `start` to `end` (exclusive) of a text, with a label."""

    start: int
    end: int
    label: str


def flat_spans(spans: Sequence[LabelledSpan]) -> list[LabelledSpan]:
    """Spans of which none overlaps another: the longer one stays, of equals the first.

    BIO cannot say that a mention lies within another.
    """
    chosen: list[LabelledSpan] = []
    for span in sorted(set(spans), key=lambda s: (s.start - s.end, s)):
        if all(span.end <= other.start or other.end <= span.start for other in chosen):
            chosen.append(span)
    return sorted(chosen)


def bio_tags(
    text: str, offsets: Sequence[tuple[int, int]], spans: Sequence[LabelledSpan]
) -> list[str]:
    """The tag of each token: "B-LABEL", "I-LABEL" or "O".

    Args:
        text: the document.
        offsets: characters that each token covers, as tokenizers give them. A token may take in
            white space before its word. Tokens of no width (special ones) are "O".
        spans: the truth; of spans that overlap the longer one is tagged. A token that reaches
            over the edge of a span belongs to it.

    Raises:
        ValueError: a span is of no width or lies outside the text.
    """
    tags = ["O"] * len(offsets)
    bare = [_without_space(text, start, end) for start, end in offsets]
    for span in flat_spans(spans):
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(f"span {span.start}-{span.end} is not in a text of {len(text)}")
        begun = False
        for place, (start, end) in enumerate(bare):
            inside = start < span.end and span.start < end
            if inside and tags[place] == "O":
                tags[place] = f"{'I' if begun else 'B'}-{span.label}"
                begun = True
    return tags


def bio_spans(
    text: str, offsets: Sequence[tuple[int, int]], tags: Sequence[str]
) -> list[LabelledSpan]:
    """The spans that tags say, without white space at their ends.

    An "I" that follows no token of its label begins a span, as evaluation tools read it.
    """
    spans: list[LabelledSpan] = []
    label = ""
    first = last = 0
    for (start, end), tag in zip(offsets, tags, strict=True):
        low, high = _without_space(text, start, end)
        if low == high and tag == "O":
            continue  # a special token or a space parts nothing
        begins = tag.startswith("B-") or (tag.startswith("I-") and tag[2:] != label)
        if label and (tag == "O" or begins):
            spans.append(LabelledSpan(first, last, label))
            label = ""
        if begins:
            label, first = tag[2:], low
        if label:
            last = high
    if label:
        spans.append(LabelledSpan(first, last, label))
    return spans


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
