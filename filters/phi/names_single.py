# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Personal names of one word that nothing announces: "Okafor" alone needs no cue, "Grace" does."""

from __future__ import annotations

import re
from functools import lru_cache

from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import Lexicon, load_lexicon, word_set
from casewright.filters.phi.name_words import TITLE_CASE, Kind
from casewright.filters.phi.names_around import (
    ADDRESSED,
    LAST_WORDS,
    SENTENCE_END,
    head_after,
    last_word,
    next_word,
)

__all__ = ["find_single"]

_PLACE_BEFORE = re.compile(
    r"\b(?:North|South|West|New|Santa|San|Los|Las|St\.?|Saint|Lake|Port|Fort|Mount|Mt\.?)\s\Z"
)

_BEFORE_PLACES = word_set("north south west new santa san los las st saint lake port fort mount mt")

_APPOSITIVE = re.compile(r",?\s(?:is\s)?(?:an?|the)\s\d{1,2}")

# What only a person does. "Was", "has" and "shows" can have a drug or a test for a subject.
_STRONG_VERBS = word_set(
    """
reports reported denies denied states stated says said complains complained endorses endorsed
admits admitted tells told lives lived smokes drinks agrees agreed asks asked explained mentioned
mentions verbalized understands understood recalls remembers feels felt thinks believes wants
wanted describes described works worked presents presented arrived returns walked who whose aged
"""
)

# What only persons say or do: a word that is also a name is one before these.
_SAYING = word_set(
    """
reports reported denies denied states stated says said complains complained endorses endorsed tells
told lives lived smokes drinks agrees agreed asked verbalized understands recalls remembers feels
felt thinks believes wants wanted
"""
)

_STATE = re.compile(
    r"\s(?:is|was|remains|appears|seems)\s(?:very\s|also\s|currently\s|now\s)?(?:alert|awake|oriented|smiling|"
    r"pleasant|cooperative|crying|tearful|anxious|comfortable|here|able|unable|accompanied|brought|seen|admitted|"
    r"discharged|examined|evaluated|referred|transferred|intubated|counsell?ed|advised|educated|instructed|"
    r"asked|told|born|married|retired|living|doing)\b"
)

_PER = re.compile(r"\b[Pp]er\s\Z")

_OWN = re.compile(
    r"'s\s(?:blood|heart|temperature|pulse|weight|vitals?|labs?|symptoms?|pain|cough|fever|wound|incision|"
    r"medications?|meds|condition|mother|father|mom|dad|wife|husband|son|daughter|family|parents?|chart|"
    r"history|exam|examination|breathing|oxygen|glucose|appetite|sleep|mood|skin|leg|knee|hip|foot|arm|hand|"
    r"back|chest|abdomen|care|discharge|surgery|appointment|visit|case|progress|recovery|questions?|concerns?)\b"
)


@lru_cache(maxsize=1)
def _cue_words() -> frozenset[str]:
    return LAST_WORDS | {cue.rpartition(" ")[2] for cue in load_lexicon().person_cues}


@lru_cache(maxsize=1)
def _cue() -> re.Pattern[str]:
    cues = sorted(load_lexicon().person_cues, key=len, reverse=True)
    words = "|".join(re.escape(w).replace(r"\ ", r"\s") for w in cues)
    return re.compile(
        rf"(?<![\w'-])(?:{words})[\s,]{{1,3}}(?:(?:my|her|his|their|the|a|our)\s)?\Z", re.I
    )


# "circle of Willis", "fossa of Rosenmuller"
_PART_OF = re.compile(
    r"\b(?:circle|fossa|foramen|foramina|sphincter|ligament|ampulla|islets?|canal|tetralogy|pentalogy|crypts?|angle|nodes?|loop|"
    r"bundle|ducts?|glands?|organ|tubercle|pouch|space|triangle|zone|membrane|valves?|vein|artery|nerve|triad|sign|law|plexus|"
    r"ganglion|cave|cistern|sinus|line|layer|muscle|recess|spiral|column|body|bodies|cells|area|tract|columns)\sof\s\Z",
    re.I,
)

_PLACE_WORDS = word_set("san santa saint fort mount port lake los las")


def find_single(text: str, token: re.Match[str], kind: Kind, lex: Lexicon) -> Candidate | None:
    """A name of one word."""
    word = token[0]
    low = word.lower().removesuffix("'s")
    if not (kind.given or kind.family or kind.unknown) or len(low) < 3 or word.isupper():
        return None
    end = token.end() - (2 if word.endswith("'s") else 0)
    before = text[max(0, token.start() - 40) : token.start()]
    head = head_after(text, end)
    if low in _PLACE_WORDS and text[end : end + 1] == " ":
        return None
    last = last_word(before)
    if (last == "of" and _PART_OF.search(before)) or (
        last in _BEFORE_PLACES and _PLACE_BEFORE.search(before)
    ):
        return None
    if low in lex.states or head in lex.eponym_heads:
        return None
    if head in lex.weak_eponym_heads and (kind.eponym or not kind.given):
        return None
    if before.endswith(("-", "/")) or text[token.end() : token.end() + 1] in ("-", "/"):
        return None
    score, why = _single_score(text, token, kind, before, last)
    if score and low in lex.weak_eponyms:
        numbered = _NUMBERED.match(text, end) is not None  # "with Mac 4"
        if numbered or (why in _UNCUED and _is_term(text, token.start(), end)):
            return None
    return Candidate("name", token.start(), end, score, why) if score else None


# The rules by which a word is a name wherever it stands.
_UNCUED = ("given name", "family name", "spelt like a name, within a sentence")
_NUMBERED = re.compile(r"[ ]\d(?:\.\d)?(?![\d/:.-])")
# "Morse 45", "Tanner I", "(Strickland)", "Seidel neg", "Vogt striae", "modified Duran"
_TERM_AFTER = re.compile(
    r"\s?(?:\d|[-=+><:/]|[IVX]{1,4}\b|[A-D]\b|\)|neg\b|pos\b|sign|score|test|scale|grade|class|type|stage|was\s\d)"
)
_TERM_BEFORE = re.compile(
    r"(?:\d[.\d]*|\(|modified|revised|no|positive|negative|using|per|via|by|the|a|an|of|with|on)[ ]?\Z",
    re.I,
)
_WORD_AFTER = re.compile(r"[ -]([a-z]+)")
_OF_PERSONS = word_set(
    """
is was has had will would can could did does do and or who whose with to at in on for from by about because but
agrees said says seen came also then now if as that not denied denies aged age here today yesterday again
"""
)


def _is_term(text: str, start: int, end: int) -> bool:
    """Whether a common name that is also a term is the term where it stands."""
    after = _WORD_AFTER.match(text, end)
    if after is not None and after[1] not in _OF_PERSONS and not after[1].endswith(("ed", "s")):
        return True
    led = _TERM_BEFORE.search(text, max(0, start - 12), start) is not None
    return _TERM_AFTER.match(text, end) is not None or led


def _single_score(
    text: str, token: re.Match[str], kind: Kind, before: str, last: str
) -> tuple[float, str]:
    """Score and rule for a single word, given what stands around it; `last` ends what is before."""
    verb = next_word(text, token.end())
    # Directly after it: "Continue Xarelto, denies bleeding" has the patient for a subject.
    strong = verb in _STRONG_VERBS and text[token.end() : token.end() + 1] == " "
    state = _STATE.match(text, token.end()) is not None or (
        last == "per"
        and _PER.search(before) is not None
        and text[token.end() : token.end() + 1] in (",", ".")
    )
    state = state or _OWN.match(text, token.end()) is not None
    acts = strong or verb in load_lexicon().person_verbs
    aged = _APPOSITIVE.match(text, token.end()) is not None
    told = last in _cue_words()
    addressed = told and ADDRESSED.search(before) is not None
    cue = addressed or (told and _cue().search(before) is not None)
    inside = not SENTENCE_END.search(before)
    score, why = 0.0, ""
    if kind.eponym and not (kind.given == 2 and (addressed or strong or aged)):
        pass
    elif kind.given and not kind.word:
        if kind.given == 2 or not kind.place:
            sure = 0.75 if kind.given == 2 else 0.65
            score, why = (sure if len(token[0]) > 3 else 0.5), "given name"
        elif acts or cue:
            score, why = 0.55, "given name with a cue"
    elif kind.given == 2 and kind.word <= 2 and (acts or aged or (cue and inside)):
        score, why = 0.6, "given name with a cue"
    elif _word_as_given_name(
        kind,
        sure=aged or strong,
        said=strong and verb in _SAYING,
        cue=state or (addressed and inside),
    ):
        score, why = 0.55, "given name with a cue"
    elif kind.family and not kind.word and not kind.place:
        if kind.family == 3:
            score, why = 0.65, "family name"
        elif acts or aged or (cue and kind.family == 2) or addressed or state:
            score, why = 0.6, "family name with a cue"
    elif kind.unknown and TITLE_CASE.match(token[0]) and (aged or addressed or strong or state):
        score, why = 0.5, "unknown word where a name stands"
    if not score and _odd(text, token, kind, before):
        score, why = 0.5, "spelt like a name, within a sentence"
    return score, why


# "Neisseria gonorrhoeae"
_ORGANISM = re.compile(r"[ ][a-z]{3,}(?:ae|is|us|um|ii|ens|ei|ans|oides)\b")

_WITHIN = re.compile(r"[a-z][ ]\Z")

_DOSED = re.compile(
    r"(?:'s)?[ ](?:\d|I{2,3}\b|[A-Z]{1,3}\b)|[ ](?:tablets?|caps?|cream|gel|ointment|inhaler|drops|spray|patch|therapy|treatment|dressing)"
)


def _odd(text: str, token: re.Match[str], kind: Kind, before: str) -> bool:
    """Whether a capital within a sentence is a name for want of anything else that it could be."""
    if kind.eponym or kind.word or kind.place or not TITLE_CASE.match(token[0]):
        return False
    if not (kind.spelt or (kind.family and len(token[0]) > 3)):
        return False
    if not kind.family and _ORGANISM.match(text, token.end()):
        return False
    return _WITHIN.search(before) is not None and _DOSED.match(text, token.end()) is None


def _word_as_given_name(kind: Kind, *, sure: bool, said: bool, cue: bool) -> bool:
    """Whether a word of the language is a given name where it stands."""
    if kind.given == 2:
        return sure or cue
    return bool(kind.given) and kind.word <= 3 and (said or cue)
