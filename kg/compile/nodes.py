"""Concept nodes of the curated layer, as the JSON objects of concepts.jsonl."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from casewright.kg.compile.curated import Curated
from casewright.kg.compile.schema import DrugEntry, LabEntry, Wording

__all__ = ["concept_nodes", "forms_of"]

Node = dict[str, object]


def forms_of(
    name: str,
    *,
    synonyms: Iterable[str] = (),
    lay: Iterable[str] = (),
    abbreviations: Iterable[str] = (),
    brands: Iterable[str] = (),
) -> list[tuple[str, str]]:
    """(kind, text) of every wording, the preferred one first, none twice in one case."""
    found: dict[str, tuple[str, str]] = {name: ("preferred", name)}
    for kind, texts in (
        ("synonym", synonyms),
        ("abbreviation", abbreviations),
        ("brand", brands),
        ("lay", lay),
    ):
        for text in texts:
            found.setdefault(text, (kind, text))
    return list(found.values())


def concept_nodes(curated: Curated) -> list[Node]:
    """All nodes but conditions and code groups."""
    nodes: list[Node] = []
    for symptom in curated.symptoms:
        nodes.append(
            _node(
                symptom,
                "Symptom",
                group=symptom.system,
                sex=symptom.sex,
                min_age=symptom.min_age,
                max_age=symptom.max_age,
                attributes=[
                    ("observable", "true" if symptom.observable else "false"),
                    *(("broader", wider) for wider in symptom.broader),
                ],
            )
        )
    for finding in curated.findings:
        nodes.append(
            _node(
                finding,
                "Finding",
                group=finding.system,
                normal=finding.normal,
                sex=finding.sex,
                min_age=finding.min_age,
                max_age=finding.max_age,
            )
        )
    for lab in curated.labs:
        nodes.append(_lab(lab, "LabTest"))
    for vital in curated.vitals:
        nodes.append(_lab(vital, "VitalSign"))
    for drug in curated.drugs:
        nodes.append(_drug(drug, curated))
    for procedure in curated.procedures:
        nodes.append(
            _node(
                procedure,
                "Procedure",
                group=procedure.kind,
                normal=procedure.normal,
                sex=procedure.sex,
                min_age=procedure.min_age,
                max_age=procedure.max_age,
            )
        )
    for allergen in curated.allergens:
        nodes.append(
            _node(
                allergen,
                "Allergen",
                attributes=[
                    *([("p", str(allergen.p))] if allergen.p is not None else []),
                    *(("reaction", text) for text in allergen.reactions),
                    *(("avoid_drug", drug) for drug in allergen.avoid_drugs),
                    *(("avoid_class", name) for name in allergen.avoid_classes),
                ],
            )
        )
    for risk in curated.risk_factors:
        low, high = risk.ages or (None, None)
        nodes.append(
            _node(risk, "RiskFactor", group=risk.topic, sex=risk.sex, min_age=low, max_age=high)
        )
    for family in curated.family_history:
        low, high = family.ages or (None, None)
        nodes.append(
            _node(
                family,
                "RiskFactor",
                group="family history",
                sex=family.sex,
                min_age=low,
                max_age=high,
                attributes=[("code", family.code), ("z_code", family.z_code)],
            )
        )
    return nodes


def _node(entry: Wording, kind: str, **fields: object) -> Node:
    attributes = list(fields.pop("attributes", None) or [])  # type: ignore[call-overload]
    if entry.source:
        attributes.append(("citation", entry.source))
    node: Node = {
        "id": entry.id,
        "type": kind,
        "name": entry.name,
        "forms": forms_of(
            entry.name,
            synonyms=entry.synonyms,
            lay=entry.lay,
            abbreviations=entry.abbreviations,
            brands=getattr(entry, "brands", ()),
        ),
    }
    node.update({name: value for name, value in fields.items() if value is not None})
    if attributes:
        node["attributes"] = attributes
    return node


def _lab(entry: LabEntry, kind: str) -> Node:
    return _node(
        entry,
        kind,
        group=entry.panel,
        sex=entry.sex,
        min_age=entry.min_age,
        max_age=entry.max_age,
        unit=entry.unit,
        decimals=entry.decimals,
        ref_female=entry.ref_female,
        ref_male=entry.ref_male,
        ref_child=entry.ref_child,
        plausible=entry.plausible,
        conversions=[(c.unit, c.factor, c.offset) for c in entry.conversions] or None,
    )


def _drug(entry: DrugEntry, curated: Curated) -> Node:
    rules = curated.classes.get(entry.drug_class)
    interacting: Mapping[str, object] = dict.fromkeys(rules.interacts_with if rules else ())
    dosing = []
    for regimen in entry.dosing:
        raw = regimen.model_dump(exclude_defaults=True)
        # Keep the four parts that every regimen has, even where they equal a default.
        raw.update(dose=regimen.dose, unit=regimen.unit)
        dosing.append(raw)
    return _node(
        entry,
        "Medication",
        group=entry.drug_class,
        sex=entry.sex,
        min_age=entry.min_age,
        max_age=entry.max_age,
        dosing=dosing,
        pregnancy_avoid=entry.pregnancy_avoid or None,
        avoid_codes=entry.avoid_codes or None,
        attributes=[
            *(("interacts_with_class", name) for name in interacting),
            *_limits(entry),
        ],
    )


def _limits(entry: DrugEntry) -> Iterator[tuple[str, str]]:
    """The most on a day, as attributes: "3200 mg", "40 mg/kg"; renal "30 avoid", "50 1000 mg"."""
    if entry.max_daily is not None:
        yield "max_daily", str(entry.max_daily)
    if entry.max_daily_child is not None:
        yield "max_daily_child", str(entry.max_daily_child)
    for step in entry.renal:
        yield "renal", f"{step.egfr_below:g} {'avoid' if step.avoid else step.max_daily}"
