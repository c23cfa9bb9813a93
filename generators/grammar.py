"""What a reader stumbles over in a draw, and a checker of concepts does not see.

A weak model that is held to its facts and to joining words still makes sentences that nobody
would write: "The gallop is an S4 gallop.", "Examined her, she has fever.", "An S4 gallop can be
noted." Each rule here stands for one such class, found by reading what had been taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from casewright.generators.tasks import Task, sentences_of
from casewright.generators.vocabulary import joining_words, texts_of, words_of
from casewright.generators.wording import is_plural
from casewright.records import Fact

__all__ = ["stumble"]

_DOUBLE_NEGATIVE = re.compile(r"\bden(?:y|ies|ied) (?:no|not|never)\b|\bno [\w ]+ not\b", re.I)
_ARTICLE = re.compile(
    r"\b[Aa] (?!one\b|once\b|eu)[aeio]\w|\b[Aa]n (?!hour|honest|heir)[b-df-hj-np-tv-z]\w"
    r"|\b[Aa] [AEFHILMNORSX][A-Z]"  # letters are read by their names: an IUD, an ECG
    r"|\b[Aa] (?:8\d?|11|18)(?:-| |%)|\b[Aa]n (?!8|11|18)\d"  # an 11-year-old
)

_PREDICATES = frozenset({"social", "follow_up", "disposition", "course", "score"})
_VERBS_OF_TEST = frozenset({"showed", "shows", "revealed", "demonstrated"})
_DISEASES = frozenset({"diagnosis", "comorbidity"})
_COMPLAINTS = frozenset({"symptom", "finding"})
_TREATMENTS = frozenset({"medication", "procedure"})
_PLANNED = frozenset({"follow_up", "score"})

# What a note says of the facts it has: no possibility, no compulsion.
_POSSIBLE = re.compile(r"\b(?:can|could|may|might)\b")
_HEDGED = re.compile(
    r"\b(?:can|could|may|might|would(?! (?:welcome|appreciate|value|like|be (?:grateful|glad)))|"
    r"should(?! (?:take|use|have|get|continue))|must|shall)\b|\b(?:had|has|have) to\b"
)
# Which of the complaints is the first one is not the model's to say.
_LEADING = re.compile(r"\b(?:main|primary|principal|chief)\b", re.I)
_BESIDE = re.compile(r"\b(?:also|another|as well|too|further)\b", re.I)
# A clause before a comma and a pronoun begins with one of these, or two sentences run together.
_SPLICED = re.compile(
    r"^(?!(?:on|in|at|of|by|for|with|within|without|while|when|as|if|since|after|afterwards|before|"
    r"during|besides|beyond|apart|along|together|among|according|to|from|under|over|"
    r"through|throughout|although|though|because|until|once|where|whereas|upon|also|today|now|then|"
    r"here|further|furthermore|moreover|meanwhile|still|so|\w+ly|well|yes|no|yeah|oh|okay|ok|sure|"
    r"all|right|alright|sorry|please|thanks?|let's|hm+|uh|um|and|but|both|neither|associated|"
    r"accompanying|asked|questioned|next|first|following|despite|regarding|concerning|like|"
    r"overall|altogether|taken|otherwise|i)\b)"
    r"[^.;:?!()\"“]*?, (?:it|she|he|they|we|this(?: \S+){0,3}?)"
    r"(?:['’](?:s|ve|re)\b| (?:is|was|were|are|has|had|have)\b)",
    re.I,
)
_WRONG_VERB = re.compile(
    r"\b(?:has|have|had) been (?:begun|began|came|went)\b|\ba lot of (?:\w+ )?hurts\b"
    # Nobody is given an operation as a drug is.
    r"|(?:tomy|plasty|scopy|stomy|pexy|desis|resection|fixation|reduction|biopsy)"
    r" (?:was|were|is|are|has been) (?:given|administered|prescribed)\b",
    re.I,
)
_TACKED_ON = re.compile(
    r", (?:it['’]?s|it is|it was|that['’]?s) (?:it|her|him|me|them)\b"
    r"|, (?:she|he|I|they)(?:['’]?ve|['’]s)?(?: has| have| had)+ (?:it|them|that|this)\b",
    re.I,
)
_WHO = r"\b(?:she|he|they|we|patient|woman|man|girl|boy)\b"
_FRAGMENT = re.compile(
    r"(?:^|[.!?] )(?:(?:Including|Such as|Like|Which|None|Examined (?:her|him)|Not (?:just|only))\b"
    r"|(?:Girl|Boy|Man|Woman|Child|Infant)[.:]|Yours (?:is|are)\b"
    rf"|With (?!.*{_WHO})[^,;:]*\.$)"
    r"|^An? \S+ (?:woman|man|girl|boy) who (?:has|had|reports|describes|complains)\b"
    r"(?!.*\b(?:is|was|presents|presented|comes|came|arrived|seen|brought|admitted|asks)\b)"
    r"|\b(?:is|was), |\bresults? an?\b|, which (?:is|are|was) an?\b"
)
# "This" can be the patient or the diagnosis; a note's sentence has nothing else to point at.
_PERSON = (
    r"(?:\S+[- ]){0,4}?(?:woman|man|girl|boy|child|person|infant|baby|lady|gentleman|patient)\b"
)
_POINTS = re.compile(
    r"^(?:This|That|These|Those) "
    rf"(?!is complicated|(?:is )?(?:{_PERSON}|visit\b|admission\b|stay\b))"
    r"|^It (?:is|was) (?!reported|noted|said|described|known|documented|.* that br(?:ings|ought)\b)"
)
_POINTS_AT_DISEASE = re.compile(r"^(?:This|That|It) (?:is|was) (?!the next)")
_AS = re.compile(
    r"\b(?:mention|describe|report|note)(?:s|d|ed)? (?:\w+ )?as (?!well\b|an? new\b)", re.I
)
_ITS = re.compile(r"^It(?:['’]s| is| was) (?:her|his|my|the)\b")
_MANY_ARE_ONE = re.compile(
    r"\b(?:allergies|conditions|medications|medicines|findings|diagnoses|symptoms|complaints|problems)"
    r" (?:are|were) (?!none|not)",
    re.I,
)
_LOW = re.compile(r"\b(?:low|reduced|decreased)\b", re.I)
_HIGH = re.compile(r"\b(?:high|elevated|raised|increased)\b", re.I)
_IS_OLD = re.compile(r"\b([\w-]+) (?:is|was) an? \S+-old\b", re.I)
_BREATHS = re.compile(r"\brespiratory rate\b[^.,;]*\bbpm\b", re.I)
_JOINED = re.compile(r"\b(?:and|or|nor|with|also|well|together|plus|but)\b|[;:]|\. ", re.I)
_NO_SCORE = re.compile(r", no\b|^no\b", re.I)
# Names that are told of without an article, by how they end.
_UNCOUNTED = re.compile(
    r"(?:(?<!swell)(?<!feel)ing|ness|erythema|edema|\bpain|emia|uria|vision|appetite|loss|"
    r"breath|hydration|jaundice|cyanosis|diarrhea|nausea|constipation|vertigo)$"
)
# Predicates that are no noun: "She is unable to walk."
_PREDICATIVE = re.compile(r"^(?:unable|short|afraid|slow|pale|sleepy|tired|ill|dizzy)\b")


def stumble(text: str, task: Task) -> str | None:
    """The first thing that a reader would stumble over, or None."""
    if _DOUBLE_NEGATIVE.search(text):
        return "double negative"
    if _ARTICLE.search(text):
        return "wrong article"
    if _WRONG_VERB.search(text):
        return "wrong verb"
    if not task.facts:
        return None
    return (
        _no_sentence(text, task)
        or _of_the_values(text, task)
        or (_in_a_note(text, task) if task.speaker is None else _said(text, task))
        or _of_the_names(text, task)
        or _repeated(text, task)
    )


def _no_sentence(text: str, task: Task) -> str | None:
    # A verb that a fact brings along ("demonstrated ") makes a sentence of the rest.
    told = (t for t in task.licensed if t.split(" ")[0] not in _VERBS_OF_TEST)
    given = set(words_of(" ".join((*told, *(f.name for f in task.facts)))))
    predicate = any(f.type in _PREDICATES for f in task.facts)  # "smokes a pipe" needs no verb
    answers = task.speaker is not None and text.lower().startswith(("no ", "no,", "yes"))
    # Readings are read out as they are, and notes say "Chest X-ray: clear lungs."
    read_out = task.speaker is not None and all(f.type == "vital" for f in task.facts)
    hurts = task.speaker is not None and text.lower().startswith(("my ", "i "))  # My knee hurts.
    bare = task.bare or predicate or answers or hurts or read_out or ":" in text
    if not bare and all(word in given or word in ("a", "an", "the") for word in words_of(text)):
        return "no sentence"
    if "doctor" not in given and re.search(r"\bthe doctor\b", text, re.I):
        return "speaks of the doctor"
    return None


def _in_a_note(text: str, task: Task) -> str | None:
    """What no clinician writes of a patient."""
    if task.section:  # what writes whole sections weighs and refers, as clinicians do
        return None
    types = {f.type for f in task.facts}
    to_somebody = re.search(r"\byou\b", text, re.I)  # messages to the patient advise
    hedged = None if to_somebody else (_POSSIBLE if types & _PLANNED else _HEDGED).search(text)
    if hedged:
        return "hedged"
    if _FRAGMENT.search(text) and not task.bare:
        return "no sentence"
    pointed = _POINTS.search(text)
    if pointed and not ("diagnosis" in types and _POINTS_AT_DISEASE.search(text)):
        return "points at nothing"
    several = len(task.facts) > 1 and types <= _COMPLAINTS and not task.bare
    if several and not _JOINED.search(text) and all(f.name in text.lower() for f in task.facts):
        return "list or markup"
    for start, end in sentences_of(text):
        if _SPLICED.search(text[start:end]):
            return "two sentences in one"
    return "two sentences in one" if _TACKED_ON.search(text) else None


def _said(text: str, task: Task) -> str | None:
    """What nobody says."""
    if task.speaker != "doctor":
        if re.search(r"\byours?\b", text, re.I):
            return "speaks of the doctor's body"
        if _ITS.search(text) and all(f.type == "symptom" for f in task.facts):
            return "points at nothing"
    if _TACKED_ON.search(text):
        return "two sentences in one"
    if task.speaker == "doctor" and re.match(r"(?:no|yes)\b", text, re.I):
        return "answers nobody"
    advises = any(f.type == "follow_up" for f in task.facts)
    if (
        task.speaker == "doctor"
        and advises
        and not re.search(r"\b(?:you|please|next step|would be good)\b", text, re.I)
    ):
        return "asks nobody"
    return None


def _of_the_names(text: str, task: Task) -> str | None:
    """What is wrong around the name of a fact."""
    complaints = [f for f in task.facts if f.type in _COMPLAINTS]
    old = _IS_OLD.search(text)
    if old and any(w.startswith(old[1].lower()) for f in complaints for w in words_of(f.name)):
        return "a person is no noun"
    if complaints and _ranks(text, complaints):
        return "ranks the complaints"
    if complaints and _AS.search(text) and not any(f.attributes for f in complaints):
        return "mentions as"
    for fact in task.facts:
        found = _around(fact.name, is_plural(fact.name)).search(text)
        if fact.type in _DISEASES | {"symptom", "medication", "procedure"}:
            found_is = found and found["is"] and not _PREDICATIVE.search(fact.name)
            if found_is:
                return "a person is no disease" if fact.type in _DISEASES else "a person is no noun"
        if found and found["has"] and fact.type in _TREATMENTS and not task.speaker:
            return "has a treatment"
        if found and found["a"] and fact.type in _COMPLAINTS and _takes_no_article(fact):
            return "wrong article"
        if found and found["number"] and len(task.facts) == 1 and fact.type in _COMPLAINTS:
            return "wrong number"
        if fact.type == "medication" and re.search(rf"\ban? {re.escape(fact.name)}\b", text, re.I):
            return "wrong article"
    if len(task.facts) == 1 and _MANY_ARE_ONE.search(text):
        return "wrong number"
    if complaints and re.search(r"\b(?:is|was) asked to\b", text):
        return "asks the patient"
    return None


def _of_the_values(text: str, task: Task) -> str | None:
    """What is wrong around a value."""
    if _BREATHS.search(text):
        return "beats for breaths"
    if len(task.facts) > 1:
        return None
    fact = task.facts[0]
    if fact.type == "lab":
        said = text.replace(fact.name, "")
        high, low = len(_HIGH.findall(said)), len(_LOW.findall(said))
        if high + low > 1:
            return "high and low" if high and low else "said twice"
    if fact.type == "score" and _NO_SCORE.search(text) and "not at all" not in text.lower():
        return "yes and no"
    return None


def _ranks(text: str, complaints: Sequence[Fact]) -> bool:
    """Whether one of several complaints, or one beside others, is called the main one."""
    for start, end in sentences_of(text):
        said = text[start:end].lower()
        if _LEADING.search(said):
            several = any(f.name in text.lower() and f.name not in said for f in complaints)
            return several or bool(_BESIDE.search(said))
    return False


def _takes_no_article(fact: Fact) -> bool:
    """A finding's name brings its article along; of complaints some have none."""
    if fact.type == "finding":
        return not fact.name.startswith(("a ", "an ", "the "))
    return bool(_UNCOUNTED.search(fact.name))


@lru_cache(maxsize=4096)
def _around(name: str, plural: bool) -> re.Pattern[str]:
    """Where a name stands after a person's "is" or "has" or an article, or before a verb."""
    said = re.escape(name)
    verb = r"(?:is|was|has)" if plural else r"(?:are|were|have)"
    return re.compile(
        rf"\b(?P<is>(?:patient|s?he|they|I) (?:is|was|are|am) (?:an? )?{said}\b)"
        rf"|\b(?P<has>(?:has|have) (?:an? |the )?{said}\b)"
        rf"|\b(?P<a>an? {said}$|an? {said}\b(?![ -]\w)|an? {said} (?:and|or|is|was|on|in|at)\b)"
        rf"|(?P<number>^(?:the |her |his |my )?{said} {verb}\b|\bthere {verb} (?:no )?{said}\b)",
        re.I,
    )


def _repeated(text: str, task: Task) -> str | None:
    """A word of the facts, or any of a sentence on one fact, that is said once too often."""
    if task.section:
        return None
    own = Counter(words_of(" ".join(texts_of(task.facts))))
    own |= Counter(words_of(" ".join(task.licensed)))
    common = _unmarked()
    for start, end in sentences_of(text):
        for word, times in Counter(words_of(text[start:end])).items():
            if len(word) < 4 or word in common or word[0].isdigit():
                continue
            if times > max(own[word], 1) and (word in own or len(task.facts) == 1):
                return "said twice"
    return None


@lru_cache(maxsize=1)
def _unmarked() -> frozenset[str]:
    words = {"patient", "patient's", "allergy", "allergies"}
    return joining_words("grammar", "measures", "scores") | words
