# ruff: noqa: E501  (tables of patterns read worse when broken)
"""How names of facilities are written, and what announces them."""

from __future__ import annotations

import re
from functools import lru_cache

from casewright.filters.phi.lexicon import load_lexicon
from casewright.filters.phi.patterns import alternation

__all__ = ["facility_patterns"]


@lru_cache(maxsize=1)
def facility_patterns() -> dict[str, re.Pattern[str]]:
    """The patterns by name."""
    lex = load_lexicon()
    tails = "Hospital|Medical Center|Medical Centre|Clinic|Medical|Center|Health System|Health Center|Health|Healthcare|University|Cancer Center|Heart Institute|Institute|Children's|Infirmary|Hospice|Rehab|Regional|General"
    return {
        # "Family Health Center" begins with "Family Health", which is a head as well.
        "head": re.compile(
            rf"(?<=[\w.&'] )(?:{alternation(lex.facility_heads)})\b(?:[ ](?-i:{_FURTHER})\b){{0,3}}",
            re.I,
        ),
        # "Sattler Foundry": of a firm, and nothing without a capital.
        "firm_head": re.compile(
            r"(?<=[\w.&'] )[A-Z][A-Za-z'-]{1,20}\b(?:\s(?:Group|Company|Partners|Associates|Services|PC|PLLC|LLC|Inc|Ltd)\b)?"
        ),
        "prison": re.compile(
            r"(?<!\w)HM(?:P|YOI|P/YOI|\sPrison)\s[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20})?"
        ),
        # "University of Tarrant"
        "of": re.compile(
            r"(?<![\w-])(?:University|College|Hospital|Church|School|Bank|Academy|Cathedral|Parish|Diocese|Sisters|Convent|Shrine)\sof\s(?:the\s)?(?P<n>[A-Z][a-z'-]{2,20}(?:[\s-](?:at\s|of\s)?[A-Z][a-z'-]{2,20}){0,2})"
        ),
        # "Pharmacy: Hollis on Cedar", "Employer: Castellan Steel"
        "label": re.compile(
            r"(?<![\w-])"
            r"(?:[Pp]harmacy|PHARMACY|[Cc]hemist|[Cc]are\s[Hh]ome|[Nn]ursing\s[Hh]ome|GP\s(?:[Ss]urgery|[Pp]ractice)|[Ss]urgery\sname|[Pp]ractice|[Ss]chool|SCHOOL|[Nn]ursery|[Cc]ollege|[Uu]niversity|[Ee]mployer|EMPLOYER|[Pp]lace\sof\s(?:[Ww]ork|[Ww]orship|[Ee]mployment)|[Ww]orkplace|"
            r"[Ff]acility(?:\s[Nn]ame)?|FACILITY|[Hh]ospital|HOSPITAL|[Cc]linic(?:\s[Nn]ame)?|CLINIC|[Ll]aborator(?:y|ies)|[Cc]hurch|[Ff]uneral\s[Hh]ome|[Hh]ome\s[Hh]ealth|[Hh]ospice|[Ss]helter|[Pp]rison|[Aa]gency|[Tt]rust|[Ii]nstitution)\s?:\s{0,3}"
            r"(?P<f>(?:The[ ])?[A-Z][A-Za-z'&.-]{1,24}(?:[ ](?:[A-Z][A-Za-z'&.-]{0,24}|of|and|on|at|the|in|&|\d{1,4})){0,6})"
        ),
        # "works for Pemberton Logistics Ltd"
        "employer": re.compile(
            r"\b(?:[Ww]orks|[Ww]orked|[Ww]orking|[Ee]mployed|[Ee]mployment|[Vv]olunteers|[Vv]olunteered|[Ii]nterns|[Aa]pprentice|[Rr]etired|[Ff]oreman|[Nn]urse|[Cc]ook|[Cc]hef|[Cc]leaner|[Ww]elder|[Jj]anitor|[Gg]uard|[Cc]ashier|[Mm]inister|[Jj]ob|[Cc]ontractor|[Dd]river|[Oo]fficer|[Mm]anager|[Ee]ngineer|[Cc]lerk|[Tt]eacher|[Pp]rofessor|[Tt]eaches|[Ll]ectures|[Ss]tudies|[Ss]tudent|[Ee]nrolled|[Aa]ttends|[Ww]orships|[Pp]rays|[Gg]oes|[Ww]ent|[Pp]laced|[Hh]eld|[Ii]ncarcerated|"
            r"[Dd]rawn|[Dd]elivered|[Bb]orn|[Dd]ialysis|[Pp]hysio|[Ii]maging|[Pp]rescription|[Ff]illed|[Rr]ecords|[Tt]ook\s\w+|[Tt]aken|[Bb]rought|[Tt]ransported|[Rr]egistered|[Ll]isted|[Vv]isits|[Ll]aid\soff)\s(?:[a-z]{1,12}\s){0,3}?(?P<p>at|for|by|with|from|to|in|of|the)\s(?:the\s|a\s)?"
            r"(?P<f>[A-Z][A-Za-z'&-]{1,20}(?:\s(?:[A-Z][A-Za-z'&.-]{1,20}|of|and|&)){0,4})(?P<place>,\s(?:[A-Z]{2}\b|[A-Z][a-z]+))?"
        ),
        # "Barista at Copper Kettle Coffee", "a desk job at Kestrel Peak Software"
        "job": re.compile(
            r"(?:er|or|ist|ian|man|woman|ant|job|nurse|chef|clerk|cook|arista|apprentice|intern)\s(?P<p>at|for)\s(?:the\s|a\s)?"
            r"(?P<f>[A-Z][A-Za-z'&-]{1,20}(?:\s(?:[A-Z][A-Za-z'&.-]{1,20}|of|and|&)){0,4})(?P<place>,\s(?:[A-Z]{2}\b|[A-Z][a-z]+))?"
        ),
        # "layoff from Copper Kettle Roasting Company": the last word says that it is a firm.
        "led": re.compile(
            r"\b(?:at|from|to|with|by|of|via|for)\s(?:the\s)?(?P<f>[A-Z][A-Za-z'&.-]{1,20}(?:\s(?:[A-Z][A-Za-z'&-]{1,20}|of|and|&)){1,5})"
        ),
        "firm_end": re.compile(
            r",?\s(?:Ltd|Limited|LLC|L\.L\.C|Inc|Incorporated|PLC|plc|Corp|Corporation|LLP|GmbH)\b"
        ),
        "firm": re.compile(
            r"(?<![\w'-])[A-Z][A-Za-z'&.-]{0,24}(?:\s(?:[A-Z][A-Za-z'&.-]{0,24}|of|and|&|the)){0,5},?\s(?:Ltd|Limited|LLC|L\.L\.C|Inc|Incorporated|PLC|plc|Corp|Corporation|LLP|GmbH)\b\.?"
        ),
        # "in casualty at the Royal", as those who live there say
        "the_royal": re.compile(
            r"\b(?:at|in|from|to|by)\sthe\s(?P<f>(?:Old\s|New\s)?(?:Royal|General|Infirmary|Northern|Western|Southern|Memorial|Eye\sInfirmary|Cottage|Children's)(?:\s(?:Royal|General|Infirmary|Hospital))?)(?=[.,;)\n]|\Z|\s(?:and|on|in|with|for|last|then|before|after|where|who|but|this|when|until)\b)"
        ),
        # "under oncology at the Marston"
        "at_the": re.compile(
            r"\b(?:oncology|cardiology|surgery|surgeons?|neurology|renal|nephrology|rheumatology|dermatology|orthopaedics|orthopedics|gastroenterology|haematology|hematology|urology|gynaecology|obstetrics|paediatrics|psychiatry|neurosurgery|specialists?|clinic|dialysis|bed|inpatient|outpatients?|team)\sat\sthe\s(?P<f>[A-Z][a-z'-]{2,20}(?:\s[A-Z][a-z'-]{2,20})?)(?=[.,;\n]|\Z|\s(?:in|on|for|since|who|and|with|until)\b)"
        ),
        "saint": re.compile(
            r"(?<![\w-])(?:[Ss][Tt]\.?|Saint|SAINT)\s(?:[A-Z][a-z]{2,15}(?:\sof\s[A-Z][a-z]{2,15})?'s|[A-Z][a-z]{2,15}s'|(?:Jude|Luke|Mary|Joseph|Vincent|Francis|John|Anthony|Elizabeth|Michael|Peter|Paul|Barnabas|Agnes|David|Thomas|Catherine|Clare|George|James|Mark)s?)"
            rf"(?![a-z'])(?:\s(?:{tails}))*"
        ),
        "known": re.compile(
            rf"(?<![\w-])(?:{alternation(lex.facilities)})(?![\w-])(?:\s(?:{tails})\b)*", re.I
        ),
        "care": re.compile(
            r"\b(?:seen|treated|admitted|admit|operated|evaluated|followed|diagnosed|discharged|transferred|hospitali[sz]ed|"
            r"visit|visited|visits|appointment|appt|checkup|check-up|exam|surgery|procedure|scan|consulted|consultation|performed|done|underwent|care|"
            r"worked up|monitored|referred|presented|managed|assessed|examined|scheduled|stay|screened|follow-up|follow up|resident|staying|stayed|tested|labs?|works?|worked|working|employed|employee|student|studies|lives|living|treatment|hospitali[sz]ation|tests?|therapy|last|reviewed|tx'd|dx'd|record|records|dr\.?\s[A-Z][\w']+|[A-Z]\.)"
            r"(?:\s[\w'.-]{1,14}){0,4}?\s(?:at|to|from|in|with|@)\s(?:the\s|our\s)?(?P<f>(?:Mt\.\s|St\.\s)?[A-Z][A-Za-z'&-]{1,20}(?:[\s-](?:[A-Z][A-Za-z'&-]{1,20}|of|and|&)){0,4})"
        ),
    }


_FURTHER = (
    r"Center|Centre|Clinic|Clinics|Hospital|Hospitals|Facility|Unit|Department|Group|Associates|Institute|Trust|Practice|Surgery|School|"
    r"Home|Care|Nursing|Team|Mental|Health|Medical|Community|Residential|Rehabilitation|Dental|Trust|Board|Church|Station|Academy|Foundation|Campus|Pavilion|Wing|Partners|Partnership|Services|Hosp|HOSP|Univ|North|South|East|West|PC|PLLC|LLP|GROUP|CENTER|CENTRE|HOSPITAL|CLINIC|CLINICS|UNIT|ASSOCIATES|INSTITUTE|TRUST|PRACTICE|SURGERY|SCHOOL|HOME|CARE|HEALTH|MEDICAL|SERVICES|PARTNERS|DEPARTMENT"
)
