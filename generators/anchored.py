"""Fact-anchored decoding: what must be said is fixed, the model writes what joins it.

A grammar (GBNF) in which every fact of a piece stands in one of its surface forms, its value and
unit as written, and the model chooses form, order and the words before, between and after. These
come from the joining words that every piece may use (narrative.yaml), so that no number, no
other finding and, where nothing is denied, no negation can be added. The checker judges an
anchored draw like any other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import permutations

from casewright.generators.tasks import Task
from casewright.generators.vocabulary import FormsOf, joining_words
from casewright.generators.wording import capitalise
from casewright.records import Fact

__all__ = ["anchored_grammar"]

_MOST_FACTS = 4
"""Facts of a piece that is anchored; a section has too many orders."""
_ANY_ORDER = 3
_MOST_FORMS = 6
_LEAD, _GAP, _INSIDE = 5, 3, 3
"""Words of the model's own before the first fact, between two facts and within one."""

_NEGATIONS = """
    no not none neither nor without never deny denied denies nope unless but if although though
    however than don't doesn't didn't haven't hasn't hadn't can't couldn't isn't aren't wasn't
    weren't won't wouldn't
"""
_DENIALS = (
    "no", "denies", "denies any", "has no", "has not had", "without", "reports no", "does not have",
    "has had no", "no history of",
)  # fmt: skip
_SPOKEN_DENIALS = (
    "no", "don't have", "haven't had", "haven't had any", "have no", "don't have any",
)  # fmt: skip
_VERBS = (
    "report describe note mention state present experience show reveal demonstrate include remain "
    "appear complain"
)
_NAME = re.compile(r"[A-Z][\w'-]+(?: [\w'-]+)?|(?:Ms|Mr)\. [\w'-]+")
_SAID_AS_THEY_ARE = frozenset({"social", "follow_up", "disposition", "course", "family_history"})
_FURTHER = (", ", " or ", " and ", ", or ", ", no ", " and no ")


def anchored_grammar(task: Task, forms_of: FormsOf) -> str | None:
    """The grammar of a task's answer; None for what cannot be anchored (a question, a section).

    Args:
        forms_of: surface forms of a concept, by its id.
    """
    if task.section or not 0 < len(task.facts) <= _MOST_FACTS or task.must_end == "?":
        return None
    denied = {f.polarity == "denied" for f in task.facts}
    # A predicate ("smokes a pipe") or a relative leaves no room for words of one's own.
    if len(denied) > 1 or any(f.type in _SAID_AS_THEY_ARE for f in task.facts):
        return None
    names = [f"f{number}" for number in range(len(task.facts))]
    orders = list(permutations(names)) if len(names) <= _ANY_ORDER else [tuple(names)]
    facts = list(zip(names, task.facts, strict=True))
    root = _denying(orders, task) if True in denied else _stating(orders, task)
    return "\n".join(
        [
            f"root ::= {root}",
            *(f"{name} ::= {_body(fact, task, forms_of)}" for name, fact in facts),
            *(f"{name}c ::= {_body(fact, task, forms_of, begins=True)}" for name, fact in facts),
            f"subject ::= {_subjects(task)}",
            f"word ::= {_trie(_words(task, denied=True in denied))}",
        ]
    )


def _denying(orders: Sequence[Sequence[str]], task: Task) -> str:
    cues = _SPOKEN_DENIALS if task.speaker else _DENIALS
    told = _or(f" {_any(_FURTHER)} ".join(order) for order in orders)
    alone = [capitalise(cue) for cue in cues if cue.startswith(("no", "denies", "reports", "has"))]
    return f'(subject " " {_any(c for c in cues if c != "no")} | {_any(alone)}) " " {told} "."'


def _stating(orders: Sequence[Sequence[str]], task: Task) -> str:
    further = f'(", " | " ") (word " "){{0,{_GAP}}}'
    told = _or(f" {further} ".join(order) for order in orders)
    own = f'(word " "){{0,{_LEAD}}}'
    if age := next((r for r in task.required if r.isdigit()), None):
        # An opening says who comes: age and name are what the request gives.
        who = f'subject ", a " {_literal(age)} "-" ("year" | "month") "-old " word ", "'
        return f'{who} {own} {told} "."'
    begins = [f"f{n}" for n, fact in enumerate(task.facts) if task.bare or _has_verb(fact)]
    headless = [
        f" {further} ".join((f"{order[0]}c", *order[1:])) for order in orders if order[0] in begins
    ]
    subject = f'subject " " {own} {told}'
    return f'{_or([subject, *headless])} "."'


def _has_verb(fact: Fact) -> bool:
    """Whether there is room for a verb within the fact: "Heart rate was 62 bpm"."""
    return fact.type != "medication" and bool(fact.value or fact.attribute("result"))


def _words(task: Task, *, denied: bool) -> frozenset[str]:
    """What the model may join with: the joining words, without those that deny."""
    lists = ["grammar", "narrative"]
    if any(f.type in ("lab", "vital") for f in task.facts):
        lists.append("measures")
    return _inflected(tuple(lists)) - (frozenset() if denied else frozenset(_NEGATIONS.split()))


@lru_cache(maxsize=8)
def _inflected(lists: tuple[str, ...]) -> frozenset[str]:
    verbs = [verb.removesuffix("e") for verb in _VERBS.split()]
    forms = {f"{verb}s" for verb in _VERBS.split()} | {f"{verb}ed" for verb in verbs}
    return joining_words(*lists) | forms


def _subjects(task: Task) -> str:
    """How a sentence may begin: with whom it is about, or a word of grammar."""
    if task.speaker in ("patient", "caregiver"):
        return _any(("I", "I've", "I'm", "My", "It", "It's", "Yes, I", "Well, I", "She", "He"))
    if task.speaker == "doctor":
        return _any(("You", "Your", "I", "We", "The", "It", "There", "Please"))
    named = [w for w in task.licensed if _NAME.fullmatch(w)]
    found = ("There", "Examination", "On examination there") if _is_found(task) else ()
    return _any(dict.fromkeys((*named, "She", "He", "The patient", *found)))


def _is_found(task: Task) -> bool:
    return all(f.type == "finding" for f in task.facts)


def _body(fact: Fact, task: Task, forms_of: FormsOf, *, begins: bool = False) -> str:
    """One fact: its name in any form, and its parts in order.

    Args:
        begins: the sentence begins with it, and has its verb within it.
    """
    least = 1 if begins and not task.bare and fact.type != "medication" else 0
    forms = [fact.name, *_plain(forms_of(fact.concept), fact.name)]
    exact = [r for r in task.required if fact.name.lower() in r.lower()]
    worded = [w for w in task.licensed if w in forms]
    names = exact or list(dict.fromkeys([*worded, *forms]))[:_MOST_FORMS]
    parts = [_any([capitalise(n) for n in names] if begins else names)]
    if fact.value:
        joined = "" if fact.unit == "%" else " "
        value = joined.join(filter(None, (fact.value, fact.unit)))
        parts.append(_then(value, 0 if fact.type == "medication" else _INSIDE, least=least))
    told = [fact.attribute("route"), fact.attribute("frequency")]
    if fact.type == "medication":
        parts += [_then(t, 0) for t in told if t]
    else:
        own = {v for _, v in fact.attributes}
        parts += [_then(t, _INSIDE) for t in task.required if t in own]
    if result := fact.attribute("result"):
        parts.append(_then(result, _INSIDE, least=least))
    return " ".join(parts)


def _then(text: str, words: int, *, least: int = 0) -> str:
    joining = f'(word " "){{{least},{words}}} ' if words else ""
    return f'" " {joining}{_literal(text)}'


def _plain(forms: Iterable[str], name: str) -> list[str]:
    """Forms that a sentence can hold: no abbreviation, nothing with signs."""
    return [f for f in forms if re.fullmatch(r"[a-z][a-z' -]+", f) and f != name]


def _any(texts: Iterable[str]) -> str:
    return _or(_literal(t) for t in texts)


def _or(alternatives: Iterable[str]) -> str:
    return "(" + " | ".join(alternatives) + ")"


def _literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=8)
def _trie(words: frozenset[str]) -> str:
    """The words as a tree of their beginnings: a decoder follows a few branches, not each word."""
    return _branch(sorted(words))


def _branch(words: Collection[str]) -> str:
    by_first: dict[str, list[str]] = {}
    ends = False
    for word in words:
        if word:
            by_first.setdefault(word[0], []).append(word[1:])
        else:
            ends = True
    branches = []
    for letter, rests in by_first.items():
        alone = len(rests) == 1  # a single way on is no branch
        beginning = letter + rests[0] if alone else letter
        branches.append(f"{_literal(beginning)} {'' if alone else _branch(rests)}".rstrip())
    if not branches:
        return ""
    return _or(branches) + ("?" if ends else "")
