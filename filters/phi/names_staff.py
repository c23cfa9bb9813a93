# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Names of staff and kin in shorthand: "T. MARCHETTI RN", "given to bukola rn", "dr. um, Cutter".

Here a credential, a title or a relation stands right beside the name, so that initials, capitals
and names without capitals can be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.lexicon import load_lexicon, word_set
from casewright.filters.phi.name_words import NO_NAME, PARTICLES, kind_of
from casewright.filters.phi.patterns import ending_near

__all__ = ["find_staff_names"]

_CREDENTIALS = (
    r"RN|LPN|LVN|CNA|RNC|BSN|MSN|MD|DO|NP|PA|PA-C|FNP|FNP-C|FNP-BC|CPNP|CPNP-PC|PMHNP|PMHNP-BC|AGACNP|ACNP|AGNP|APRN|ARNP|DNP|CRNP|CNM|CRNA|SRNA|"
    r"PT|DPT|PTA|OT|OTR|OTR/L|COTA|SLP|CCC-SLP|RT|RRT|CRT|RD|RDN|LDN|CDE|CDCES|MSW|LCSW|LICSW|LMSW|LSW|LMFT|LPC|LPCC|LMHC|CADC|PhD|PsyD|EdD|PharmD|RPh|CPhT|"
    r"DDS|DMD|DPM|OD|DC|AuD|MBBS|MBBCh|MBChB|BMBS|MRCP|FRCP|FRCS|MRCGP|FRCA|FRCR|FRCPath|FACS|FACC|FACP|MT|MLT|MLS|RDCS|RVT|RDMS|RT\(R\)|MA|CMA|RMA|EMT|EMT-P|NRP|HHA|DON|CM|ACM|CCM|SW|RM|RMN|RGN|HCA|EN|MPH|CGC|ATC|CHPN|IBCLC|CNS|OCS|ST[1-8]|CT[1-3]|FY[12]|F[12]|SpR|SHO|StR|GPST[1-3]|RMO|CNC|CPN|ANP|ENP|ODP|SSN|CWOCN|WOCN|RNFA|CSFA|CPO|BCBA|RBT"
)
_SMALL_CREDENTIALS = "rn|lpn|lvn|cna|md|np|pa-c|pa|dpt|otr|slp|rrt|rdn|lcsw|msw|pharmd|hca|rmn|rgn|emt|fy1|fy2|f1|f2|sho|spr|ssn|reg|cpn|cnc|rmo"
_NAME = r"[A-Z][A-Za-zÀ-ÿ'’]{1,20}(?:-[A-Z][A-Za-zÀ-ÿ'’]{1,20})?"

# "J. STANISLAWSKI RN", "N. Ferreira-Stokes, RN CNN", "t. marchetti rn"
_INITIAL = re.compile(
    rf"(?<![\w'.-])(?P<n>[A-Z](?:\.[ ]?|[ ])(?:[A-Z](?:\.[ ]?|[ ]))?{_NAME}),?[ ]{{1,2}}\(?(?:{_CREDENTIALS})(?![\w-])"
)
_SMALL = re.compile(
    r"(?<![\w'.-])(?P<n>(?:[a-z]\.?[ ])?[a-z][a-z'’-]{2,20}),?[ ](?:"
    + _SMALL_CREDENTIALS
    + r")(?![\w-])"
)
# "Josephine Hope, MD": a line, or what stands before a comma and several capitals.
_SIGNED = re.compile(
    rf"(?:\A|(?<=[\n\t|:]))[ \t]{{0,6}}(?:[-–—~*]{{1,2}}[ ]?)?(?P<n>{_NAME}(?:[ ][A-Z]\.?)?(?:[ ]{_NAME}){{1,2}}),[ ](?:{_CREDENTIALS})(?![\w-])"
)
# "routed to Grace, Kathleen M.", "After hours RN: Young, Christa"
_TURNED = re.compile(
    rf"(?:(?:\bto|\bby|\bfrom|\bwith|[:|=])[ ]{{1,3}})(?P<n>{_NAME}(?:[ ]{_NAME})?,[ ]{_NAME}(?:[ ][A-Z]\.?(?!\w))?)(?=[ ]*(?:\n|\Z|[|\t;(]|[ ]{{2}}|\.[ \n]|,?[ ](?:{_CREDENTIALS})\b))"
)
_NEXT_FIELD = (
    r"(?:\((?:Mr|Mrs|Ms|Miss|Dr|M|F|Master)\)|DOB|D\.O\.B|d\.o\.b|NHS|MRN|CHI|Hosp|Unit|URN)"
)
# "OKONKWO Chidiebere (Mr)", "Hohepa TAKURUA   DOB"
_CAPITAL_FAMILY = re.compile(
    r"(?:\A|(?<=\n)|(?<=[:|\t] )|(?<=[|\t]))[ ]{0,4}(?P<n>[A-Z][A-Z'’-]{2,20}(?:[ ][A-Z][a-z'’-]{1,18}){1,2}|[A-Z][a-z'’-]{1,18}(?:[ ][A-Z][a-z'’-]{1,18})?[ ][A-Z][A-Z'’-]{2,20})(?=[ ]*"
    + _NEXT_FIELD
    + ")"
)
_AFTER_FAMILY = re.compile(_NEXT_FIELD)
# "Peg @ 406-555-0177"
_CALLED_AT = re.compile(r"[ ](?:@|at|on)[ ]\(?\d{3,5}\)?[ -]\d{3}")
_CALLED = re.compile(rf"(?<![\w'-])(?P<n>{_NAME}(?:[ ]{_NAME})?){_CALLED_AT.pattern}")
# "DEP. M. STONE", "Ofcr. R. HOBBS"
_OFFICER = re.compile(
    rf"(?<![\w-])(?:[Dd]ep|DEP|[Oo]fcr?|OFCR?|[Ss]gt|SGT|[Dd]et|DET|[Cc]pl|CPL|[Tt]pr|TPR|[Ll]t|LT|[Cc]apt|CAPT|[Oo]fficer|OFFICER|[Dd]eputy|DEPUTY|[Tt]rooper|TROOPER|PC|P\.C\.)\.?[ ](?P<n>(?:[A-Z]\.?[ ]){{0,2}}{_NAME})(?![\w-])"
)
# "the note from Dr. um, Cutter"
_PAUSED = re.compile(
    rf"\b(?:[Dd]r\.?|[Dd]octor|[Mm]rs?\.?|[Mm]s\.?|[Nn]urse)[ ,]{{1,2}}(?:um|uh|er|erm|uhm|hm)[,.… ]{{1,4}}(?P<n>{_NAME})"
)
# "D/w ID Rao-Fitzgerald", "PGY-4 for Bishop", "w/ SW Lane": a family name after a service
_SERVICE = re.compile(
    rf"(?<![\w-])(?:(?:[Dd]/w|[Ww]/|with|per|by|from|to|[Cc]c|paged|called|and)[ ](?:ID|SW|CM|GI|IR|OB|ENT|ICU|ED|PT|OT|NP|PA|RN|Cards?|Renal|Neuro|Ortho|Psych|Heme|Onc|Surg|Pulm|Endo|Rheum|Derm|Uro|Vasc|NSG|Palliative|Hospice|Peds|Pharm|Pharmacy|Nutrition|Wound|Anesth|ortho|cards|neuro|renal|psych)|(?:PGY-?\d|[Ff]ellow|[Rr]esident|[Ii]ntern|[Ss]cribe|SpR|SHO|[Cc]overing|[Ss]igned)[ ](?:for|on[ ]behalf[ ]of))[ ](?P<n>{_NAME})(?=[ ]*(?:[.,;:)(\n]|\Z))"
)
# "AKA "FLACO"", "her ride, "Cutter","
_QUOTED = re.compile(
    r"(?<![\w-])(?:AKA|[Aa]ka|a\.k\.a\.?|[Aa]lias|[Nn]icknamed?|[Gg]oes[ ]by|[Kk]nown[ ]as|[Cc]alled|[Cc]alls[ ](?:him|her)self|[Rr]ide|[Ff]riend|[Bb]oyfriend|[Gg]irlfriend|[Pp]artner|[Dd]river|[Ss]tage[ ]name|[Ss]treet[ ]name|[Pp]refers)[ ]?[,:]?[ ]?[\"“'‘](?P<n>[A-Z][A-Za-z'’-]{1,18}(?:[ ][A-Z][A-Za-z'’-]{1,18})?)[.,]?[\"”'’]"
)
# "dtr selamawit stayed", "hand off given to bukola", "supervisor rosalind"
_LOWER = re.compile(
    r"(?<![\w'-])(?:dtr|daughter|son|sister|brother|wife|husband|mother|father|mom|mum|dad|partner|niece|nephew|cousin|aunt|uncle|grandson|granddaughter|neighbou?r|friend|"
    r"supervisor|nurse|aide|sitter|tech|driver|doula|chaplain|interpreter|resident|intern|attending|hospitalist|pharmacist|therapist|sw|rn|cna|lpn|pa|np|manager|carer|midwife|registrar|consultant|keyworker|physio|ssn|s/n|dn|hv|cpn|attg|fellow|pharm|cons|neice|mum|nana|gran|hubby|roommate|landlord|teacher|boss|coach|pastor|clerk|porter|scribe"
    r"|(?:given|handed|handoff|hand-off|reported|report|spoke|talked|called|paged|signed[ ]out)[ ](?:off[ ])?(?:to|with|by))[ ]\(?(?P<n>(?:[a-z]\.?[ ])?[a-z][a-z'’-]{2,18})(?![\w'-])"
    # "bed 14 ivy frost 91f", "pt: tran, bich ngoc 57f"
    r"|(?:(?<![\w'-])(?:bed|bay|room|rm)[ ]?\w{1,4}|(?:pt|patient|name|re)[ ]?:)[ ](?P<b>[a-z][a-z'’-]{1,16}(?:,[ ][a-z][a-z'’-]{1,16}(?:[ ][a-z][a-z'’-]{1,16})?|[ ][a-z][a-z'’-]{1,16}))[ ](?=\d{1,3}[ ]?(?:y/?o[ ]?)?[mf]\b)"
)
_OF_KIN = re.compile(
    r"['’]s[ ](?:son|daughter|dtr|wife|husband|mum|mom|mother|father|dad|sister|brother|carer|partner|neighbou?r)\b"
)
_KIN_OF = re.compile(r"(?<![\w'-])(?P<n>[a-z]{3,16})(?=['’]s[ ])")
# "WIFE HOPE REED 470-555-0163" where all is in capitals
_CAPITALS = re.compile(
    r"(?<![\w'-])(?:WIFE|HUSBAND|SON|DAUGHTER|DTR|MOTHER|FATHER|MOM|MUM|DAD|SISTER|BROTHER|PARTNER|SPOUSE|FRIEND|NEIGHBOU?R|NIECE|NEPHEW|AUNT|UNCLE|COUSIN|CARER|CAREGIVER|GUARDIAN|RN|NURSE|MEDIC|PT|PATIENT|CONTACT|NOK|POA|CLERK|OFFICER|SITTER|TECH|DRIVER|BOYFRIEND|GIRLFRIEND)[ :,(]{1,3}(?P<n>[A-Z][A-Z'’-]{2,18}(?:[ ][A-Z][A-Z'’-]{2,18})?)(?![\w'-])"
)

# What names before a credential end in: looked for first, since they may begin with anything.
_CREDENTIAL = re.compile(rf"[ ]\(?(?:{_CREDENTIALS})(?![\w-])")
_SMALL_CREDENTIAL = re.compile(rf"[ ](?:{_SMALL_CREDENTIALS})(?![\w-])")
_WIDTH = 72  # of a name before a credential

_GATE = Gate(
    lambda: (
        _CREDENTIAL,
        _SMALL_CREDENTIAL,
        _TURNED,
        _OFFICER,
        _PAUSED,
        _QUOTED,
        _LOWER,
        _CAPITALS,
        _SERVICE,
    )
)
_END_GATE = Gate(lambda: (_AFTER_FAMILY, _CALLED_AT, _OF_KIN))

# Letters with a word after them that is a disease, an organism or a level.
_NO_FAMILY = word_set("diff fib flutter coli vera pylori baumannii gel line cath tach brady wave")


def find_staff_names(text: str) -> Iterator[Candidate]:
    """Candidates of type `name`."""
    credential, small, turned, officer, paused, quoted, lower, capitals, service = _GATE.find(text)
    after_family, called_at, of_kin = ([m.start() for m in own] for own in _END_GATE.find(text))
    yield from _before_credentials(text, [m.start() for m in credential])
    yield from _before_small_credentials(text, [m.start() for m in small])
    yield from _without_capitals(chain(lower, ending_near(_KIN_OF, text, of_kin)))
    for m in ending_near(_CAPITAL_FAMILY, text, after_family, before=_WIDTH):
        if all(map(_likely, m["n"].split())):
            yield _found(m, 0.8, "family name in capitals")
    for m in ending_near(_CALLED, text, called_at):
        if _likely(m["n"].split()[0]):
            yield _found(m, 0.6, "name before a telephone number")
    for m in turned:
        family, _, given = m["n"].partition(", ")
        last, first = kind_of(family.split()[-1]), kind_of(given.split()[0])
        if first.given and (last.family or last.unknown) and (first.given == 2 or last.word < 3):
            yield _found(m, 0.82, "a name stands here")
    for m in officer:
        if _family(m["n"].split()[-1], least=1):
            yield _found(m, 0.7, "after a title")
    for m in paused:
        kind = kind_of(m["n"])
        if m["n"].lower() not in NO_NAME and (kind.family or kind.given or kind.unknown):
            yield _found(m, 0.6, "after a title")
    for m in quoted:
        if m["n"].lower() not in NO_NAME and kind_of(m["n"].split()[0]).word < _NEVER:
            yield _found(m, 0.55, "a name in quotation marks")
    for m in service:
        kind = kind_of(m["n"])
        known = kind.family > 1 or kind.unknown or (bool(kind.given) and not kind.word)
        if known and kind.word < _NEVER and not m["n"].isupper() and _family(m["n"], least=0):
            yield _found(m, 0.6, "after a role")
    for m in capitals:
        words = m["n"].split()
        a, b = kind_of(words[0]), kind_of(words[-1])
        full = len(words) > 1 and a.given > 0 and b.family > 1 and b.word < _NEVER
        sure = len(words) == 1 and a.given == 2 and (not a.word or "CLERK" in m[0]) and not a.eponym
        if (full or sure) and _of_a_line_in_capitals(text, m.start(), m.end()):
            yield _found(m, 0.65, "name in capitals after kin")


def _before_credentials(text: str, ends: list[int]) -> Iterator[Candidate]:
    for m in ending_near(_INITIAL, text, ends, before=_WIDTH):
        if _family(m["n"].split()[-1].split(".")[-1], least=0):
            yield _found(m, 0.7, "before a credential")
    for m in ending_near(_SIGNED, text, ends, before=_WIDTH):
        if _full(m["n"]):
            yield _found(m, 0.92, "before a credential")


def _before_small_credentials(text: str, ends: list[int]) -> Iterator[Candidate]:
    for m in ending_near(_SMALL, text, ends, before=_WIDTH):
        words = m["n"].split()
        kind = kind_of(words[-1])
        if words[-1] in NO_NAME or words[-1] in _NO_FAMILY:
            continue
        if words[0] in ("a", "i", "s", "c", "x"):
            continue  # "a cane"
        if len(words) > 1 and (kind.family or kind.given or kind.spelt) and kind.word < 3:
            yield _found(m, 0.6, "before a credential")
        elif not kind.word and not kind.eponym and (kind.given or kind.family > 1):
            start = m.end("n") - len(words[-1])
            yield Candidate("name", start, m.end("n"), 0.6, "before a credential")


def _without_capitals(found: Iterable[re.Match[str]]) -> Iterator[Candidate]:
    for m in found:
        if m.re is _LOWER and m["b"]:
            start, end = m.span("b")
            yield Candidate("name", start, end, 0.6, "name without a capital before an age")
            continue
        kind = kind_of(m["n"].split()[-1])
        long = len(m["n"]) >= _LONG
        known = (
            kind.given == 2
            or (kind.given and long)
            or kind.family == 3
            or (kind.family == 2 and long and not kind.place)
        )
        if known and not kind.word and not kind.eponym and (not kind.place or kind.given == 2):
            start, end = m.span("n")
            more = _SECOND.match(m.string, end)
            second = kind_of(more[1]) if more else None
            if more and second and second.family > 1 and not second.word:
                end = more.end()
            yield Candidate(
                "name", start, end, 0.61, "name without a capital where a person stands"
            )


def _likely(word: str) -> bool:
    kind = kind_of(word)
    return bool(kind.given or kind.family or kind.unknown) and kind.word < 3 and not kind.eponym


_SECOND = re.compile(r"[ ]([a-z][a-z'’-]{2,18})(?![\w'-])")
_NEVER = 4
_LONG = 5


def _found(m: re.Match[str], score: float, why: str) -> Candidate:
    return Candidate("name", m.start("n"), m.end("n"), score, why)


def _family(word: str, *, least: int) -> bool:
    """Whether a word beside an initial can be a family name at all."""
    low = word.lower()
    lex = load_lexicon()
    if low in NO_NAME or low in _NO_FAMILY or low in lex.medical or low in lex.titles:
        return False
    if word.isupper() and low in lex.abbreviations:
        return False
    kind = kind_of(word)
    return kind.family > least or kind.unknown or bool(kind.given) or kind.word <= 1


def _full(name: str) -> bool:
    """Whether capitalised words before a credential are a given and a family name."""
    words = [w for w in name.split() if w.lower() not in PARTICLES and len(w.strip(".")) > 1]
    kinds = [kind_of(w) for w in words]
    if any(w.isupper() for w in words) or any(w.lower() in NO_NAME for w in words):
        return False
    first, last = kinds[0], kinds[-1]
    return (
        len(words) > 1
        and bool(first.given or first.unknown or (first.family and not first.word))
        and bool(last.family or last.given or last.unknown)
        and min(first.word, last.word) < 3
    )


def _of_a_line_in_capitals(text: str, start: int, end: int) -> bool:
    """Whether most of what is around is in capitals."""
    around = text[max(0, start - 60) : end + 60]
    return sum(map(str.isupper, around)) > 3 * sum(map(str.islower, around))
