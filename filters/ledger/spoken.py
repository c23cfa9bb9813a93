"""Numbers said in words: "a hundred and one point five", "one forty-eight over ninety-two"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casewright.filters.ledger.normalise import word_list

__all__ = ["SpokenNumber", "spoken_numbers"]


@dataclass(frozen=True, slots=True)
class SpokenNumber:
    """A number in words `first` to `last`; `second` after "over" (a blood pressure)."""

    value: float
    decimals: int
    first: int
    last: int
    second: float | None = None


_ONES = {
    w: i
    for i, w in enumerate(
        word_list(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen "
            "fourteen fifteen sixteen seventeen eighteen nineteen"
        )
    )
}
_TENS = {
    w: 10 * (i + 2)
    for i, w in enumerate(word_list("twenty thirty forty fifty sixty seventy eighty ninety"))
}
_OPENING_WORDS = frozenset({*_ONES, *_TENS, "a"})


def spoken_numbers(words: Sequence[str]) -> Iterator[SpokenNumber]:
    """The numbers said in words, in order, by the longest reading."""
    after = 0
    for i in [i for i, w in enumerate(words) if w in _OPENING_WORDS]:
        if i < after or (words[i] == "a" and not _is_a_hundred(words, i)):
            continue
        value, decimals, after = _read_words(words, i)
        if value is None:
            after = i + 1
            continue
        second = None
        if after + 1 < len(words) and words[after] == "over":
            below, _, further = _read_words(words, after + 1)
            if below is not None and value >= _LOWEST_SYSTOLIC:
                second, after = below, further
        yield SpokenNumber(value, decimals, i, after - 1, second)


_LOWEST_SYSTOLIC = 30


def _is_a_hundred(words: Sequence[str], i: int) -> bool:
    return words[i] == "a" and i + 1 < len(words) and words[i + 1] in ("hundred", "thousand")


def _read_words(words: Sequence[str], i: int) -> tuple[float | None, int, int]:
    """Value, decimals and the index after the number that begins at word `i`."""
    whole, i = _read_whole(words, i)
    if whole is None:
        return None, 0, i
    decimals = ""
    if i + 1 < len(words) and words[i] == "point":
        j = i + 1
        while j < len(words) and (words[j] in _ONES or words[j] == "oh") and len(decimals) < 3:
            decimals += str(_ONES.get(words[j], 0))
            j += 1
        if decimals:
            i = j
    value = float(f"{whole}.{decimals}") if decimals else float(whole)
    if not decimals and tuple(words[i : i + 3]) == ("and", "a", "half"):
        return value + 0.5, 1, i + 3
    return value, len(decimals), i


def _read_whole(words: Sequence[str], i: int) -> tuple[int | None, int]:
    """ "one hundred and one", "a hundred one", "one forty-eight", "one oh one", "ninety-two"."""
    if _is_a_hundred(words, i):
        i, total = i + 1, 1
    else:
        total_or_none, i = _under_hundred(words, i)
        if total_or_none is None:
            return None, i
        total = total_or_none
    if i < len(words) and words[i] == "thousand":
        rest, j = _under_hundred(words, i + 1)
        return total * 1000 + (rest or 0), j if rest is not None else i + 1
    if i < len(words) and words[i] == "hundred":
        j = i + 1
        if j + 1 < len(words) and words[j] == "and":
            j += 1
        rest, k = _under_hundred(words, j)
        return (total * 100 + rest, k) if rest is not None else (total * 100, i + 1)
    return _digits_run_on(words, i, total)


def _digits_run_on(words: Sequence[str], i: int, total: int) -> tuple[int, int]:
    """ "one forty-eight" is 148, "one oh one" 101, "two fifty" 250."""
    if not 1 <= total <= 9 or i >= len(words):
        return total, i
    if words[i] in ("oh", "o") and i + 1 < len(words) and words[i + 1] in _ONES:
        return total * 100 + _ONES[words[i + 1]], i + 2
    rest, j = _under_hundred(words, i)
    if rest is not None and rest >= 10:
        return total * 100 + rest, j
    return total, i


def _under_hundred(words: Sequence[str], i: int) -> tuple[int | None, int]:
    if i >= len(words):
        return None, i
    if words[i] in _TENS:
        value, i = _TENS[words[i]], i + 1
        j = i + 1 if i < len(words) and words[i] == "-" else i
        if j < len(words) and 1 <= _ONES.get(words[j], 0) <= 9:
            return value + _ONES[words[j]], j + 1
        return value, i
    if words[i] in _ONES:
        return _ONES[words[i]], i + 1
    return None, i
