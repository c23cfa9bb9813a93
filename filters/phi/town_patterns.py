# ruff: noqa: E501  (tables of patterns read worse when broken)
"""How towns are written, and what announces them."""

from __future__ import annotations

import re
from functools import lru_cache

from casewright.filters.phi.lexicon import load_lexicon
from casewright.filters.phi.patterns import alternation

__all__ = ["BIG_CITIES", "COUNTRIES", "town_patterns"]

# The last word of many towns that no list has: "Stockton Falls", "Bristol Neck".
_ENDS = (
    "Falls|Heights|Hollow|Prairie|Neck|Forks?|Junction|Park|Wells|Flats|Creek|Springs|Grove|Ridge|Valley|Corners?|Crossing|Landing|Mills|Bend|Bluffs?|Ferry|"
    "Gap|Harbou?r|Hills|Island|Lakes?|Meadows|Mesa|Rapids|Shores|Station|Summit|Village|Vista|Woods|City|Center|Township|Beach|Point|Bay|Bridge|Green|Town|Common|Moor|Head|"
    "Cross|Magna|Parva|Regis|Abbas|Wood|End|Heath|Bank|Tank|Run|Branch|Branches|Plains|Rock|Spring|Chapel|Vale|Estate|Cove|Inlet|Ranch|Pass|Canyon|Notch"
)

COUNTRIES = (
    "Germany|France|Italy|Spain|Portugal|Poland|Ukraine|Russia|Romania|Hungary|Greece|Turkey|Ireland|Scotland|Wales|England|Norway|Sweden|"
    "Denmark|Finland|Netherlands|Belgium|Austria|Switzerland|Croatia|Serbia|Bulgaria|Lithuania|Latvia|Mexico|Guatemala|Honduras|El\\sSalvador|"
    "Nicaragua|Panama|Cuba|Haiti|Jamaica|Colombia|Venezuela|Ecuador|Peru|Bolivia|Brazil|Argentina|Chile|Nigeria|Ghana|Kenya|Uganda|Ethiopia|"
    "Eritrea|Somalia|Sudan|Egypt|Morocco|Tunisia|Algeria|Senegal|Cameroon|Rwanda|Tanzania|Zambia|Zimbabwe|South\\sAfrica|India|Pakistan|"
    "Bangladesh|Nepal|Sri\\sLanka|China|Taiwan|Japan|Korea|Vietnam|Thailand|Cambodia|Laos|Philippines|Indonesia|Malaysia|Singapore|Iran|Iraq|"
    "Syria|Lebanon|Jordan|Israel|Saudi\\sArabia|Yemen|Afghanistan|Canada|Australia|New\\sZealand|Fiji|Samoa|Tonga"
)


@lru_cache(maxsize=1)
def town_patterns() -> dict[str, re.Pattern[str]]:
    """The patterns by name."""
    lex = load_lexicon()
    states = alternation(tuple(s.title() for s in lex.states))
    codes = "|".join(sorted(lex.state_codes))
    return {
        "city_state": re.compile(
            rf"\b(?P<city>(?:(?:St|Ft|Mt|San|Los|Las|El|La|Le|New|North|South|East|West|Port|Fort|Saint|Lake)\.?\s)?[A-Z][A-Za-z'-]{{1,20}}(?:\s(?:du\s|de\s|la\s|d')?[A-Z][a-z'-]{{1,20}}){{0,2}}),\s{{0,2}}(?P<state>(?:{codes})\b(?!-)|(?:{states})\b)"
        ),
        "state": re.compile(rf",\s{{0,2}}(?:(?:{codes})\b(?!-)|(?:{states})\b)"),
        # Before a British code of the post: "Clitheroe, BB7 2AN".
        "city_post": re.compile(
            r"\b(?P<city>[A-Z][a-z'-]{1,20}(?:[ -](?:(?:on|upon|le|in|the|by|under|super|of)[ -]){0,2}[A-Z][a-z'-]{1,20}){0,3}),?[ \n]{1,2}(?=(?:[A-Z][a-z]{3,20},?[ \n])?[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}\b)"
        ),
        # After a firm or a house, before a telephone number: "Pelican Drugs, Biloxi (228-555-0107)".
        "city_phone": re.compile(
            r",\s(?P<city>[A-Z][a-z'-]{2,20}(?:[ -][A-Z][a-z'-]{2,20}){0,2})(?=,?\s\(?(?:\+?1[ -])?\d{3}\)?[ -]\d{3})"
        ),
        # Before a state's code and a ZIP code, without a comma: "Bedford IN 47421".
        "city_zip": re.compile(
            rf"\b(?P<city>(?:(?:St|Ft|Mt|San|Los|Las|El|La|New|North|South|East|West|Port|Fort|Lake)\.?\s)?[A-Z][a-z'-]{{2,20}}(?:\s[A-Z][a-z'-]{{2,20}}){{0,2}}),?\s(?:{codes}),?\s(?=\d{{5}}\b)"
        ),
        "state_zip": re.compile(rf"\b(?:{codes}),?\s\d{{5}}\b"),
        "city_country": re.compile(
            rf"\b(?P<city>[A-Z][a-z'-]{{2,20}}(?:[ -][A-Z][a-z'-]{{2,20}}){{0,2}}),\s(?:{COUNTRIES})\b"
        ),
        "city_cue": re.compile(
            r"\b(?:lives?|living|lived|resides?|residing|resident|born|raised|grew up|moved|traveled|travelled|"
            r"travels|trip|visiting|visited|vacation|works?|home|from|hails|native|based|relocated|driving|drove|flew|clinic|hospital|"
            r"office|center|in|near|outside|around|to|hometown|between|via|through)\s(?:is\s)?(?:in|near|at|from|to|of|outside|around|back to|up in|down in|over in|at)?\s?"
            r"(?:the\s)?(?P<city>(?:(?:St|Ft|Mt)\.\s)?(?:[A-Z][a-z'.]{1,20})(?:[\s-](?:(?:d'|du\s|de\s|la\s|(?:on|upon|le|in|by|under|super)[\s-](?:the[\s-])?)?[A-Z][a-z'-]{1,20})){0,3})"
        ),
        # "Hometown: Eau Claire", "City: Winston-Salem"
        "city_label": re.compile(
            r"(?<![\w-])(?:[Cc]ity|CITY|[Tt]own|TOWN|[Hh]ome\s?town|[Bb]irthplace|[Pp]lace\s+of\s+birth|POB|[Tt]ravel\shistory|[Vv]illage|[Dd]istrict|[Ss]uburb|[Nn]eighbou?rhood|[Ll]ocality|[Bb]orn|(?:[Rr]ecent\s)?[Tt]ravel|[Mm]unicipality|[Bb]orough)\s?(?::|=|\sis|-\s)\s{0,3}"
            r"(?P<city>[A-Z][a-z'.]{1,20}(?:[ -](?:(?:on|upon|le|in|the|by|under|super|de|la|du)[ -]){0,2}[A-Z][a-z'-]{1,20}){0,3})"
        ),
        # "lives in baton rouge": as transcripts have it
        "city_lower": re.compile(
            r"\b(?:lives?|living|born|raised|grew\sup|moved|reside[sd]?|from|based|hometown\sis|place|stayed|staying)\s(?:over\s|out\s|down\s|up\s|alone\s)?(?P<in>(?:in|to|from|near|outside|back\sto)\s)?\s?(?P<city>[a-z]{3,15}(?:\s[a-z]{3,15}){0,2})"
        ),
        # "driving in from Annandale Forks", "house in East Wanskuck"
        "city_end": re.compile(
            rf"\b(?:in|from|to|near|of|outside|around|at|toward|towards|through|by|FROM|IN|NEAR|[Tt]own|[Oo]ffice|[Cc]linic)\s(?P<city>(?:[A-Z][a-z'-]{{2,15}}\s){{1,2}}(?:{_ENDS}))(?![\w'-])"
            r"|\b(?:in|from|near|outside|around|to)\s(?P<side>(?:East|West|North|South|Upper|Lower|New|Old|Great|Little|Port|Fort|Mount|Mt\.?|Lake|Glen|Kirk|St\.?)\s(?P<last>[A-Z][a-z'-]{2,18}))(?![\w'-])"
            rf"|\b(?:FROM|IN|TO|NEAR|OF|LIVES|AT)\s(?P<caps>[A-Z][A-Z'-]{{2,15}}(?:\s[A-Z]{{3,15}}){{0,2}}),\s(?:{codes})\b"
            r"|\b(?:FROM|IN|NEAR|LIVES)\s(?P<caps2>[A-Z][A-Z'-]{3,15}(?:\s[A-Z]{3,10})?)(?![\w'-])"
            r"|\b(?P<irish>(?:Co\.?|County)[ ](?:Antrim|Armagh|Carlow|Cavan|Clare|Cork|Derry|Donegal|Down|Dublin|Fermanagh|Galway|Kerry|Kildare|Kilkenny|Laois|Leitrim|Limerick|Longford|Louth|Mayo|Meath|Monaghan|Offaly|Roscommon|Sligo|Tipperary|Tyrone|Waterford|Westmeath|Wexford|Wicklow|Durham))\b"
            r"|[,-]\s(?P<alone>(?P<first>[A-Z][a-z'-]{2,15})\s(?:Flats|Falls|Forks|Hollow|Heights|Springs|Junction|Crossing|Corners|Mills|Creek|Prairie))\s(?:office|clinic|branch|site|campus)\b"
        ),
        # "Goolwarra NSW 2999"
        "city_au": re.compile(
            r"(?<![\w-])(?P<city>[A-Z][a-z'-]{2,18}(?:[ ][A-Z][a-z'-]{2,18})?),?[ ](?:NSW|VIC|Vic|QLD|Qld|TAS|Tas|ACT|WA|SA|NT)[ ](?=\d{4}\b)"
        ),
        "capital_run": re.compile(
            r"\b[A-Z][a-z']{2,20}(?:-[a-z]{2,5}-[A-Z][a-z']{1,20}|[ -][A-Z][a-z'-]{1,20}){0,3}"
        ),
        "county": re.compile(
            r"\b(?P<c>(?:[A-Z][a-z'-]{2,20}\s){1,2}(?:County|Parish|Borough|Township))\b"
        ),
    }


BIG_CITIES = frozenset(
    """new york city,los angeles,chicago,houston,phoenix,philadelphia,san antonio,san diego,dallas,austin,
jacksonville,fort worth,columbus,indianapolis,charlotte,san francisco,seattle,denver,nashville,oklahoma city,boston,
el paso,detroit,memphis,portland,las vegas,louisville,baltimore,milwaukee,albuquerque,tucson,fresno,sacramento,
kansas city,atlanta,omaha,colorado springs,raleigh,miami,long beach,oakland,minneapolis,tulsa,tampa,arlington,
new orleans,wichita,cleveland,bakersfield,honolulu,anaheim,santa ana,corpus christi,riverside,lexington,st. louis,
stockton,pittsburgh,cincinnati,anchorage,greensboro,plano,newark,toledo,orlando,chula vista,jersey city,
fort wayne,buffalo,durham,laredo,lubbock,scottsdale,reno,baton rouge,richmond,boise,spokane,des moines,tacoma,
birmingham,rochester,salt lake city,little rock,knoxville,chattanooga,providence,hartford,santa fe,fayetteville,
london,manchester,leeds,glasgow,sheffield,liverpool,bristol,edinburgh,cardiff,belfast,nottingham,leicester,
newcastle,brighton,plymouth,southampton,portsmouth,oxford,cambridge,aberdeen,dundee,swansea,dublin,cork,galway,
toronto,montreal,vancouver,calgary,ottawa,sydney,melbourne,brisbane,perth,auckland,paris,berlin,munich,madrid,
barcelona,rome,milan,lagos,nairobi,mumbai,delhi,karachi,lahore,dhaka,manila,bangkok,hanoi,beijing,shanghai,tokyo,seoul,
palo alto,santa cruz,santa clara,santa barbara,gig harbor,ann arbor,st. paul,savannah,charleston,tallahassee,
gainesville,madison,cheyenne,bremerton,topeka,lincoln,sioux falls,fargo,billings,missoula,bozeman,eugene,
salem,worcester,springfield,bridgeport,stamford,new haven,syracuse,albany,ithaca,yonkers,trenton,camden,
wilmington,annapolis,bethesda,roanoke,norfolk,virginia beach,winston-salem,asheville,macon,mobile,montgomery,
huntsville,shreveport,lafayette,galveston,waco,amarillo,tempe,mesa,glendale,henderson,modesto,oxnard,fremont,
hayward,berkeley,pasadena,burbank,irvine,torrance,pomona,fontana,boulder,pueblo,provo,ogden,duluth,evanston,
peoria,rockford,naperville,akron,dayton,youngstown,flint,lansing,grand rapids,kalamazoo,green bay,dubuque,
cedar rapids,davenport,iowa city,st. petersburg,clearwater,sarasota,fort lauderdale,hialeah,west palm beach,nyc,bronx,brooklyn,queens,manhattan,staten island,harlem""".replace(
        "\n", ""
    ).split(",")
)
