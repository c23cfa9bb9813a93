"""Planned identifiers are labelled, every other one is a leak."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import date

from casewright.filters.folding import Folded, fold_text
from casewright.filters.phi.ages import find_ages
from casewright.filters.phi.date_values import DateParts, parse_date
from casewright.filters.phi.dates import find_dates
from casewright.filters.phi.hits import Hit
from casewright.filters.phi.lexicon import load_lexicon, word_set
from casewright.filters.phi.scanning import scan
from casewright.filters.phi.voters import Voter, with_votes
from casewright.records import Evidence, Identity, PhiSpan, Reason, Verdict

__all__ = ["LEAK_SCORE", "find_planned", "phi_verdict", "screen_identifiers"]

# Hits below this score are hints, not leaks. Every rule of `scan` that fires alone reaches it.
LEAK_SCORE = 0.5

# Words that may stand in a hit beside a planned identifier and carry no identity.
_GLUE = word_set(
    """
dr mr mrs ms miss mx prof doctor md do rn np pa the a an and of at in on from to for by with s
no number mrn jr sr phone tel fax dob id st street
"""
)
_NUMBER_TYPES = frozenset(
    (
        "mrn",
        "phone",
        "fax",
        "account",
        "plan",
        "ssn",
        "other_id",
        "licence",
        "device",
        "vehicle",
        "zip",
    )
)
_NAMES = frozenset(("name", "clinician"))
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class _Plan:
    """An identity made ready for matching."""

    pattern: re.Pattern[str] | None
    types: dict[str, str]
    tokens: tuple[tuple[str, frozenset[str]], ...]
    digits: dict[str, str]
    dates: tuple[date, ...]
    ages: frozenset[int]


_NO_PLAN = _Plan(None, {}, (), {}, (), frozenset())


def _flat(text: str) -> str:
    return " ".join(fold_text(text).text.split())


def _age(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def _prepare(identity: Identity) -> _Plan:
    types: dict[str, str] = {}
    tokens: list[tuple[str, frozenset[str]]] = []
    digits: dict[str, str] = {}
    for identifier in identity.identifiers:
        words: set[str] = set()
        for form in {identifier.text, *identifier.forms}:
            flat = _flat(form)
            if not flat:
                continue
            types.setdefault(flat.lower(), identifier.type)
            words |= {w.lower() for w in _WORDS.findall(flat)}
            number = "".join(c for c in flat if c.isdigit())
            if len(number) >= 5 and identifier.type != "date":
                digits.setdefault(number, identifier.type)
                if len(number) == 11 and number.startswith("1"):
                    digits.setdefault(number[1:], identifier.type)
        tokens.append((identifier.type, frozenset(words)))
    dates = [identity.birth_date, identity.encounter_date]
    if identity.discharge_date is not None:
        dates.append(identity.discharge_date)
    pattern = None
    if types:
        forms = sorted(types, key=lambda f: (-len(f), f))
        body = "|".join(re.escape(f).replace(r"\ ", r"\s+") for f in forms)
        pattern = re.compile(rf"(?<![^\W_])(?:{body})(?![^\W_])", re.I)
    return _Plan(
        pattern,
        types,
        tuple(tokens),
        digits,
        tuple(dates),
        frozenset(_age(identity.birth_date, d) for d in dates[1:]),
    )


def _reads_as_word(found: str, text: str, start: int) -> bool:
    """Whether a form that is also a word ("Young", "May") stands here as the word."""
    if " " in found or not found.isalpha():
        return False
    lex = load_lexicon()
    low = found.lower()
    if low not in lex.common_words and low not in lex.not_names and low not in lex.medical:
        return found.islower() and lex.is_word(low)
    if found.islower():
        return True
    opening = re.search(r"(?:\A|[.!?:;\n])\s*\Z", text[max(0, start - 8) : start])
    after = re.match(
        r"(?:'s)?[\s,]{1,2}([A-Za-z]+)", text[start + len(found) : start + len(found) + 24]
    )
    return bool(opening) and not (after and after[1].lower() in lex.person_verbs)


def _same_date(parts: DateParts, planned: date) -> bool:
    """Whether a mention says a planned date; a part that is not said does not matter."""
    if parts.month is None:
        return False
    if parts.year is not None and parts.year != planned.year:
        return False
    if parts.day is None:
        return parts.month == planned.month
    if (parts.month, parts.day) == (planned.month, planned.day):
        return True
    return parts.ambiguous and (parts.day, parts.month) == (planned.month, planned.day)


def _planned_spans(folded: Folded, plan: _Plan) -> list[tuple[int, int, str]]:
    """Planned mentions in folded coordinates, sorted, without overlaps."""
    text = folded.text
    found: list[tuple[int, int, str]] = []
    if plan.pattern is not None:
        for m in plan.pattern.finditer(text):
            if not _reads_as_word(m[0], text, m.start()):
                kind = plan.types[" ".join(m[0].lower().split())]
                found.append((m.start(), m.end(), kind))
    for candidate in find_dates(text):
        parts = parse_date(text[candidate.start : candidate.end])
        if parts is not None and any(_same_date(parts, d) for d in plan.dates):
            found.append((candidate.start, candidate.end, "date"))
    for candidate in find_ages(text):
        number = re.search(r"\d+", text[candidate.start : candidate.end])
        if number and int(number[0]) in plan.ages:
            found.append((candidate.start, candidate.end, "age"))
    found.sort(key=lambda s: (s[0], -s[1]))
    kept: list[tuple[int, int, str]] = []
    for span in found:
        if kept and span[0] < kept[-1][1]:
            if span[1] - span[0] > kept[-1][1] - kept[-1][0]:
                kept[-1] = span
            continue
        kept.append(span)
    return kept


def find_planned(text: str, identity: Identity) -> tuple[PhiSpan, ...]:
    """Mark every mention of a planned identifier.

    Forms are matched whatever their case, spacing or look-alike letters; dates also
    in any other notation. A form that reads as a word where it stands is left out.

    Returns:
        Spans in text order that do not overlap; `text[start:end]` is the recorded text.
    """
    folded = fold_text(text)
    return _to_spans(text, folded, _planned_spans(folded, _prepare(identity)))


def _to_spans(
    text: str, folded: Folded, spans: Sequence[tuple[int, int, str]]
) -> tuple[PhiSpan, ...]:
    marked = []
    for start, end, kind in spans:
        a, b = folded.span(start, end)
        marked.append(PhiSpan(a, b, kind, text[a:b]))
    return tuple(marked)


def _uncovered(hit: Hit, spans: Sequence[PhiSpan], starts: Sequence[int]) -> str:
    """What of a hit no planned span covers."""
    rest: list[str] = []
    position = hit.start
    for span in spans[max(0, bisect_right(starts, hit.start) - 1) :]:
        if span.start >= hit.end:
            break
        if span.end <= position:
            continue
        if span.start > position:
            rest.append(hit.text[position - hit.start : span.start - hit.start])
        position = max(position, span.end)
    if position < hit.end:
        rest.append(hit.text[position - hit.start :])
    return " ".join(rest)


def _plan_type(hit: Hit, rest: str, plan: _Plan) -> str | None:
    """The type of the planned identifier that a hit restates in its own form, or None."""
    flat = _flat(hit.text)
    number = "".join(c for c in flat if c.isdigit())
    if hit.type in _NUMBER_TYPES:
        for key in (number, number[1:] if len(number) == 11 and number[0] == "1" else number):
            if key in plan.digits:
                return plan.digits[key]
        return None
    if hit.type in ("name", "facility", "street", "city"):
        words = {w.lower() for w in _WORDS.findall(flat)} - _GLUE
        if not words:
            return None
        for kind, tokens in plan.tokens:
            # Words that any facility or street has do not make it the planned one.
            own = tokens - load_lexicon().facility_generic - load_lexicon().street_suffixes
            if words <= tokens and words & own:
                return kind
    del rest
    return None


def screen_identifiers(
    text: str,
    identity: Identity | None,
    *,
    min_score: float = LEAK_SCORE,
    surrogates: Sequence[PhiSpan] = (),
    voters: Sequence[Voter] = (),
    ordinary: Set[str] = frozenset(),
) -> tuple[list[PhiSpan], list[Hit]]:
    """Divide what a scan finds into planned identifiers and leaks.

    Args:
        text: the document.
        identity: the case's planned identity; with None every hit is a leak.
        min_score: hits below it are ignored.
        surrogates: what replaced identifiers of the text; planned, too.
        voters: further detectors, whose finds are added to those of the rules.
        ordinary: words that name nobody, lower case: those of another language than English.

    Returns:
        Planned spans and leaks, both in text order. A hit is planned when planned
        mentions cover it up to titles and the like, or when it says a planned
        identifier in another notation (same digits, same date, same words).
    """
    hits = [h for h in with_votes(text, scan(text), voters) if h.score >= min_score]
    if identity is None and not surrogates:
        return [], hits
    plan = _prepare(identity) if identity is not None else _NO_PLAN
    folded = fold_text(text)
    spans = [
        s
        for s in _to_spans(text, folded, _planned_spans(folded, plan))
        if not any(r.start < s.end and s.start < r.end for r in surrogates)
    ]
    spans = sorted([*spans, *surrogates], key=lambda s: s.start)
    starts = [s.start for s in spans]
    leaks: list[Hit] = []
    restated: list[PhiSpan] = []
    for hit in hits:
        rest = _uncovered(hit, spans, starts)
        words = [w.lower() for w in _WORDS.findall(_flat(rest))]
        plain = ordinary if hit.type == "name" else frozenset()
        if hit.type == "facility" and rest.startswith("\n"):
            plain = load_lexicon().facility_generic  # a letterhead's next line: "Clinic note"
        if all(w in _GLUE or w in plain for w in words):
            continue
        kind = _plan_type(hit, rest, plan)
        if kind is None:
            leaks.append(hit)
        else:
            restated.append(PhiSpan(hit.start, hit.end, kind, hit.text))
    if restated:
        covered = [
            s for s in spans if not any(r.start < s.end and s.start < r.end for r in restated)
        ]
        spans = sorted([*covered, *restated], key=lambda s: s.start)
    return spans, leaks


def phi_verdict(
    text: str,
    identity: Identity | None,
    *,
    min_score: float = LEAK_SCORE,
    surrogates: Sequence[PhiSpan] = (),
    voters: Sequence[Voter] = (),
    elsewhere: Callable[[str], bool] | None = None,
    ordinary: Set[str] = frozenset(),
) -> Verdict:
    """Keep a text whose identifiers are all planned.

    Args:
        elsewhere: whether a full name or a number is in the reference or the prompts' examples.

    Returns:
        A verdict with one reason per class of leak (label: the class, as in
        `HIT_TYPES`), every leak as evidence, and the number of leaks as a score.
    """
    planned, leaks = screen_identifiers(
        text,
        identity,
        min_score=min_score,
        surrogates=surrogates,
        voters=voters,
        ordinary=ordinary,
    )
    if elsewhere is not None:
        # A planned name or number that is a real person's as well is a leak, by whatever chance.
        both = [p for p in planned if p.type in _NUMBER_TYPES | _NAMES and elsewhere(p.text)]
        leaks += [
            Hit(
                p.type,
                p.start,
                p.end,
                p.text,
                1.0,
                "planned, but in the reference or the examples, too",
            )
            for p in both
        ]
    by_type: dict[str, list[Hit]] = {}
    for leak in leaks:
        by_type.setdefault(leak.type, []).append(leak)
    owner = "that the case does not plan" if identity is not None else "in the text"
    reasons = tuple(
        Reason(
            filter="phi",
            label=kind,
            message=f"{len(hits)} identifier{'s' if len(hits) > 1 else ''} of class {kind} {owner}",
            score=max(h.score for h in hits),
            evidence=tuple(Evidence(h.start, h.end, h.text, h.why) for h in hits),
        )
        for kind, hits in sorted(by_type.items())
    )
    return Verdict(not reasons, reasons, (("phi_leaks", float(len(leaks))),))
