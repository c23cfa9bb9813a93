# ruff: noqa: E501  (tables of patterns read worse when broken)
"""What the words around a place say of it: whether a person stands there.

Kin ("her son"), a role ("RN", "case manager"), a verb with a preposition ("collateral from",
"discussed with"), a greeting or a closing, a form's field or a table's cell before it; after it an
age, kin or a role in brackets, or what only people do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["PersonPlace", "person_place"]

_KIN = (
    r"wife|husband|son|daughter|mother|father|mom|mum|dad|brother|sister|twin|partner|spouse|fianc[e]{1,2}|girlfriend|"
    r"boyfriend|neighbou?r|friend|cousin|grandson|granddaughter|grandmother|grandfather|grandma|grandpa|niece|nephew|aunt|uncle|"
    r"auntie|stepson|stepdaughter|stepmother|stepfather|(?:mother|father|sister|brother|son|daughter)-in-law|"
    r"carer|caregiver|guardian|roommate|flatmate|housemate|colleague|parent|child|baby|infant|newborn|toddler|foster mother|little one|eldest|youngest|oldest|firstborn|grandchild|great-grandson|great-granddaughter|"
    r"children|kids|sons|daughters|siblings|brothers|sisters|ex-wife|ex-husband|ex-partner|ex-spouse|man|woman|lady|gentleman|boy|girl|teenager|"
    r"cousins|half-brother|half-sister|stepchild|widow|widower|fiance|bride|groom|sibling|sib|dtr|grandchildren|foster son|foster daughter|godson|goddaughter|stepdad|stepmom|hubby|sis|bro|twins|in-laws|lola|lolo|nana|gran|grandad|granddad|abuela|abuelo|mgm|pgm|mgf|pgf|gf|bf|mil|fil|mother-in-law|stepbrother|stepsister|bil|niece|neice"
)

_ROLE = (
    r"nurse|rn|lpn|cna|hca|np|pa|pa-c|midwife|keyworker|key worker|interpreter|chaplain|paramedic|emt|student|trainee|"
    r"(?:[a-z]{3,20})?therapist|[a-z]{3,20}ologist|phlebotomist|pharmacist|podiatrist|dietitian|dietician|optometrist|"
    r"counsell?or|psychiatrist|dentist|pc|wpc|father|fr|sister|brother|deacon|consultant|registrar|sho|fy1|fy2|resident|fellow|intern|attending|hospitalist|surgeon|"
    r"physician|anaesthetist|anesthetist|social worker|support worker|case manager|care manager|case worker|caseworker|"
    r"care coordinator|care navigator|health visitor|clinician|provider|technician|sonographer|radiographer|receptionist|"
    r"secretary|scribe|teacher|tutor|coach|boss|manager|supervisor|employer|landlord|landlady|lawyer|solicitor|attorney|"
    r"judge|officer|constable|sergeant|detective|pastor|priest|vicar|imam|rabbi|neighbour|witness|driver|pcp|gp|"
    r"proxy|surrogate|advocate|aide|assistant|companion|helper|sitter|volunteer|suspect|victim|assailant|inmate|prisoner|passenger|complainant|defendant|plaintiff|"
    r"deputy|dep|ofcr|ofc|sgt|trooper|firefighter|principal|physio|hca|s/n|crna|srna|sn|rrt|slp|otr|pta|msw|lcsw|rd|phlebotomy|"
    r"doula|hv|dn|cpn|cnc|anp|enp|rmo|odp|ssn|attg|att|cons|pharm|clerk|reg clerk|ward clerk|unit clerk|adjuster|transporter|preceptor|hygienist|perfusionist|carers|den|healthcare assistant|charge nurse|dispatcher|proctor|translator|investigator|medic|md|do|aprn|arnp|lvn|rdn|ccc-slp|hospice nurse|home health aide|hha|tech|scrub tech|perfusionist|hospice md|"
    r"co-sponsor|sponsor|probation officer|warden|custodian|foreman|roommate|godmother|godfather|fob|mob|pca|psw|dsp|chw|"
    r"patient|pt|client|service user|resident|carer|donor|recipient|informant|guarantor|party"
)

# What is done by, with or to a person: the verb and its preposition.
_DONE = (
    r"(?:seen|reviewed|discussed|d/w|dw|spoke|spoken|speaking|talked|talking|conferred|consulted|met|rounded|examined|accompanied|"
    r"assisted|married|engaged|lives|lived|living|stays|staying|sat|reviewed with|liaised|agreed|confirmed|arranged|shared|checked|co-treated|worked)(?:[ ](?:this|it|plan|case|results?|findings?|in detail|at length))?[ ](?:with|w/)"
    r"|(?:seen|reviewed|examined|assessed|evaluated|performed|signed|co-?signed|countersigned|dictated|typed|transcribed|witnessed|written|"
    r"prepared|completed|scribed|taken|drawn|given|administered|entered|recorded|verified|authori[sz]ed|approved|ordered|"
    r"requested|referred|counsell?ed|interviewed|attended|supervised|precepted|covered|called|advised|informed|notified|"
    r"followed|managed|treated|reported|sent|brought in|brought|driven|visited|escorted|found|collected|obtained|checked|inserted|removed|delivered|"
    r"updated|edited|authored|created|printed|received|accepted|acknowledged|read back|dispensed|initialled|initialed|stamped|filed|scanned|uploaded|clerked|triaged|screened|vaccinated|trained|verified electronically|consented|cared for|helped|supported|presented|implanted|fitted|operated|pronounced|raised|led|chaired|read|interpreted|explained|witnessed|relayed|trialled|supplied)[ ](?:electronically[ ])?by"
    r"|(?:spoke|spoken|speaking|talked|talking|handed over|handover|hand-off|handed off|signed out|sign-out|reported|report|transferred|"
    r"explained|introduced|married|addressed|letter|message|copy|copied|care transferred|given|mentioned|described|consult|"
    r"referral|referred|according|listened|directed|forwarded|page|fax|faxed|emailed|e-mail|email|call|called|reply|assigned|delegated|handover|passed|returned)[ ]to"
    r"|(?:collateral|collateral history|history|message|voicemail|call|letter|e-mail|email|text|note|input|report|heard|referral|consent|"
    r"permission|information|update|advice|help|support|hx|collateral hx|phone call|call back)(?:[ ](?:obtained|received|taken))?[ ]from"
    r"|(?:confirmed|identified|addressed|known|registered|introduced|recorded|listed|referred to)[ ]as"
    r"|(?:test results|results|form|report|letter|summary|plan|meeting|covering|caring|care|proxy|acting as scribe|scribe|interpreting|signing|on call|cross-covering|left|vm|voicemail|message|asked|asking|calls out|named)[ ]for"
    r"|(?:under|in)[ ]the[ ]care[ ]of|care[ ]of|(?:on[ ])?behalf[ ]of|name[ ]of(?:[ ]patient)?|in[ ]the[ ]name[ ]of|pleasure[ ]of[ ]seeing"
    r"|dictating[ ]on|follow(?:-|[ ])?up[ ]with|f/u[ ]with|appointment[ ]with|phone[ ]call[ ]with"
    r"|thank[ ]you[ ]for[ ](?:referring|seeing|asking[ ]me[ ]to[ ]see|sending)"
)

# A verb that has a person right after it.
_OBJECT = (
    r"paged|called|rang|phoned|telephoned|bleeped|bleep|texted|messaged|emailed|asked|informed|notified|updated|contacted|thanked|"
    r"met|saw|seeing|cc|cc'd|cc:|copied|helped|formerly|n[e]e|alias|aka|a\.k\.a\.|attn|attn:|attention|per|via|"
    r"i am|the late|late|above-named|above named|named|counsell?ed|examined|reviewed|reminded|assisted|appointed|accompany(?:ing)?|dear|signed|co-?signed|re|re:"
)

_GREETED = (
    r"hi|hello|hey|dear|thanks|thank[ ]you|bye|goodbye|good[ ]?(?:morning|afternoon|evening|night)|morning|afternoon|evening|welcome|sorry|"
    r"nice[ ]to[ ](?:meet|see)[ ]you|good[ ]to[ ](?:meet|see)[ ]you|see[ ]you[ ](?:later|soon)|take[ ]care|congratulations|"
    r"well[ ]done|happy[ ]birthday|listen|okay|ok|all[ ]?right"
)

_NAMED = (
    r"name(?:'s|[ ]is|[ ]was|[ ]as|[ ]given[ ]as)|names[ ]are|known[ ]as|goes[ ]by|go[ ]by|went[ ]by|called|call[ ](?:me|him|her|them)|i'm|this[ ]is|it's|its|it[ ]is|"
    r"nicknamed|named|prefers|likes[ ]to[ ]be[ ]called|to[ ]be[ ]called|answers[ ]to|now[ ]uses|changed[ ]to"
)

_FIELD = (
    r"(?:patient|pt|client|resident|full|legal|preferred|maiden|middle|first|last|given|family|christian|second|birth|contact|carer|mother's|"
    r"father's|parent|nok|baby|staff|clinician|provider|doctor|consultant|subscriber|guarantor|account)?[ _]?names?(?:\(s\))?(?:[ ]?/[ ]?(?:age|dob|sex|mrn))?|surname|forenames?(?:\(s\))?|subject|"
    r"nickname|alias|aka|typed|transcribed|dictated|scribe|clerked|author|signed|signature|informant|historian|guarantor|responsible[ ]party|policy[ ]?holder|"
    r"(?:primary[ ]care|referring|attending|ordering|requesting|admitting|consulting|responsible|named|on-?call|treating|following)[ ](?:physician|provider|doctor|clinician|consultant|surgeon|nurse|md|gp|practitioner)"
    r"|attendees?|present|in[ ]attendance|invited|apologies|chair|from|to|cc|bcc|attn|attention|re|seen[ ]by|reviewed[ ]by|handed[ ]over[ ]to|"
    r"accepting|accepted[ ]by|assigned[ ]to|ordered[ ]by|reported[ ]by|read[ ]by|collected[ ]by|verified[ ]by|performed[ ]by|assistants?|"
    r"last|first|nurses?|deceased|endoscopists?|scribes?|interpreters?|(?:implanting|following|ordering|attending|supervising|primary|operating|referring|reading)[ ](?:md|do|np|pa)|attending|ordering|handover[ ]to|called[ ]to|side[ ]room|wr|entered|logged|caller|alternate|poa|"
    r"scrub(?:[ ]nurse)?|circulat(?:ing|or)|operator|endoscopist|radiologist|pathologist|anaesthetist|anesthesiologist|assistant|"
    r"emergency[ ]contact|next[ ]of[ ]kin|nok|poa|hcp|health[ ]care[ ]proxy|health[ ]care[ ]agent|lpa|power[ ]of[ ]attorney"
)

_CLOSING = r"(?:(?:kind|best|warm|warmest|many)[ ](?:regards|wishes|thanks)|regards|wishes|sincerely(?:[ ]yours)?|faithfully|thanks|thank[ ]you|cheers|respectfully(?:[ ]submitted)?|cordially|love|signed|truly|yours)[,.]?"

_TITLE = (
    r"(?:(?:dr|mr|mrs|ms|miss|mx|prof|rev|sr|fr)\.?[ ]|doctor[ ]|professor[ ]|the[ ]rev\.?[ ])?"
)


# These are searched in lower case.
# Left of a name, with how much it says: only a person ("sure"), or a person most of the time.
_LEFT_KIN = re.compile(
    rf"(?:\A|(?<![\w'-]))(?:{_KIN})[ ]?(?:,|\(|:|is|called|named|-)?[ ]?['\"]?{_TITLE}\Z"
)

_LEFT_ROLE = re.compile(
    rf"(?<![\w'-])(?:{_ROLE})(?:\.|[ ]?[,(:=]|[ ](?:is|called|named|=))?[ ]?['\"]?{_TITLE}\Z"
)

_LEFT_DONE = re.compile(
    rf"(?<![\w'-])(?:{_DONE})[ :]{{1,3}}(?:the[ ]|a[ ])?(?:(?:{_KIN}|{_ROLE}),?[ ])?{_TITLE}\Z"
)

_LEFT_OBJECT = re.compile(rf"(?<![\w'-])(?:{_OBJECT})[ ]{_TITLE}\Z")

_LEFT_GREETED = re.compile(rf"(?<![\w'-])(?:{_GREETED})(?:,[ ]?|[ ]|,?\n){_TITLE}\Z")

_LEFT_NAMED = re.compile(rf"(?<![\w'-])(?:{_NAMED})[ ]['\"]?{_TITLE}\Z")

_LEFT_FIELD = re.compile(
    rf"(?:\A|(?<=[\n\t|;.])|(?<=  )|(?<=, ))[ \t*•-]{{0,4}}(?:{_FIELD})[ ]?(?:by)?[ ]?[:=#-][ \t]{{0,6}}{_TITLE}\Z"
)

_LEFT_CLOSING = re.compile(rf"{_CLOSING}[ ]?\n{{1,3}}[ ]{{0,4}}(?:-[ ])?{_TITLE}\Z")

_LEFT_CELL = re.compile(
    r"(?:[|\t][ ]{0,4}|(?:\A|\n)[ ]?(?:bed|bay|room|rm)[ ]\w{1,4}[ :,-]{1,3})\Z", re.I
)

_LEFT_CODED = re.compile(
    r"(?:[\"']?(?:[\w ]{0,16}(?:name|patient|clinician|author|provider|surname|forename|given|family|doctor|nurse|contact))[\"']?[ ]?[:=][ ]?[\"']|<[\w:]{0,16}(?:name|patient|clinician|author|provider|given|family)[\w:]{0,8}>)\Z",
    re.I,
)

_LEFT_AGED = re.compile(r"(?<![\w./])\d{1,3}[ ]?(?:y/?o|yo|yr|yrs)?[ ]?[MF],?[ ]\Z")

# "Right then, Summer," in a dialogue.
_LEFT_VOCATIVE = re.compile(
    r"(?<![\w'-])(?:then|now|there|right|so|well|yes|no|please|me|here|again|today|in|on|along|up|down|you),[ ]\Z",
    re.I,
)

_SERVICES = (
    r"sw|cm|csw|an[a]?esthesia|an[a]?esthetics|cardiology|surgery|ortho|orthopa?edics|medicine|icu|itu|renal|nephrology|neurology|neurosurgery|psychiatry|psych|"
    r"pharmacy|ot|pt|slt|physio|dietetics|nursing|security|ems|police|oncology|urology|gi|id|ent|ophthalmology|derm|palliative|obs|gynae|ob|paeds|peds|radiology|ir|vascular"
)

_LEFT_SERVICE = re.compile(rf"(?<![\w'-])(?:{_SERVICES})[ ]\({_TITLE}\Z", re.I)

_LEFT_PAIR = re.compile(
    r"(?<![\w'-])(?:he|she|they|we|i|wife|husband|mother|father|mom|mum|dad|partner)[ ]and[ ]\Z",
    re.I,
)

_RIGHT_PAIR = re.compile(
    r"[ ](?:have|are|were|both|had|live|lived|got|met|married|divorced|separated|share|came|decided|agree|would|do|did|plan|want)\b"
)

_LEFT_NOTE = re.compile(
    rf"(?:{_ROLE})(?:'s)?[ ](?:addendum|note|attestation|comments?|statement|review)[ ]?[(:,-][ ]?{_TITLE}\Z"
)

_LEFT_LISTED = re.compile(r"(?:\A|\n)[ \t]{0,6}(?:\d{1,2}[.)]|[-*•])[ ]{1,3}\Z")

_LEFT_WORDS = (_LEFT_DONE, _LEFT_ROLE, _LEFT_OBJECT, _LEFT_NOTE)

_BODY = (
    r"(?:own|bp|inr|hr|ecg|ekg|mri|ct|iv|hba1c|a1c|bmi|gfr|egfr|crp|wbc|hb|psa|tsh|ef|o2|sats?|bloods?|blood|heart|temperature|pulse|weight|vitals?|labs?|"
    r"symptoms?|pain|cough|fever|wound|incision|medic(?:ations?|ines?)|meds|condition|mother|father|mom|mum|dad|wife|husband|son|daughter|family|parents?|partner|brother|sister|"
    r"chart|notes?|records?|history|exam|examination|breathing|oxygen|glucose|sugars?|appetite|sleep|mood|skin|legs?|knee|hip|foot|feet|arm|hand|back|chest|abdomen|"
    r"care|carer|discharge|surgery|operation|appointment|visit|case|progress|recovery|questions?|concerns?|results?|scan|x-ray|biopsy|home|house|room|bed|school|"
    r"phone|e-?mail|number|address|car|job|birthday|bag|glasses|dentures|death|behalf|side|voice|office|clinic|insulin|potassium|sodium|creatinine|hemoglobin|haemoglobin|platelets|seizures?|asthma|diabetes|epilepsy|depression|anxiety|pregnancy|labou?r|delivery|"
    r"referral|letter|request|consent|wishes|goals|preferences?|behaviou?r|speech|gait|balance|vision|hearing|eyes?|ears?|rash|swelling|bruising|falls?|fall)"
)

_KINDRED = rf"(?:{_KIN}|{_ROLE}|{_SERVICES}|spr|st\d|ct\d|fy\d|reg|cons|nok|next of kin|poa|ot|slt|slp|md|do|phd|he/him|she/her|they/them|dob|age|aged|mrn|\d{{1,3}}(?:[ ]?(?:y|yo|yrs?|years?|m|f|male|female)?\b))"

_ACTS = (
    r"on[ ](?:scene|call|duty|shift)\b|at[ ]the[ ]scene|to[ ](?:scope|see|review|follow|assess|operate|discuss|call|ring|contact|advise|perform|present|cover|sign|complete|attend|arrange|chase|speak)\b|tried[ ]to|born[ ]|became[ ](?:tearful|upset|agitated|distressed|aggressive|unresponsive|drowsy|confused|anxious|angry|withdrawn|unwell)|"
    r"is[ ](?:an?|the)[ ](?:\d|[a-z]+ty-|[a-z]+teen-|(?:very[ ])?(?:pleasant|delightful|lovely|frail|retired|young|elderly|healthy|well|known|previously))"
    r"|(?:is|was|remains|appears|seems|looks|looked|has[ ]been|had[ ]been|were)[ ](?:also[ ]|very[ ]|both[ ]|currently[ ]|now[ ]|still[ ]|quite[ ]|again[ ]|not[ ])?"
    r"(?:alert|awake|oriented|smiling|pleasant|cooperative|crying|tearful|anxious|comfortable|here|able|unable|accompanied|brought|seen|admitted|discharged|examined|evaluated|referred|transferred|diagnosed|hospitali[sz]ed|widowed|divorced|vaccinated|immuni[sz]ed|ventilated|sedated|rescued|found|restrained|"
    r"intubated|counsell?ed|advised|educated|instructed|asked|told|born|married|retired|living|doing|sleeping|eating|drinking|walking|feeling|aware|present|agreeable|happy|worried|upset|keen|unwell|well|"
    r"confused|drowsy|settled|sitting|lying|crying|taking|having|complaining|experiencing|working|back|under|due|followed|known|reviewed|assessed|involved|informed|notified|updated|at[ ]bedside|in[ ]attendance|independent|ambulatory|nil by mouth|npo|dnar|dnr|fit|safe|ready)"
    r"|has[ ](?:not[ ]|never[ ])?(?:been[ ](?:sleeping|eating|feeling|taking|having|experiencing|complaining|unwell|well|ill|able|unable|seen|admitted|referred|trying|asked|told)|declined|agreed|asked|requested|had[ ]|consented|refused|lived|worked|moved|lost|gained|noticed|felt|started[ ]to|stopped[ ](?:taking|smoking))"
    r"|(?:did|does|do|could|can|would|will)(?:n't|[ ]not)?[ ](?:like|want|feel|know|think|remember|recall|attend|do[ ]well|call|come|return|need[ ]to|be[ ](?:seen|admitted|discharged|reviewed|transferred|contacted|coming)|benefit|see|speak|phone|ring|follow|walk|sleep|eat)"
    r"|(?:reports?|reported|denies|denied|endorses?|endorsed|states?|stated|says|said|complains?|complained|describes?|described|admits|admitted|tells|told|mentions|mentioned|explained|explains|understands|understood|verbali[sz]ed|recalls|remembers|"
    r"feels|felt|thinks|believes|wants|wanted|wishes|agrees|agreed|declines|declined|refuses|refused|consented|asks|asked|requests|requested|called|calls|phoned|rang|telephoned|emailed|messaged|texted|wrote|writes|"
    r"attended|attends|arrived|came|comes|presents|presented|returns|returned|visited|walked|walks|drove|drives|fell|slept|sleeps|ate|eats|drank|drinks|smokes|lives|lived|works|worked|cried|smiled|vomited|tolerated|underwent|collapsed|injured|sustained|"
    r"noticed|notices|worries|signed|reviewed|notified|enjoys|plays|likes|loves|hates|uses|weighs|weighed|scored|passed|graduated|requires|manages|managed|copes|coped|struggles|struggled|prefers|speaks|spoke|thanked|hopes|plans|aware|dna'd|dna|dnaed|seen|examined|assisted|confirmed|confirms|helps|cares|gave|took|saw|spoke|drew|noted|brought|found|checked|started|inserted|placed|performed|changed|stopped|whose|who)\b"
    r"|(?:c/o|aka|a\.k\.a\.|alias|a/w|y/o|yo[ ]|s/p)"
    r"|and[ ](?:his|her|their)[ ](?:\w+[ ])?(?:mother|father|mum|mom|dad|parents?|wife|husband|partner|family|son|daughter|children|kids|sister|brother|carer|caregiver|friend|girlfriend|boyfriend|spouse|baby|fiance|fiancee)"
    r"|by[ ](?:phone|telephone|email|text|video)|and[ ]I[ ]|to[ ](?:our|my|the)[ ](?:clinic|office|practice|service|department)|at[ ](?:bedside|length)|from[ ](?:ot|pt|slt|ed|it|cardiology|surgery|medicine|neurology|orthopaedics|orthopedics|icu|pharmacy|housekeeping|reception|billing|the[ ]lab)"
    r"|in[ ](?:the[ ])?(?:pharmacy|radiology|reception|theatre|accident|triage|outpatients|billing|lab)"
)

_RIGHT = re.compile(
    rf"(?:'s[ ]{_BODY}\b|[ ](?:{_ACTS})|,?[ ]\((?:[a-z]+[ ]){{0,2}}(?:{_KINDRED})|,[ ](?:his|her|their|a|an|the|our|my)?[ ]?(?:{_KINDRED})\b|,[ ](?:aged[ ])?\d{{1,3}}[,.;)]|,?[ ]\d{{1,3}}[ ]?(?:y/?o\b|yo\b|yrs?\b|years?\b|[MF]\b)|,[ ](?-i:[MF])[ ,(])",
    re.I,
)

_RIGHT_STOP = re.compile(
    r"[ ]{2}|[ ]\((?=\+?\d)|[ ]@[ ]|[ ][-–][ ]\d{2},|[ ]\(?\d{3}\)?[- .]\d{3}|[ ]?(?:\Z|x\d|[\n,.;:)|\"'?!<\t]|[ ]?[-/][ ])|'s\b"
)

_RIGHT_CELL = re.compile(r"[ ]{0,4}(?:[|\t]|\Z|\n)")

_RIGHT_CODED = re.compile(r"[\"'<]")

_RIGHT_ITEM = re.compile(r"[ ]?[-:,(][ ]?(?!\d)")

# "Wanjiru: I can't": a turn of a dialogue, not a heading.
_RIGHT_TURN = re.compile(
    r":[ ](?:I|I'm|I've|It|It's|My|You|We|Yes|Yeah|No|Well|Oh|Hi|Hello|Okay|Ok|Um|So|And|But|That|The|What|How|When)\b"
)


@dataclass(frozen=True, slots=True)
class PersonPlace:
    """What the words around say: 0 nothing, 1 a person most of the time, 2 only a person."""

    given: int  # of a given name or a full name
    family: int  # of a family name alone
    cued: bool  # something says "person": a word that nothing is known of is a name
    kindred: bool  # "X's mother": whatever the word, it is somebody
    followed: bool  # what stands after it says "person"


# The last word before a name by which a place can be told: any word of the patterns. Without one no
# pattern is tried.
_LAST_WORDS = (
    frozenset(
        re.findall(r"[a-z][a-z'/-]*", " ".join((_KIN, _ROLE, _DONE, _OBJECT, _GREETED, _NAMED)))
    )
    | {
        "co-signed",
        "neighbour",
        "neighbor",
        "counsellor",
        "counselor",
        "addendum",
        "note",
        "attestation",
        "comment",
    }
    | {
        *(
            "comments",
            "statement",
            "review",
            "the",
            "a",
            "patient",
            "see",
            "seeing",
            "fiancee",
            "fiance",
        )
    }
)

_LAST_ENDINGS = ("therapist", "ologist")

_TITLE_LAST = re.compile(
    r"\b(?:dr|mr|mrs|ms|miss|mx|prof|rev|sr|fr|doctor|professor)\.?[ ]\Z", re.I
)


def _cued(before: str) -> bool:
    """Whether the last word before a name is one of those that the patterns end in."""
    title = _TITLE_LAST.search(before, max(0, len(before) - 11))
    body = (before[: title.start()] if title else before).rstrip(" ,(:=-'\"\n")
    word = body[body.rfind(" ") + 1 :].lower()
    word = word[word.rfind("\n") + 1 :].strip("('\"[")
    return word in _LAST_WORDS or word.endswith(_LAST_ENDINGS)


# "her daughter Page": right after kin in a sentence whatever has a capital is somebody.
_RIGHT_AFTER_KIN = re.compile(rf"(?<![\w'-])(?:{_KIN}|baby) \Z")

_VERB = re.compile(r"[ ](?:has|had|is|was|will|can|does|did|present)\b")

_RIGHT_KINDRED = re.compile(
    rf"(?:'s|[ ]and[ ](?:his|her|their))[ ](?:\w{{2,12}}[ ])?(?:{_KIN}|family|parents|children)\b",
    re.I,
)

_TURN_START = re.compile(r"(?:\A|\n)\Z")

_RIGHT_GATE = re.compile(r"'s[ ]|,?[ ]\(|,[ ]|,?[ ][a-z0-9D]", re.I)

_SPEAKER = re.compile(
    r"(?:\A|\n|[.!?][ ])(?:patient|pt|doctor|dr|nurse|mother|father|mom|dad|mum|parent|guest|clinician|provider|physician|"
    r"therapist|pharmacist|interpreter|caregiver|client|son|daughter|wife|husband):[ ]\Z",
    re.I,
)

_RIGHT_SURE = re.compile(
    r"[ ](?:denies|denied|reports|reported|tolerated|became|tried|attended|arrived|returned|requested|verbali[sz]ed|endorses|endorsed|complains|complained|drank|ate|slept|cried|smiled|walked|consented|refuses|wanted|states|stated|says|said|tells|told|enjoys|likes|loves|hates|plays|feels|felt|thinks|believes|wants|lives|lived|agrees|agreed|declined|refused|understands|weighs|worries|"
    r"was[ ](?:diagnosed|born|admitted|discharged|referred|accompanied|brought[ ]in|hospitali[sz]ed)|has[ ](?:not[ ])?been[ ](?:sleeping|eating|feeling|taking|unwell|well)|"
    r"did[ ]not[ ]attend|would[ ]do[ ]well|could[ ]manage)\b|'s[ ](?:phone|mother|father|school|birthday|wishes)\b"
)


def _left(text: str, start: int, *, bound: bool, stop: bool, end: int) -> tuple[int, int]:
    """What stands before, of a given or full name and of a family name alone."""
    before = text[max(0, start - 64) : start]
    if not before or before[-1] in ".!?":
        return 0, 0
    low = before.lower()  # many times as fast as patterns that are blind to case
    two = 2 if bound else 1
    if before[-1] == " " and _cued(before):
        if _LEFT_KIN.search(low):
            return two, 1
        if _LEFT_GREETED.search(low) or _LEFT_NAMED.search(low):
            return (2, 0) if stop else (1, 0)
        if before.endswith(": ") and _SPEAKER.search(before):
            return 1, 1  # a turn of a dialogue, or a field
        if any(p.search(low) for p in _LEFT_WORDS):
            return two, two
    if before.endswith(", ") and stop and _LEFT_VOCATIVE.search(before):
        return 2, 0
    if (
        before.endswith((" and ", ", "))
        and _LISTED_AGE.match(text, end)
        and _KIN_BEFORE.search(low)
    ):
        return 2, 1
    if before.endswith(" and ") and _LEFT_PAIR.search(before) and _RIGHT_PAIR.match(text, end):
        return 2, 1
    sign = before.rstrip(" \t")[-1:]
    if (sign and sign in ":=#-" and _LEFT_FIELD.search(low)) or (
        before[-1] == "\n" and _LEFT_CLOSING.search(low)
    ):
        return (2, 2) if stop else (1, 1)
    if before[-1] in "\"'>" and _LEFT_CODED.search(before) and _RIGHT_CODED.match(text, end):
        return 2, 2
    if before[-1] == "(" and _LEFT_SERVICE.search(before):
        return 1, 2
    if before[-1] in "('\"" and _cued(before):
        if _LEFT_KIN.search(low) or _LEFT_NAMED.search(low):
            return 2, 1
        return (2, 2) if _LEFT_NOTE.search(low) or _LEFT_ROLE.search(low) else (1, 1)
    if _LEFT_CELL.search(before) and _RIGHT_CELL.match(text, end) and _bed(text, start, end):
        return 2, 2
    weak = (
        (before[-2:-1] in ("M", "F", ",") and _LEFT_AGED.search(before))
        or before[-1] == "@"
        or (_LEFT_CELL.search(before) and _RIGHT_CELL.match(text, end))
        or (_LEFT_LISTED.search(before) and _RIGHT_ITEM.match(text, end))
    )
    return (1, 1) if weak else (0, 0)


# What only a person does, so that even a word before it is a name: "Bishop denies chest pain".
_SAYS = re.compile(
    r"[ ](?:denies|denied|endorses|endorsed|reports[ ](?:no|that|feeling|having)|states[ ]that|complains|verbali[sz]ed|agrees|became[ ]tearful|is[ ](?:an?[ ]\d|alert))\b|[ ](?:following|consulted|on[ ]board|agreeable)(?=[.,;\n]|\Z)"
)
# "Page (SpR)", "Glass (ophthalmology)"
_RIGHT_ROLE = re.compile(
    rf"[ ]\((?:spr|str|st\d|ct\d|fy\d|sho|{_SERVICES}|rn|np|pa|md|{_ROLE})\)", re.I
)
# "two sons, Malik (15) and Justice (11)"
_LISTED_AGE = re.compile(r"[ ]\(\d{1,2}\)")
_KIN_BEFORE = re.compile(rf"(?<![\w'-])(?:{_KIN})\b[^.\n]{{0,48}}\Z")
_BED = re.compile(r"\b(?:bed|bay|room|rm|ward|mrn|dob|nhs|hosp)\b", re.I)


def _bed(text: str, start: int, end: int) -> bool:
    """Whether the row of a table has a bed or a record's number: then one of its cells is a patient."""
    line = text.rfind("\n", max(0, start - 120), start) + 1
    stop = text.find("\n", end, end + 120)
    return _BED.search(text, max(line, start - 120), stop if stop >= 0 else end + 120) is not None


def person_place(text: str, start: int, end: int) -> PersonPlace:
    """Judge the place of a run of capitalised words."""
    stop = _RIGHT_STOP.match(text, end) is not None
    acts = _RIGHT_GATE.match(text, end) is not None and _RIGHT.match(text, end) is not None
    kindred = acts and _RIGHT_KINDRED.match(text, end) is not None
    before = text[max(0, start - 24) : start]
    if (
        (acts or stop or _VERB.match(text, end))
        and not kindred
        and _RIGHT_AFTER_KIN.search(before) is not None
    ):
        return PersonPlace(2, 1, True, True, acts)
    sure = kindred or _RIGHT_SURE.match(text, end) is not None
    followed, acts = acts, acts or sure
    given, family = _left(text, start, bound=stop or acts, stop=stop, end=end)
    if not given and _TURN_START.search(text[max(0, start - 2) : start]):
        turn = _RIGHT_TURN.match(text, end) is not None
        given, family = 2 * int(turn), int(turn)
    if _RIGHT_ROLE.match(text, end) is not None:
        given, family, acts = 2, 2, True
    return PersonPlace(
        max(given, int(acts) + sure),
        max(family, int(acts), 2 * int(_SAYS.match(text, end) is not None)),
        bool(given or acts),
        kindred,
        followed,
    )
