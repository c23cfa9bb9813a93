"""Questions and answers: what a "no" or a "yes" says about what was asked.

A question asserts nothing. The concepts of a clinician's question take the polarity of
the answer that follows, unless the answer names them itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from casewright.filters.ledger.assertion import Assertion
from casewright.filters.ledger.normalise import Tokens, words_of
from casewright.filters.ledger.packaged import read_yaml
from casewright.filters.ledger.scopes import Scope
from casewright.filters.ledger.structure import Sentence
from casewright.records import Turn

__all__ = ["Answer", "Exchange", "answered", "read_answer", "replies_to"]

Answer = Literal["yes", "no", "partly", "asserted", "past", "unclear"]
_ASKERS = frozenset({"doctor", "nurse"})


@dataclass(frozen=True, slots=True)
class DialogueRules:
    """dialogue.yaml in memory. `answers` are phrases by their first word, longest first."""

    answers: dict[str, list[tuple[tuple[str, ...], Answer]]]
    filler: frozenset[str]
    openers: frozenset[tuple[str, ...]]
    exclusive: frozenset[str]
    presupposing: frozenset[tuple[str, ...]]
    asserting: frozenset[tuple[str, ...]]
    past: frozenset[tuple[str, ...]]
    corrections: frozenset[tuple[str, ...]]
    nothing_else: frozenset[tuple[str, ...]]


@lru_cache(maxsize=1)
def load_dialogue_rules() -> DialogueRules:
    """Read dialogue.yaml, which is part of the package."""
    raw = read_yaml("dialogue.yaml")

    def phrases(key: str) -> frozenset[tuple[str, ...]]:
        return frozenset(tuple(words_of(str(p))) for p in raw[key])

    kinds: tuple[tuple[str, Answer], ...] = (
        ("unclear", "unclear"), ("no", "no"), ("yes", "yes"), ("only", "partly"),
    )  # fmt: skip
    answers: dict[str, list[tuple[tuple[str, ...], Answer]]] = {}
    for key, kind in kinds:
        for phrase in phrases(key):
            answers.setdefault(phrase[0], []).append((phrase, kind))
    for group in answers.values():
        group.sort(key=lambda p: (-len(p[0]), p))
    return DialogueRules(
        answers=answers,
        filler=frozenset(raw["filler"]),
        openers=phrases("question_openers"),
        exclusive=frozenset(raw["exclusive"]),
        presupposing=phrases("presupposing"),
        asserting=phrases("asserting"),
        past=phrases("past"),
        corrections=phrases("corrections"),
        nothing_else=phrases("nothing_else"),
    )


@dataclass(frozen=True, slots=True)
class Exchange:
    """The questions of a dialogue and what was answered to each.

    `answers[i]` is the answer to sentence i where that is a clinician's question, and
    `answer_words[i]` the range of words of the answering turn.
    """

    questions: frozenset[int]
    answers: dict[int, Answer]
    answer_words: dict[int, tuple[int, int]]
    patient_questions: frozenset[int]
    negative_questions: frozenset[int]

    @classmethod
    def of(
        cls,
        tokens: Tokens,
        sentences: Sequence[Sentence],
        scopes: Sequence[Sequence[Scope]],
        turns: Sequence[Turn],
    ) -> Exchange:
        """Find the questions and pair each with the next answer."""
        rules = load_dialogue_rules()
        asked, wondered = _questions(tokens, sentences, turns, rules)
        often = _how_often(tokens, sentences, turns)
        by_turn: dict[int, list[int]] = {}
        for index, sentence in enumerate(sentences):
            if sentence.turn is not None:
                by_turn.setdefault(sentence.turn, []).append(index)
        answers: dict[int, Answer] = {}
        words: dict[int, tuple[int, int]] = {}
        for turn, members in by_turn.items():
            if often.intersection(members):
                broken = [i for i in members if i in often and not sentences[i].question]
                asked.update(broken)  # cut off, it asks and claims nothing
                said = [sentences[i] for t in replies_to(turn, turns) for i in by_turn.get(t, ())]
                never = next(
                    (s for s in said if _says_never(tokens.words[s.first : s.last + 1])), None
                )
                if never is not None and not broken:
                    for index in often.intersection(members):
                        answers[index], words[index] = "no", (never.first, never.last)
                        asked.add(index)
                    continue
            open_questions = [i for i in members if i in asked]
            reply = _reply_turn(turn, turns, by_turn) if open_questions else None
            if reply is None:
                continue
            first = sentences[by_turn[reply][0]].first
            last = sentences[by_turn[reply][-1]].last
            answer = read_answer(tokens.words[first : last + 1])
            for index in open_questions:
                answers[index] = answer
                words[index] = (first, last)
        return cls(frozenset(asked), answers, words, frozenset(wondered), frozenset())


def _questions(
    tokens: Tokens, sentences: Sequence[Sentence], turns: Sequence[Turn], rules: DialogueRules
) -> tuple[set[int], set[int]]:
    asked: set[int] = set()
    wondered: set[int] = set()
    for index, sentence in enumerate(sentences):
        if sentence.turn is None or not _is_question(tokens, sentence, rules):
            continue
        if turns[sentence.turn].role not in _ASKERS:
            wondered.add(index)
        elif not _opens_with(tokens, sentence, rules, rules.presupposing):
            asked.add(index)
    return asked, wondered


def _how_often(tokens: Tokens, sentences: Sequence[Sentence], turns: Sequence[Turn]) -> set[int]:
    """Questions of a clinician for how often something was so: "not at all" denies it."""
    found = set()
    for index, sentence in enumerate(sentences):
        if sentence.turn is not None and turns[sentence.turn].role in _ASKERS:
            words = tokens.words[sentence.first : sentence.last + 1]
            if not sentence.question and words[-1] != "-":
                continue
            if _holds(words, _HOW_OFTEN, len(words)):
                found.add(index)
    return found


def replies_to(turn: int, turns: Sequence[Turn]) -> list[int]:
    """Turns that may answer a clinician's: those of others before the next question.

    A talkative patient answers after a word about the bus.
    """
    found = []
    for later in range(turn + 1, min(turn + 1 + _MOST_TURNS, len(turns))):
        if turns[later].role not in _ASKERS:
            found.append(later)
        elif "?" in turns[later].text:
            break
    return found


_MOST_TURNS = 5
_HOW_OFTEN = frozenset({("how", "often"), ("how", "many", "days")})
_NEVER = frozenset({("not", "at", "all"), ("never",), ("not", "once")})
_SHORT_ANSWER = 8


def _says_never(words: Sequence[str]) -> bool:
    return _holds(words, _NEVER, _SHORT_ANSWER)


def _is_question(tokens: Tokens, sentence: Sentence, rules: DialogueRules) -> bool:
    if sentence.question:
        return not _is_tag(tokens, sentence)
    return _opens_with(tokens, sentence, rules, rules.openers)


_TAGS = frozenset({"okay", "ok", "alright"})


def _is_tag(tokens: Tokens, sentence: Sentence) -> bool:
    """ "You have arthritis there, okay?" asks nothing."""
    words, last = tokens.words, sentence.last
    return (
        last - sentence.first > _SHORT_SENTENCE
        and words[last - 1] in _TAGS
        and words[last - 2] == ","
    )


_SHORT_SENTENCE = 3


def _opens_with(
    tokens: Tokens, sentence: Sentence, rules: DialogueRules, phrases: frozenset[tuple[str, ...]]
) -> bool:
    i = sentence.first
    while i < sentence.last and (tokens.words[i] in rules.filler or not tokens.words[i].isalnum()):
        i += 1
    return any(tuple(tokens.words[i : min(i + n, sentence.last + 1)]) in phrases for n in (3, 2, 1))


def _reply_turn(turn: int, turns: Sequence[Turn], by_turn: dict[int, list[int]]) -> int | None:
    """The next turn of someone else who is not asking, at most two turns on.

    Where that one only asks back ("What are those?"), the answer comes after the explanation.
    """
    for later in range(turn + 1, min(turn + 3, len(turns))):
        if later in by_turn and turns[later].role not in _ASKERS:
            after = later + 2
            back = turns[later].text.rstrip().endswith("?")
            if (
                back
                and after < len(turns)
                and after in by_turn
                and turns[after].role not in _ASKERS
                and not turns[later + 1].text.rstrip().endswith("?")
            ):
                return after
            return later
    return None


def read_answer(words: Sequence[str]) -> Answer:
    """Read how an answer begins.

    Returns:
        yes, no, partly ("just the cough"), asserted ("I did have one", which goes against a
        question that denies), past ("I did as a child") or unclear.
    """
    rules = load_dialogue_rules()
    for i, word in enumerate(words):
        kind, length = _phrase_at(tuple(words[i : i + _LONGEST_ANSWER]), rules)
        if kind is not None:
            kind, place, length = _corrected(kind, words, i, length, rules)
            return _refine(kind, words, place, length, rules)
        if word[0].isalnum() and word not in rules.filler:
            break
    if _holds(words, rules.nothing_else, _WHOLE_ANSWER):
        return "partly"
    return "unclear"


_WHOLE_ANSWER = 30
_CORRECTION_REACH = 9


def _corrected(
    kind: Answer, words: Sequence[str], i: int, length: int, rules: DialogueRules
) -> tuple[Answer, int, int]:
    """ "No. Wait, yes, on Monday": the answer that stands, with its place and length."""
    after = i + length
    reach = min(len(words), after + _CORRECTION_REACH)
    taken_back = kind == "no" and words[after : after + 1] == ["wait"]
    for j in range(after, reach):
        rest = tuple(words[j : j + _LONGEST_ANSWER])
        taken_back = taken_back or any(rest[: len(c)] == c for c in rules.corrections)
        if not taken_back:
            continue
        other, size = _phrase_at(rest, rules)
        if other in ("yes", "no") and other != kind and size > 0:
            return other, j, size
    return kind, i, length


def _holds(words: Sequence[str], phrases: frozenset[tuple[str, ...]], reach: int) -> bool:
    """Whether one of the phrases stands among the first words."""
    near = list(words[:reach])
    return any(
        tuple(near[i : i + len(p)]) == p for p in phrases for i in range(len(near) - len(p) + 1)
    )


_LONGEST_ANSWER = 8


def _phrase_at(words: tuple[str, ...], rules: DialogueRules) -> tuple[Answer | None, int]:
    """The longest phrase of an answer that these words begin with."""
    for phrase, kind in rules.answers.get(words[0], ()):
        if words[: len(phrase)] == phrase:
            return kind, len(phrase)
    return None, 0


def _refine(
    kind: Answer, words: Sequence[str], i: int, length: int, rules: DialogueRules
) -> Answer:
    after = i + length
    if kind != "yes":
        return kind
    own = tuple(words[i:after])
    if (
        any(w in rules.exclusive for w in words[after : after + 3])
        and "but" not in words[after : after + 3]
    ):
        return "partly"
    if _holds(words[i:], rules.past, _WHOLE_ANSWER):
        return "past"
    return "asserted" if own in rules.asserting else "yes"


def answered(
    exchange: Exchange, sentence: int, first: int, last: int, base: Assertion
) -> Assertion:
    """The assertion of words in a dialogue, given what was asked and answered."""
    if sentence in exchange.patient_questions:
        if base.polarity in ("present",):
            return replace(base, polarity="hypothetical", asked=True, trigger="a question")
        return base
    if sentence not in exchange.questions:
        return base
    answer = exchange.answers.get(sentence)
    if answer == "no":
        return _no(base)
    if answer == "asserted" and base.polarity == "denied":
        return Assertion("present", trigger="the answer says that it is so")
    if answer in ("yes", "asserted"):
        return _yes(base)
    if answer == "past" and base.polarity == "present":
        return Assertion("historical", trigger="the answer speaks of the past")
    if base.polarity == "family":
        return base
    if answer == "partly":
        return replace(base, polarity="denied", trigger="the answer names only something else")
    return Assertion("hypothetical", asked=True, trigger="a question without a clear answer")


def _no(base: Assertion) -> Assertion:
    if base.polarity == "family":
        return replace(base, denied_family=True, trigger="the answer is no")
    return Assertion("denied", trigger="the answer is no")


def _yes(base: Assertion) -> Assertion:
    if base.polarity in ("family", "historical", "denied", "hypothetical"):
        return base  # "So no chest pain?" "Right."
    return Assertion("present", trigger="the answer is yes")
