"""Text quality: what no finished clinical document has.

Truncation, refusals, talk about the prompt or about being a model, debris of markup
and templates, loops, empty sections, another language, garbled characters, too few
words. Every reason carries the spans that show it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from casewright.filters.near_copies.shingles import hash_words, read_words
from casewright.filters.phi.lexicon import load_lexicon, word_set
from casewright.filters.quality_patterns import REFUSALS, ROLES, debris, model_talk
from casewright.records import Evidence, Reason, Turn, Verdict

__all__ = ["LABELS", "QualityLimits", "quality_verdict"]

LABELS = (
    "too_short",
    "truncation",
    "refusal",
    "model_talk",
    "debris",
    "loop",
    "empty_section",
    "wrong_language",
    "garbled",
)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Limits of the quality filter.

    Attributes:
        min_words: fewer words are too short.
        min_known: smallest share of words that English and the lexicons know; public notes
            are above .8 (tests/filters/test_quality_shared.py).
        max_foreign: largest share of letters of another script.
        repeats: the same sentence of at least `repeat_words` words this often is a loop.
        repeat_words: see `repeats`; two more in a dialogue, where short answers come again.
        max_repeated: largest share of words inside repeated runs of eight words.
    """

    min_words: int = 25
    min_known: float = 0.6
    max_foreign: float = 0.05
    repeats: int = 3
    repeat_words: int = 6
    max_repeated: float = 0.35


def quality_verdict(
    text: str,
    *,
    kind: str = "",
    turns: Sequence[Turn] = (),
    truncated: bool = False,
    english: bool = True,
    limits: QualityLimits | None = None,
) -> Verdict:
    """Judge the quality of one document.

    Args:
        text: the document.
        kind: kind of document; one with "dialogue" in it is read as a transcript.
        turns: turns of a dialogue, if it has been divided.
        truncated: the generator says that a piece ended for another reason than its own stop.
        english: whether its words are to be English ones.
        limits: see `QualityLimits`.

    Returns:
        A verdict with one reason per label; a clean text has none.
    """
    limits = limits or QualityLimits()
    dialogue = bool(turns) or "dialogue" in kind
    found: list[tuple[str, str, float, list[Evidence]]] = []

    def add(label: str, message: str, evidence: Iterable[Evidence], score: float = 1.0) -> None:
        spans = list(evidence)
        if spans:
            found.append((label, message, score, spans))

    words = read_words(text)
    if len(words) < limits.min_words:
        end = min(len(text), 200)
        found.append(
            (
                "too_short",
                f"{len(words)} words; at least {limits.min_words} are wanted",
                float(len(words)),
                [Evidence(0, end, text[:end])],
            )
        )
    cut = list(_truncation(text, turns, dialogue=dialogue))
    if truncated and not cut:
        start = max(0, len(text) - 80)
        cut = [Evidence(start, len(text), text[start:], "the engine broke off")]
    add("truncation", "the text breaks off in the middle of a sentence", cut)
    add("refusal", "the model refuses", _patterns(text, REFUSALS))
    add(
        "model_talk",
        "talk about the prompt or about being a model",
        _patterns(text, model_talk(dialogue)),
    )
    add("debris", "debris of markup or of a template", _patterns(text, debris(dialogue)))
    loops, repeated = _loops(text, limits, dialogue=dialogue)
    add("loop", "the text repeats itself", loops, repeated)
    if not dialogue:
        add("empty_section", "a heading with nothing under it", _empty_sections(text))
    known, foreign = _language(text)
    strange = english and known < limits.min_known
    if len(words) >= 8 and (strange or foreign > limits.max_foreign):
        end = min(len(text), 200)
        found.append(
            (
                "wrong_language",
                f"{known:.0%} of the words are known English or medical words",
                known,
                [Evidence(0, end, text[:end])],
            )
        )
    add("garbled", "garbled characters", _garbled(text))
    reasons = tuple(
        Reason("quality", label, message, round(score, 4), tuple(spans[:_SHOWN]))
        for label, message, score, spans in found
    )
    return Verdict(not reasons, reasons, (("known_words", round(known, 4)),))


def _patterns(text: str, rules: Iterable[tuple[str, re.Pattern[str]]]) -> Iterator[Evidence]:
    for note, pattern in rules:
        for count, match in enumerate(pattern.finditer(text)):
            if count == _SHOWN:
                break
            yield Evidence(match.start(), match.end(), match[0], note)


# --- truncation ------------------------------------------------------------------

# A sentence does not end in one of these words; a spoken one may in many of them.
_OPEN_SPOKEN = frozenset(
    ("a", "an", "the", "and", "or", "my", "your", "his", "their", "our", "of", "with")
)
_OPEN_WORDS = word_set(
    """
a an the and or but nor in on of with without to for from by at as than that which who whose because
although though while if unless until when where his her their our my your its into onto upon
between among via per is are was were be been being has have had will would can could should may
might must do does did very including such not no every each this these those both either
neither there also then so
"""
)
# These may: "What is that for?" ends in a preposition, but with a question mark.
_TERMINAL = re.compile(r"[.!?:)\]}>\"'%…]\s*\Z")
# What a letter begins and ends with: a line of its own that ends in a comma.
_LETTER_LINE = re.compile(
    r"\s*(?:(?:Dear|Hello|Hi|Good (?:morning|afternoon|evening))(?: [A-Z][\w.'’-]*){1,5}"
    r"|To whom it may concern|(?:With )?(?:kind|best|warm) (?:regards|wishes)"
    r"|(?:Many thanks|Thanks so much|Thank you very much|Thank you so much)),\s*\Z",
    re.IGNORECASE,
)
_OPEN_END = re.compile(r"(?:[,;(/&+]|(?<=\w)\s?-|\s-)\s*\Z")


def _truncation(text: str, turns: Sequence[Turn], *, dialogue: bool) -> Iterator[Evidence]:
    """Where a paragraph, a turn or the text ends in the middle of a sentence."""
    blocks: list[tuple[int, int]] = []
    if turns:
        blocks = [(t.start, t.end) for t in turns]
    else:
        lines = list(_lines(text))
        for i, (start, end) in enumerate(lines):
            following = lines[i + 1] if i + 1 < len(lines) else None
            # A line that runs on in the next one, in lower case, is wrapped and not cut.
            runs_on = (
                following is not None
                and following[0] - end <= 1
                and text[following[0] : following[1]].lstrip()[:1].islower()
            )
            if not runs_on:
                blocks.append((start, end))
    last = len(blocks) - 1
    prose = sum(bool(_TERMINAL.search(text[max(0, e - 4) : e])) for _, e in blocks)
    for i, (start, end) in enumerate(blocks):
        body = text[start:end].rstrip()
        if not body:
            continue
        finish = start + len(body)
        tail = body[-60:]
        words = re.findall(r"[A-Za-z']+", tail)
        bare = not _TERMINAL.search(tail)
        count = len(body.split())
        heading = body.isupper() or count <= 2 or _LETTER_LINE.match(body)
        if not bare or heading or not words:
            continue
        open_end = _OPEN_END.search(tail) or (
            tail[-1:].isalpha()
            and words[-1].lower() in (_OPEN_SPOKEN if dialogue else _OPEN_WORDS)
            and count > 3
        )
        if open_end and not (dialogue and not turns and tail.endswith("-") and i != last):
            yield Evidence(finish - len(tail), finish, tail, "ends in an open phrase")
        elif i == last and not _is_item(body) and (prose * 2 >= len(blocks)) and count >= 9:
            yield Evidence(finish - len(tail), finish, tail, "the last sentence has no end")


_ITEM = re.compile(r"\s*(?:[-*•·o]\s|\d{1,2}[.)]\s|[A-Za-z][\w /&'()-]{0,40}:\s)")


def _is_item(line: str) -> bool:
    """List items and "Label: value" lines need no full stop."""
    return bool(_ITEM.match(line)) or line.rstrip()[-1:].isdigit()


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Offsets of the lines that hold something."""
    start = 0
    for line in text.splitlines(keepends=True):
        body = line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029")
        if body.strip():
            yield start, start + len(body)
        start += len(line)


# --- loops -----------------------------------------------------------------------

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_MAX_PERIOD = 16
_RUN_WORDS = 8


def _loops(text: str, limits: QualityLimits, *, dialogue: bool) -> tuple[list[Evidence], float]:
    """Repeated units in a row, repeated sentences, and the share of repeated runs."""
    evidence: list[Evidence] = []
    words = read_words(text)
    hashes = words.hashes
    # A unit of p words said again at once: the text equals itself shifted by p.
    for period in range(1, min(_MAX_PERIOD, len(hashes) // 2) + 1):
        same = (hashes[period:] == hashes[:-period]).astype(np.int8)
        edges = np.diff(same, prepend=0, append=0)
        starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
        # Three times in a row; a single word four times; a long unit twice.
        needed = 3 if period == 1 else 2 * period if period < _RUN_WORDS else period
        for a, b in zip(starts, ends, strict=True):
            if b - a >= needed and not _counts(text, words.starts[a], words.ends[b + period - 1]):
                start, end = int(words.starts[a]), int(words.ends[b + period - 1])
                if not any(e.start <= start and end <= e.end for e in evidence):
                    evidence.append(Evidence(start, end, text[start:end], "said again at once"))
        if len(evidence) >= _SHOWN:
            break
    seen: dict[str, list[tuple[int, int]]] = {}
    for match in _SENTENCE.finditer(text):
        body = re.sub(r"\W+", " ", match[0].lower()).strip()
        if dialogue:
            body = re.sub(rf"^{ROLES} ", "", body)
        # "More than half the days, doctor.": a questionnaire is answered with the same words.
        if body.count(" ") + 1 >= limits.repeat_words + (2 if dialogue else 0):
            seen.setdefault(body, []).append(match.span())
    for spans in seen.values():
        if len(spans) >= limits.repeats:
            start, end = spans[-1]
            evidence.append(
                Evidence(start, end, text[start:end], f"the same sentence {len(spans)} times")
            )
    share = _repeated_share(hashes)
    if share > limits.max_repeated and not evidence:
        end = min(len(text), 200)
        evidence.append(
            Evidence(0, end, text[:end], f"{share:.0%} of the words are in runs said before")
        )
    return evidence, share


def _counts(text: str, start: int, end: int) -> bool:
    """Whether a run is of numbers only: "0 0 0 0" in a table is no loop."""
    return not any(c.isalpha() for c in text[int(start) : int(end)])


def _repeated_share(hashes: NDArray[np.uint64]) -> float:
    """Share of runs of `_RUN_WORDS` words that stand elsewhere in the text, too."""
    count = len(hashes) - _RUN_WORDS + 1
    if count < 2 * _RUN_WORDS:
        return 0.0
    total = hashes[:count].copy()
    for i in range(1, _RUN_WORDS):
        total = total * np.uint64(0x9E3779B97F4A7C15) + hashes[i : count + i]
    _, counts = np.unique(total, return_counts=True)
    return float(1 - len(counts) / count)


# --- sections ----------------------------------------------------------------------

_COLON_HEADING = re.compile(r"\s*(?:[-*•]\s?)?([A-Z][A-Za-z][\w /&'(),-]{1,60}):\s*[-–.]?\s*\Z")
_CAPS_HEADING = re.compile(r"\s*[A-Z][A-Z /&'(),-]{3,60}\s*\Z")
_NOTHING = re.compile(r"\s*[-–—.*•:]{0,3}\s*\Z")


def _empty_sections(text: str) -> Iterator[Evidence]:
    """Headings followed by the end of the text or by a heading of the same kind."""

    def style(line: str) -> int:
        """0 no heading, 1 in capitals without a colon, 2 in capitals with one, 3 with a colon."""
        if _CAPS_HEADING.match(line) and len(line.split()) <= 8:
            return 1
        match = _COLON_HEADING.match(line)
        if match is None or len(match[1].split()) > 6:
            return 0
        return 2 if match[1].isupper() else 3

    lines = [(s, e) for s, e in _lines(text) if not _NOTHING.match(text[s:e])]
    styles = [style(text[s:e]) for s, e in lines]
    for i, (start, end) in enumerate(lines):
        if not styles[i]:
            continue
        last = i + 1 == len(lines)
        # "PHYSICAL EXAMINATION" over "VITALS:" has a section below it, not a gap.
        same = not last and styles[i + 1] == styles[i] and styles[i + 1] != 0
        higher = not last and 0 < styles[i + 1] < styles[i]
        if last or same or higher:
            # A list that is introduced by a sentence ("Take these:") is not a section.
            yield Evidence(start, end, text[start:end], "nothing under this heading")


# --- language and characters -----------------------------------------------------------


@lru_cache(maxsize=1)
def _known_words() -> NDArray[np.uint64]:
    lex = load_lexicon()
    words = set(lex.words | lex.medical | lex.brands | lex.given_known | lex.family_known)
    words |= lex.eponyms | lex.not_names | lex.placeholders
    words |= {part for city in lex.home_cities for part in city.split()}
    # Parts of contractions, single letters and the common abbreviations of notes.
    words |= word_set(
        """
a i s t d m ll re ve don didn doesn isn wasn couldn wouldn shouldn hasn haven won ain aren weren
b c e f g h j k l n o p q r u v w x y z mg ml mcg mmhg mmol meq iu kg cm mm dl hr bpm po bid tid
qid qd prn iv im sc hx pmh psh htn dm cad chf copd ckd gerd mi cva tia dvt pe uti uri bmi bp rr
spo ecg ekg ct mri cbc bmp cmp wbc hgb hba tsh ldl hdl ast alt bun inr ros hpi heent cv gi gu
msk neuro psych nkda fh sh dh imp rx tx dx sx pt pts yo wnl ed er icu or pcp gp ent ob gyn
"""
    )
    return hash_words([w for w in words if w.isalnum()])


_LETTERS: Callable[[str], bool] = str.isalpha


def _language(text: str) -> tuple[float, float]:
    """(share of words that the lexicons know, share of letters of another script)."""
    words = read_words(text)
    if not len(words):
        return 1.0, 0.0
    plain = words.hashes[~words.digit]
    known = 1.0
    if len(plain):
        table = _known_words()
        at = np.searchsorted(table, plain)
        at[at == len(table)] = 0
        known = float(np.mean(table[at] == plain))
    # A sample is enough: a document in another script is so from the start.
    sample = text[:20_000]
    letters = [c for c in sample if _LETTERS(c)]
    foreign = sum(ord(c) > 0x24F for c in letters) / len(letters) if letters else 0.0
    return known, foreign


_GARBLED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\ufffd\ue000-\uf8ff\ud800-\udfff]+"
    "|(?:Ã[\x80-\xbf©¨¢¯±³¶¼]|â€[\x80-\xbf™œ˜\u201c\u201d¢“”]?|Â[\x80-\xbf°±µ·])"
    r"|(?<![\w/@.-])[A-Za-z]{46,}"
    r"|[^\w\s.,_=*#-]{7,}"
)


def _garbled(text: str) -> Iterator[Evidence]:
    for count, match in enumerate(_GARBLED.finditer(text)):
        if count == _SHOWN:
            return
        end = min(match.end(), match.start() + 80)
        yield Evidence(match.start(), end, text[match.start() : end], "no readable characters")
