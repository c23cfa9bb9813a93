# ruff: noqa: E501  (tables of patterns read worse when broken)
"""Record, plan, account, licence and other numbers that a label announces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from casewright.filters.phi.digit_windows import QUANTITY_AFTER, digit_windows
from casewright.filters.phi.gates import Gate
from casewright.filters.phi.hits import Candidate

__all__ = ["find_labelled_codes"]

# A code after a cue: letters, digits and dashes with at least one digit. The cue says which class.
_CODE = r"(?P<code>(?:(?-i:[A-Z]{1,4}) (?=[A-Z]?\d{2}))?[A-Za-z]{0,12}(?:[-/.][A-Za-z]{1,8}){0,3}[-/.]?\d(?:[\w]|[-/.:](?=\w)| (?=\d{2,})){2,30})"

_LONG = (
    r"(?:\s{0,3}(?:number|numbers|no\.?|nos\.?|num\.?|id|i\.d\.|identifier|code|ref|reference|#|№))"
)

_GLUE = r"(?:\s{0,3}(?:is|was|of|as|are|:|#|=|-|\(|\[|\||№|\"|'|no\.?|number|id))"


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
            rf"(?<![\w/-])(?:{words})(?![A-Za-z](?!\d)){long or _LONG + '{0,2}'}{_GLUE}{{0,4}}\s{{0,3}}"
            + _CODE,
            re.I,
        ),
    )


_CUES = (
    _cue(
        "mrn",
        "record number after its label",
        r"mrn|mr#|mr no|m\.r\.n\.?|medical\s+record|med\s?rec|health\s+record|hospital\s+record|urn|"
        r"nhs|chi|h&c|ur|patient\s+record|ehr|emr|epic|pas|empi|mpi|fin|csn|har|pid|cpi|crn|hcn|phn|rio|systmone|emis",
        score=0.95,
    ),
    _cue(
        "mrn",
        "record number after its label",
        r"record|chart|hospital|district|patient|pt|unit|file|folder|hosp\.?|clinic|client|resident|case\s+record|visit",
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
        r"medicare|medicaid|hicn|mbi|(?:health\s+)?plan|policy|insurance|subscriber|beneficiary|hmo|membership|bupa|rx\s?(?:group|grp|bin|pcn)|(?:group|grp)(?=\s?:)|(?:group|grp)\s(?=\d{5})",
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
        r"licen[cs]e|lic|clia|rph|reg|driver'?s?\s+licen[cs]e|driving\s+licen[cs]e|dl|certificate|certification|cert|"
        r"dea|npi|gmc|nmc|gphc|passport|visa|permit|registration|state\s+id|prescriber|medical\s+licen[cs]e|tax|ein|itin|"
        r"birth\s+certificate",
        long=_LONG + "{1,2}",
        score=0.95,
    ),
    _cue(
        "licence",
        "licence number after its label",
        r"licen[cs]e|driv(?:ing|er'?s?)\s+licen[cs]e|dea|npi|gmc|gphc|nmc|hcpc|gdc|goc|passport|clia|cdl|dl|rph|lic(?=\s[A-Z]{2,4}-)|(?:pharmacist|nurse|midwife|physician)\s+reg\.?",
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
    _cue("device", "device number after its label", r"serial|s/n|(?-i:SN)|udi|imei"),
    _cue(
        "device",
        "device number after its label",
        r"(?<!blood )transmitter|receiver|transducer",
        score=0.8,
    ),
    _cue(
        "mrn",
        "record number after its label",
        r"(?:medical\s)?record(?=\s[A-Z]{2,4}\s\d{4})|chart(?=\s?:\s?[A-Z]{0,4}\s?\d{4})",
        score=0.85,
    ),
    _cue(
        "other_id",
        "code after its label",
        r"air\s?(?:way)?\s?bill|conf(?:irmation)?|payroll(?:\s(?:no|number)\.?)?|cycle|(?:access|activation|app,)\scode|tracking|work\s+order|match\s+run|match\s+id|id\s+card|lab\s+(?:no|number)\.?|rx\s+numbers?(?:\s+from\s+bottles?)?:?\s[A-Z][a-z]{2,14}|blood\s+unit",
        score=0.8,
    ),
    _cue(
        "ssn",
        "social security number after its label",
        r"ssn|ss#|ss\s+no|social\s+security|social|ni(?=\s(?:no|number))|nino|national\s+insurance",
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
        r"(?:ref|reference|specimen|sample|order|booking|claim|file|docket|case)(?=\s?[:#])|ref(?=\s[A-Z]{2,4}/?\d{3})",
        score=0.8,
    ),
    _cue(
        "other_id",
        "code after its label",
        r"badge|band|key\s?safe(?:\s+code)?|(?:door|gate|entry|access)\s+code|collar|callsign|call\s+sign|shoulder|emp|employee|operator|interpreter|staff|warden|booking|shield|unit\s+id|extension\s+id",
        long=r"(?:\s{0,3}(?:number|no\.?|id|#|№|:))?",
        score=0.75,
    ),
    _cue(
        "other_id",
        "code after its label",
        r"(?:interpreter|my|his|her|badge|id|agent)\s(?:id\s)?(?:number|no\.?)\s(?:is|was)",
        score=0.75,
    ),
    _cue("fax", "fax number after its label", r"fax|facsimile", score=0.9),
)

_CUE_PATTERNS = tuple(cue.pattern for cue in _CUES)

_CODES_GATE = Gate(lambda: _CUE_PATTERNS)


def find_labelled_codes(text: str) -> Iterator[Candidate]:
    """Candidates of most types of numbers, by the label before them."""
    windows = digit_windows(text)
    if not windows:
        return
    for cue, own in zip(_CUES, _CODES_GATE.find(text, windows), strict=True):
        for m in own:
            code = m["code"].rstrip("-/.: ")
            place = m.start("code")
            if _is_code(code, text, place, cue):
                yield Candidate(cue.type, place, place + len(code), cue.score, cue.why)


# Numbers that everybody may call.
_HELPLINES = frozenset(
    ("111", "101", "112", "119", "211", "311", "411", "511", "611", "811", "911", "988", "999")
)


def _is_code(code: str, text: str, start: int, cue: _Cue) -> bool:
    """Whether what follows a cue is a code and not a count, a date, a dose or a score."""
    digits = sum(c.isdigit() for c in code)
    if digits < 3 and len(code) < 5:
        return False
    if code in _HELPLINES or code.startswith("QQ"):
        return False  # QQ begins the example that stands in every form of national insurance
    after = text[start + len(code) : start + len(code) + 16]
    if QUANTITY_AFTER.match(after):
        return False
    if re.fullmatch(r"(?:19|20)\d\d", code) and cue.score < 0.95:
        return False
    if re.fullmatch(r"(?:19|20)\d\d[-/](?:19|20)?\d\d", code):
        return False  # "ACTION PLAN 2024-2025"
    return not re.fullmatch(r"\d{1,3}/\d{1,3}|\d+\.\d+|\d{1,2}[/-]\d{1,2}[/-]\d{2,4}", code)
