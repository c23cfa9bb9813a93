"""What the patient tells of each fact: told, made small, not named, forgotten, kept back.

The log stands beside the truth: `Case.facts` never change. A dialogue is written by the log,
and so is every note of the same visit, for a clinician can write down only what was said or
what they saw themself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from casewright.generators.lay import shape_of
from casewright.prompts.library import Persona, Personality
from casewright.records import Case, Disclosed, Fact, FactType
from casewright.seeds import derive_rng

__all__ = [
    "ADULT_VOICE_AGE",
    "UNNAMED",
    "as_noted",
    "as_spoken",
    "disclose",
    "is_lost",
    "is_told_by_patients",
    "small_word",
]

UNNAMED = "unnamed"
"""Concept of a drug that was described and not named."""

FormsOf = Callable[[str], Iterable[str]]

ADULT_VOICE_AGE = 12
"""From this age on the patient speaks for themself; before it a parent does."""


class _Rules(BaseModel):
    """disclosure.yaml in memory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    forgotten: Mapping[FactType, float]
    withheld: Mapping[Personality, Mapping[FactType, float]]
    not_asked: Mapping[Personality, Mapping[str, float]]
    minimised: Mapping[Personality, float]
    misnamed: float
    helped: float
    small: tuple[str, ...]
    small_note: str
    small_names: frozenset[str]
    strong: tuple[str, ...]
    nameless: tuple[str, ...]

    def nameless_by(self, route: str) -> list[tuple[str, str]]:
        """What is said of a drug of a route, and what a note makes of it."""
        parts = [tuple(p.strip() for p in line.split("|")) for line in self.nameless]
        return [(said, noted) for r, said, noted in parts if r == route]

    def noted_for(self, said: str) -> str:
        """What a note makes of a drug that was described so."""
        lines = (tuple(p.strip() for p in line.split("|")) for line in self.nameless)
        return next(noted for _, wording, noted in lines if wording == said)


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    text = Path(__file__).with_name("disclosure.yaml").read_text("utf-8")
    return _Rules.model_validate(yaml.safe_load(text))


def is_told_by_patients(fact: Fact) -> bool:
    """Whether a clinician learns of the fact from the patient, and not with their own eyes."""
    if fact.type == "medication":
        return fact.attribute("course") == "home"
    if fact.type == "comorbidity":
        return fact.attribute("role") == "secondary"
    return fact.type in ("symptom", "allergy", "social", "family_history")


def is_lost(told: Disclosed) -> bool:
    """Whether the clinician does not learn of the fact."""
    return told.outcome in ("forgotten", "withheld", "not_asked")


def disclose(
    case: Case, persona: Persona, lay_forms: FormsOf, *, seed: int
) -> tuple[Disclosed, ...]:
    """What is told of every fact that only the patient can tell, in case order.

    A pure function of seed, case and persona. Each fact has a generator of its own, so that
    one more fact changes nothing for the others. The complaint is always told, and so are
    allergies, what tells a pair of cases apart, and what an examination shows as well.

    Args:
        lay_forms: what patients call a concept, by its id.
    """
    told: list[Disclosed] = []
    complaint = next(
        (f.fact_id for f in case.facts if f.type == "symptom" and f.polarity == "present"), None
    )
    seen = {f.name.lower() for f in case.facts if not is_told_by_patients(f)}
    for fact in case.facts:
        if not is_told_by_patients(fact):
            continue
        rng = derive_rng(seed, case.case_id, "disclosure", fact.fact_id)
        certain = (
            fact.fact_id == complaint
            or fact.type == "allergy"
            or fact.fact_id in case.tells_apart
            or any(fact.name.lower() in name or name in fact.name.lower() for name in seen)
        )
        told.append(_of_fact(fact, case, persona, lay_forms, rng, certain=certain))
    return tuple(told)


def _of_fact(
    fact: Fact,
    case: Case,
    persona: Persona,
    lay_forms: FormsOf,
    rng: random.Random,
    *,
    certain: bool,
) -> Disclosed:
    rules = _rules()
    # Each chance has its own number, whether it is used or not: a change of one dimension
    # leaves what hangs on the others as it was.
    unasked, kept, lost, helped, small, unnamed = (rng.random() for _ in range(6))
    kind = "symptom_denied" if fact.polarity == "denied" else fact.type
    if not certain:
        if unasked < rules.not_asked.get(persona.personality, {}).get(kind, 0):
            return Disclosed(fact.fact_id, "not_asked")
        if fact.polarity != "denied":
            held = rules.withheld.get(persona.personality, {}).get(fact.type, 0)
            if kept < held:
                return Disclosed(fact.fact_id, "withheld")
            if lost < (1 - persona.recall) * rules.forgotten.get(fact.type, 0):
                # A young child's parent is the one who tells: nobody is left to help out.
                company = (
                    persona.company == "caregiver"
                    and case.demographics.age_years >= ADULT_VOICE_AGE
                )
                if company and helped < rules.helped:
                    return Disclosed(fact.fact_id, "told", fact.name, "caregiver")
                return Disclosed(fact.fact_id, "forgotten")
    if fact.type == "symptom" and fact.polarity == "present":
        if small < rules.minimised[persona.personality] and _can_be_small(fact, rules):
            return Disclosed(
                fact.fact_id, "minimised", rng.choice(rules.small).format(name=fact.name)
            )
        return Disclosed(fact.fact_id, "told", _own_word(fact, persona, lay_forms, rng))
    if fact.type == "medication" and unnamed < rules.misnamed * (1 - persona.literacy) ** 2:
        wordings = rules.nameless_by(fact.attribute("route") or "")
        if wordings:
            return Disclosed(fact.fact_id, "misnamed", rng.choice(wordings)[0])
    name = f"no {fact.name}" if fact.polarity == "denied" else fact.name
    return Disclosed(fact.fact_id, "told", name)


def _can_be_small(fact: Fact, rules: _Rules) -> bool:
    return fact.name.rsplit(" ", 1)[-1] in rules.small_names


def _own_word(fact: Fact, persona: Persona, lay_forms: FormsOf, rng: random.Random) -> str:
    """The patient's word for a symptom, or the doctor's."""
    wordings = [w for w in lay_forms(fact.concept) if shape_of(w)]
    if wordings and rng.random() < persona.lay:
        return rng.choice(wordings)
    return fact.name


def as_spoken(facts: Sequence[Fact], log: Sequence[Disclosed]) -> list[Fact]:
    """The facts as a dialogue has them: what nobody asks for is gone, small is small.

    Facts that are forgotten or withheld are there: the doctor asks for them.
    """
    heard: list[Fact] = []
    of = {d.fact_id: d for d in log}
    for fact in facts:
        told = of.get(fact.fact_id)
        if told is None or told.outcome not in ("not_asked", "minimised", "misnamed"):
            heard.append(fact)
        elif told.outcome == "minimised":
            heard.append(replace(fact, attributes=_without_strength(fact)))
        elif told.outcome == "misnamed":
            heard.append(_unnamed(fact, told.said))
    return heard


def as_noted(facts: Sequence[Fact], log: Sequence[Disclosed]) -> list[Fact]:
    """The facts as a clinician knows them who has only what was told and what they saw."""
    rules = _rules()
    noted: list[Fact] = []
    of = {d.fact_id: d for d in log}
    for fact in facts:
        told = of.get(fact.fact_id)
        if told is None or told.outcome == "told":
            noted.append(fact)
        elif told.outcome == "minimised":
            name = rules.small_note.format(name=fact.name)
            noted.append(replace(fact, name=name, attributes=_without_strength(fact)))
        elif told.outcome == "misnamed":
            noted.append(_unnamed(fact, rules.noted_for(told.said)))
    return noted


def small_word(fact: Fact) -> tuple[str, ...]:
    """The word of a note for a symptom that was made small ("mild"), if it was."""
    before, after = _rules().small_note.split("{name}")
    if fact.name.startswith(before) and fact.name.endswith(after):
        return tuple(word for word in (before.strip(), after.strip()) if word)
    return ()


def _without_strength(fact: Fact) -> tuple[tuple[str, str], ...]:
    """The attributes without those that tell how bad it is."""
    strong = re.compile(rf"\b(?:{'|'.join(_rules().strong)})\b")
    return tuple((k, v) for k, v in fact.attributes if k != "severity" and not strong.search(v))


def _unnamed(fact: Fact, name: str) -> Fact:
    """The drug as it was described: how it is taken is in the description, its dose unknown."""
    attributes = tuple((k, "" if k == "route" else v) for k, v in fact.attributes)
    return replace(
        fact, concept=UNNAMED, name=name, code=None, value=None, unit=None, attributes=attributes
    )
