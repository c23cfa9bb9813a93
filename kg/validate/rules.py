"""What a violation is, and the rules by name, each with the reference that it follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["RULES", "Rule", "Violation"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule in one sentence, and where it comes from."""

    id: str
    says: str
    citation: str


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a case.

    Attributes:
        rule: id of the rule, a key of RULES.
        what: a sentence for the reader.
        facts: ids of the facts involved ("f03"); codes: the codes involved.
        citation: the reference for this very violation, where a table gives one, or the rule's.
    """

    rule: str
    what: str
    facts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    citation: str = ""


_MCE = "CMS, Definitions of Medicare Code Edits, age and sex conflict edits"
_TABULAR = "ICD-10-CM FY2026 tabular list"
_GUIDE = "ICD-10-CM Official Guidelines for Coding and Reporting FY2026"
_LABELS = "FDA prescribing information"

_ALL = (
    # Who the patient is
    Rule("code-sex", "a code fits the patient's sex", _MCE),
    Rule("code-age", "a code fits the patient's age", _MCE),
    Rule("concept-sex", "a symptom, sign, drug, test or procedure fits the sex", "anatomy"),
    Rule("concept-age", "a symptom, sign, drug, test or procedure fits the age", _LABELS),
    Rule("self-report", "what only a patient can tell is not told of an infant",
         "IASP 2020 definition of pain, note 4; self-report scales begin at three years"),
    Rule("identity", "dates, age, title and stay agree", "calendar"),
    Rule("social", "a social history fits age and diagnoses", "national surveys, by statement"),
    Rule("social-twice", "one topic of the social history is told in one way", "logic"),
    Rule("family-history", "a relative can have the disease", "anatomy"),
    # Codes
    Rule("excludes1", "no two codes exclude each other", f"{_TABULAR}, Excludes1 notes"),
    Rule("first-listed", "the first code is one that can come first", f"{_GUIDE}, sections II, IV"),
    Rule("only-first", "a code that only comes first is not second", f"{_GUIDE}, I.C.21.c.16"),
    Rule("code-first", "what is to be coded first comes first", f"{_TABULAR}, code first notes"),
    Rule("chapter-15", "in pregnancy a chapter 15 code comes first", f"{_GUIDE}, I.C.15.a.1"),
    Rule("duplicate-code", "a code stands once", f"{_GUIDE}, I.B.12"),
    Rule("combination", "one code says what two would", f"{_GUIDE}, I.B.9 and by chapter"),
    Rule("integral-sign", "a sign of the diagnosis is not coded beside it", f"{_GUIDE}, I.B.5"),
    Rule("seventh-character", "a new injury is an initial encounter", f"{_GUIDE}, I.C.19.a"),
    Rule("laterality", "sides of the codes do not clash", f"{_GUIDE}, I.B.13"),
    Rule("trimester", "weeks and trimesters of a pregnancy agree", f"{_GUIDE}, I.C.15.a.3"),
    Rule("side-words", "a side in words is that of the code", f"{_GUIDE}, I.B.13"),
    # Drugs
    Rule("drug-class", "no two drugs of one class at one time", "duplicate therapy: CMS, DUR"),
    Rule("drug-pair", "no drugs that the graph keeps apart", "class table of the graph"),
    Rule("interaction", "no major interaction", _LABELS),
    Rule("drug-allergy", "no drug that the patient is allergic to",
         "AAAAI/ACAAI drug allergy practice parameter 2022"),
    Rule("drug-pregnancy", "no drug to avoid in pregnancy", f"{_LABELS}, section 8.1"),
    Rule("drug-disease", "no drug that a diagnosis rules out", f"{_LABELS}, section 4"),
    Rule("drug-age", "no drug for which the patient is too young or old", _LABELS),
    Rule("max-dose", "no more in a day than the label allows", f"{_LABELS}, section 2"),
    Rule("renal-dose", "the dose fits the kidneys", f"{_LABELS}, section 8.6"),
    Rule("drug-place", "what is infused is not taken at home", f"{_LABELS}, section 2"),
    # Numbers
    Rule("plausible", "a number is one that a patient can have", "by test"),
    Rule("blood-pressure", "systolic is above diastolic by 15 mmHg", "ATLS 10e (2018)"),
    Rule("child-vitals", "a child's vital signs are a child's", "AHA PALS manual 2020"),
    Rule("flag", "a flag agrees with the reference range for sex and age", "reference range"),
    Rule("direction", "a result deviates to the side that the diagnoses say", "edges of the graph"),
    Rule("code-value", "a number agrees with the code", "definition of the code"),
    Rule("result-diagnosis", "the test that defines a diagnosis is not negative", "by diagnosis"),
    Rule("fever", "temperature agrees with fever told, denied or found", "IDSA/SCCM 2023"),
    Rule("sign-value", "a finding in words agrees with the number", "the words of the finding"),
    # Statements
    Rule("polarity", "nothing is both there and denied", "logic"),
    Rule("opposites", "no finding rules another one out", "logic"),
    Rule("title", "what the title of the first code excludes is not told", _TABULAR),
    Rule("denied-diagnosis", "what is diagnosed is not denied", "logic"),
    Rule("repeated", "nothing is told twice", "logic"),
    Rule("severity", "what belongs to another severity is not there", "edges of the graph"),
    Rule("setting", "care fits the place", "SCCM admission guidelines 2016"),
    Rule("duration", "no complaint is older than the patient", "calendar"),
    Rule("case-form", "codes and facts of the case agree with each other", "the case itself"),
)  # fmt: skip

RULES: Mapping[str, Rule] = {rule.id: rule for rule in _ALL}
"""Every rule by its id."""
