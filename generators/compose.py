"""Turning a planned piece into a task: its prompt, its examples, its fallback sentence."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from casewright.generators.disclosure import small_word
from casewright.generators.examples import (
    Example,
    ask_examples,
    ask_request,
    examples_for,
    listed_for,
    request_for,
)
from casewright.generators.hand import hand_of
from casewright.generators.lay import everyday_name, lay_sentence
from casewright.generators.plan import Piece
from casewright.generators.realiser import realise, realise_question
from casewright.generators.register import is_short
from casewright.generators.tasks import Task
from casewright.generators.vocabulary import FormsOf
from casewright.generators.wording import (
    Item,
    Subject,
    before_admission,
    fill,
    item_of,
    lay_shape,
    with_article,
)
from casewright.prompts.library import (
    ENGLISH,
    Frame,
    Grammar,
    GroupText,
    Message,
    Persona,
    PromptLibrary,
    Template,
)
from casewright.records import Case, Disclosed, Fact
from casewright.seeds import derive_rng, derive_seed

__all__ = ["Composer", "Spoken"]


_ON_A_LINE = {"vital:temperature": "T", "vital:blood_pressure": "BP"}
_WITHOUT_UNIT = frozenset({"vital:blood_pressure", "vital:heart_rate", "vital:respiratory_rate"})

SECTION_SHOTS = 1
"""Worked examples of a section: each is as long as the answer."""
_BLOCK = 16
"""Cases that go through the frames of a group in one order."""
_APART = 3
"""Places between the first frames of two cases: what a document takes of a group in turn."""

EXAMPLE_SETS = 4
"""Sets of worked examples that documents take turns with, per group, size, voice and sex."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """How a piece of a dialogue is spoken: by whom, and how a patient talks.

    Attributes:
        speaker: whose grammar it is: doctor, patient ("I") or caregiver ("she").
        role: who speaks, for the prompt: also interpreter, relative and nurse.
        told: what is told of each fact, by fact id; empty where all is told in any words.
    """

    speaker: str
    persona: Persona
    role: str = ""
    told: Mapping[str, Disclosed] = field(default_factory=dict)

    def telling(self, fact: Fact) -> Disclosed | None:
        """What the log says of a fact."""
        return self.told.get(fact.fact_id)


@dataclass(frozen=True)
class Composer:
    """Makes tasks for the pieces of one document.

    Attributes:
        seed: the run's seed. document_id: names every random choice together with it.
        lay_forms: lay wording of a concept, by its id.
    """

    library: PromptLibrary
    template: Template
    case: Case
    kind: str
    style: str
    document_id: str
    seed: int
    shots: int
    forms_of: FormsOf
    lay_forms: FormsOf
    short_forms: FormsOf

    def rng(self, *keys: str | int) -> random.Random:
        """A generator named by the document and the keys."""
        return derive_rng(self.seed, self.document_id, *keys)

    def task(self, piece: Piece, subject: Subject, spoken: Spoken | None = None) -> Task:
        """The task for a piece, and for each of its facts alone."""
        group = self.library.groups[piece.group]
        whole = self._task(
            piece.piece_id, piece.group, group, piece.facts, subject, spoken,
            again=piece.again, turn=piece.turn,
        )  # fmt: skip
        if len(piece.facts) < 2:
            return whole
        parts = []
        for number, fact in enumerate(piece.facts):
            # Who comes in is said once: after the first, an opening goes on as any symptom.
            goes_on = number > 0 and piece.group.startswith("opening")
            name = "symptoms_present" if goes_on else piece.group
            part_id = f"{piece.piece_id}.{number}"
            texts = self.library.groups[name]
            turn = piece.turn + number
            parts.append(self._task(part_id, name, texts, (fact,), subject, spoken, turn=turn))
        return replace(whole, parts=tuple(parts), about=())

    def _task(
        self,
        piece_id: str,
        name: str,
        group: GroupText,
        facts: Sequence[Fact],
        subject: Subject,
        spoken: Spoken | None,
        *,
        again: bool = False,
        turn: int = 0,
    ) -> Task:
        rng = self.rng(piece_id, "examples")
        facts = [_only_what_is_asked(name, self._as_told(f)) for f in facts]
        items = [self._item(f, subject, spoken, rng) for f in facts]
        if name == "symptom_details":
            items = _in_one(items)
        examples = self._examples(name, group, len(items), subject)
        speaker = spoken.speaker if spoken else None
        required = tuple(r for f in facts for r in _verbatim(f, spoken, again=again))
        required = tuple(subject.address(r) if speaker == "doctor" else r for r in required)
        if name.startswith("opening"):
            # The age is stated nowhere else; the name is, and half of the frames go without.
            required += (str(subject.demographics.age_text).split("-")[0],)
        return Task(
            seed_keys=(self.seed, self.document_id, piece_id),
            messages=self._messages(
                examples,
                request_for(name, group, items, subject),
                name,
                speaker=(spoken.role or spoken.speaker) if spoken else "",
                voice=subject.voice,
            ),
            facts=() if again and spoken else tuple(facts),
            about=tuple(facts) if again and spoken else (),
            fallback=lambda: self._realised(name, group, facts, items, subject, spoken, turn),
            speaker=speaker,  # type: ignore[arg-type]
            licensed=(
                *(v for item in items for v in item.values()),
                subject.who,
                subject.demographics.age_text,
            ),
            required=required,
            bare=again or subject.voice == "telegraphic",
            listed=listed_for(group, items, subject),
            shown=tuple((e.listed, e.answer) for e in examples),
        )

    def section(self, piece: Piece, parts: Sequence[Task], subject: Subject) -> Task:
        """The task for a section in one go, made of the tasks for its pieces.

        Its worked examples are those of the pieces, one after the other: a section as the
        clinician's style has it, of facts that the case does not hold.
        """
        shown = [
            (self._listing(subject, [e[0] for e in each]), " ".join(e[1] for e in each))
            for each in islice(zip(*(p.shown for p in parts), strict=False), SECTION_SHOTS)
        ]
        request = self._listing(subject, [p.listed for p in parts])
        return Task(
            seed_keys=(self.seed, self.document_id, piece.piece_id),
            messages=self.library.template("section").messages(
                examples=[Example(r, a) for r, a in shown][: self.shots],
                request=request,
                speaker=parts[0].speaker or "",
                voice=subject.voice,
                kind=self.kind,
                group="section",
                style=self.style,
            ),
            facts=piece.facts,
            fallback=lambda: " ".join(p.fallback() for p in parts),
            speaker=parts[0].speaker,
            parts=tuple(parts),
            licensed=tuple(dict.fromkeys(w for p in parts for w in p.licensed)),
            required=tuple(dict.fromkeys(r for p in parts for r in p.required)),
            bare=any(p.bare for p in parts),
            listed=request,
            shown=tuple(shown),
            section=True,
        )

    @staticmethod
    def _listing(subject: Subject, listed: Sequence[str]) -> str:
        who = f"{subject.who}, {subject.demographics.age_text} {subject.person}"
        return "\n".join([f"{who}.", *(f"- {line}" for line in listed)])

    def _as_told(self, fact: Fact) -> Fact:
        """The fact as this kind of document tells it: onsets from admission after a stay."""
        if not self.library.kind(self.kind).afterwards or fact.attribute("onset") is None:
            return fact
        return replace(
            fact,
            attributes=tuple(
                (k, before_admission(v) if k == "onset" else v) for k, v in fact.attributes
            ),
        )

    def _realised(
        self,
        name: str,
        group: GroupText,
        facts: Sequence[Fact],
        items: Sequence[Item],
        subject: Subject,
        spoken: Spoken | None,
        turn: int,
    ) -> str:
        """The realiser's sentence."""
        own = self._in_own_words(name, group, facts, items, subject, spoken, turn)
        if own is not None:
            return own
        plain = self._plain(facts, items, subject, spoken)
        if spoken is None and len(items) == len(facts):
            plain = [self._in_hand(i, f) for i, f in zip(plain, facts, strict=True)]
        # Cases that follow one another take frames that follow one another in one order, so
        # that a run has used all of them before it uses one again.
        block, place = divmod(self.case.index, _BLOCK)
        order = (self.seed, self.kind, name, subject.voice, block, "frames")

        def said(turn: int) -> str:
            words = self.rng(name, "words", turn)
            return realise(
                group, plain, subject, derive_rng(*order), turn + place * _APART, words,
                banned=self._banned(name, spoken),
            )  # fmt: skip

        brief = spoken is not None and _is_brief(spoken.persona)
        if brief and name not in _ASKED and spoken is not None and spoken.told:
            return min((said(turn + n) for n in range(_TRIES)), key=len)
        return said(turn)

    def _in_hand(self, item: Item, fact: Fact) -> Item:
        """The item in the clinician's own words for it."""
        if self.library.language != ENGLISH or self.library.grammar != Grammar():
            return item
        return hand_of(self.seed, self.case.identity.clinician).item(item, fact)

    def _banned(self, name: str, spoken: Spoken | None) -> re.Pattern[str] | None:
        """What the realiser's sentence may not hold: what is over, told as if it were so now."""
        if spoken is not None or self.library.grammar != Grammar():
            return None
        over = self.library.kind(self.kind).afterwards and name in _OF_ARRIVAL
        return _NOW if over else None

    def _in_own_words(
        self,
        name: str,
        group: GroupText,
        facts: Sequence[Fact],
        items: Sequence[Item],
        subject: Subject,
        spoken: Spoken | None,
        turn: int,
    ) -> str | None:
        """One symptom in the patient's own words, where the log has such for it."""
        if spoken is None or len(facts) != 1 or "{lay}" not in group.item:
            return None
        telling = spoken.telling(facts[0])
        if telling is None or telling.outcome != "told" or telling.said in ("", facts[0].name):
            return None
        rng = self.rng(name, "own words", str(turn))
        wording = items[0]["lay"]
        return lay_sentence(wording, group, subject, self.library, rng, asked=group.ask_by_model)

    def line(self, piece: Piece, subject: Subject) -> str:
        """The piece set as a line or list, as forms have it: no sentence."""
        group = self.library.groups[piece.group]
        rng = self.rng(piece.piece_id, "line")
        lined = []
        for fact in piece.facts:
            short = next((f for f in self.short_forms(fact.concept) if is_short(f)), fact.name)
            short = _ON_A_LINE.get(fact.concept, short)
            item = {**self._item(fact, subject, None, rng), "short": short}
            if fact.concept in _WITHOUT_UNIT:
                item["value"] = fact.value or ""
            said = self._in_hand(item, fact)
            lined.append(fill(Frame(text="{list}", item=group.line), group, [said], subject))
        return group.line_break.join(lined)

    def ask(self, piece: Piece, subject: Subject) -> Task:
        """The task for the doctor's question about the first fact of a piece."""
        group = self.library.groups[piece.group]
        fact = self._everyday(piece.facts[0])
        english = self.library.grammar == Grammar()
        topic = with_article(fact.name) if english and fact.type == "symptom" else fact.name
        rng = self.rng(piece.piece_id, "ask")
        examples = ask_examples(group, subject, rng, shots=self.shots, avoid=self._avoid())
        return Task(
            seed_keys=(self.seed, self.document_id, piece.piece_id, "ask"),
            messages=self._messages(
                examples, ask_request(fact.name), "ask", speaker="doctor", voice=subject.voice
            ),
            facts=(),
            fallback=lambda: realise_question(
                group, topic, subject, self.rng(piece.piece_id, "asked")
            ),
            must_end="?",
            speaker="doctor",
            topic=(fact.name, *self.forms_of(fact.concept)),
        )

    def _examples(self, name: str, group: GroupText, count: int, subject: Subject) -> list[Example]:
        """The worked examples of a task, by its shape and one of a few sets.

        Tasks of one shape begin alike then, and the server's prompt cache serves them: with
        eight sets and more a core answers half as many requests (docs/engines.md). The first
        example is that of every set.
        """
        who: tuple[str, ...] = (subject.voice,)
        if subject.voice != "self":
            who += (subject.demographics.sex, subject.person)
        chosen = derive_seed(self.document_id) % EXAMPLE_SETS
        avoid = self._avoid()

        def drawn(*keys: int) -> list[Example]:
            rng = derive_rng(self.seed, "examples", name, count, *who, *keys)
            return examples_for(name, group, count, subject, rng, shots=self.shots, avoid=avoid)

        first = drawn()[:1]
        seen = {(e.request, e.answer) for e in first}
        others = [e for e in drawn(chosen) if (e.request, e.answer) not in seen]
        return [*first, *others][: self.shots]

    def _messages(
        self,
        examples: Sequence[Example],
        request: str,
        group: str,
        *,
        speaker: str,
        voice: str,
    ) -> tuple[Message, ...]:
        return self.template.messages(
            examples=examples,
            request=request,
            speaker=speaker,
            voice=voice,
            kind=self.kind,
            group=group,
            style=self.style,
        )

    def _avoid(self) -> frozenset[str]:
        return frozenset(f.name.lower() for f in self.case.facts)

    def _item(
        self, fact: Fact, subject: Subject, spoken: Spoken | None, rng: random.Random
    ) -> Item:
        afterwards = self.library.kind(self.kind).afterwards
        plain = item_of(fact, grammar=self.library.grammar, past=afterwards)
        if spoken is not None and fact.type == "social":
            return {**plain, "said": _said(fact, subject)}
        if spoken is not None and fact.type in ("follow_up", "disposition"):
            return {**plain, "name": subject.address(fact.name)}
        english = self.library.grammar == Grammar()
        in_prose = english and subject.voice != "telegraphic" and fact.polarity == "present"
        if fact.type == "diagnosis" or fact.attribute("role") == "complication":
            return _counted(plain) if in_prose else plain
        if fact.type == "symptom" and in_prose and (not spoken or spoken.speaker == "doctor"):
            return _counted(plain)
        if spoken is None or fact.type != "symptom" or spoken.speaker == "doctor":
            return plain
        telling = spoken.telling(fact)
        everyday = self._everyday(fact)
        if telling is not None and telling.said != fact.name:
            return item_of(everyday, lay=subject.speak(telling.said) or None)
        if fact.polarity == "denied" or telling is not None:
            said = item_of(everyday)
            return _counted(said) if english and fact.polarity != "denied" else said
        fact = everyday
        lay = list(self.lay_forms(fact.concept))
        if lay and rng.random() < spoken.persona.lay:
            return {**item_of(fact, lay=subject.speak(form := rng.choice(lay))), "form": form}
        return _counted(plain) if english else plain

    def _everyday(self, fact: Fact) -> Fact:
        """The fact under the name that people have for it, where the graph's is a clinician's."""
        if self.library.language != ENGLISH or fact.type != "symptom":
            return fact
        return replace(fact, name=everyday_name(fact.name))

    @staticmethod
    def _plain(
        facts: Sequence[Fact], items: Sequence[Item], subject: Subject, spoken: Spoken | None
    ) -> list[Item]:
        """The items as the realiser takes them: patients' words where it can place them.

        What is said in one sentence has one shape; else all are called by their names.
        """
        if spoken is None:
            return list(items)
        if facts[0].type == "medication" and subject.grammar == Grammar():
            return [_in_plain_words(i, by_patient=spoken.speaker != "doctor") for i in items]
        tellings = [spoken.telling(f) for f in facts]
        if any(t is not None for t in tellings) or not any("form" in i for i in items):
            return [
                {**i, "lay": t.said if t is not None and t.outcome == "minimised" else i["name"]}
                for i, t in zip(items, tellings, strict=True)
            ]
        shapes = [lay_shape(i["form"]) if "form" in i else ("noun", i["lay"]) for i in items]
        known = [s for s in shapes if s is not None]
        if len(known) < len(shapes) or len({shape for shape, _ in known}) > 1:
            known = [("noun", i["name"]) for i in items]
        return [
            {**item, "lay": subject.speak(said), "shape": shape}
            for item, (shape, said) in zip(items, known, strict=True)
        ]


_OF_ARRIVAL = frozenset(
    {
        "symptoms_present", "symptom_details", "symptoms_denied", "vitals", "findings",
        "findings_absent", "labs", "tests",
    }
)  # fmt: skip
"""Groups that tell of the arrival: of what was, in a document written after the stay."""
_NOW = re.compile(
    r"\b(?:is|are|has(?! had| been)|have(?! had| been)|shows|show|reveals|reports|describes|"
    r"complains|mentions|notes|tells|tell|speaks|confirms|adds|denies|says|states|recalls|explains|"
    r"does|goes|include|At present|At this time|So far)\b|\{(?:is|are|shows)\}"
)


_ONSET_OF_ONE = re.compile(r"(?:began |came on |had been |(?:has|have)( been .*))")


def _in_one(items: Sequence[Item]) -> list[Item]:
    """What is told of several symptoms as of one: "cough began last night and the fever today"."""
    if len(items) < 2:
        return list(items)
    first, *others = items
    same = all(i["told"] == first["told"] for i in others)
    if same and (told := _ONSET_OF_ONE.match(first["told"])):
        of_all = f"have{told[1]}" if told[1] else first["told"]
        return [{**first, "name": " and ".join(i["name"] for i in items), "told": of_all}]
    rest = " and ".join(f"the {i['name']} {i['told']}" for i in others)
    return [{**first, "told": f"{first['told']}, and {rest}"}]


def _counted(item: Item) -> Item:
    """A complaint with its article, where a sentence wants one: "a skin lesion"."""
    name = with_article(item["name"])
    return {**item, "name": name, "lay": name if item["lay"] == item["name"] else item["lay"]}


_DAILY = re.compile(r"\b(once|twice|three times|four times) (dai|week|month)ly\b")


def _in_plain_words(item: Item, *, by_patient: bool) -> Item:
    """A drug as it is spoken of: "twice a day"; a patient does not say that it is swallowed."""
    units = {"dai": "day", "week": "week", "month": "month"}
    frequency = _DAILY.sub(lambda m: f"{m[1]} a {units[m[2]]}", item.get("frequency", ""))
    route = item.get("route", "")
    return {
        **item,
        "frequency": frequency,
        "route": "" if by_patient and route == "by mouth" else route,
    }


_BRIEF = frozenset({"terse", "impatient"})
_TRIES = 4
"""Sentences of which a patient of few words says the shortest."""
_LITTLE = 0.5
"""Who speaks less of the language than this says the shortest too."""


def _is_brief(persona: Persona) -> bool:
    return persona.personality in _BRIEF or persona.language < _LITTLE


_DETAILS = frozenset({"onset", "character", "site"})
_ASKED: Mapping[str, frozenset[str]] = {
    "say_onset": frozenset({"onset"}),
    "write_onset": frozenset({"onset"}),
    "say_character": frozenset({"character", "site"}),
}


def _only_what_is_asked(group: str, fact: Fact) -> Fact:
    """When it began, or how it is: without the details that the group does not tell."""
    if group not in _ASKED:
        return fact
    kept = tuple((k, v) for k, v in fact.attributes if k not in _DETAILS or k in _ASKED[group])
    return replace(fact, attributes=kept)


_DETAIL_VERB = re.compile(r"^(?:of|lasting|radiating|coming) |^.* at first and now ")
"""What becomes a verb where a detail is told: "affects the hands", "lasts two minutes"."""


def _verbatim(fact: Fact, spoken: Spoken | None, *, again: bool) -> tuple[str, ...]:
    """What must be said word for word: phrases whose parts a model garbles, and relatives."""
    if again:
        return tuple(_DETAIL_VERB.sub("", v) for k, v in fact.attributes if k in _DETAILS)
    if fact.type == "symptom":
        telling = spoken.telling(fact) if spoken is not None else None
        if telling is not None and telling.outcome == "minimised":
            return (telling.said.removesuffix(fact.name).strip(),)
        # What the patient made small must not grow in the note.
        return () if spoken is not None else small_word(fact)
    if fact.type in ("disposition", "follow_up", "course") or (
        fact.type == "social" and spoken is None
    ):
        return (fact.name,)
    if fact.type == "medication" and (fact.attribute("frequency") or "").endswith("as needed"):
        return ("as needed",)  # without it the drug is taken whether needed or not
    if fact.type == "score" and (often := fact.attribute("often")):
        return (often,)
    if fact.type == "family_history":
        return tuple(v for k, v in fact.attributes if k == "relative")
    return ()


def _said(fact: Fact, subject: Subject) -> str:
    """A habit in the words of the patient ("I smoke ...") or of the parent ("she ...")."""
    first = fact.attribute("first")
    if subject.voice == "self" and first:
        return first
    return f"{subject.slots()['s']} {fact.name}"
