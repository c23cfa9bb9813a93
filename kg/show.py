"""One condition, or any other concept, as a page for the terminal: `casewright kg show J18.9`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from casewright.kg.graph import (
    AGE_BANDS,
    Concept,
    Condition,
    Dosing,
    Edge,
    Graph,
    Lab,
    Medication,
)

__all__ = ["show"]

MOST = 14
"""Rows of a table at most; the rest is counted."""


def show(graph: Graph, code: str) -> RenderableType:
    """Everything the graph knows about a code, or about a concept id such as "drug:warfarin".

    Raises:
        CasewrightError: nothing has that code or id.
    """
    if ":" in code and not code.lower().startswith("icd:"):
        return _concept_page(graph, graph.concept(code))
    return _condition_page(graph, graph.condition(code.partition(":")[2] if ":" in code else code))


def _condition_page(graph: Graph, condition: Condition) -> RenderableType:
    parts: list[RenderableType] = [
        Text.assemble((condition.code, "bold cyan"), "  ", (condition.title, "bold")),
    ]
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    _row(facts, "written as", condition.name)
    for kind, label in (
        ("synonym", "also"),
        ("abbreviation", "short"),
        ("lay", "patients say"),
    ):
        texts = [form.text for form in condition.forms if form.kind == kind]
        if texts:
            _row(facts, label, "; ".join(texts))
    _row(facts, "kind", ", ".join(_kind(condition)))
    variant = _variant(graph, condition)
    if variant:
        _row(facts, "concept", variant)
    _row(facts, "who", _who(condition))
    if condition.age_weights:
        _row(facts, "visits by age", _ages(condition.age_weights))
    above = [f"{up} {graph.condition(up).title}" for up in graph.parents(condition.code)]
    if above:
        _row(facts, "under", "\n".join(above))
    for name, label in _COURSE:
        values = condition.values(name)
        if values:
            joined = "; ".join(_share(value) if name == "severity" else value for value in values)
            _row(facts, label, joined)
    parts.append(facts)
    parts.extend(_edge_tables(graph, condition))
    for relation, label in (
        ("excludes1", "Excludes1"),
        ("excludes2", "Excludes2"),
        ("code_first", "Code first"),
        ("use_additional", "Use additional"),
        ("code_also", "Code also"),
    ):
        targets = [edge.target for edge in graph.edges(condition.id, relation)]  # type: ignore[arg-type]
        if targets:
            shown = ", ".join(
                target.removeprefix("icd:").removeprefix("group:") for target in targets[:16]
            )
            more = f" and {len(targets) - 16} more" if len(targets) > 16 else ""
            parts.append(Text.assemble((f"{label}: ", "bold"), shown + more))
    used = Counter(
        (edge.origin, edge.origin_version, edge.licence) for edge in graph.edges(condition.id)
    )
    if used:
        parts.append(
            Text.assemble(
                ("Sources: ", "bold"),
                "; ".join(
                    f"{origin} {version} ({licence}, {count} edges)"
                    for (origin, version, licence), count in used.most_common()
                ),
            )
        )
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))


_COURSE = (
    ("setting", "seen in"),
    ("severity", "severity"),
    ("stay_days", "days in hospital"),
    ("course", "course"),
    ("disposition", "disposition"),
    ("follow_up", "follow-up"),
)
"""Attributes of a condition, in the order of an encounter."""


def _share(value: str) -> str:
    """ "mild=0.2" as "mild 20%"."""
    name, _, share = value.partition("=")
    return f"{name} {float(share):.0%}"


def _variant(graph: Graph, condition: Condition) -> str:
    """Which variant of which concept a code is; "" where it has no variants."""
    said: list[str] = [
        text
        for text in (condition.laterality, condition.encounter)
        if text and text != "unspecified"
    ]
    if condition.laterality == "unspecified":
        said.append("side unspecified")
    if condition.encounter:
        said = [f"{text} encounter" if text in ("initial", "subsequent") else text for text in said]
    others = [c.code for c in graph.variants.get(condition.concept, ()) if c is not condition]
    if not said and not others and condition.concept == condition.code:
        return ""
    shown = ", ".join(others[:8]) + (f" and {len(others) - 8} more" if len(others) > 8 else "")
    text = condition.concept + (f" ({', '.join(said)})" if said else "")
    return f"{text}; variants: {shown}" if others else text


def _row(table: Table, *cells: str) -> None:
    # As Text: a bracket in a name or a dose is no markup.
    table.add_row(*(Text(cell) for cell in cells))


def _kind(condition: Condition) -> list[str]:
    return [
        "billable" if condition.billable else "not billable",
        f"chapter {condition.chapter}",
        "chronic" if condition.chronic else "acute or unspecified course",
        condition.acuity if condition.acuity != "either" else "outpatient or inpatient",
        "can be the principal diagnosis" if condition.principal else "not a principal diagnosis",
    ]


def _who(condition: Condition) -> str:
    sex = {"female": "women only", "male": "men only", None: "both sexes"}[condition.sex]
    if condition.female_share is not None:
        sex += f" ({condition.female_share:.0%} of visits by women)"
    low, high = condition.min_age, condition.max_age
    if low is None and high is None:
        age = "any age"
    elif high is None:
        age = f"from {low:g} years"
    elif low is None:
        age = f"to {high:g} years"
    else:
        age = f"{low:g} to {high:g} years"
    share = f"; {condition.visit_share:.3%} of office visits" if condition.visit_share else ""
    return f"{age}, {sex}{share}"


def _ages(weights: Sequence[float]) -> str:
    return "  ".join(
        f"{low}-{high} {weight:.0%}" if low != high else f"{low} {weight:.0%}"
        for (low, high), weight in zip(AGE_BANDS, weights, strict=True)
        if weight >= 0.005
    )


def _edge_tables(graph: Graph, condition: Condition) -> Iterable[RenderableType]:
    for relation, title in (
        ("has_symptom", "Symptoms"),
        ("has_finding", "Examination"),
        ("changes_vital", "Vital signs"),
        ("changes_lab", "Laboratory"),
        ("tested_with", "Tests and procedures"),
        ("treated_with", "Medication"),
        ("complicated_by", "Complications"),
        ("comorbid_with", "Found with"),
        ("has_risk_factor", "Risk factors"),
    ):
        edges = graph.edges(condition.id, relation)  # type: ignore[arg-type]
        if not edges:
            continue
        table = Table(box=None, padding=(0, 2, 0, 0), title=title, title_justify="left",
                      title_style="bold")  # fmt: skip
        table.add_column("p", justify="right", style="cyan", no_wrap=True)
        table.add_column("", overflow="fold", ratio=3)
        table.add_column("source", style="dim", overflow="fold", ratio=2)
        for edge in edges[:MOST]:
            _row(table, _p(edge), _what(graph, condition, edge), _origin(edge))
        if len(edges) > MOST:
            table.add_row("", f"and {len(edges) - MOST} more", "", style="dim")
        yield table


def _p(edge: Edge) -> str:
    if edge.p is None:
        return "-"
    return f"{edge.p:.2f}" + ("?" if "assumed" in edge.values("p_from") else "")


def _origin(edge: Edge) -> str:
    where = edge.citation if edge.origin == "casewright curated" and edge.citation else edge.origin
    return f"{where} ({edge.confidence:.2f})"


def _what(graph: Graph, condition: Condition, edge: Edge) -> str:
    concept = graph.concept(edge.target)
    lines = [concept.name]
    if isinstance(concept, Condition):
        lines = [f"{concept.code} {concept.name}"]
    if isinstance(concept, Lab):
        if edge.direction:
            lines[0] += f", {edge.direction}"
        if edge.mean is not None:
            spread = f" ± {edge.sd:.3g}" if edge.sd is not None else ""
            lines[0] += f": {edge.mean:g}{spread} {concept.unit}".rstrip()
        lines.append(f"  normal {_reference(concept)}")
    elif isinstance(concept, Medication):
        if edge.text:
            lines[0] += f" ({edge.text})"
        regimens = [
            dosing
            for dosing in concept.dosing
            if not dosing.codes or any(condition.code.startswith(code) for code in dosing.codes)
        ]
        regimens.sort(key=lambda dosing: (dosing.audience == "child", not dosing.codes))
        lines.extend(f"  {_dosing(dosing)}" for dosing in regimens[:3])
    elif edge.text:
        lines[0] += f": {edge.text}"
    if edge.lift is not None and not isinstance(concept, Lab):
        lines[0] += f" [{edge.lift:g}x]"
    severity = edge.values("severity")
    if severity:
        lines[0] += f" [{', '.join(severity)}]"
    lines.extend(
        f"  {name}: {'; '.join(edge.values(name))}"
        for name in ("onset", "character", "site")
        if edge.values(name)
    )
    return "\n".join(lines)


def _reference(lab: Lab) -> str:
    female, male = lab.ref_female, lab.ref_male
    if female and male and female != male:
        return f"{female[0]:g}-{female[1]:g} (women), {male[0]:g}-{male[1]:g} (men) {lab.unit}"
    known = female or male or lab.ref_child
    return f"{known[0]:g}-{known[1]:g} {lab.unit}" if known else "range unknown"


def _dosing(dosing: Dosing) -> str:
    text = f"{dosing.dose} {dosing.unit} {dosing.route} {dosing.frequency}"
    if dosing.duration:
        text += f" for {dosing.duration}"
    limits: list[str] = [
        value
        for value, usual in ((dosing.audience, "adult"), (dosing.setting, "any"))
        if value != usual
    ]
    if dosing.ages:
        limits.append(f"{dosing.ages[0]:g}-{dosing.ages[1]:g} years")
    return f"{text} [{', '.join(limits)}]" if limits else text


def _concept_page(graph: Graph, concept: Concept) -> RenderableType:
    facts = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    _row(facts, "type", concept.type)
    if concept.group:
        _row(facts, "group", concept.group)
    for kind, label in (
        ("synonym", "also"),
        ("abbreviation", "short"),
        ("brand", "brands"),
        ("lay", "patients say"),
    ):
        texts = [form.text for form in concept.forms if form.kind == kind]
        if texts:
            _row(facts, label, "; ".join(texts))
    if concept.normal:
        _row(facts, "when normal", concept.normal)
    if isinstance(concept, Lab):
        _row(facts, "normal", _reference(concept))
    if isinstance(concept, Medication):
        _row(facts, "dosing", "\n".join(_dosing(dosing) for dosing in concept.dosing))
    for name, value in concept.attributes:
        _row(facts, name.replace("_", " "), value)
    edges = graph.edges(concept.id)
    parts: list[RenderableType] = [
        Text.assemble((concept.id, "bold cyan"), "  ", (concept.name, "bold")),
        facts,
    ]
    if edges:
        names = ", ".join(edge.target for edge in edges[:MOST])
        more = f" and {len(edges) - MOST} more" if len(edges) > MOST else ""
        parts.append(Text.assemble((f"{edges[0].relation}: ", "bold"), names + more))
    return Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))
