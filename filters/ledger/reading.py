"""Everything that is read from a text before any fact is looked at.

Tokens, sentences, mentions of concepts with their assertion, and numbers: one pass,
shared by all facts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from casewright.filters.ledger.assertion import Assertion, assert_words, find_scopes
from casewright.filters.ledger.dialogue import Exchange, answered
from casewright.filters.ledger.lexicon import Encoded, Entry, Lexicon, Match
from casewright.filters.ledger.normalise import Tokens, tokenise
from casewright.filters.ledger.numbers import Quantity, Units, find_quantities
from casewright.filters.ledger.scopes import Scope
from casewright.filters.ledger.signs import sign_scopes
from casewright.filters.ledger.stems import stem
from casewright.filters.ledger.structure import Sentence, split_sentences
from casewright.filters.ledger.triggers import Found, Trigger, Triggers
from casewright.records import Role, Span, Turn

__all__ = ["Mention", "Reading", "read_text"]


@dataclass(frozen=True, slots=True)
class Mention:
    """Words `first` to `last` name one of the entries' concepts, asserted in some way."""

    first: int
    last: int
    entries: tuple[Entry, ...]
    maximal: bool
    sentence: int
    assertion: Assertion

    def names(self, concept: str) -> bool:
        """Whether the mention can mean the concept."""
        return any(e.concept == concept for e in self.entries)


@dataclass(slots=True)
class Reading:
    """A text as read. Word indices are those of `tokens`."""

    tokens: Tokens
    encoded: Encoded
    sentences: list[Sentence]
    scopes: list[list[Scope]]
    triggers: list[list[Found]]
    rules: Triggers
    mentions: list[Mention] = field(default_factory=list)
    quantities: list[Quantity] = field(default_factory=list)
    turns: Sequence[Turn] = ()
    exchange: Exchange | None = None
    stem_places: dict[str, list[int]] = field(default_factory=dict)
    by_concept: dict[str, list[Mention]] = field(default_factory=dict)
    longer: dict[tuple[int, int], Mention] = field(default_factory=dict)
    by_sentence: dict[int, list[Mention]] = field(default_factory=dict)
    allergy_words: dict[int, tuple[tuple[int, Mention | None], ...]] = field(default_factory=dict)
    _sentence_starts: list[int] = field(default_factory=list)
    _plain: tuple[list[str], list[int]] | None = None

    def mentions_of(self, ids: Iterable[str]) -> list[Mention]:
        """Mentions that can mean any of the concepts, in text order."""
        groups = [self.by_concept[i] for i in ids if i in self.by_concept]
        if len(groups) == 1:
            return groups[0]
        found = {(m.first, m.last): m for group in groups for m in group}
        return [found[place] for place in sorted(found)]

    def plain_stems(self) -> tuple[list[str], list[int]]:
        """Stems without commas, and their word indices, for wordings of whole phrases."""
        if self._plain is None:
            stems, kept = self.encoded.stems, self.encoded.kept
            places = [n for n, s in enumerate(stems) if s != ","]
            self._plain = [stems[n] for n in places], [kept[n] for n in places]
        return self._plain

    def sentence_at(self, word: int) -> int:
        """Index of the sentence of a word; -1 outside all (speaker tags)."""
        index = bisect_right(self._sentence_starts, word) - 1
        if index >= 0 and self.sentences[index].last >= word:
            return index
        return -1

    def span(self, first: int, last: int) -> Span:
        """Character span of a range of words."""
        return Span(self.tokens.starts[first], self.tokens.ends[last])

    def assertion_at(self, first: int, last: int) -> Assertion:
        """How words outside of any mention (a phrase, say) are asserted."""
        index = self.sentence_at(first)
        if index < 0:
            return Assertion()
        base = assert_words(self.scopes[index], first, last)
        if self.exchange is None:
            return base
        return answered(self.exchange, index, first, last, base)

    def assertion_of_span(self, span: Span) -> Assertion:
        """How the words of a character span are asserted, as a mention where they are one."""
        first = bisect_right(self.tokens.starts, span.start) - 1
        last = max(first, bisect_left(self.tokens.starts, span.end) - 1)
        if first < 0:
            return Assertion()
        at = [m for m in self.mentions if m.first == first and m.last == last]
        over = [m for m in self.mentions if m.maximal and m.first <= first and m.last >= last]
        if not over:
            return self.assertion_at(first, last)
        if at and at[0].maximal:
            return at[0].assertion
        return self._assertion_inside(first, last)

    def _assertion_inside(self, first: int, last: int) -> Assertion:
        """Of words inside a longer name, whose other words count: "old", "screening for"."""
        index = self.sentence_at(first)
        sentence, words = self.sentences[index], self.tokens.words
        raw = [
            Found(f.first + sentence.first, f.last + sentence.first, f.triggers)
            for f in self.rules.find(words[sentence.first : sentence.last + 1])
        ]
        scopes = find_scopes(words, raw, sentence, self.rules)
        base = assert_words([*scopes, *sign_scopes(self.tokens, sentence)], first, last)
        if self.exchange is None:
            return base
        return answered(self.exchange, index, first, last, base)

    def role_of(self, sentence: int) -> Role | None:
        """Who says the sentence, in a dialogue."""
        turn = self.sentences[sentence].turn if sentence >= 0 else None
        return self.turns[turn].role if turn is not None else None


def read_text(
    text: str, lexicon: Lexicon, rules: Triggers, units: Units, turns: Sequence[Turn] = ()
) -> Reading:
    """Read a text once. Linear in its length."""
    tokens = lexicon.language.tokens(tokenise(text))
    encoded = lexicon.encode(tokens)
    sentences = split_sentences(tokens, rules.headings, turns)
    matches = lexicon.find(encoded)
    found = _without_covered(rules.find(tokens.words), matches)
    begins = [m.first for m in matches if m.maximal and m.last > m.first]
    found = rules.trim(tokens.words, found, begins)
    found = sorted([*found, *_dashes(tokens)], key=lambda f: f.first)
    triggers = _by_sentence(sentences, found)
    drugs = [m.first for m in matches if m.maximal and m.entries[0].type == "Medication"]
    scopes = [
        find_scopes(
            tokens.words, group, sentence, rules,
            caregiver=sentence.turn is not None and turns[sentence.turn].role == "caregiver",
            patient_is=_patient_of(text, turns[sentence.turn]) if sentence.turn is not None
            else frozenset(),
            drugs=drugs,
        )
        for sentence, group in zip(sentences, triggers, strict=True)
    ]  # fmt: skip
    for sentence, group in zip(sentences, scopes, strict=True):
        group.extend(sign_scopes(tokens, sentence))
    reading = Reading(tokens, encoded, sentences, scopes, triggers, rules, turns=turns)
    reading._sentence_starts = [s.first for s in sentences]
    reading.stem_places = _stem_places(encoded)
    reading.quantities = find_quantities(tokens, units)
    if turns:
        _carry_family(reading)
        reading.exchange = Exchange.of(tokens, sentences, scopes, turns)
    reading.mentions = _mentions(reading, matches)
    widest: Mention | None = None
    for mention in reading.mentions:
        reading.by_sentence.setdefault(mention.sentence, []).append(mention)
        if mention.maximal:
            widest = mention
        elif widest is not None and widest.last >= mention.last:
            reading.longer[(mention.first, mention.last)] = widest
        for concept in {e.concept for e in mention.entries}:
            reading.by_concept.setdefault(concept, []).append(mention)
    return reading


_CHILD = frozenset({"son", "daughter", "child", "baby", "boy", "girl", "kid", "toddler", "infant"})
_PARENT = frozenset({"mother", "father", "mom", "mum", "dad", "mommy", "daddy", "parent"})
_SPOUSE = frozenset({"husband", "wife", "partner", "spouse"})
_PATIENT_OF = {
    **dict.fromkeys(("mother", "father", "mom", "mum", "dad", "parent"), _CHILD),
    **dict.fromkeys(("daughter", "son"), _PARENT),
    **dict.fromkeys(("husband", "wife", "partner", "spouse"), _SPOUSE),
}
_LONGEST_TAG = 24


def _patient_of(text: str, turn: Turn) -> frozenset[str]:
    """What a caregiver calls the patient, by the tag of the line: a daughter's "my mother".

    Empty where the tag does not tell: then every "my" relative may be the patient.
    """
    if turn.role != "caregiver":
        return frozenset()
    before = text[max(0, turn.start - _LONGEST_TAG) : turn.start].rsplit("\n", 1)[-1]
    return _PATIENT_OF.get(before.strip(" :").lower(), frozenset())


def _dashes(tokens: Tokens) -> list[Found]:
    """ "No headache - neck pain since Monday": a dash between spaces ends a clause."""
    words, starts, ends = tokens.words, tokens.starts, tokens.ends
    return [
        Found(i, i, (_DASH,))
        for i in range(1, len(words) - 1)
        if words[i] == "-"
        and starts[i] > ends[i - 1]
        and starts[i + 1] > ends[i]
        and words[i - 1] not in _BEFORE_LIST
        and words[i + 1] not in _VERDICTS
    ]


_DASH = Trigger("-", "dash_stop", "none")
_BEFORE_LIST = frozenset({":", "\n", "denies", "no"})
_VERDICTS = frozenset(
    {"no", "none", "nil", "denies", "denied", "negative", "neg", "positive", "yes", "absent"}
)


def _stem_places(encoded: Encoded) -> dict[str, list[int]]:
    places: dict[str, list[int]] = defaultdict(list)
    for word_stem, index in zip(encoded.stems, encoded.kept, strict=True):
        places[word_stem].append(index)
    for index in encoded.corrected:  # as written too
        places[stem(encoded.tokens.words[index])].append(index)
    return places


def _without_covered(found: Sequence[Found], matches: Sequence[Match]) -> list[Found]:
    """Drop triggers that are words of a concept's name ("no known drug allergies")."""
    if not found or not matches:
        return list(found)
    longest = [
        m
        for m in matches
        if m.maximal and m.last > m.first and not all(_says_no(e) for e in m.entries)
    ]
    kept: list[Found] = []
    position = 0
    for item in found:
        while position < len(longest) and longest[position].last < item.first:
            position += 1
        cover = longest[position] if position < len(longest) else None
        inside = cover is not None and cover.first <= item.first and item.last <= cover.last
        # "no alcohol" is a wording of its own, but not in "no alcohol dependence".
        following = longest[position + 1] if position + 1 < len(longest) else None
        if not inside or (
            cover is not None and following is not None and following.first <= cover.last
        ):
            kept.append(item)
    return kept


_BECAME = frozenset({"became", "become", "becomes", "becoming", "turned"})
_NEGATIONS = frozenset({"no", "not", "denies", "never", "without", "does", "don't"})


def _says_no(entry: Entry) -> bool:
    """Whether a form holds its own denial ("denies tobacco use"), which must stay one."""
    return entry.negated or entry.words[0] in _NEGATIONS


def _by_sentence(sentences: Sequence[Sentence], found: Sequence[Found]) -> list[list[Found]]:
    groups: list[list[Found]] = []
    position = 0
    for sentence in sentences:
        group: list[Found] = []
        while position < len(found) and found[position].first < sentence.first:
            position += 1
        while position < len(found) and found[position].first <= sentence.last:
            group.append(found[position])
            position += 1
        groups.append(group)
    return groups


def _mentions(reading: Reading, matches: Sequence[Match]) -> list[Mention]:
    mentions: list[Mention] = []
    for position, match in enumerate(matches):
        index = reading.sentence_at(match.first)
        if index < 0 or reading.sentences[index].last < match.last:
            continue
        denied = all(e.negated for e in match.entries)
        entries = match.entries
        if denied and match.maximal and _runs_on(matches, position):
            continue
        if not denied:
            entries = tuple(e for e in entries if not e.negated)
        base = assert_words(reading.scopes[index], match.first, match.last, inherent_denial=denied)
        if denied and match.first and reading.tokens.words[match.first - 1] in _BECAME:
            base = Assertion("historical", trigger="became")  # afebrile, having had fever
        mention = Mention(match.first, match.last, entries, match.maximal, index, base)
        if reading.exchange is None and reading.sentences[index].question:
            mention = replace(mention, assertion=replace(base, polarity="hypothetical", asked=True))
        if reading.exchange is not None:
            said = answered(reading.exchange, index, match.first, match.last, base)
            if said is not base:
                mention = replace(mention, assertion=said)
        mentions.append(mention)
    if reading.exchange is not None:
        return _as_answered(mentions, reading.exchange)
    return mentions


def _runs_on(matches: Sequence[Match], position: int) -> bool:
    """ "No allergy symptoms": the last word of "no allergy" begins a longer name."""
    own = matches[position]
    for i in range(position + 1, len(matches)):
        other = matches[i]
        if other.first > own.last:
            return False
        if other.last > own.last and other.maximal:
            return not all(e.negated for e in other.entries)
    return False


def _as_answered(mentions: list[Mention], exchange: Exchange) -> list[Mention]:
    """What an answer says of a concept by name goes before its yes or no."""
    firsts = [m.first for m in mentions]
    replies: dict[tuple[int, int], dict[str, Mention]] = {}
    settled: list[Mention] = []
    for mention in mentions:
        place = exchange.answer_words.get(mention.sentence)
        if place is not None:
            if place not in replies:
                begin, end = bisect_left(firsts, place[0]), bisect_right(firsts, place[1])
                replies[place] = {
                    e.concept: m
                    for m in reversed(mentions[begin:end])
                    if m.sentence not in exchange.questions
                    for e in m.entries
                }
            named = (replies[place].get(e.concept) for e in mention.entries)
            said = next((m.assertion for m in named if m is not None), mention.assertion)
            settled.append(replace(mention, assertion=said))
        else:
            settled.append(mention)
    return settled


def _carry_family(reading: Reading) -> None:
    """ "Does anything run in the family? Diabetes?": the second question is of the family too."""
    words = reading.tokens.words
    for i in range(1, len(reading.sentences)):
        here, before = reading.sentences[i], reading.sentences[i - 1]
        if not here.question or here.turn is None or here.turn != before.turn:
            continue
        of_family = any(
            t.category in ("relative", "family")
            for f in reading.triggers[i - 1]
            for t in f.triggers
        ) or any(s.trigger == _CARRIED for s in reading.scopes[i - 1])
        if of_family and _YOU.isdisjoint(words[here.first : here.last + 1]):
            reading.scopes[i].append(Scope(here.first, here.last, "family", _CARRIED))


_CARRIED = "the question before"
_YOU = frozenset({"you", "you've", "you're", "your", "i", "he", "she", "they"})
