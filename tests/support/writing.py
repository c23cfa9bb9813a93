"""Writers over the packaged graph and prompts, for tests of what they write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from scripted_model import Script

from casewright.filters.ledger.check import Checker
from casewright.generators.client import ChatRequest
from casewright.generators.plan import Granularity, suits
from casewright.generators.structured import UNBOUND, Structured
from casewright.generators.tasks import TextSettings
from casewright.generators.writer import EngineName, Writer
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph
from casewright.kg.patient import Sampling
from casewright.prompts.library import PromptLibrary
from casewright.records import Case, Draft, Setting

__all__ = ["SETTINGS", "document_kinds", "draft", "plain_styles", "sampler_of", "writer_of"]

SETTINGS: tuple[tuple[Setting, float], ...] = (
    ("outpatient", 0.5),
    ("emergency", 0.2),
    ("inpatient", 0.3),
)


def sampler_of(graph: Graph, library: PromptLibrary, seed: int, **options: Any) -> CaseSampler:
    """Cases in every setting, style and persona."""
    return CaseSampler(
        graph,
        Sampling(**{"settings": SETTINGS, **options}),
        seed,
        styles=[(n, s.weight) for n, s in library.styles.items()],
        personas=[(n, p.weight) for n, p in library.personas.items()],
    )


def plain_styles(library: PromptLibrary) -> PromptLibrary:
    """The library with styles that leave the words of a piece as they were written."""
    plain = {"abbreviate": 0.0, "density": 1.0, "lines": (), "spelling": "american"}
    styles = {n: s.model_copy(update=plain) for n, s in library.styles.items()}
    return replace(library, styles=styles)


def document_kinds(library: PromptLibrary, case: Case, graph: Graph) -> Sequence[str]:
    """Kinds that are written in the case's setting, and of such a case."""

    def forms(concept: str) -> list[str]:
        return [f.text for f in graph.concept(concept).forms] if concept in graph else []

    return [
        name
        for name, kind in library.kinds.items()
        if case.setting in kind.settings and suits(kind, case, forms)
    ]


def writer_of(
    graph: Graph,
    checker: Checker,
    library: PromptLibrary,
    answer: Callable[[ChatRequest], Any] | None = None,
    *,
    seed: int = 7,
    granularity: Granularity = "group",
    structured: Structured = UNBOUND,
    **settings: Any,
) -> Writer:
    """A writer that asks `answer`, or the realiser without one."""

    def forms(concept: str, *kinds: str) -> list[str]:
        found = graph.concept(concept).forms if concept in graph else ()
        return [f.text for f in found if not kinds or f.kind in kinds]

    return Writer(
        library=library,
        check=checker,
        forms_of=forms,
        lay_forms=lambda concept: forms(concept, "lay"),
        short_forms=lambda concept: forms(concept, "abbreviation"),
        complete=Script(answer).complete if answer else None,
        engine=EngineName("scripted" if answer else "realiser", "scripted" if answer else ""),
        settings=TextSettings(**settings),
        granularity=granularity,
        seed=seed,
        graph_version=graph.version,
        structured=structured,
    )


def draft(writer: Writer, case: Case, kind: str) -> Draft:
    """Write one document."""
    return asyncio.run(writer.draft(case, kind))
