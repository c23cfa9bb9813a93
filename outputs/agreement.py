"""Do the documents of one case agree with each other? Read from what they say, not from the plan.

For each pair of documents of a case: the same value, dose and side for the same fact, the same
age and birth date, a concept not present in one and denied in the other, and the diagnosis as
certain in one as in the other. Words that noise changed, and facts that the patient of a document
did not tell as they are, are left out: these differ by design, and the row says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from casewright.outputs.row import Row, RowFact
from casewright.outputs.rows import row_from_plain
from casewright.outputs.stored import stored_tables
from casewright.seeds import derive_seed

__all__ = ["Agreement", "Disagreement", "agreement_in", "agreement_of", "disagreements"]

COMPARED = 20_000
"""Documents of a run that are held against each other: a second for each thousand."""

# What is looked at, and what a row cannot be without.
_TOLD = ["document_id", "document_index", "case_id", "kind", "text", "facts", "entities",
         "relations", "disclosure", "demographics", "noise"]  # fmt: skip

_AGE = re.compile(r"\b(\d{1,3})[- ](year|month)s?[- ]old\b|\b(\d{1,3}) ?(?:yo|y/o)\b", re.I)
_BORN = re.compile(r"\b(?:Date of birth|DOB|Born)[: ]+([0-9A-Za-z][0-9A-Za-z /.,-]{5,17}\d{2})\b")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SIDES = re.compile(r"\b(?:left|right|bilateral)\b")
_MOST_EXAMPLES = 50


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What two documents of a case say differently.

    `what` is value, dose, side, age, birth_date, polarity, certainty, statement (stated in one,
    contradicted in the other) or fact (another record of it); `about` names the fact; `one` and
    `other` are what the documents of these ids say.
    """

    case_id: str
    what: str
    about: str
    one_document: str
    one: str
    other_document: str
    other: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """How the cases of a run agree: those with two documents and more, and what does not.

    `share` is how much of the run was looked at.
    """

    cases: int
    disagreeing: int
    found: tuple[Disagreement, ...]
    share: float = 1.0


def agreement_of(rows: Iterable[Row]) -> Agreement:
    """Hold the documents of each case against each other.

    Args:
        rows: kept documents; those of one case stand together, as in plan order, or not.
    """
    cases: defaultdict[str, list[_Said]] = defaultdict(list)
    for row in rows:
        if row.case_id:
            cases[row.case_id].append(_said(row))
    several = {case_id: said for case_id, said in cases.items() if len(said) > 1}
    found: list[Disagreement] = []
    bad = 0
    for case_id, said in several.items():
        own = list(_clashes(case_id, said))
        bad += bool(own)
        found += own
    return Agreement(len(several), bad, tuple(found[:_MOST_EXAMPLES]))


def agreement_in(run: Path, kept: int, most: int = COMPARED) -> Agreement:
    """Hold the kept documents of a run against each other, case by case.

    Args:
        kept: how many documents it kept.
        most: about so many are looked at: in a larger run those of cases drawn by their hash.

    Raises:
        CasewrightError: a file of the run is damaged.
    """
    share = min(1.0, most / max(kept, 1))
    bound = int(share * 2**63)

    def rows() -> Iterator[Row]:
        for side, table in stored_tables(run, _TOLD):
            if side != "kept":
                continue
            cases = table["case_id"].to_pylist()
            drawn = [share == 1 or derive_seed("agreement", c or "") < bound for c in cases]
            yield from map(row_from_plain, table.filter(pa.array(drawn)).to_pylist())

    return replace(agreement_of(rows()), share=round(share, 4))


def disagreements(rows: Sequence[Row]) -> list[Disagreement]:
    """What the documents of one case say differently."""
    if not rows:
        return []
    return list(_clashes(rows[0].case_id, [_said(row) for row in rows]))


_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a document says, by (what, about); each with all that it says of it."""

    document_id: str
    values: Mapping[_Key, frozenset[str]]


def _clashes(case_id: str, said: Sequence[_Said]) -> Iterator[Disagreement]:
    """The first document that says something, against each later one that shares none of it."""
    first: dict[_Key, tuple[str, frozenset[str]]] = {}
    for document in said:
        for key, values in document.values.items():
            if key not in first:
                first[key] = (document.document_id, values)
            elif not values & first[key][1]:
                other, told = first[key]
                yield Disagreement(
                    case_id, *key, other, _joined(told), document.document_id, _joined(values)
                )


def _joined(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))


def _said(row: Row) -> _Said:
    values: defaultdict[_Key, set[str]] = defaultdict(set)
    for fact in row.facts:
        values["fact", fact.fact_id].add(_record(fact))
    if row.demographics is not None:
        values["fact", "demographics"].add(repr(row.demographics))
    if not row.noise:
        for key, value in _of_text(row):
            values[key].add(value)
    return _Said(row.document_id, {key: frozenset(v) for key, v in values.items()})


def _record(fact: RowFact) -> str:
    """The fact as the row has it, but for what is of the document: duty, status and places."""
    attributes = "; ".join(f"{a.name} {a.value}" for a in fact.attributes)
    parts = (fact.type, fact.concept, fact.name, fact.polarity, fact.value, fact.unit, attributes)
    return " | ".join(str(p) for p in parts if p)


def _of_text(row: Row) -> Iterator[tuple[_Key, str]]:
    for match in _AGE.finditer(row.text):
        number = match.group(1) or match.group(3)
        if not _of_a_relative(row.text, match.start()):
            yield ("age", "patient"), f"{int(number)} {(match.group(2) or 'year').lower()}s"
    for match in _BORN.finditer(row.text):
        yield ("birth_date", "patient"), match.group(1).strip()
    apart = {d.fact_id for d in row.disclosure if d.outcome != "told"}
    facts = {f.fact_id: f for f in row.facts if f.fact_id not in apart}
    owner = {(e.start, e.end): e for e in row.entities}
    for relation in row.relations:
        entity = owner.get((relation.of_start, relation.of_end))
        if entity is None or entity.fact_id not in facts or relation.type not in _COMPARED:
            continue
        numbers = _NUMBER.findall(relation.text)
        unit = _NUMBER.sub("#", relation.text.lower()).replace(" ", "")
        if numbers:
            about = facts[entity.fact_id].name
            about = about if unit.strip("#/.") in _NO_CHOICE else f"{about} ({unit})"
            yield (_COMPARED[relation.type], about), " ".join(f"{float(n):g}" for n in numbers)
    for entity in row.entities:
        fact = facts.get(entity.fact_id or "")
        if fact is None:
            continue
        side = _side(row.text, entity.start, entity.end)
        if side is not None:
            # The complaint "ear pain" and the diagnosis "left ear pain" are of one ear.
            yield ("side", " ".join(_SIDES.sub("", fact.name.lower()).split())), side
        if entity.assertion in ("present", "denied") and fact.status == "stated":
            yield ("polarity", fact.name), entity.assertion
    for fact in facts.values():
        if fact.status in ("stated", "contradicted"):
            as_is = "as the case has it" if fact.status == "stated" else "otherwise"
            yield ("statement", fact.name), as_is
        if fact.type == "diagnosis" and fact.status == "stated":
            said = {e.assertion for e in row.entities if e.fact_id == fact.fact_id}
            if "present" in said:
                yield ("certainty", fact.name), "certain"
            elif "hypothetical" in said:
                yield ("certainty", fact.name), "uncertain"


_COMPARED = {"value": "value", "dose": "dose"}
_NO_CHOICE = frozenset({"", "mmhg", "min", "bpm", "beats/min", "breaths/min"})
"""Units that are as good as none, as there is no other; what differs in unit is not compared."""

_BEFORE = re.compile(r"\b(left|right|bilateral)(?:[ -]sided)? (?:\w+ )?$", re.I)
_AFTER = re.compile(r"^ (?:of|in|on|at) (?:the |her |his |my |your |both )?(left|right)\b", re.I)


def _side(text: str, start: int, end: int) -> str | None:
    """The side that a mention names, or the words right before or after it."""
    found = list(dict.fromkeys(_SIDES.findall(text[start:end].lower())))
    for match in (_BEFORE.search(text, max(0, start - 30), start), _AFTER.match(text[end:])):
        if match and not found:
            found.append(match.group(1).lower())
    return found[0] if len(found) == 1 else None


_RELATIVES = re.compile(r"\b(?:mother|father|brother|sister|parent|son|daughter)\b", re.I)


def _of_a_relative(text: str, place: int) -> bool:
    return _RELATIVES.search(text, max(0, place - 60), place) is not None
