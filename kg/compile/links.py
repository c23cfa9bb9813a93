"""The clinical edges of one code, from all sources, ranked.

Hand-written entries come first, those on acute illness before all. NAMCS profiles follow where
a relation has none: shares of visits with a ratio to all visits of at least 1.5. Other sources
fill what is still empty. What several sources say gets more confidence; a drug without a dose
is no edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from casewright.kg.compile.acute import Acute, merged
from casewright.kg.compile.crosswalk import Crosswalk, Joined
from casewright.kg.compile.curated import Curated
from casewright.kg.compile.gates import Gate, Gates
from casewright.kg.compile.likeness import about
from casewright.kg.compile.link import MIN_LIFT, Link, strong
from casewright.kg.compile.matching import Matcher, PrefixIndex
from casewright.kg.compile.packages import Admissions
from casewright.kg.compile.plausibility import (
    MIXED_CATEGORIES,
    SYMPTOMLESS,
    is_noise,
    is_residual,
    local_form,
    route_fits,
    stands_alone,
    stands_out,
    symptom_fits,
)
from casewright.kg.compile.provenance import Register
from casewright.kg.compile.regions import is_sited, place_fits
from casewright.kg.compile.results import Results
from casewright.kg.compile.schema import DrugEntry
from casewright.kg.compile.sources import Sources
from casewright.kg.compile.spine import Code, Spine
from casewright.kg.compile.written import Told, Written

__all__ = ["Clinical", "lower_bound_scaled"]

SURE_ALONE = 0.5
"""An indication that no visit bears out needs two sources on record, or a curated list."""
CLOSED_AT = 3
"""With this many hand-written symptoms a condition takes none from elsewhere."""


def lower_bound_scaled(p: float, *, chronic: bool) -> float:
    """The probability of a symptom from its share of NAMCS visits.

    A visit records at most three reasons, so a share is a lower bound: who comes for cough
    often has fever that is not written down. 1 - (1 - p)^k keeps the order. k is 2.5 for
    acute illness (cough in acute bronchitis .52 becomes .84, near what clinical series
    report) and 1.5 for chronic disease, where visits are often for control and the reason
    is the disease itself.
    """
    missed: float = (1.0 - min(p, 0.95)) ** (1.5 if chronic else 2.5)
    return round(1.0 - missed, 4)


class Clinical:
    """Makes the edges of codes.

    Args: everything that was read; `register` numbers the sources in use.

    Attributes:
        symptoms: the entries by id.
        normal: values said to be abnormal that are not ("test direction mean in category");
            they are left out.
    """

    def __init__(
        self,
        spine: Spine,
        curated: Curated,
        sources: Sources,
        crosswalk: Crosswalk,
        matcher: Matcher,
        gates: Gates,
        register: Register,
        acute: Acute,
    ) -> None:
        self._acute = acute
        self._spine, self._sources, self._crosswalk = spine, sources, crosswalk
        self._matcher, self._gates, self._register = matcher, gates, register
        self._written = Written(spine, curated)
        self._results = Results(curated, sources, matcher, register)
        self._ddxplus = PrefixIndex((codes, evidences) for codes, evidences in sources.ddxplus)
        self._faker = PrefixIndex(
            ((raw["icd10"],), raw) for raw in sources.faker["diseases"].values()
        )
        self._labs = {entry.id: entry for entry in (*curated.labs, *curated.vitals)}
        self._admissions = Admissions(self._labs.values(), register)
        self.normal: dict[str, None] = {}
        self.symptoms = {entry.id: entry for entry in curated.symptoms}
        self._sexes = curated.sexes()

    def links(self, code: Code) -> list[Link]:
        """Every clinical edge of a billable code."""
        gate = self._gates.gate(code)
        joined = self._join(code)
        written = [
            link
            for link in self._acute.links(code)
            if link.relation != "treated_with" or self._usable(link.target, code, gate)
        ]
        found = merged(
            written,
            [
                *self._symptom_links(code, gate, joined),
                *self._drug_links(code, gate, joined),
                *self._test_links(code, joined),
            ],
        )
        return [
            link
            for link in found
            if (gate.sex is None or self._sexes.get(link.target) in (None, gate.sex))
            and self._is_abnormal(link, code)
        ]

    def _test_links(self, code: Code, joined: Joined | None) -> list[Link]:
        found = list(self._results.links(code, joined))
        known = {link.target for link in found}
        return found + [link for link in self._admissions.links(code) if link.target not in known]

    def _is_abnormal(self, link: Link, code: Code) -> bool:
        """Whether a value is beyond what is normal for somebody; noted if it is not."""
        lab = self._labs.get(link.target)
        if lab is None or link.mean is None or link.direction is None:
            return True
        references = [r for r in (lab.ref_female, lab.ref_male, lab.ref_child) if r]
        if not references or code.chapter == 16:  # newborns have ranges of their own
            return True
        if link.direction == "high":
            beyond = link.mean > min(high for _, high in references)
        else:
            beyond = link.mean < max(low for low, _ in references)
        if not beyond:
            self.normal[f"{link.target} {link.direction} {link.mean:g} in {code.category}"] = None
        return beyond

    def told(self, code: Code) -> Told | None:
        """The hand-written condition that speaks of a code."""
        return self._written.told(code)

    @property
    def results(self) -> Results:
        """What makes the edges of tests, and knows which they are."""
        return self._results

    def profile(self, code: Code) -> Joined | None:
        """The NAMCS visits of a code, if that source may be used."""
        return self._join(code)

    def _join(self, code: Code) -> Joined | None:
        if not self._register.allowed("namcs"):
            return None
        joined = self._crosswalk.join(code.code)
        mixed = code.category in MIXED_CATEGORIES
        return None if joined is not None and joined.inherited and mixed else joined

    # Symptoms

    def _symptom_links(self, code: Code, gate: Gate, joined: Joined | None) -> list[Link]:
        told = self._written.told(code)
        close = told is not None and (told.same or told.confidence > 0.6)
        group = told is not None and told.entry.group
        by_place = is_sited(code)
        curated = [
            link
            for link in self._curated_symptoms(code)
            # An entry on many conditions names the complaints of all their places.
            if not (group and by_place) or place_fits(code, self.symptoms[link.target].name)
        ]
        if (len(curated) >= CLOSED_AT and close) or SYMPTOMLESS.search(code.title):
            return curated
        chronic = code.code in self._spine.chronic
        measured = list(self._namcs_symptoms(code, joined, chronic=chronic)) if joined else []
        own = joined is not None and not joined.inherited
        # Visits with this very diagnosis say more than an entry about a wider one.
        ranked = [
            *((*measured, *curated) if own and not close else (*curated, *measured)),
            *self._ddxplus_symptoms(code),
            *self._do_symptoms(code),
            *self._faker_symptoms(code),
        ]
        kept = [
            link
            for link in ranked
            if not by_place
            or (close and not group and link.confidence >= 0.85)
            or place_fits(code, self.symptoms[link.target].name)
        ]
        return _merged(kept)[:12]

    def _curated_symptoms(self, code: Code) -> list[Link]:
        told = self._written.told(code)
        if told is None:
            return []
        number = self._register.number("curated", told.entry.source)
        return [
            Link(item.symptom, "has_symptom", number, told.confidence, item.p)
            for item in told.entry.symptoms
            if item.symptom in self.symptoms
        ]

    def _namcs_symptoms(self, code: Code, joined: Joined, *, chronic: bool) -> Iterable[Link]:
        if code.chapter == 21:
            return  # a reason for contact has no complaints of its own
        profile = joined.profile
        min_lift, min_p, limit = (3.0, 0.03, 6) if joined.inherited else (MIN_LIFT, 0.02, 10)
        if profile.symptom_n < 60:
            # A handful of visits: only what stands out.
            min_lift, min_p = max(min_lift, 3.0), max(min_p, 0.05)
        number = self._register.number("namcs")
        for item in strong(profile.symptoms, min_lift, min_p)[:limit]:
            symptom = self._matcher.reason_for_visit(item.name, item.label)
            if symptom and symptom_fits(symptom, code):
                p = lower_bound_scaled(item.p, chronic=chronic)
                yield Link(
                    symptom, "has_symptom", number, joined.confidence, p, round(item.lift, 2)
                )

    def _ddxplus_symptoms(self, code: Code) -> Iterable[Link]:
        if not self._register.allowed("ddxplus"):
            return
        for _, evidences in self._ddxplus.matches(code.code):
            number = self._register.number("ddxplus")
            for evidence, question, p in evidences:
                if p >= 0.2:
                    symptom = self._matcher.symptom(evidence, question)
                    if symptom:
                        # Its patients come from a simulator that shows nearly everything.
                        capped = min(round(0.7 * p, 4), 0.9)
                        yield Link(symptom, "has_symptom", number, 0.6, capped)
            return

    def _do_symptoms(self, code: Code) -> Iterable[Link]:
        if not self._register.allowed("do"):
            return
        for prefix in (code.code, *self._spine.above(code.code)):
            labels = self._sources.do_symptoms.get(prefix)
            if labels:
                number = self._register.number("do")
                for label in labels:
                    symptom = self._matcher.symptom(label)
                    if symptom:
                        yield Link(symptom, "has_symptom", number, 0.55)
                return

    def _faker_symptoms(self, code: Code) -> Iterable[Link]:
        if not self._register.allowed("faker"):
            return
        for _, disease in self._faker.matches(code.code):
            number = self._register.number("faker")
            for label in disease["symptoms"]:
                symptom = self._matcher.symptom(label)
                if symptom:
                    yield Link(symptom, "has_symptom", number, 0.45)
            return

    # Medication

    def _drug_links(self, code: Code, gate: Gate, joined: Joined | None) -> list[Link]:
        curated = [
            link for link in self._curated_drugs(code) if self._usable(link.target, code, gate)
        ]
        if curated:
            return curated
        indicated = self._indicated(code)
        ranked = [
            *(self._namcs_drugs(code, joined, indicated) if joined else ()),
            *(
                link
                for link in indicated.values()
                if link.confidence >= SURE_ALONE
                and stands_alone(self._matcher.drugs[link.target], code)
            ),
        ]
        kept = [
            link
            for link in ranked
            if self._usable(link.target, code, gate)
            and route_fits(self._matcher.drugs[link.target], code)
        ]
        return _merged(kept)[:14]

    def _curated_drugs(self, code: Code) -> list[Link]:
        told = self._written.told(code)
        if told is None or told.vague:
            return []
        number = self._register.number("curated", told.entry.source)
        return [
            Link(
                item.drug,
                "treated_with",
                number,
                told.confidence,
                item.p,
                text=None if item.setting == "any" else item.setting,
            )
            for item in told.entry.drugs
            if item.drug in self._matcher.drugs
        ]

    def _namcs_drugs(
        self, code: Code, joined: Joined, indicated: dict[str, Link]
    ) -> Iterable[Link]:
        number = self._register.number("namcs")
        if is_residual(joined.profile.label) and not about(code.title) & about(
            joined.profile.label
        ):
            return  # what most of those patients had is not this
        for item in strong(joined.profile.drugs, MIN_LIFT, 0.02):
            if is_noise(item.name):
                continue
            drug = self._matcher.drug(*local_form(item.name, code))
            if drug is None or (
                drug not in indicated
                and not stands_out(self._matcher.drugs[drug], item, joined, code)
            ):
                continue
            yield Link(
                drug,
                "treated_with",
                number,
                joined.confidence,
                round(item.p, 4),
                round(item.lift, 2),
            )

    def _indicated(self, code: Code) -> dict[str, Link]:
        """Drugs with an indication on record for the code or one above it."""
        found: dict[str, Link] = {}
        for prefix in (code.code, *self._spine.above(code.code)):
            for name, origins in sorted(self._sources.indications.get(prefix, {}).items()):
                usable = sorted(key for key in origins if self._register.allowed(key))
                drug = self._matcher.drug(name) if usable else None
                if drug and drug not in found:
                    confidence = 0.6 if len(usable) > 1 else 0.45
                    found[drug] = Link(
                        drug, "treated_with", self._register.number(usable[0]), confidence
                    )
        if self._register.allowed("faker"):
            for _, disease in self._faker.matches(code.code):
                for name in disease["medications"]:
                    drug = self._matcher.drug(name)
                    if drug:
                        number = self._register.number("faker")
                        found.setdefault(drug, Link(drug, "treated_with", number, 0.5))
                break
        return found

    def _usable(self, drug_id: str, code: Code, gate: Gate) -> bool:
        """Whether a drug may be given at all for a code: a dose exists and nothing forbids it."""
        drug = self._matcher.drugs[drug_id]
        if any(code.code.startswith(prefix) for prefix in drug.avoid_codes):
            return False
        ended = code.code.startswith(_PREGNANCY_OVER)
        if drug.pregnancy_avoid and code.chapter == 15 and not ended:
            return False
        if gate.max_age is not None and drug.min_age is not None and drug.min_age > gate.max_age:
            return False
        if gate.min_age is not None and drug.max_age is not None and drug.max_age < gate.min_age:
            return False
        return bool(_regimens(drug, code.code))


# Chapter 15 codes of a pregnancy that is lost or over: abortive outcome, after the birth.
_PREGNANCY_OVER = (
    *(f"O0{n}" for n in range(9)), "O70", "O71", "O72", "O73", "O85", "O86", "O87", "O90", "O91",
    "O92",
)  # fmt: skip


def _regimens(drug: DrugEntry, code: str) -> list[object]:
    """The regimens of a drug that may be used for a code."""
    return [
        regimen
        for regimen in drug.dosing
        if not regimen.codes or any(code.startswith(prefix) for prefix in regimen.codes)
    ]


def _merged(links: Iterable[Link]) -> list[Link]:
    """One link a target: the first, more certain with each further source; strongest first."""
    found: dict[str, Link] = {}
    origins: dict[str, set[int]] = {}
    for link in links:
        known = found.get(link.target)
        if known is None:
            found[link.target] = link
            origins[link.target] = {link.provenance}
        else:
            if link.provenance not in origins[link.target]:
                origins[link.target].add(link.provenance)
                known = replace(known, confidence=min(0.95, round(known.confidence + 0.1, 2)))
            if known.p is None and link.p is not None:
                known = replace(known, p=link.p, lift=link.lift)
            found[link.target] = known
    return sorted(
        found.values(), key=lambda link: (-(link.p or 0.0), -link.confidence, link.target)
    )
