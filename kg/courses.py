"""The course of a stay in words, chosen so that it says nothing against the rest of the case."""

from __future__ import annotations

import re
from collections.abc import Sequence

from casewright.kg.clinical import words_of

__all__ = ["agreeing"]

_DENIES = re.compile(
    r"\b(?:without|no|free of|never|not)\b((?: further| more| new| recurrent)?)((?: [\w-]+){1,5})"
)
_THROUGHOUT = re.compile(r"\b(?:remained|stayed|was) (afebrile|alert|calm|oriented)\b")
_AGAINST = {
    "afebrile": {"fever"}, "alert": {"lethargy", "drowsiness"},
    "calm": {"agitation", "restlessness"}, "oriented": {"confusion", "disorientation"},
}  # fmt: skip
_FEVER_GONE = re.compile(r"\bbecame afebrile\b|\bfevers? (?:resolved|settled|came down|broke)\b")
_OFTEN = re.compile(
    r"\b(?:each|every|per|a) (?:day|night|hour)\b|\b(?:daily|hourly|nightly|once|twice)\b"
)


def agreeing(
    courses: Sequence[str], symptoms: Sequence[str], drugs: Sequence[str]
) -> Sequence[str]:
    """Those of the phrases that agree with a case, best first: empty where none does.

    A phrase that denies what the patient came with ("without vomiting") is left out; one that
    denies more of it ("no further chest pain") is kept where there is no other. One that names
    a drug of the case beside a frequency ("needed less oxygen each day") reads as its regimen.

    Args:
        symptoms: names of the present ones. drugs: names of the case's drugs.
    """
    told = [words_of(name) for name in symptoms]
    # "Became afebrile" says nothing of a patient without fever, and can read as a denial of it.
    fever = any("fever" in words for words in told)
    others = [c for c in courses if not _FEVER_GONE.search(c)]
    courses = others or (courses if fever else [])
    named = frozenset[str]().union(*map(words_of, drugs))
    kept = [c for c in courses if not (_OFTEN.search(c) and named & words_of(c))]
    plain = [c for c in kept if not _denied(c, told, again=True)]
    return plain or [c for c in kept if not _denied(c, told, again=False)]


def _denied(course: str, told: Sequence[frozenset[str]], *, again: bool) -> bool:
    """Whether a phrase denies a symptom.

    Args:
        again: whether denying more of it counts.
    """
    for match in _DENIES.finditer(course):
        words = words_of(match[2])
        if (again or not match[1]) and any(symptom & words for symptom in told):
            return True
    state = _THROUGHOUT.search(course)
    return state is not None and any(symptom & _AGAINST[state[1]] for symptom in told)
