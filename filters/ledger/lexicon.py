"""The surface forms of the graph as one automaton over words.

Every word that occurs in a form gets two private characters for its stem; a text becomes
a string of them, and the Aho-Corasick automaton runs over that string. So word
boundaries, inflection, spelling and white space cost nothing at match time, and a match
is a range of words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ahocorasick

from casewright.filters.ledger.forms import (
    DANGLING,
    DETERMINERS,
    capitals_matter,
    form_variants,
    form_words,
    with_commas,
    worth_finding,
)
from casewright.filters.ledger.language import ENGLISH, load_language
from casewright.filters.ledger.normalise import Tokens
from casewright.filters.ledger.stems import Speller, english_words, is_inflection, stem
from casewright.filters.ledger.wordrules import WordRules, load_word_rules
from casewright.kg.graph import Concept, Condition, FormKind, NodeType

__all__ = ["ConceptSource", "Encoded", "Entry", "Lexicon", "Match"]


class ConceptSource(Protocol):
    """The part of `kg.graph.Graph` that the checker reads."""

    def concepts(self, *types: NodeType) -> Sequence[Concept]:
        """All nodes of the given types."""

    def parents(self, code: str) -> Sequence[str]:
        """Codes above an ICD-10-CM code, nearest first."""


TYPES: tuple[NodeType, ...] = (
    "Symptom",
    "Finding",
    "LabTest",
    "VitalSign",
    "Medication",
    "Procedure",
    "RiskFactor",
    "Allergen",
    "Condition",
)
_SKIPPED = frozenset('()[]"-/+*#°•|&~^%\n')
# A word is two characters, one of each alphabet: the automaton searches the children of a
# node one by one, and with one alphabet of all stems its root would have thousands.
_ALPHABET = 160
_HIGH, _LOW = 0x1000, 0x2000
_BREAK, _COMMA, _UNKNOWN = "\x01\x01", "\x02\x02", "\x03\x03"


@dataclass(frozen=True, slots=True)
class Entry:
    """One surface form of one concept, as words."""

    concept: str
    type: NodeType
    kind: FormKind
    words: tuple[str, ...]
    cased: str | None = None  # the form where its capitals matter
    negated: bool = False  # the words deny the concept ("afebrile")


@dataclass(frozen=True, slots=True)
class Match:
    """Words `first` to `last` (inclusive) of a text may name any of the entries' concepts."""

    first: int
    last: int
    entries: tuple[Entry, ...]
    maximal: bool = True  # not inside a longer match


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as two characters a word: `kept[i]` is the token index of word i."""

    tokens: Tokens
    code: str
    kept: list[int]
    stems: list[str]  # of the kept tokens; punctuation is its own stem
    corrected: list[int]  # tokens that are misspelt


class Lexicon:
    """All surface forms, searched in one pass.

    Args:
        source: the graph, or anything with its `concepts`.
        extra_forms: further forms by concept id, beside those of lexicon.yaml.
        language: of the forms.
    """

    def __init__(
        self,
        source: ConceptSource,
        *,
        extra_forms: Mapping[str, Sequence[str]] | None = None,
        language: str = ENGLISH,
    ) -> None:
        self.language = load_language(language)
        self.rules = load_word_rules(language)
        self.concepts: dict[str, Concept] = {c.id: c for c in self.rules.concepts}
        self.concepts.update((c.id, c) for c in source.concepts(*TYPES))
        self.habits = _by_topic(self.concepts.values())
        self._charged: dict[str, tuple[Entry, ...]] = {}  # "K+" by its letter
        self._chars: dict[str, str] = {}
        self._words: set[str] = set()
        self._final_a: set[str] = set()
        self._patterns: dict[str, dict[tuple[str, tuple[str, ...]], Entry]] = {}
        for concept in self.concepts.values():
            extra = (extra_forms or {}).get(concept.id, ())
            self._add_concept(concept, extra)
        self._add_negative_words()
        self._ids: dict[str, tuple[Entry, ...]] = {}
        self._automaton = self._build()
        self._speller = Speller(self._words)
        self._char_cache: dict[str, tuple[str, str]] = {}
        self._meant: dict[str, str] = {}  # misspelt words seen

    # -- building

    def _build(self) -> Any:
        automaton = ahocorasick.Automaton()
        for key, entries in self._patterns.items():
            automaton.add_word(key, (len(key), tuple(entries.values())))
        if self._patterns:
            automaton.make_automaton()
        self._patterns = {}
        return automaton

    def _add_concept(self, concept: Concept, extra: Iterable[str]) -> None:
        forms = worth_finding(concept)
        for form in self.rules.forms.get(concept.id, ()):
            forms.append((form, "abbreviation" if form.isupper() else "synonym"))
        forms += [(f, "synonym") for f in extra]
        for written, kind in forms:
            text = self.language.text(written)
            for variant in form_variants(text):
                self._add_form(concept, variant, kind)
            if concept.type == "Medication" and (bare := self._without_dose_form(text)):
                self._add_form(concept, bare, "synonym")
        if concept.normal and concept.type in ("Finding", "Symptom"):
            words = form_words(self.language.text(concept.normal))
            own = {form_words(f.text) for f in concept.forms}
            if len(words) > 1 and words not in own:
                self._add_words(concept, words, "synonym", None, negated=True)

    def _without_dose_form(self, text: str) -> str | None:
        """ "hydrocortisone" of "hydrocortisone ear drops"; None where nothing is left or cut."""
        words = text.split()
        kept = len(words)
        while kept > 1 and words[kept - 1].lower() in self.rules.dose_forms:
            kept -= 1
        return " ".join(words[:kept]) if kept < len(words) else None

    def _add_negative_words(self) -> None:
        """Words that deny a concept by themselves, on whatever concepts have the denied name."""
        wanted = {name for names in self.rules.negative_words.values() for name in names}
        by_name: dict[str, list[Concept]] = {}
        for concept in self.concepts.values():
            if concept.type not in ("Symptom", "Finding", "Condition", "RiskFactor"):
                continue
            common = not isinstance(concept, Condition) or concept.visit_share > 0
            written = {f.text.lower() for f in concept.forms} if common else {concept.name}
            for name in wanted & written:
                by_name.setdefault(name, []).append(concept)
        for concept_id, forms in self.rules.denying.items():
            for form in forms:
                self._add_words(
                    self.concepts[concept_id],
                    form_words(self.language.text(form)),
                    "synonym",
                    None,
                    negated=True,
                )
        for word, names in self.rules.negative_words.items():
            for name in names:
                for concept in by_name.get(name, ()):
                    words = form_words(self.language.text(word))
                    self._add_words(concept, words, "synonym", None, negated=True)

    def _add_form(self, concept: Concept, form: str, kind: FormKind) -> None:
        words = form_words(form)
        if (
            not words
            or words[-1] in DANGLING
            or words[0] in DANGLING
            or all(w.isdigit() for w in words)
        ):
            return  # what is left of a title without its "unspecified ..."
        if len(words) == 1 and len(words[0]) == 1 and form.endswith("+"):
            entry = Entry(concept.id, concept.type, kind, words)
            self._charged[words[0]] = (*self._charged.get(words[0], ()), entry)
        if " ".join(words) in self.rules.stop or (len(words) == 1 and len(words[0]) == 1):
            return
        cased = "".join(filter(str.isalnum, form)) if capitals_matter(form, kind) else None
        self._add_words(concept, words, kind, cased)
        if "," in form:
            key = "".join(_COMMA if w == "," else self._char_of(stem(w)) for w in with_commas(form))
            self._add_key(key, Entry(concept.id, concept.type, kind, words, cased))
        if concept.type in ("Symptom", "Finding") and cased is None:
            for variant in self._reworded(words):
                self._add_words(concept, variant, "synonym", None)

    def _reworded(self, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for adjective in self.rules.adjectives.get(words[-1], ()):
            if len(words) == 1:
                yield form_words(adjective)
        if len(words) == 2:
            for joiner in self.rules.joiners:
                yield (words[1], *joiner.split(), words[0])

    def _add_words(
        self,
        concept: Concept,
        words: tuple[str, ...],
        kind: FormKind,
        cased: str | None,
        *,
        negated: bool = False,
    ) -> None:
        if not words:
            return
        entry = Entry(concept.id, concept.type, kind, words, cased, negated)
        self._words.update(words)
        if words[-1] == "a" and len(words) > 1:
            self._final_a.add(words[-2])
        self._add_key("".join(self._char_of(stem(w)) for w in words), entry)

    def _add_key(self, key: str, entry: Entry) -> None:
        entries = self._patterns.setdefault(key, {})
        concept_id, words, negated = entry.concept, entry.words, entry.negated
        if negated or (concept_id, words) not in entries:
            entries[(concept_id, words)] = entry

    def _char_of(self, word_stem: str) -> str:
        char = self._chars.get(word_stem)
        if char is None:
            high, low = divmod(len(self._chars), _ALPHABET)
            char = self._chars[word_stem] = chr(_HIGH + high) + chr(_LOW + low)
        return char

    # -- matching

    def encode(self, tokens: Tokens) -> Encoded:
        """Two characters a word; determiners, hyphens and brackets are left out."""
        chars: list[str] = []
        kept: list[int] = []
        stems: list[str] = []
        corrected: list[int] = []
        cache = self._char_cache
        previous = ""
        for index, word in enumerate(tokens.words):
            known = cache.get(word)
            if known is None:
                known = self._lookup(word)
            char = known[0]
            if not char or (word == "a" and previous not in self._final_a):
                continue
            previous = word
            chars.append(char)
            stems.append(known[1])
            kept.append(index)
            if word in self._meant:
                corrected.append(index)
        return Encoded(tokens, "".join(chars), kept, stems, corrected)

    def _lookup(self, word: str) -> tuple[str, str]:
        if word in _SKIPPED or word in DETERMINERS:
            known = ("", word)
        elif not word[0].isalnum():
            known = (_COMMA if word == "," else _BREAK, word)
        else:
            word_stem = stem(word)
            char = self._chars.get(word_stem)
            if char is None and (meant := self._speller.correct(word)) is not None:
                self._meant[word] = meant
                word_stem = stem(meant)
                char = self._chars.get(word_stem)
            known = (char or _UNKNOWN, word_stem)
        if len(self._char_cache) > 200_000:
            self._char_cache.clear()
            self._meant.clear()
        self._char_cache[word] = known
        return known

    def lookup(self, form: str) -> tuple[Entry, ...]:
        """The entries whose form has these words (whatever their inflection)."""
        words = form_words(self.language.text(form))
        chars = [self._chars.get(stem(w)) for w in words]
        if not words or None in chars:
            return ()
        key = "".join(c for c in chars if c)
        found = self._automaton.get(key, None)
        return found[1] if found else ()

    def stems_of(self, words: Sequence[str]) -> tuple[str, ...]:
        """The stems under which `encode` files these words."""
        return tuple(self._lookup(w)[1] for w in words)

    def find(self, encoded: Encoded) -> list[Match]:
        """All matches in text order, longer ones first where they begin together.

        A match inside a longer one is kept and marked as not maximal.
        """
        if not self._chars:
            return []
        found: list[Match] = []
        kept = encoded.kept
        for end, (length, entries) in self._automaton.iter(encoded.code):
            last_word = end // 2
            first, last = kept[last_word - length // 2 + 1], kept[last_word]
            valid = tuple(e for e in entries if self._holds(e, encoded.tokens, first, last))
            if valid:
                found.append(Match(first, last, valid))
        found.extend(self._slash_matches(encoded.tokens))
        found.extend(self._charged_matches(encoded.tokens))
        found.sort(key=lambda m: (m.first, -m.last))
        return _mark_nested(found)

    def _slash_matches(self, tokens: Tokens) -> Iterator[Match]:
        for index, word in enumerate(tokens.words):
            if len(word) < 3 or word[1] != "/" or word in _SHORTHAND_WORDS:
                continue
            letters = word.split("/")
            meant = [self.rules.slash_letters.get(letter) for letter in letters]
            if all(meant):
                ids = [m[0] for m in meant if m]
                entries = tuple(
                    Entry(i, self.concepts[i].type, "abbreviation", (word,))
                    for i in dict.fromkeys(ids)
                    if i in self.concepts
                )
                if entries:
                    yield Match(index, index, entries)

    def _charged_matches(self, tokens: Tokens) -> Iterator[Match]:
        """ "K+ 3.0": an ion by its letter and charge."""
        words, starts, ends = tokens.words, tokens.starts, tokens.ends
        for index, word in enumerate(words[:-1]):
            if (
                len(word) == 1
                and words[index + 1] == "+"
                and word in self._charged
                and starts[index + 1] == ends[index]
                and tokens.text[starts[index]].isupper()
            ):
                yield Match(index, index + 1, self._charged[word])

    def _holds(self, entry: Entry, tokens: Tokens, first: int, last: int) -> bool:
        if len(entry.words) > 1:
            return True
        written = self._meant.get(tokens.words[last], tokens.words[last])
        if entry.cased is not None and not _case_agrees(tokens, last, entry.cased):
            return False
        if not _inflection_allowed(self.rules, entry, written):
            return False
        if written in _NAMES and first and _is_name(tokens, first):
            return False
        rule = self.rules.ambiguous.get(written) or self.rules.ambiguous.get(entry.words[0])
        if rule is None:
            return True
        before = tokens.words[first - 1] if first else ""
        after = tokens.words[last + 1] if last + 1 < len(tokens.words) else ""
        return rule.allows(before, after)


_NAMES = frozenset({"falls", "burns"})


def _is_name(tokens: Tokens, index: int) -> bool:
    """ "Granite Falls", "Ms. Burns": capitalised after a capitalised word."""
    text, starts, ends = tokens.text, tokens.starts, tokens.ends
    before = index - 2 if tokens.words[index - 1] == "." and index > 1 else index - 1
    near = starts[index] - ends[before] <= len(". ")
    return near and text[starts[index]].isupper() and text[starts[before]].isupper()


def _by_topic(concepts: Iterable[Concept]) -> dict[str, frozenset[str]]:
    """Social habits by topic (tobacco, alcohol ...)."""
    topics: dict[str, set[str]] = {}
    for concept in concepts:
        if concept.type == "RiskFactor" and concept.group:
            topics.setdefault(concept.group, set()).add(concept.id)
    return {topic: frozenset(ids) for topic, ids in topics.items()}


_SHORTHAND_WORDS = frozenset({"r/o", "s/p", "h/o", "c/o", "f/u", "y/o", "w/o", "d/c", "n/a", "s/s"})


def _mark_nested(found: Sequence[Match]) -> list[Match]:
    marked: list[Match] = []
    reach = -1
    for match in found:
        nested = match.last <= reach
        marked.append(
            Match(match.first, match.last, match.entries, maximal=False) if nested else match
        )
        reach = max(reach, match.last)
    return marked


def _case_agrees(tokens: Tokens, index: int, form: str) -> bool:
    written = tokens.text[tokens.starts[index] : tokens.ends[index]]
    if written == form or written.rstrip("s") == form:
        return True
    if written.isupper() and len(written) > 2:
        return not _shouting(tokens, index) or written.lower() not in english_words()
    # In lower case only where it cannot be an English word ("copd", "uti").
    return len(form) > 2 and written.lower() not in english_words()


def _shouting(tokens: Tokens, index: int) -> bool:
    """Whether the neighbourhood is all in capitals, so that capitals say nothing."""
    around = tokens.text[max(0, tokens.starts[index] - 30) : tokens.ends[index] + 30]
    return not any(c.islower() for c in around) and sum(c.isupper() for c in around) > 12


def _inflection_allowed(rules: WordRules, entry: Entry, written: str) -> bool:
    form = entry.words[0]
    if written == form:
        return True
    if written in rules.not_inflected.get(form, ()):
        return False
    relation = is_inflection(written, form)
    if relation != "verb":
        return True
    if entry.type in ("Symptom", "Finding"):
        return True
    return entry.type == "Condition" and written.endswith("ed")
