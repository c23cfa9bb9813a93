# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Numbers and codes with a shape of their own.

Every pattern is written so that a failed match costs a bounded number of steps:
no nested repeats, and every repeat has an upper bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from casewright.filters.phi.digit_windows import (
    PUBLIC_BEFORE,
    QUANTITY_AFTER,
    before,
    digit_windows,
)
from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate
from casewright.filters.phi.phones import PHONE_CUE

__all__ = ["find_numbers"]

SSN = re.compile(r"(?<![\w.#/-])(?!000|666)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}(?![\w/]|-\d|\.\d)")

LAST_FOUR = re.compile(
    r"\b(?:ssn|social(?:\ssecurity)?(?:\snumber)?|ss#?)\s(?:\(?last\s(?:4|four)\)?:?|ends?\s(?:in|with)|ending(?:\sin)?|last\s(?:4|four)(?:\sdigits)?(?:\sis|\sare|:)?)\s?:?\s?(?P<n>\d{4})(?!\w)",
    re.I,
)

UDI = re.compile(r"\(01\)\s?\d{14}(?:\s?\(\d{2,3}\)\s?[A-Za-z0-9/-]{1,20}){0,5}")

CARD_END = re.compile(
    r"\b(?:card|account|acct|visa|mastercard|amex|debit|credit)(?:\s(?:on\sfile|number|no\.?))?\s(?:ending|ends)\s(?:in\s|with\s)?(?P<n>\d{4})(?!\w)",
    re.I,
)

SORT_CODE = re.compile(r"\bsort\s?code\W{0,3}(?:is\s)?(?P<n>\d{2}([- ]?)\d{2}\2\d{2})(?!\w)", re.I)

SSN_MASKED = re.compile(r"(?<![\w-])[xX*#]{3}[ -]?[xX*#]{2}[ -]?\d{4}(?![\w-])")

NHS = re.compile(r"(?<![\w.,/-])\d{3}([ -])\d{3}\1\d{4}(?![\w]|-\d|\.\d)")

NI = re.compile(
    r"(?<!\w)(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\s?(?:\d{2}\s?){3}[A-D](?!\w)"
)

CARD = re.compile(r"(?<![\w.-])(?:\d{4}[ -]){3}\d{3,4}(?![\w-])")

VIN = re.compile(
    r"(?<!\w)(?=[A-HJ-NPR-Z0-9]{0,16}\d)(?=\d{0,16}[A-Z])[A-HJ-NPR-Z0-9]{11}\d{6}(?!\w)"
)

UK_PLATE = re.compile(r"(?<!\w)[A-Z]{2}\d{2} [A-Z]{3}(?!\w)")

# "P412 RDL", "7KLM204", "KZT 4471": older and foreign plates, only after a label.
ANY_PLATE = re.compile(
    r"(?<![\w-])(?=[A-Z0-9]{0,4}[ -]?[A-Z0-9]{0,5}\d)(?=\d{0,4}[ -]?[A-Z])[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,5}(?:[ -](?:[A-Z]{2,3}|\d{3,4}))?(?![\w-])"
)

_PLATE_WORD = re.compile(r"\b(?:plates?|registration|reg|tags?|vrn|vrm)\b", re.I)

_PLATE_LABEL = re.compile(
    r"\b(?:(?:number|licen[cs]e)?\s?plates?|registration|reg|tag|tags|vrn|vrm|vehicle\sreg(?:istration)?)\b\.?(?:\s(?:no\.?|number|mark|#))?(?:\s(?:is|was))?[\s:#]{1,3}\Z",
    re.I,
)

_PLATE_CUE = re.compile(
    r"\b(?:plates?|registration|reg|registered|vehicle|car|van|vin)\b\W{0,3}(?:\w{1,12}\W{1,2}){0,2}\Z",
    re.I,
)

DEA = re.compile(r"(?<!\w)[ABFGMPR][A-Z9]\d{7}(?!\w)")

IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")

UUID = re.compile(r"(?<![\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])")

_CODE_BARE = re.compile(
    r"(?<![\w./-])#?(?P<code>(?P<head>[A-Z]{2,5})-?(?P<digits>\d{5,12})(?P<tail>[A-Z]{0,3})"
    r"|[A-Z]{1,4}(?:-\d{2,8}){2,4}|[A-Z]{1,4}\d{1,4}(?:-\d{3,8}){1,3}|[A-Z]\d{6,12}|\d{2,6}(?:-\d{3,6}){1,2}-[A-Z]{1,4}|\d{4,8}-\d{2,6}-[A-Z]{1,4}|[A-Z]{2,5}-[A-Z]{1,4}-?\d{3,8}"
    r"|[A-Z]{2,5}-\d{4}[A-Z]{0,4}|[A-Z]{1,4}-\d{5,9}-[A-Z0-9]{1,4}|[A-Z]-\d{5,9})(?![\w/]|-\w|\.\d)"
)

_HASH_CODE = re.compile(r"(?<![\w&])#\s?(?P<code>(?=[\w-]{0,20}\d{2})[A-Za-z0-9][\w-]{3,24})(?!\w)")

_LONG_DIGITS = re.compile(r"(?<![\w.,/+-])\d{7,20}(?![\w,/%]|\.\d|-\d)")

_GROUPED_DIGITS = re.compile(r"(?<![\w.,/:#+-])\d{2,6}(?:-\d{2,6}){1,3}(?![\w,/%:]|\.\d|-)")

# Public codes: trials, papers, drug codes, classifications, viruses, tumour markers, chromosomes.
# "W0447 24 118832", "XWP 884 203 119", "ACKRO 610283 T99KL", "WO 66213"
_SPACED_CODE = re.compile(
    r"(?<![\w./-])(?P<head>[A-Z]{1,5})(?P<code>\d{0,4}(?:[ ]\d{2,7}){2,4}|[ ]\d{5,6}[ ][A-Z0-9]{4,6}|[ ]\d{5,12}|\d{2,4}[ ]\d{3,4}[ ]\d{3,4})(?![\w,/%-]|\.\d)"
)
# "VOG/DFG/2231", "GP/5839/B"
_SLASHED_CODE = re.compile(
    r"(?<![\w./-])[A-Z]{2,5}/(?:[A-Z]{2,4}/\d{3,8}|\d{3,8}/[A-Z0-9]{1,4})(?![\w/%]|\.\d)"
)
# What is measured, with a number of five digits or more after it.
_MEASURED = frozenset(
    (
        *(
            "WBC",
            "PLT",
            "PLTS",
            "BNP",
            "CK",
            "CPK",
            "LDH",
            "ALT",
            "AST",
            "VL",
            "ANC",
            "ALC",
            "RBC",
            "HCG",
            "BHCG",
        ),
        *(
            "AFP",
            "CEA",
            "PSA",
            "CA",
            "TG",
            "IU",
            "UOP",
            "BP",
            "HR",
            "RR",
            "MAP",
            "CFU",
            "RNA",
            "DNA",
            "CRP",
            "GGT",
        ),
        *(
            "CD",
            "TSH",
            "HB",
            "HGB",
            "INR",
            "APTT",
            "FEV",
            "FVC",
            "USD",
            "EUR",
            "GBP",
            "STEPS",
            "ICD",
            "CPT",
            "DRG",
        ),
        *(
            "NDC",
            "DOI",
            "PMID",
            "ISBN",
            "AUC",
            "SVR",
            "PVR",
            "SV",
            "CO",
            "ADC",
            "HU",
            "MBQ",
            "MCI",
            "OF",
            "OR",
            "TO",
        ),
        *("IN", "AT", "ON", "BY", "IS", "NO", "AND", "FROM", "UNTIL", "FOR"),
    )
)
_TEETH = re.compile(r"\d{1,2}-\d{1,2}")
_SPECIMEN_DIGITS = 6
_LABEL_DIGITS, _SPACED_DIGITS = 5, 8
_PUBLIC = re.compile(
    r"(?:NCT|ISRCTN|EudraCT|PMID|PMC|DOI|ICD|LOINC|CPT|HCPCS|NDC|RxNorm|SNOMED|CVX|ATC|OMIM|DSM|ISO|COVID|"
    r"SARS|CA|HLA|CD|IL|HPV|HSV|HHV|EBV|CMV|HTLV|RSV|FGF|TNF|VEGF|BRCA|COX|CYP|PD|GLP|SGLT|ABO|T|L|C|S|PHQ|GAD|"
    r"MMSE|MOCA|AUDIT|ECOG|NIHSS|SF|EQ|WHO|NYHA|BI|ACR|FDA|USP|GMFCS|AN|PO)\Z",
    re.I,
)

_RANGE_CUE = re.compile(
    r"\b(?:between|from|range|ranging|ratio|score|scale|about|approximately|every|q|for|over|bp|pressure|"
    r"rate|pulse|hr|rr|spo2|sats?|glucose|sugars?|weight|age|ages|aged|grade|level|levels|reference|"
    r"normal|lasting|x|in|than|pages?|t|l|c|s)\W{0,3}\Z",
    re.I,
)

_HEX_GROUP = re.compile(r"-[0-9a-fA-F]{4}-")

_WITH_DIGITS = (
    *(
        LAST_FOUR,
        UDI,
        SORT_CODE,
        CARD_END,
        SSN,
        SSN_MASKED,
        NHS,
        NI,
        CARD,
        DEA,
        VIN,
        IBAN,
    ),
    *(_HASH_CODE, _LONG_DIGITS, _GROUPED_DIGITS, _CODE_BARE, _SPACED_CODE, _SLASHED_CODE),
)

_GATE = Gate(lambda: _WITH_DIGITS)

_PLATE_GATE = Gate(lambda: (UK_PLATE, _PLATE_WORD))


def find_numbers(text: str) -> Iterator[Candidate]:
    """Candidates of types ssn, mrn, account, vehicle, licence, device and other_id, by their shape."""
    yield from _plates(text)
    for m in UUID.finditer(text) if _HEX_GROUP.search(text) else ():
        yield Candidate("other_id", m.start(), m.end(), 0.92, "unique id")
    windows = digit_windows(text)
    if not windows:
        return
    found = dict(zip(_WITH_DIGITS, _GATE.find(text, windows), strict=True))
    for m in found[LAST_FOUR]:
        yield Candidate("ssn", m.start("n"), m.end("n"), 0.85, "end of a social security number")
    for pattern, kind, group in (
        (UDI, "device", 0),
        (SORT_CODE, "account", "n"),
        (CARD_END, "account", "n"),
    ):
        for m in found[pattern]:
            yield Candidate(
                kind, m.start(group), m.end(group), 0.95, "number of a shape of its own"
            )
    for m in found[SSN]:
        yield Candidate("ssn", m.start(), m.end(), 0.9, "social security number")
    for m in found[SSN_MASKED]:
        yield Candidate("ssn", m.start(), m.end(), 0.8, "masked social security number")
    for m in found[NHS]:
        if _nhs_valid(m[0]) and not PHONE_CUE.search(before(text, m.start())):
            yield Candidate("mrn", m.start(), m.end(), 0.85, "NHS number with a valid check digit")
    for pattern, kind, why in (
        (NI, "ssn", "national insurance number"),
        (CARD, "account", "card number"),
        (VIN, "vehicle", "vehicle identification number"),
        (DEA, "licence", "DEA number"),
        (IBAN, "account", "bank account"),
    ):
        for m in found[pattern]:
            yield Candidate(kind, m.start(), m.end(), 0.92, why)
    yield from _bare_codes(text, found)


def _plates(text: str) -> Iterator[Candidate]:
    """Number plates after their label; a British one has two digits only, so no window is needed."""
    plates, words = _PLATE_GATE.find(text)
    for label in words:
        for m in ANY_PLATE.finditer(text, label.end(), label.end() + 32):
            if _PLATE_LABEL.search(before(text, m.start(), 32)):
                yield Candidate("vehicle", m.start(), m.end(), 0.95, "number plate after its label")
    for m in plates:
        if _PLATE_CUE.search(before(text, m.start())):
            yield Candidate("vehicle", m.start(), m.end(), 0.95, "number plate after its label")
        elif not _PUBLIC.match(m[0][:2]):
            yield Candidate("vehicle", m.start(), m.end(), 0.55, "shape of a British number plate")


def _nhs_valid(number: str) -> bool:
    """Modulo 11 check of an NHS number (NHS Data Dictionary)."""
    digits = [int(c) for c in number if c.isdigit()]
    check = 11 - sum(d * (10 - i) for i, d in enumerate(digits[:9])) % 11
    return len(digits) == 10 and check % 11 == digits[9] and check != 10


def _bare_codes(
    text: str, numbers: Mapping[re.Pattern[str], Iterator[re.Match[str]]]
) -> Iterator[Candidate]:
    for m in numbers[_CODE_BARE]:
        head = re.match(r"[A-Z]+", m["code"])
        # "L4-123" may be a level; "S22-10984" is a specimen.
        short = sum(map(str.isdigit, m["code"])) < _SPECIMEN_DIGITS
        if head and _PUBLIC.match(head[0]) and not m["digits"] and short:
            continue
        if head and re.match(r"(?:NCT|PMID|PMC|ISRCTN)\Z", head[0]):
            continue
        yield Candidate(
            "other_id", m.start("code"), m.end("code"), 0.7, "code of letters and digits"
        )
    for m in numbers[_SPACED_CODE]:
        digits = sum(map(str.isdigit, m["code"]))
        known = m["head"] in _MEASURED or _PUBLIC.match(m["head"]) is not None
        if known or digits < _LABEL_DIGITS or QUANTITY_AFTER.match(text[m.end() : m.end() + 16]):
            continue
        if " " not in m["code"].strip() or digits >= _SPACED_DIGITS:
            yield Candidate("other_id", m.start(), m.end(), 0.6, "letters and groups of digits")
    for m in numbers[_SLASHED_CODE]:
        yield Candidate("other_id", m.start(), m.end(), 0.6, "code with slashes")
    for m in numbers[_HASH_CODE]:
        if _TEETH.fullmatch(m["code"]):
            continue
        yield Candidate("other_id", m.start("code"), m.end("code"), 0.75, "code after #")
    for m in numbers[_LONG_DIGITS]:
        if not PUBLIC_BEFORE.search(before(text, m.start(), 20)) and not QUANTITY_AFTER.match(
            text[m.end() : m.end() + 16]
        ):
            yield Candidate("other_id", m.start(), m.end(), 0.65, "long number")
    for m in numbers[_GROUPED_DIGITS]:
        groups = m[0].split("-")
        times = all(len(g) == 4 and int(g[:2]) < 24 and int(g[2:]) < 60 for g in groups)
        if (
            sum(map(len, groups)) < 7
            or times  # "1900-0730"
            or [len(g) for g in groups] == [5, 2]  # a procedure's code with its modifier
            or max(map(len, groups)) < 3
            or QUANTITY_AFTER.match(text[m.end() : m.end() + 16])
            or _RANGE_CUE.search(before(text, m.start(), 20))
            or PUBLIC_BEFORE.search(before(text, m.start(), 20))
            or (
                len(groups) == 2 and groups[0][:2] in ("19", "20") and groups[1][:2] in ("19", "20")
            )
        ):
            continue
        yield Candidate("other_id", m.start(), m.end(), 0.6, "grouped digits")
