"""Filling sentence frames: who is spoken of, how items are written and joined.

Slots are described in prompts/frames.yaml.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from casewright.errors import CasewrightError
from casewright.prompts.library import Frame, Grammar, GroupText
from casewright.records import Demographics, Fact

__all__ = [
    "Item",
    "Subject",
    "Voice",
    "allowing",
    "article",
    "before_admission",
    "capitalise",
    "fill",
    "fill_question",
    "is_plural",
    "is_told_of",
    "item_of",
    "join",
    "lay_shape",
    "shown",
    "unsaid",
    "usable_frames",
    "vary",
    "with_article",
    "with_unit",
]

_ENGLISH = Grammar()
Voice = Literal["pronoun", "patient", "telegraphic", "self", "caregiver"]
Item = Mapping[str, str]

_SLOT = re.compile(r"\{([^{}]+)\}")
_THIRD_PERSON = {
    "have": "has", "haven't": "hasn't", "don't": "doesn't", "take": "takes", "keep": "keeps",
    "am": "is", "get": "gets", "feel": "feels",
}  # fmt: skip
_YOU_SOUND = ("uni", "use", "usu", "eu", "uri", "ure", "uro", "ute", "one")
_POSSESSIVE = re.compile(r"\b(?:his|her)\b")
_FIRST_TO_THIRD = {"my": ("her", "his"), "me": ("her", "him"), "I": ("she", "he")}


def capitalise(text: str) -> str:
    """Upper-case the first character and leave the rest ("pH 7.2" stays "PH 7.2" never)."""
    if len(text) > 1 and (text[1].isupper() or text[1].isdigit()):
        return text  # pH, aPTT, a1c: capitalised elsewhere already
    return text[:1].upper() + text[1:]


def article(text: str) -> str:
    """ "a" or "an", by sound: numbers as read aloud (8, 11, 18, 80 to 89), letters by name."""
    head = text.split("-", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    if head[:1].isdigit():
        number = re.match(r"\d+", head)
        digits = number.group() if number else ""
        return "an" if digits.startswith("8") or digits in {"11", "18"} else "a"
    if head.isupper():
        return "an" if head[0] in "AEFHILMNORSX" else "a"
    lowered = head.lower()
    if lowered.startswith(_YOU_SOUND) and not lowered.startswith(("unin", "unim")):
        return "a"
    if lowered.startswith(("hour", "honest")):
        return "an"
    return "an" if lowered[:1] in "aeiou" else "a"


def join(items: Sequence[str], conjunction: str = "and", grammar: Grammar = _ENGLISH) -> str:
    """ "a", "a and b", "a, b and c"; items that hold a comma are set apart by semicolons."""
    if len(items) <= 1:
        return items[0] if items else ""
    conjunction = grammar.joined(conjunction, items[-1])
    separator = "; " if any("," in item for item in items) else ", "
    head = separator.join(items[:-1])
    glue = f"{separator.strip()} {conjunction} " if separator == "; " else f" {conjunction} "
    return f"{head}{glue}{items[-1]}"


_ASKED_FROM = 7
"""Years from which a child is asked itself: school age, as paediatric history taking has it
(Bickley, Bates' Guide to Physical Examination and History Taking, chapter on children)."""


def is_told_of(demographics: Demographics) -> bool:
    """Whether the patient is a child too young to be asked."""
    return demographics.age_years < _ASKED_FROM


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a sentence is about and who says it.

    `who` is the name that an opening may use ("Ms. Okafor"), or "The patient". `grammar` is that
    of the frames' language.
    """

    demographics: Demographics
    voice: Voice
    who: str
    grammar: Grammar = _ENGLISH

    @property
    def person(self) -> str:
        """woman, man, girl or boy."""
        if self.demographics.is_child:
            return "girl" if self.demographics.sex == "female" else "boy"
        return "woman" if self.demographics.sex == "female" else "man"

    @property
    def is_told_of(self) -> bool:
        """Whether a note has the history from the parents."""
        return self.voice in ("pronoun", "patient", "telegraphic") and is_told_of(self.demographics)

    def slots(self) -> Mapping[str, str]:
        """The slots that do not depend on items."""
        return _slots(self)

    def _fill_slots(self) -> Mapping[str, str]:
        index = 0 if self.demographics.sex == "female" else 1
        she, her, obj = self.grammar.pronouns[index]
        if self.voice == "patient":
            subject = self.grammar.patient[index]
            possessive = self.grammar.patient_possessive[index]
        else:
            subject, possessive = she, her
        age = self.grammar.age(self.demographics)
        person = self.grammar.persons[self.person]
        slots = {
            "S": capitalise(subject), "s": subject, "P": capitalise(possessive), "p": possessive,
            "o": obj, "person": person, "Person": capitalise(person),
            "age": age, "Age": capitalise(age), "a": article(age), "A": capitalise(article(age)),
            "Who": self.who, "sex": self.demographics.sex,
        }  # fmt: skip
        cap = capitalise(she)
        if self.voice == "self":
            slots |= {
                "I": "I", "I've": "I've", "I'm": "I'm", "My": "My", "my": "my", "me": "me",
                "you": "you", "You": "You", "your": "your", "to you": "you",
                "you have": "you have", "You have": "You have", "Do you": "Do you",
                "do you": "do you", "Have you": "Have you", "Are you": "Are you",
            }  # fmt: skip
        else:  # a parent speaks of the child, and the doctor to the parent
            slots |= {
                "I": cap, "I've": f"{cap}'s", "I'm": f"{cap}'s",
                "My": capitalise(her), "my": her, "me": obj,
                "you": she, "You": cap, "your": her, "to you": obj,
                "you have": f"{she} has", "You have": f"{cap} has", "Do you": f"Does {she}",
                "do you": f"does {she}", "Have you": f"Has {she}", "Are you": f"Is {she}",
            }  # fmt: skip
        return slots

    def address(self, text: str) -> str:
        """Turn what the plan says of the patient ("see his doctor") to whom the doctor tells it."""
        return _POSSESSIVE.sub("your", text) if self.voice == "self" else text

    def speak(self, text: str) -> str:
        """Turn a first-person phrase ("pain in my chest") to the speaker's person."""
        if self.voice == "self":
            return text
        index = 0 if self.demographics.sex == "female" else 1
        pattern = re.compile(r"\b(my|me|I)\b")
        return pattern.sub(lambda m: _FIRST_TO_THIRD[m.group()][index], text)


@lru_cache(maxsize=1024)
def _slots(subject: Subject) -> Mapping[str, str]:
    return subject._fill_slots()


# Results that are said of the test ("was positive for") and not found by it ("showed a cyst").
_SAID_OF_TEST = re.compile(
    r"(?:(?:positive|negative|consistent|compatible|suggestive|diagnostic|within|reactive|"
    r"nonreactive|below|above)\b|(?:normal|abnormal|unremarkable|clear|intact)$|\d)"
)
_VERBS_OF_TEST = ("showed", "shows", "revealed", "demonstrated")


def shown(result: str) -> dict[str, str]:
    """A result with a verb before it, and whether it is a noun: "was positive for opioids"."""
    if not _SAID_OF_TEST.match(result):
        return {"shape": "noun", **{verb: f"{verb} {result}" for verb in _VERBS_OF_TEST}}
    said = {v: f"{'is' if v == 'shows' else 'was'} {result}" for v in _VERBS_OF_TEST}
    return {"shape": "said", **said}


def with_unit(value: str, unit: str | None) -> str:
    """ "38.1 C", but "14%" and "83/min"."""
    if not unit:
        return value
    return f"{value}{unit}" if unit[0] in "%/" else f"{value} {unit}"


# Reasons for a visit that take an article: "comes in for a vaccination visit", but "for asthma".
_COUNTABLE = re.compile(
    r"\b(?:visit|check-?up|examination|exam|test|evaluation|consultation|appointment|refill|"
    r"physical|assessment)\b"
).search


# Names of which there is one or none: "because of a skin lesion", but "because of cough".
_ONE_OF = re.compile(
    r"\b(?:lesion|lump|mass|bump|ulcer|wound|nodule|nosebleed|birthmark|blister|growth|rash|"
    r"sore throat|runny nose|foreign body|cyst|droop|mole|limp|burn|bite|sting|cut|laceration|"
    r"cataract|pregnancy|hematoma|obstruction|reaction|ischemic attack|infarction|seizure|"
    r"hemorrhage|abruption|placenta|bulge|"
    r"hernia|sprain|strain|fracture|dislocation|tear|stone|abscess|contusion|concussion|stroke|"
    r"injury|aneurysm|polyp|rupture|overdose|infection|tumor|exacerbation)"
    r"(?:,? (?:in|on|of|at|around|under|with|due|without|by|to|level|from) .*)?$"
).search


def with_article(name: str) -> str:
    """The name as a sentence takes it: "a skin lesion", but "chest pain"."""
    if not _ONE_OF(name) or re.match(r"(?:an?|the|no|multiple) ", name) or is_plural(name):
        return name
    return f"{article(name)} {name}"


# How a symptom is, where "is" does not say it: singular, plural, past.
_VERBS_OF_CHARACTER = (
    (re.compile(r"lasting "), ("lasts", "last", "lasted")),
    (re.compile(r"radiating "), ("radiates", "radiate", "radiated")),
    (re.compile(r"coming in "), ("comes", "come", "came")),
    (re.compile(r"(?:with|without) a plan"), ("is", "are", "was")),
    (re.compile(r"with |after "), ("comes", "come", "came")),
    (re.compile(r".*\btimes a (?:day|week)$"), ("comes", "come", "came")),
)


def _told(fact: Fact, *, past: bool = False) -> str:
    """What is known of a symptom, as a predicate: "began this morning and is crushing"."""
    onset, character, site = (fact.attribute(n) for n in ("onset", "character", "site"))
    plural = is_plural(fact.name)

    def verb(one: str, many: str, before: str) -> str:
        return before if past else many if plural else one

    be = verb("is", "are", "were" if plural else "was")
    parts = [_began(onset, plural=plural, past=past)] if onset else []
    if character:
        forms = next((v for p, v in _VERBS_OF_CHARACTER if p.match(character)), None)
        told = re.sub(r"^(?:lasting|radiating|coming) ", "", character)
        told = f"the {told}" if told.startswith("worst ") else told
        said = verb(*forms) if forms else be
        if " at first and now " in told:
            said = "were" if plural else "was"
            told = told.replace(" and now ", f" and {be} {'later' if past else 'now'} ")
        parts.append(f"{said} {told}")
    if site and site.startswith("of "):  # "affects the hands"
        parts.append(f"{verb('affects', 'affect', 'affected')} {site.removeprefix('of ')}")
    elif site:
        parts.append(f"{be} {site}")
    return join(parts)


_ONE = re.compile(r"(?:an?|the) |.*(?:diabetes|ascites|herpes|scabies|series|lens|ss|us|is)$").match
_MANY = re.compile(r"(?:.*s|.*ae|.*\b(?:rhonchi|teeth|feet)|petechiae)$").match


def is_plural(name: str) -> bool:
    """Whether a verb after the name is one of many: chills and cramps, not loss of balance."""
    head = re.split(
        r",? (?:of|in|on|with|without|at|to|after|during|from|under|over|along|for|around|between|"
        r"below|across|who|that|than|due) ",
        name,
        maxsplit=1,
    )[0]
    return _ONE(head) is None and _MANY(head) is not None


def _began(onset: str, *, plural: bool = False, past: bool = False) -> str:
    """ "began this morning", "came on over two days", but "has been there since the fall"."""
    if onset.startswith(("since ", "for ")):
        return f"{'had' if past else 'have' if plural else 'has'} been there {onset}"
    slowly = onset.startswith(("over ", "gradually", "slowly", "within "))
    return f"came on {onset}" if slowly else f"began {onset}"


_SINCE_ADMISSION = (
    (re.compile(r"\bago\b"), "before admission"),
    (re.compile(r"\bthis morning\b"), "on the morning of admission"),
    (re.compile(r"\b(?:this evening|tonight)\b"), "on the evening of admission"),
    (re.compile(r"\bthis afternoon\b"), "on the afternoon of admission"),
    (re.compile(r"\btoday\b"), "on the day of admission"),
    (re.compile(r"\byesterday\b"), "on the day before admission"),
    (re.compile(r"\blast night\b"), "on the night before admission"),
    (
        re.compile(r"\b(over|for|in) the (?:past|last) ([a-z0-9 -]+)$"),
        r"\1 the \2 before admission",
    ),
)


def before_admission(onset: str) -> str:
    """An onset as it is told after a stay: "two days ago" is "two days before admission"."""
    for pattern, text in _SINCE_ADMISSION:
        onset, changed = pattern.subn(text, onset)
        if changed:
            break
    return onset.replace("since on the ", "since the ")


_CARE = re.compile(
    r"(?:therapy|\bcare|support|monitoring|resuscitation|observation|feeding|irrigation|dressing|"
    r"rewarming|cooling|administration|fitting|spirometry|hypothermia|treatment|immobilization|"
    r"oxygen|ventilation|transfusion|dialysis|exchange|induction of labor|binder application)\b"
).search
_ONE_PROCEDURE = re.compile(
    r"(?:block|puncture|biopsy|transfusion|injection|cesarean delivery|vaginal delivery)$"
).search


def item_of(
    fact: Fact, *, lay: str | None = None, grammar: Grammar = _ENGLISH, past: bool = False
) -> Item:
    """The named parts of a fact that frames may use.

    Args:
        past: the details of a symptom are told of what is over.
    """
    parts = {
        "name": fact.name,
        "value": with_unit(fact.value, fact.unit) if fact.value is not None else "",
        "lay": lay or fact.name,
        "duration": "",
        "reaction": "",
    }
    if fact.type == "medication":
        parts["dose"] = parts["value"]
    for key, value in fact.attributes:
        parts[key] = value
    parts["told"] = _told(fact, past=past)
    parts["began"] = _began(fact.attribute("onset") or "")
    parts["reason"] = f"{article(fact.name)} {fact.name}" if _COUNTABLE(fact.name) else fact.name
    parts |= shown(fact.attribute("result") or "")
    if fact.type == "procedure":
        parts["shape"] = "care" if _CARE(fact.name) else "operation"
        if _ONE_PROCEDURE(fact.name) and grammar == _ENGLISH:
            parts["name"] = f"{article(fact.name)} {fact.name}"
    if parts["duration"] and not parts["duration"].startswith(" "):
        parts["duration"] = grammar.duration.format(duration=parts["duration"])
    if parts["reaction"]:
        parts["reaction"] = f" ({parts['reaction']})"
    return parts


_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def allowing(frame: Frame, banned: re.Pattern[str]) -> Frame | None:
    """The frame without the wordings that hold what is banned; None where none is left."""
    empty = False

    def choose(match: re.Match[str]) -> str:
        nonlocal empty
        left = [o for o in match.group(1).split("|") if not banned.search(o)]
        empty = empty or not left
        return f"[{'|'.join(left)}]"

    text = _CHOICE.sub(choose, frame.text)
    item = frame.item and _CHOICE.sub(choose, frame.item)
    around = _CHOICE.sub(" ", f"{frame.text} {frame.item or ''}")
    if empty or banned.search(around):
        return None
    return frame.model_copy(update={"text": text, "item": item})


def vary(frame: Frame, rng: random.Random) -> Frame:
    """The frame with one of the wordings of each choice: "[In addition, |]{s} reports"."""
    return frame.model_copy(
        update={
            "text": _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), frame.text),
            "item": frame.item
            and _CHOICE.sub(lambda m: rng.choice(m.group(1).split("|")), frame.item),
        }
    )


@lru_cache(maxsize=512)
def unsaid(frames: tuple[Frame, ...], grammar: Grammar) -> tuple[Frame, ...]:
    """The frames without the wordings in which the patient says something."""
    tells = re.compile(grammar.tells, re.I)
    return tuple(f for f in (allowing(f, tells) for f in frames) if f is not None)


_EXAMINED = re.compile(r"\bexam", re.I)
_FINITE = re.compile(
    r"\b(?:hurts?|aches?|is|are|feels?|keeps?|goes?|go|gets?|comes?|came|catches|locks|looks?|"
    r"burns|itch|itches|whistles|fall|falls|smells|bleeds?|was|never|don't|doesn't|blew|leaks?)\b"
)
_NO_DOING = ("being ", "nothing ", "something ", "everything ", "hurting ", "burning ", "bleeding ")


def lay_shape(form: str) -> tuple[str, str] | None:
    """What a lay wording is, with the wording as a sentence takes it, or None where unsure.

    Returns:
        "noun" ("a pain in my chest"), "clause" ("my chest hurts", "I can't sleep") or "doing"
        ("throwing up"), which follows "I keep" or "I've been".
    """
    first = form.split(" ", 1)[0]
    if first == "can't":
        return "clause", f"I {form}"
    if first in ("it", "my") and _FINITE.search(form):
        return "clause", form
    if first in ("a", "an", "the", "no", "only") and not re.search(r"\b(?:is|are)\b", form):
        return ("noun", form) if first in ("a", "an", "the") else None
    if first.endswith("ing") and not form.startswith(_NO_DOING) and first != "swelling":
        return "doing", form
    return None


def usable_frames(frames: Sequence[Frame], count: int, items: Sequence[Item] = ()) -> list[Frame]:
    """Frames that can hold so many items, and items of these shapes where they are given."""
    shapes = {i["shape"] for i in items if "shape" in i}
    # An examination says already how something was found.
    if any("examination" in i.get("name", "") for i in items):
        frames = [f for f in frames if not _EXAMINED.search(f.text)] or frames
    return [
        f
        for f in frames
        if (count > 1 or "{rest}" not in f.text)
        and (f.shape is None or not shapes or shapes == {f.shape})
    ]


def fill(
    frame: Frame,
    group: GroupText,
    items: Sequence[Item],
    subject: Subject,
) -> str:
    """Write the items in the frame.

    Raises:
        CasewrightError: for a slot that does not exist.
    """
    base = subject.slots()
    pattern = frame.item or group.item
    grammar = subject.grammar
    written = [_substitute(pattern, base, _in_words(item, grammar)) for item in items]
    slots = {
        **base,
        "list": join(written, "and", grammar),
        "list_or": join(
            [_bare(item) for item in written] if grammar == _ENGLISH else written, "or", grammar
        ),
        "first": written[0],
        "rest": join(written[1:], "and", grammar),
    }
    slots["List"] = capitalise(slots["list"])
    slots["List_or"] = capitalise(slots["list_or"])
    # A verb before the list agrees with its first item, one after it with all of them.
    one = not is_plural(items[0].get("name", ""))
    slots |= {"is": "is", "was": "was"} if one else {"is": "are", "was": "were"}
    alone = one and len(items) == 1
    slots |= {"are": "is", "were": "was"} if alone else {"are": "are", "were": "were"}
    text = _without_article(re.sub(r"\s{2,}", " ", _substitute(frame.text, slots, {})).strip())
    return capitalise(text) if text.endswith((".", "?", "!")) else text


def _bare(item: str) -> str:
    """ "denies rash", where the name is "a rash"."""
    return re.sub(r"^an? ", "", item)


def _in_words(item: Item, grammar: Grammar) -> Item:
    """The item with what is the program's own word (a flag) in the language's."""
    words = grammar.words
    if not words or item.get("flag") not in words:
        return item
    return {**item, "flag": words[item["flag"]]}


def fill_question(question: str, topic: str, subject: Subject) -> str:
    """Write one of a group's questions, about the topic."""
    return _without_article(_substitute(question, {**subject.slots(), "list": topic}, {}))


_ANY_A = re.compile(
    r"\b(any|no|your|my|her|his|the|patient's)"
    r" (?:an?|the) (?=\w)",
    re.IGNORECASE,
)


def _without_article(text: str) -> str:
    """ "Any rash?" where the name is "a rash"."""
    return _ANY_A.sub(r"\1 ", text)


def _inside(text: str, pattern: str, match: re.Match[str]) -> str:
    """A subject within a sentence: "No, she doesn't", where the first word would be "She"."""
    before = pattern[: match.start()].rstrip()
    if not before or before[-1] in ".!?" or text == "I" or text[:2] in ("I ", "I'"):
        return text
    return text[:1].lower() + text[1:]


def _substitute(pattern: str, base: Mapping[str, str], item: Item) -> str:
    def value(match: re.Match[str]) -> str:
        slot = match.group(1)
        if "|" in slot:  # the form for a woman, the form for a man
            return slot.split("|")[0 if base["sex"] == "female" else 1]
        if item:
            if slot == "a":
                return article(item["name"])
            if slot == "a_flag":
                flag = item.get("flag", "")
                return f"{article(flag)} {flag}"
            if slot in item:
                return item[slot]
        if slot in base:
            return _inside(base[slot], pattern, match) if slot[0] == "I" else base[slot]
        if slot.startswith("I ") and slot[2:] in _THIRD_PERSON:
            verb = slot[2:]
            said = f"I {verb}" if base["I"] == "I" else f"{base['I']} {_THIRD_PERSON[verb]}"
            return _inside(said, pattern, match)
        raise CasewrightError(
            f"the frame {pattern!r} uses the slot {{{slot}}}, which does not exist",
            where="frames.yaml",
            valid=", ".join(sorted({*base, *item, "list", "list_or", "List", "first", "rest"})),
        )

    return re.sub(r"\s{2,}", " ", _SLOT.sub(value, pattern)).rstrip()
