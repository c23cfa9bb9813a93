"""Clinical concepts and numbers of the text that the case does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from casewright.filters.ledger.agreement import agrees
from casewright.filters.ledger.allergies import in_allergy_context
from casewright.filters.ledger.bindings import Bindings
from casewright.filters.ledger.lexicon import ConceptSource, Entry, Lexicon
from casewright.filters.ledger.normalise import word_set
from casewright.filters.ledger.numbers import Quantity, Units
from casewright.filters.ledger.phrases import PhraseRules, content_key
from casewright.filters.ledger.reading import Mention, Reading
from casewright.filters.ledger.relation import NO_ALLERGY
from casewright.filters.ledger.wants import Want
from casewright.kg.graph import NodeType
from casewright.records import Fact, OffSpec, Polarity

__all__ = ["Held", "held_of", "off_case_concepts", "off_case_numbers"]

_CLAIMS: frozenset[NodeType] = frozenset(
    {"Condition", "Symptom", "Finding", "Medication", "Procedure", "Allergen"}
)
_MEASURED: frozenset[NodeType] = frozenset({"LabTest", "VitalSign"})
_DONE = word_set(
    "underwent undergone received had showed shows revealed demonstrated confirmed status s/p "
    "performed done completed"
)


@dataclass(frozen=True, slots=True)
class Held:
    """What a case holds, for telling what follows from it.

    Attributes:
        ids: concepts of its facts. reactions: those of its allergies.
        codes: ICD-10-CM codes of its facts, with the codes above them.
        categories: three-character categories of those codes.
        words: content words of each wording of each fact. all_words: of all of them.
        classes: folded drug classes of its drugs.
        tests: it holds a test or lab (so that a panel may be named).
    """

    ids: frozenset[str]
    reactions: frozenset[str]
    codes: frozenset[str]
    categories: frozenset[str]
    words: tuple[frozenset[str], ...]
    all_words: frozenset[str]
    classes: frozenset[str]


def held_of(
    facts: Sequence[Fact], wants: Sequence[Want], lexicon: Lexicon, source: ConceptSource
) -> Held:
    """Gather what the facts hold."""
    reactions = (f.attribute("reaction") for f in facts if f.type == "allergy")
    caused = {e.concept for r in reactions if r for e in lexicon.lookup(r)}
    ids = frozenset(i for w in wants for i in w.ids) | caused
    caused -= {i for w in wants for i in w.ids}
    codes: set[str] = set()
    for fact in facts:
        code = fact.code or (
            fact.concept.removeprefix("icd:") if fact.concept.startswith("icd:") else ""
        )
        if code:
            codes.add(code)
            codes.update(_parents(source, code))
    words = tuple(dict.fromkeys(words for w in wants for words in w.words))
    classes = {
        concept.group.lower()
        for i in ids
        if (concept := lexicon.concepts.get(i)) is not None and concept.group
    }
    return Held(
        ids,
        frozenset(caused),
        frozenset(codes),
        frozenset(c.partition(".")[0] for c in codes),
        words,
        frozenset().union(*(w.all_words for w in wants)),
        frozenset(classes),
    )


def _parents(source: ConceptSource, code: str) -> Sequence[str]:
    try:
        return source.parents(code)
    except (KeyError, ValueError, LookupError):
        return ()


def off_case_concepts(
    reading: Reading,
    held: Held,
    linked: set[tuple[int, int]],
    lexicon: Lexicon,
    rules: PhraseRules,
    bindings: Bindings,
) -> Iterator[tuple[Mention, Entry, OffSpec | None]]:
    """Mentions of concepts that the case does not hold.

    Yields:
        The mention, the entry that names it best, and the finding; None in place of the
        finding where the words claim nothing (a question, a condition, a test ordered).
    """
    taken = _covered_words(linked)
    for mention in reading.mentions:
        if not mention.maximal or _is_person(mention, reading) or _is_month(mention, reading):
            continue
        entry = _entry_meant(mention, reading)
        if entry is not None and " ".join(entry.words) in lexicon.rules.generic:
            continue
        if taken & set(range(mention.first, mention.last + 1)):
            # "productive cough" says more than the cough that the case holds.
            more = (mention.first, mention.last) not in linked and _is_sign(mention)
            if not more or _code_follows_any(mention, held):
                continue
        # What the patient has does not make it true of the mother.
        follows = mention.assertion.polarity != "family" or not _is_illness(mention)
        if entry is None:
            continue
        if follows and _follows(mention, entry, held, lexicon, rules, reading):
            if _is_worth_a_label(mention, entry, held):
                yield mention, entry, None  # in the result of a test, say
            continue
        claimed = _claims(mention, entry, reading, bindings)
        span = reading.span(mention.first, mention.last)
        finding = None
        if claimed:
            finding = OffSpec(
                "concept", span.start, span.end, reading.tokens.text[span.start : span.end],
                entry.concept, _polarity_of(mention),
                f"{entry.type.lower()} that the case does not hold",
            )  # fmt: skip
        yield mention, entry, finding


def _is_worth_a_label(mention: Mention, entry: Entry, held: Held) -> bool:
    """Not the reaction beside its allergen, which belongs to the allergy."""
    if entry.type not in _CLAIMS or entry.concept.startswith(_CIRCUMSTANCES):
        return False
    return all(e.concept not in held.reactions for e in mention.entries)


def _is_sign(mention: Mention) -> bool:
    return all(e.type in ("Symptom", "Finding") and not e.negated for e in mention.entries)


def _code_follows_any(mention: Mention, held: Held) -> bool:
    return any(_code_follows(e.concept, held) for e in mention.entries)


def _is_illness(mention: Mention) -> bool:
    return any(e.type == "Condition" for e in mention.entries)


def _polarity_of(mention: Mention) -> Polarity:
    """An illness that nobody in the family has is as good as denied."""
    return "denied" if mention.assertion.denied_family else mention.assertion.polarity


_TITLES = word_set("dr mr mrs ms miss prof professor nurse sister name patient")


def _is_person(mention: Mention, reading: Reading) -> bool:
    """ "Dr. Yasmin Farouk": a name that is also a brand's."""
    tokens, i = reading.tokens, mention.first
    if mention.last > i or not tokens.text[tokens.starts[i]].isupper():
        return False
    before = [w for w in tokens.words[max(0, i - 3) : i] if w not in (".", ":")]
    if before and before[-1] in _TITLES:
        return True
    after = i + 1
    follows = after < len(tokens) and tokens.text[tokens.starts[after]].isupper()
    return follows and len(before) > 1 and before[-2] in _TITLES


def _is_month(mention: Mention, reading: Reading) -> bool:
    """ "Oct 12, 2024": a month that is also a test's short name."""
    tokens, i = reading.tokens, mention.first
    if mention.last > i or tokens.text[tokens.starts[i] :][:3] not in ("Oct", "OCT"):
        return False
    beside = [tokens.words[n] for n in (i - 1, i + 1) if 0 <= n < len(tokens)]
    return any(w.isdigit() and int(w) <= 31 for w in beside)


def _covered_words(linked: set[tuple[int, int]]) -> set[int]:
    return {i for first, last in linked for i in range(first, last + 1)}


def _entry_meant(mention: Mention, reading: Reading) -> Entry | None:
    """The entry that the context picks: an allergen only where allergy is spoken of."""
    allergy = in_allergy_context(mention, reading)
    left_out = "Medication" if allergy else "Allergen"
    candidates = [e for e in mention.entries if e.type != left_out]
    if allergy and not candidates:
        candidates = list(mention.entries)
    if not candidates:
        return None
    return min(candidates, key=lambda e: (_RANK.get(e.type, 1), *_code_rank(e.concept)))


_RANK: dict[NodeType, int] = {
    "Symptom": 0,
    "Finding": 0,
    "Medication": 0,
    "Condition": 2,
    "RiskFactor": 3,
}


@lru_cache(maxsize=1 << 14)
def _code_rank(concept: str) -> tuple[int, str]:
    """Of several codes with one name, the unspecified or the shortest one."""
    if concept.startswith(_CIRCUMSTANCES):
        return (len(concept), concept)
    code = concept.removeprefix("icd:")
    unspecified = code.endswith(("9", "90", ".A"))
    return (0 if unspecified else len(code), concept)


# External causes, encounters and circumstances are no claim of an illness.
_CIRCUMSTANCES = ("icd:V", "icd:W", "icd:X", "icd:Y", "icd:Z")


def _follows(
    mention: Mention,
    entry: Entry,
    held: Held,
    lexicon: Lexicon,
    rules: PhraseRules,
    reading: Reading,
) -> bool:
    if any(e.concept in held.ids for e in mention.entries):
        return True
    if any(_code_follows(e.concept, held) for e in mention.entries):
        return True
    concept = lexicon.concepts.get(entry.concept)
    if concept is not None and _names_class(concept.name.lower(), held):
        return True
    written = reading.tokens.words[mention.first : mention.last + 1]
    return any(_words_follow(words, held, rules) for words in (*_wordings(mention), written))


def _wordings(mention: Mention) -> Iterator[Sequence[str]]:
    for entry in mention.entries:
        yield entry.words


def _names_class(name: str, held: Held) -> bool:
    """ "insulin" of a patient with a long-acting insulin."""
    return any(name == c or name in c.split() for c in held.classes)


def _code_follows(concept: str, held: Held) -> bool:
    """A category above a held code, or the unspecified member of the same category."""
    if not concept.startswith("icd:"):
        return False
    code = concept.removeprefix("icd:")
    if code in held.codes:
        return True
    category, _, rest = code.partition(".")
    return category in held.categories and (not rest or rest.rstrip("0") in ("9", "90", "99", ""))


def _words_follow(words: Sequence[str], held: Held, rules: PhraseRules) -> bool:
    """All the words are part of the name, result or attributes of one fact."""
    keys = {content_key(w, rules) for w in words if w[0].isalnum() and w not in rules.stopwords}
    if not keys or not keys <= held.all_words:
        return False
    return any(keys <= words for words in held.words)


def _claims(mention: Mention, entry: Entry, reading: Reading, bindings: Bindings) -> bool:
    """Whether the words claim something of the patient."""
    said = mention.assertion
    if said.asked or (said.polarity == "hypothetical" and not said.uncertain):
        return False
    if entry.concept == NO_ALLERGY:
        return False
    if entry.type in _MEASURED:
        return bool(bindings.of(mention))
    if entry.type == "Procedure":
        return _was_done(mention, reading)
    return entry.type in _CLAIMS and not entry.concept.startswith(_CIRCUMSTANCES)


def _was_done(mention: Mention, reading: Reading) -> bool:
    """A procedure counts as a claim when it was done or has a result; one ordered does not."""
    sentence = reading.sentences[mention.sentence]
    words = reading.tokens.words
    before = set(words[max(sentence.first, mention.first - 4) : mention.first])
    after = set(words[mention.last + 1 : min(sentence.last + 1, mention.last + 4)])
    return bool((before | after) & _DONE) or mention.assertion.past


# -- numbers


def off_case_numbers(
    reading: Reading,
    wants: Sequence[Want],
    bindings: Bindings,
    used: set[int],
    units: Units,
) -> Iterator[OffSpec]:
    """Numbers with a clinical unit (or bound to a test) that no fact holds."""
    texts = frozenset().union(*(w.numbers for w in wants))
    named = {i for m in reading.mentions for i in range(m.first, m.last + 1)}
    for quantity in reading.quantities:
        if quantity.first in used or quantity.dimension == "time" or quantity.first in named:
            continue
        sentence = reading.sentence_at(quantity.first)
        if sentence < 0 or _not_clinical(quantity, bindings, units):
            continue
        if any(_value_agrees(quantity, w) for w in wants) or _in_texts(quantity, texts):
            continue
        if reading.assertion_at(quantity.first, quantity.last).polarity == "hypothetical":
            continue
        span = reading.span(quantity.first, quantity.last)
        owner = bindings.owner.get(quantity.first)
        yield OffSpec(
            "number", span.start, span.end, reading.tokens.surface(quantity.first, quantity.last),
            owner.entries[0].concept if owner and owner.entries else None,
            why="a number with a clinical unit that no fact holds",
        )  # fmt: skip


def _not_clinical(quantity: Quantity, bindings: Bindings, units: Units) -> bool:
    if quantity.unit is not None:
        if quantity.unit.dimension not in units.clinical:
            return True
        vague = quantity.unit.name in (
            "degrees",
            "in",
            "m",
            "ft",
            "g",
            "L",
            "F",
            "C",
            "st",
            "stone",
        )
        return vague and quantity.spoken and quantity.first not in bindings.owner
    if quantity.second is not None and 60 <= quantity.value <= 260 and 30 <= quantity.second <= 160:
        return False
    owner = bindings.owner.get(quantity.first)
    if owner is None or not any(e.type in _MEASURED for e in owner.entries):
        return True
    return quantity.first - owner.last > _TIGHT or (quantity.spoken and quantity.value < 10)


_TIGHT = 4


def _value_agrees(quantity: Quantity, want: Want) -> bool:
    if want.value is None:
        return False
    if quantity.second is not None and want.value.second is None:
        return want.value.value in (quantity.value, quantity.second)
    return bool(agrees(quantity, want.value, want.unit, molar=want.molar))


def _in_texts(quantity: Quantity, texts: frozenset[str]) -> bool:
    written = f"{quantity.value:.{quantity.decimals}f}"
    return written in texts or (
        quantity.unit is not None and f"{written}{quantity.unit.name}" in texts
    )
