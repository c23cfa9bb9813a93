# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Identifiers with a shape of their own: numbers, codes, addresses of machines.

Every pattern is written so that a failed match costs a bounded number of steps:
no nested repeats, and every repeat has an upper bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate

__all__ = ["find_structured"]

_TLD = (
    "com|org|net|edu|gov|mil|int|info|biz|io|co|us|uk|ca|au|nz|ie|de|fr|es|it|nl|eu|in|health|"
    "care|clinic|hospital|doctor|med|app|dev|me|tv|online|site|nhs|example|test|invalid|blog|page|link|club|shop|store|tech|xyz|name|family|live|social|cloud|ac|no|se|dk|fi|pl|pt|ch|be|at|br|mx|za|ng|ke|jp|kr|cn|sg|hk|ae|pk|nz"
)
EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9_][\w.+'%-]{0,63}\s?(?:@|\(at\)|\[at\]|\{at\}| AT )\s?"
    r"(?:[A-Za-z0-9-]{1,63}(?:\.|\s?[(\[{]dot[)\]}]\s?| DOT )){1,5}[A-Za-z]{2,12}\b"
)
EMAIL_WORDS = re.compile(
    r"\b[a-z0-9_]{2,30}(?:\s?(?:dot|\.)\s?[a-z0-9_]{1,30}){0,2} at [a-z0-9-]{2,30} dot "
    rf"(?:{_TLD})\b",
    re.I,
)
URL = re.compile(
    r"\b(?:https?|ftp|sftp|file|hxxps?)\s?:\s?//[^\s<>\"')\]]{2,300}|\bwww\s?\.\s?[^\s<>\"')\]]{3,300}",
    re.I,
)
BARE_DOMAIN = re.compile(
    rf"(?<![\w@.-])(?:[A-Za-z0-9][A-Za-z0-9-]{{1,40}}\.){{1,4}}(?:{_TLD})(?![\w.-])"
    r"(?:/[^\s<>\"')\]]{0,200})?",
    re.I,
)
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IPV4 = re.compile(rf"(?<![\d.])(?:{_OCTET}\.){{3}}{_OCTET}(?![\d]|\.\d)")
IPV6 = re.compile(
    r"(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}(?![\w:])"
    r"|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){1,6}(?::[0-9A-Fa-f]{1,4}){1,6}(?![\w:])"
)
MAC = re.compile(r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])")

_EXT = r"(?:\s{0,2}(?:x|ext\.?|extension)\s{0,2}\d{1,6})?"
PHONE_US = re.compile(
    r"(?<![\w.-])(?:\+?1[\s.-]{1,2}|\+1)?(?:\(\s?[2-9]\d{2}\s?\)[\s.-]{0,3}|[2-9]\d{2}\s?[./-]\s?|[2-9]\d{2} )"
    r"\d{3}\s?[\s.-]\s?\d{4}(?!\d|-\d)" + _EXT,
    re.I,
)
PHONE_US_SOLID = re.compile(r"(?<![\w.#-])\(?[2-9]\d{2}\)?\s?[2-9]\d{6}(?![\w-])")
PHONE_LOCAL = re.compile(r"(?<![\w.,/#-])(?:[2-9]\d{2})[-. ]\d{4}(?![\w/]|-\d|\.\d)" + _EXT, re.I)
PHONE_INTERNATIONAL = re.compile(
    r"(?<![\w+])(?:\+|00)(?:\s?\(?\d{1,4}\)?)(?:[\s.-]?\(?\d{1,5}\)?){2,5}(?![\d])" + _EXT, re.I
)
PHONE_UK = re.compile(
    r"(?<![\w.+-])\(?0(?:1\d{2,4}|2\d{1,3}|3\d{2,3}|7\d{3}|8\d{2,3}|9\d{2,3})\)?[\s-]?\d{3,4}[\s-]?\d{3,4}(?![\w])"
)
# Digits with a letter word: spoken numbers of a dialogue ("five five five, oh one two three").
_DIGIT_WORD = "zero|oh|one|two|three|four|five|six|seven|eight|nine"
PHONE_SPOKEN = re.compile(
    rf"\b(?:{_DIGIT_WORD})(?:[\s,-]{{1,3}}(?:{_DIGIT_WORD}|double|triple)){{6,12}}\b", re.I
)
PHONE_CUE = re.compile(
    r"\b(?:phone|telephone|tel|cell|mobile|call|called|calling|contact|contacted|reach|reached|number|"
    r"pager|beeper|text|texted|landline|hotline|dial|extension|ext|ph|t|f|fax|facsimile|whatsapp|"
    r"sms|voicemail|office|clinic|switchboard|answering)\b\W{0,3}(?:\w{1,12}\W{1,3}){0,4}\Z",
    re.I,
)
FAX_CUE = re.compile(
    r"\b(?:fax|faxed|facsimile|fx|f)\b\W{0,3}(?:(?!phone|tel|cell|mobile)\w{1,12}\W{1,3}){0,4}\Z",
    re.I,
)

SSN = re.compile(r"(?<![\w.#/-])(?!000|666)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}(?![\w/]|-\d|\.\d)")
LAST_FOUR = re.compile(
    r"\b(?:ssn|social(?:\ssecurity)?(?:\snumber)?|ss#?)\s(?:ends?\s(?:in|with)|ending(?:\sin)?|last\s(?:4|four)(?:\sdigits)?(?:\sis|\sare|:)?)\s?:?\s?(?P<n>\d{4})(?!\w)",
    re.I,
)
UDI = re.compile(r"\(01\)\s?\d{14}(?:\s?\(\d{2,3}\)\s?[A-Za-z0-9/-]{1,20}){0,5}")
CARD_END = re.compile(
    r"\b(?:card|account|acct|visa|mastercard|amex|debit|credit)\s(?:ending|ends)\s(?:in\s|with\s)?(?P<n>\d{4})(?!\w)",
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
    r"(?<![\w-])(?=[A-Z0-9]{0,4}[ -]?[A-Z0-9]{0,5}\d)(?=\d{0,4}[ -]?[A-Z])[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,5}(?![\w-])"
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
# Of a name somewhere else: "on Instagram as @tupou_sione".
HANDLE = re.compile(r"(?<![\w@./])@[A-Za-z_](?=[\w.]{0,28}[\d_])[\w.]{3,29}(?!\w|@)")
_HANDLE_CUE = re.compile(
    r"\b(?:instagram|insta|ig|twitter|tiktok|snapchat|facebook|fb|handle|username|telegram|threads|mastodon|linkedin|follow|youtube|x)\b[^\n]{0,24}\Z",
    re.I,
)
HANDLE_CUED = re.compile(r"(?<![\w@./])@[A-Za-z_][\w.]{2,29}(?!\w|@)")
PAGER = re.compile(
    r"\b(?:pager|bleep|beeper|page|extension|extn?|ext|baton|bleeped|internal)\.?(?:\s(?:no\.?|number|is|on|#))?[\s:#]{1,3}(?P<n>\d{3,6})(?![\w/%]|\.\d|-\d|\s?(?:mg|ml|units?))",
    re.I,
)
DEA = re.compile(r"(?<!\w)[ABFGMPR][A-Z9]\d{7}(?!\w)")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
UUID = re.compile(r"(?<![\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-])")

# A code after a cue: letters, digits and dashes with at least one digit. The cue says which class.
_CODE = r"(?P<code>(?:(?-i:[A-Z]{2,4}) (?=\d{3}))?[A-Za-z]{0,12}(?:[-/.][A-Za-z]{1,8})?[-/.]?\d(?:[\w]|[-/.:](?=\w)| (?=\d{2,})){2,30})"
_LONG = (
    r"(?:\s{0,3}(?:number|numbers|no\.?|nos\.?|num\.?|id|i\.d\.|identifier|code|ref|reference|#|№))"
)
_GLUE = r"(?:\s{0,3}(?:is|was|of|as|are|:|#|=|-|\(|\[|№|\"|'|no\.?|number|id))"


@dataclass(frozen=True, slots=True)
class _Cue:
    type: str
    why: str
    score: float
    pattern: re.Pattern[str]


def _cue(kind: str, why: str, words: str, *, long: str = "", score: float = 0.9) -> _Cue:
    """A rule for `words`, an optional or demanded "number", glue, then a code."""
    return _Cue(
        kind,
        why,
        score,
        re.compile(
            rf"(?<![\w-])(?:{words}){long or _LONG + '{0,2}'}{_GLUE}{{0,4}}\s{{0,3}}" + _CODE, re.I
        ),
    )


_CUES = (
    _cue(
        "mrn",
        "record number after its label",
        r"mrn|mr#|mr no|m\.r\.n\.?|medical\s+record|med\s?rec|health\s+record|hospital\s+record|urn|"
        r"nhs|chi|h&c|patient\s+record|ehr|emr|epic|pas|empi|mpi|fin|csn|har|pid|cpi|crn|hcn|phn|rio|systmone|emis",
        score=0.95,
    ),
    _cue(
        "mrn",
        "record number after its label",
        r"record|chart|hospital|patient|pt|unit|file|folder|hosp\.?|clinic|client|resident|case\s+record|visit",
        long=_LONG + "{1,2}",
        score=0.95,
    ),
    _cue(
        "plan",
        "plan number after its label",
        r"member|membership|subscriber|policy|policyholder|plan|health\s*plan|insurance|insurer|insured|"
        r"beneficiary|group|medicare|medicaid|hicn|mbi|hmo|ppo|payer|coverage|benefit|benefits|"
        r"health\s+insurance|health\s+card|ohip|bupa|tricare|blue\s+cross|bcbs|aetna|cigna|humana",
        long=_LONG + "{1,2}",
        score=0.95,
    ),
    _cue(
        "plan",
        "plan number after its label",
        r"medicare|medicaid|hicn|mbi|(?:health\s+)?plan|policy|insurance|subscriber|beneficiary|hmo",
        score=0.8,
    ),
    _cue(
        "account",
        "account number after its label",
        r"account|acct\.?|a/c|acc|invoice|billing|bill|iban|sort\s+code|routing|bank|credit\s+card|card|"
        r"claim|encounter|har|csn|guarantor",
        long=_LONG + "{1,2}",
        score=0.95,
    ),
    _cue(
        "account", "account number after its label", r"account|acct\.?|a/c|invoice|iban|sort\s+code"
    ),
    _cue(
        "licence",
        "licence number after its label",
        r"licen[cs]e|lic|driver'?s?\s+licen[cs]e|driving\s+licen[cs]e|dl|certificate|certification|cert|"
        r"dea|npi|gmc|nmc|gphc|passport|visa|permit|registration|state\s+id|prescriber|medical\s+licen[cs]e|tax|ein|itin|"
        r"birth\s+certificate",
        long=_LONG + "{1,2}",
        score=0.95,
    ),
    _cue(
        "licence",
        "licence number after its label",
        r"licen[cs]e|dea|npi|gmc|passport|driver'?s\s+licen[cs]e",
    ),
    _cue(
        "vehicle",
        "vehicle number after its label",
        r"vin|licen[cs]e\s+plate|number\s+plate|plate|vehicle|car\s+registration|reg|vehicle\s+registration|"
        r"registration\s+plate|tag\s+number|vehicle\s+identification",
        score=0.9,
    ),
    _cue(
        "device",
        "device number after its label",
        r"serial|s/n|sn|device|udi|imei|meid|pacemaker|implant|pump|model|lot|batch|icd\s+serial|"
        r"device\s+serial|asset|equipment|mac",
        long=_LONG + "{1,2}",
        score=0.9,
    ),
    _cue("device", "device number after its label", r"serial|s/n|udi|imei"),
    _cue(
        "ssn",
        "social security number after its label",
        r"ssn|ss#|ss\s+no|social\s+security|social",
        score=0.95,
    ),
    _cue(
        "other_id",
        "code after its label",
        r"id|identifier|identification|accession|specimen|sample|study|subject|participant|site|case|"
        r"reference|ref|referral|order|requisition|barcode|confirmation|ticket|employee|badge|student|"
        r"staff|user|login|username|incident|report|prescription|rx|token|tracking|enrollment|protocol\s+id|"
        r"authorization|auth|appointment|booking|docket|inmate|service|military|tribal|alien|biometric|"
        r"fingerprint|family|household|registry|donor|recipient|cohort\s+id|record\s+locator",
        long=_LONG + "{1,2}",
        score=0.8,
    ),
    _cue(
        "other_id",
        "code after its label",
        r"(?:patient\s+)?id|identifier|accession|passcode|password|pin",
        score=0.8,
    ),
    _cue(
        "other_id",
        "code after its label",
        r"(?:lab|crime|police|incident|prison|inmate|booking|court|case|event|log|complaint|datix|cad|unit|asset|ubrn|sample|specimen|histology|path)\s(?:ref|reference|number|no\.?|id|report)",
        score=0.85,
    ),
    _cue(
        "device",
        "device number after its label",
        r"(?:implant|stent|device|lens|mesh|valve|lead|batch|graft)?\s?(?:lot|batch)|(?:model\sand\s)?serial\s(?:number|no\.?)",
        score=0.85,
    ),
    _cue(
        "other_id",
        "code after its label",
        r"(?:ref|reference|specimen|sample|order|booking|claim|file|docket|case)(?=\s?[:#])",
        score=0.8,
    ),
    _cue("fax", "fax number after its label", r"fax|facsimile", score=0.9),
)
# A cue needs one of these letters sequences: one pass finds where a cue can stand at all.
_CUE_PATTERNS = tuple(cue.pattern for cue in _CUES)
_CODE_BARE = re.compile(
    r"(?<![\w./-])#?(?P<code>(?P<head>[A-Z]{2,5})-?(?P<digits>\d{5,12})(?P<tail>[A-Z]{0,3})"
    r"|[A-Z]{1,4}(?:-\d{2,8}){2,4}|[A-Z]{1,4}\d{1,4}-\d{3,8}|[A-Z]{2,5}-[A-Z]{1,4}-?\d{3,8}"
    r"|[A-Z]{2,5}-\d{4}[A-Z]{0,4})(?![\w/]|-\w|\.\d)"
)
_HASH_CODE = re.compile(r"(?<![\w&])#\s?(?P<code>(?=[\w-]{0,20}\d{2})[A-Za-z0-9][\w-]{3,24})(?!\w)")
_LONG_DIGITS = re.compile(r"(?<![\w.,/+-])\d{8,20}(?![\w,/%]|\.\d|-\d)")
_GROUPED_DIGITS = re.compile(r"(?<![\w.,/:#+-])\d{2,6}(?:-\d{2,6}){1,3}(?![\w,/%:]|\.\d|-)")
# Public codes: trials, papers, drug codes, classifications, viruses, tumour markers, chromosomes.
_PUBLIC = re.compile(
    r"(?:NCT|ISRCTN|EudraCT|PMID|PMC|DOI|ICD|LOINC|CPT|HCPCS|NDC|RxNorm|SNOMED|CVX|ATC|OMIM|DSM|ISO|COVID|"
    r"SARS|CA|HLA|CD|IL|HPV|HSV|HHV|EBV|CMV|HTLV|RSV|FGF|TNF|VEGF|BRCA|COX|CYP|PD|GLP|SGLT|ABO|T|L|C|S|PHQ|GAD|"
    r"MMSE|MOCA|AUDIT|ECOG|NIHSS|SF|EQ|WHO|NYHA|BI|ACR|FDA|USP|GMFCS|AN|PO)\Z",
    re.I,
)
_PUBLIC_BEFORE = re.compile(
    r"\b(?:NCT|ISRCTN|PMID|DOI|ICD(?:-1[01])?(?:-CM)?|LOINC|CPT|HCPCS|NDC|ISBN|ISSN|code|codes|"
    r"trial|gene|rs|version|v|grant|section|page|pages|pp|vol|volume|chapter|protocol)\W{0,3}\Z",
    re.I,
)
# Words that make a bare group of digits a quantity.
_QUANTITY_AFTER = re.compile(
    r"\s{0,2}(?:mg|mcg|ug|g|gm|grams?|kg|ml|cc|l|units?|iu|meq|mmol|cells?|copies|per|mm|cm|bpm|/|%|x|years?|yrs?|yo|y/o|days?|"
    r"weeks?|wks?|months?|hours?|hrs?|minutes?|mins?|times|lbs?|pounds?|pack|beers?|cigarettes?|points?|"
    r"steps|calories|kcal|people|patients?|participants|dollars)\b",
    re.I,
)
_RANGE_CUE = re.compile(
    r"\b(?:between|from|range|ranging|ratio|score|scale|about|approximately|every|q|for|over|bp|pressure|"
    r"rate|pulse|hr|rr|spo2|sats?|glucose|sugars?|weight|age|ages|aged|grade|level|levels|reference|"
    r"normal|lasting|x|in|than|pages?|t|l|c|s)\W{0,3}\Z",
    re.I,
)


def find_structured(text: str) -> Iterator[Candidate]:
    """Candidates for every class that has a shape; see `Candidate` for the coordinates."""
    if "@" in text or "at)" in text or "at]" in text or "at}" in text or " DOT " in text:
        for m in EMAIL.finditer(text):
            yield Candidate("email", m.start(), m.end(), 1.0, "address with @")
    if " dot " in text.lower():
        for m in EMAIL_WORDS.finditer(text):
            yield Candidate("email", m.start(), m.end(), 0.9, "address spelled out")
    yield from _urls(text)
    yield from _numbers(text)
    if "@" in text:
        for pattern in (HANDLE, HANDLE_CUED):
            for m in pattern.finditer(text):
                if pattern is HANDLE or _HANDLE_CUE.search(_before(text, m.start())):
                    yield Candidate("url", m.start(), m.end(), 0.7, "name of an account")
    spoken, plates, plate_words = _WORD_GATE.find(text)
    for m in spoken:
        yield Candidate("phone", m.start(), m.end(), 0.7, "spoken digits")
    for label in plate_words:
        for m in ANY_PLATE.finditer(text, label.end(), label.end() + 32):
            if _PLATE_LABEL.search(_before(text, m.start(), 32)):
                yield Candidate("vehicle", m.start(), m.end(), 0.95, "number plate after its label")
    # A British number plate has two digits only, so no window is around it.
    for m in plates:
        if _PLATE_CUE.search(_before(text, m.start())):
            yield Candidate("vehicle", m.start(), m.end(), 0.95, "number plate after its label")


# Three digits, or a mask of them, close together: every number that identifies has them.
_DIGITS = re.compile(r"\d.{0,3}?\d.{0,3}?\d|[xX*#]{3}")
_WINDOW_BEFORE, _WINDOW_AFTER = 90, 60
_SPACE = re.compile(r"\s")


def _digit_windows(text: str) -> Iterator[tuple[int, int]]:
    """Disjoint stretches around the digits; each ends at a space, so that no number is cut."""
    start = end = -1
    for match in _DIGITS.finditer(text):
        if match.start() - _WINDOW_BEFORE > end:
            if end > 0:
                yield start, _whole(text, end)
            start = max(0, end, match.start() - _WINDOW_BEFORE)
        end = match.end() + _WINDOW_AFTER
    if end > 0:
        yield start, _whole(text, end)


def _whole(text: str, end: int) -> int:
    if end >= len(text):
        return len(text)
    space = _SPACE.search(text, end, end + 400)
    return space.start() if space else min(len(text), end + 400)


# Top-level domains that are also words or abbreviations.
_WORD_TLD = frozenset(
    (
        *("in", "it", "me", "co", "us", "de", "es", "test", "care", "health", "med", "int"),
        *("no", "at", "be", "page", "link", "club", "shop", "store", "name", "family", "live"),
        *("social", "ac", "se", "pt", "ch", "cloud", "tech", "blog"),
        *("clinic", "hospital", "doctor", "online", "site", "info", "io", "eu", "nl"),
    )
)


# Where everybody reads about health: the address of such a site, or of a topic there, is nobody's.
_PUBLIC_SITE = re.compile(
    r"(?:https?://)?(?:www\.)?(?:patient\.(?:co\.uk|info)|nhs\.uk|nice\.org\.uk|cks\.nice\.org\.uk|"
    r"cdc\.gov|nih\.gov|medlineplus\.gov|fda\.gov|hhs\.gov|who\.int|uptodate\.com|webmd\.com|"
    r"mayoclinic\.org|cancer\.org|heart\.org|diabetes\.org(?:\.uk)?|bnf\.nice\.org\.uk)"
    r"(?:/[A-Za-z-]{0,40}){0,4}",
    re.I,
)
_HEX_PAIR = re.compile(r"[:-][0-9A-Fa-f]{2}[:-]")
_TWO_COLONS = re.compile(r"[0-9A-Fa-f]?:[0-9A-Fa-f]{0,4}:")


_DOMAIN_END = re.compile(rf"\.(?:{_TLD})(?![\w.-])", re.I)
_DOMAIN_GATE = Gate(lambda: (_DOMAIN_END,))
_DOMAIN_WIDTH, _PATH_WIDTH = 168, 202  # of what can stand before the last part, and after it


def _domains(text: str) -> Iterator[re.Match[str]]:
    """Matches of `BARE_DOMAIN`, looked for where one can end."""
    done = 0
    for end in _DOMAIN_GATE.find(text)[0]:
        if end.start() >= done:
            start = max(done, end.start() - _DOMAIN_WIDTH)
            for m in BARE_DOMAIN.finditer(text, start, end.end() + _PATH_WIDTH):
                done = m.end()
                yield m


def _urls(text: str) -> Iterator[Candidate]:
    for m in URL.finditer(text) if "//" in text or "www" in text.lower() else ():
        end = m.start() + len(m[0].rstrip(".,;:!?"))
        if not _PUBLIC_SITE.fullmatch(text, m.start(), end):
            yield Candidate("url", m.start(), end, 1.0, "web address")
    for m in _domains(text):
        end = m.start() + len(m[0].rstrip(".,;:!?"))
        body = m[0].split("/")[0]
        # "e.g.in", "pt.co": a missing space after a full stop is no domain.
        word_like = body.count(".") == 1 and body.split(".")[1].lower() in _WORD_TLD
        if (word_like and "/" not in m[0]) or _PUBLIC_SITE.fullmatch(text, m.start(), end):
            continue
        yield Candidate("url", m.start(), end, 0.8, "domain name")
    if ":" in text:
        for m in MAC.finditer(text) if _HEX_PAIR.search(text) else ():
            yield Candidate("device", m.start(), m.end(), 0.9, "hardware address")
        for m in IPV6.finditer(text) if _TWO_COLONS.search(text) else ():
            if any(c in "abcdefABCDEF" for c in m[0]) or m[0].count(":") > 3:
                yield Candidate("ip", m.start(), m.end(), 0.9, "IPv6 address")


def _before(text: str, start: int, width: int = 48) -> str:
    return text[max(0, start - width) : start]


# What is looked for around digits.
_NUMBERS = (
    *(PHONE_US, PHONE_INTERNATIONAL, PHONE_UK, PHONE_US_SOLID, PHONE_LOCAL, PAGER, LAST_FOUR, UDI),
    *(SORT_CODE, CARD_END, SSN, SSN_MASKED, NHS, NI, CARD, DEA, _HASH_CODE, _LONG_DIGITS),
    *(_GROUPED_DIGITS, VIN, UK_PLATE, IBAN, _CODE_BARE),
)
_DOTTED = re.compile(r"\.\d{1,3}\.")
_HEX_GROUP = re.compile(r"-[0-9a-fA-F]{4}-")


_GATE = Gate(lambda: (*_NUMBERS, *_CUE_PATTERNS))
_WORD_GATE = Gate(lambda: (PHONE_SPOKEN, UK_PLATE, _PLATE_WORD))


def _numbers(text: str) -> Iterator[Candidate]:
    windows = list(_digit_windows(text))
    if not windows:
        return
    found = _GATE.find(text, windows)
    numbers = dict(zip(_NUMBERS, found, strict=False))
    for m in IPV4.finditer(text) if _DOTTED.search(text) else ():
        if not _PUBLIC_BEFORE.search(_before(text, m.start(), 16)):
            yield Candidate("ip", m.start(), m.end(), 0.95, "IPv4 address")
    yield from _phones(text, numbers)
    for m in numbers[PAGER]:
        yield Candidate("phone", m.start("n"), m.end("n"), 0.8, "pager or extension")
    for m in numbers[LAST_FOUR]:
        yield Candidate("ssn", m.start("n"), m.end("n"), 0.85, "end of a social security number")
    for pattern, kind, group in (
        (UDI, "device", 0),
        (SORT_CODE, "account", "n"),
        (CARD_END, "account", "n"),
    ):
        for m in numbers[pattern]:
            yield Candidate(
                kind, m.start(group), m.end(group), 0.95, "number of a shape of its own"
            )
    for m in numbers[SSN]:
        yield Candidate("ssn", m.start(), m.end(), 0.9, "social security number")
    for m in numbers[SSN_MASKED]:
        yield Candidate("ssn", m.start(), m.end(), 0.8, "masked social security number")
    for m in numbers[NHS]:
        if _nhs_valid(m[0]) and not PHONE_CUE.search(_before(text, m.start())):
            yield Candidate("mrn", m.start(), m.end(), 0.85, "NHS number with a valid check digit")
    for pattern, kind, why in (
        (NI, "ssn", "national insurance number"),
        (CARD, "account", "card number"),
        (VIN, "vehicle", "vehicle identification number"),
        (UK_PLATE, "vehicle", "number plate"),
        (DEA, "licence", "DEA number"),
        (IBAN, "account", "bank account"),
    ):
        for m in numbers[pattern]:
            yield Candidate(kind, m.start(), m.end(), 0.92, why)
    for m in UUID.finditer(text) if _HEX_GROUP.search(text) else ():
        yield Candidate("other_id", m.start(), m.end(), 0.92, "unique id")
    for cue, own in zip(_CUES, found[len(_NUMBERS) :], strict=True):
        for m in own:
            code = m["code"].rstrip("-/.: ")
            place = m.start("code")
            if _is_code(code, text, place, cue):
                yield Candidate(cue.type, place, place + len(code), cue.score, cue.why)
    yield from _bare_codes(text, numbers)


# Numbers that everybody may call.
_HELPLINES = frozenset(
    ("111", "101", "112", "119", "211", "311", "411", "511", "611", "811", "911", "988", "999")
)


def _is_code(code: str, text: str, start: int, cue: _Cue) -> bool:
    """Whether what follows a cue is a code and not a count, a date, a dose or a score."""
    digits = sum(c.isdigit() for c in code)
    if digits < 3 and len(code) < 5:
        return False
    if code in _HELPLINES:
        return False
    after = text[start + len(code) : start + len(code) + 16]
    if _QUANTITY_AFTER.match(after):
        return False
    if re.fullmatch(r"(?:19|20)\d\d", code) and cue.score < 0.95:
        return False
    return not re.fullmatch(r"\d{1,3}/\d{1,3}|\d+\.\d+|\d{1,2}[/-]\d{1,2}[/-]\d{2,4}", code)


def _phones(
    text: str, numbers: Mapping[re.Pattern[str], Iterator[re.Match[str]]]
) -> Iterator[Candidate]:
    for pattern, score in (
        (PHONE_US, 0.95),
        (PHONE_INTERNATIONAL, 0.9),
        (PHONE_UK, 0.85),
    ):
        for m in numbers[pattern]:
            digits = sum(c.isdigit() for c in m[0])
            if digits < 9 or _PUBLIC_BEFORE.search(_before(text, m.start(), 12)):
                continue
            fax = FAX_CUE.search(_before(text, m.start()))
            yield Candidate(
                "fax" if fax else "phone", m.start(), m.end(), score, "telephone number"
            )
    for pattern in (PHONE_US_SOLID, PHONE_LOCAL):
        for m in numbers[pattern]:
            before = _before(text, m.start())
            if _PUBLIC_BEFORE.search(before[-12:]):
                continue
            cued = PHONE_CUE.search(before)
            # 555 is the exchange of made-up numbers; any other one needs a cue.
            if not cued and not (m[0].startswith("555") and pattern is PHONE_LOCAL):
                continue
            fax = FAX_CUE.search(before)
            yield Candidate(
                "fax" if fax else "phone", m.start(), m.end(), 0.85, "telephone number after a cue"
            )


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
        if head and _PUBLIC.match(head[0]) and not m["digits"]:
            continue
        if head and re.match(r"(?:NCT|PMID|PMC|ISRCTN)\Z", head[0]):
            continue
        yield Candidate(
            "other_id", m.start("code"), m.end("code"), 0.7, "code of letters and digits"
        )
    for m in numbers[_HASH_CODE]:
        yield Candidate("other_id", m.start("code"), m.end("code"), 0.75, "code after #")
    for m in numbers[_LONG_DIGITS]:
        if not _PUBLIC_BEFORE.search(_before(text, m.start(), 20)) and not _QUANTITY_AFTER.match(
            text[m.end() : m.end() + 16]
        ):
            yield Candidate("other_id", m.start(), m.end(), 0.65, "long number")
    for m in numbers[_GROUPED_DIGITS]:
        groups = m[0].split("-")
        if (
            sum(map(len, groups)) < 7
            or max(map(len, groups)) < 3
            or _QUANTITY_AFTER.match(text[m.end() : m.end() + 16])
            or _RANGE_CUE.search(_before(text, m.start(), 20))
            or _PUBLIC_BEFORE.search(_before(text, m.start(), 20))
            or (
                len(groups) == 2 and groups[0][:2] in ("19", "20") and groups[1][:2] in ("19", "20")
            )
        ):
            continue
        yield Candidate("other_id", m.start(), m.end(), 0.6, "grouped digits")
