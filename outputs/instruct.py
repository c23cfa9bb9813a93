"""Questions about documents whose answers the ledger knows.

Eight tasks. An answer is given only where the ledger bears it out in that very text: a list only
where every mention of its kind belongs to a stated fact, a part of a fact (route, onset) only
where its words stand in the sentence that states the fact. Coreference is between wordings of one
fact (pronouns are not followed), paraphrase is of terms (sentences are not rephrased), and the
summary is a line in fixed order, for the ledger writes no prose.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from casewright.outputs.labels import ORIGIN, PlainRow, origin, said_with, stated

__all__ = ["INSTRUCT_SCHEMA", "INSTRUCT_TASKS", "instruct", "is_abbreviation"]

INSTRUCT_TASKS = (
    "entities", "abbreviations", "relations", "time", "coreference", "paraphrase", "summary",
    "questions",
)  # fmt: skip

_string = pa.string()
INSTRUCT_SCHEMA: pa.Schema = pa.schema(
    {
        "task": _string,
        "instruction": _string,
        "input": _string,
        "output": _string,
        "fact_ids": pa.list_(_string),
        **ORIGIN,
    }
)

_LISTS = (
    ("symptom", "SYMPTOM", "present", "List the symptoms that the patient has, one a line."),
    ("symptom", "SYMPTOM", "denied", "List the symptoms that the patient denies, one a line."),
    ("medication", "MEDICATION", "present", "List the medications named, one a line."),
    ("finding", "FINDING", "present", "List the findings on examination, one a line."),
)
_PARTS = {
    ("medication", "route"): "By what route is {name} given?",
    ("medication", "frequency"): "How often is {name} taken?",
    ("test", "result"): "What did the {name} show?",
    ("allergy", "reaction"): "What reaction does the patient have to {name}?",
    ("family_history", "relative"): "Which relative of the patient has or had {name}?",
}
_TIMES = {
    ("symptom", "onset"): "When did the {name} begin?",
    ("medication", "duration"): "For how long is {name} to be taken?",
}
_YES_NO = {"present": "Yes.", "denied": "No."}


def instruct(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """All questions about the documents of a case."""
    for row in case:
        for task, question, answer, facts in _questions(row):
            yield {
                "task": task,
                "instruction": question,
                "input": row["text"],
                "output": answer,
                "fact_ids": [fact["fact_id"] for fact in facts],
                **origin(row),
            }


_Question = tuple[str, str, str, Sequence[PlainRow]]


def _questions(row: PlainRow) -> Iterator[_Question]:
    yield from _lists(row)
    yield from _wordings(row)
    yield from _parts(row)
    yield from _values(row)
    yield from _summary(row)


def _lists(row: PlainRow) -> Iterator[_Question]:
    polarity = {f["fact_id"]: f["polarity"] for f in stated(row)}
    for kind, label, wanted, question in _LISTS:
        named = [e for e in row["entities"] if e["label"] == label]
        # A mention beside the ledger, or read otherwise than planned, would be left out wrongly.
        if any(polarity.get(e["fact_id"]) != e["assertion"] for e in named):
            continue
        facts = [f for f in stated(row, kind) if f["polarity"] == wanted]
        if facts:
            names = dict.fromkeys(f["name"] for f in facts)
            yield "entities", question, "\n".join(names), facts


_SHORT = re.compile(r"(?=(?:.*[A-Z]){2})[A-Za-z/]{2,6}")


def _bare(name: str) -> str:
    """A name without its article, to go after "the"."""
    return re.sub(r"^(an?|the) ", "", name)


def is_abbreviation(short: str, name: str) -> bool:
    """Whether `short` abbreviates `name`: capitals that stand in the name in their order."""
    if not _SHORT.fullmatch(short) or short in name:
        return False
    letters, low = iter(name.lower()), short.lower()
    return name[:1].lower() == low[0] and all(char in letters for char in low)


def _wordings(row: PlainRow) -> Iterator[_Question]:
    """What the text calls a fact: abbreviations, other wordings, and several of them."""
    facts = {f["fact_id"]: f for f in stated(row)}
    claimed = [(s["start"], s["end"], f["fact_id"]) for f in row["facts"] for s in f["spans"]]
    words: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for entity in sorted(row["entities"], key=lambda e: e["start"]):
        # Words that another fact claims as well do not tell which of the two they name.
        shared = any(
            start < entity["end"] and entity["start"] < end and fact_id != entity["fact_id"]
            for start, end, fact_id in claimed
        )
        if entity["fact_id"] in facts and not shared:
            words[entity["fact_id"]].setdefault(entity["text"].casefold(), entity["text"])
    for fact_id, found in words.items():
        fact = facts[fact_id]
        if fact["type"] not in ("symptom", "diagnosis", "comorbidity", "finding", "medication"):
            continue
        name, forms = fact["name"], list(found.values())
        for form in forms:
            if is_abbreviation(form, name):
                ask = f'What does "{form}" stand for in this text?'
                yield "abbreviations", ask, name, [fact]
        plain = [f for f in forms if not _SHORT.fullmatch(f)]
        if plain and name.casefold() not in row["text"].casefold():
            ask = f'Which words of the text say "{name}"?'
            yield "paraphrase", ask, plain[0], [fact]
        if len(forms) > 1 and not any(
            a != b and a.casefold() in b.casefold() for a in forms for b in forms
        ):
            ask = f'What other wording in the text refers to the same thing as "{forms[0]}"?'
            yield "coreference", ask, "\n".join(forms[1:]), [fact]


def _parts(row: PlainRow) -> Iterator[_Question]:
    names = [f["name"] for f in row["facts"]]
    for fact in stated(row):
        if names.count(fact["name"]) > 1:  # the question would not say which is meant
            continue
        for attribute in fact["attributes"]:
            key = (fact["type"], attribute["name"])
            value = attribute["value"]
            if not said_with(row["text"], fact, value):
                continue
            if key in _PARTS:
                yield "relations", _PARTS[key].format(name=_bare(fact["name"])), value, [fact]
            elif key in _TIMES:
                yield "time", _TIMES[key].format(name=_bare(fact["name"])), value, [fact]


def _values(row: PlainRow) -> Iterator[_Question]:
    names = [f["name"] for f in row["facts"]]
    for fact in stated(row):
        name, value = fact["name"], fact["value"]
        if names.count(name) > 1:
            continue
        if fact["type"] == "symptom" and fact["polarity"] in _YES_NO:
            answer = _YES_NO[fact["polarity"]]
            yield "questions", f"Does the patient have {name}?", answer, [fact]
        # A value that the text calls normal without saying it cannot be asked for.
        if value and any(value in row["text"][s["start"] : s["end"]] for s in fact["spans"]):
            amount = f"{value} {fact['unit']}".strip() if fact["unit"] else value
            if fact["type"] in ("vital", "lab"):
                yield "questions", f"What is the patient's {name}?", amount, [fact]
            elif fact["type"] == "medication":
                yield "relations", f"What is the dose of {name}?", amount, [fact]
    principal = [f for f in stated(row, "diagnosis") if f["polarity"] == "present"]
    if len(principal) == 1:
        yield "questions", "What is the main diagnosis?", principal[0]["name"], principal


def _summary(row: PlainRow) -> Iterator[_Question]:
    parts: list[str] = []
    facts: list[PlainRow] = []
    for title, kinds, polarity in (
        ("Diagnosis", ("diagnosis",), "present"),
        ("Other conditions", ("comorbidity",), "present"),
        ("Symptoms", ("symptom",), "present"),
        ("Denied", ("symptom",), "denied"),
        ("Medications", ("medication",), "present"),
        ("Follow-up", ("follow_up",), "present"),
    ):
        found = [f for f in stated(row, *kinds) if f["polarity"] == polarity]
        if found:
            parts.append(f"{title}: {', '.join(dict.fromkeys(f['name'] for f in found))}.")
            facts += found
    if len(parts) > 2 and facts[0]["type"] == "diagnosis":
        ask = (
            "Summarise the text in one line: diagnosis, other conditions, symptoms, what is "
            "denied, medications and follow-up, leaving out what it does not state."
        )
        yield "summary", ask, " ".join(parts), facts
