"""Writers over the packaged graph and prompts, for tests of what they write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from scripted_model import Script

from casewright.filters.ledger.check import Checker
from casewright.generators.client import ChatRequest
from casewright.generators.pieces import TextSettings
from casewright.generators.plan import Granularity
from casewright.generators.writer import EngineName, Writer
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph
from casewright.kg.patient import Sampling
from casewright.prompts.library import PromptLibrary
from casewright.records import Case, Draft, Setting

__all__ = ["SETTINGS", "document_kinds", "draft", "sampler_of", "writer_of"]

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


def document_kinds(library: PromptLibrary, case: Case) -> Sequence[str]:
    """Kinds that are written in the case's setting."""
    return [name for name, kind in library.kinds.items() if case.setting in kind.settings]


def writer_of(
    graph: Graph,
    checker: Checker,
    library: PromptLibrary,
    answer: Callable[[ChatRequest], Any] | None = None,
    *,
    seed: int = 7,
    granularity: Granularity = "group",
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
        complete=Script(answer).complete if answer else None,
        engine=EngineName("scripted" if answer else "realiser", "scripted" if answer else ""),
        settings=TextSettings(**settings),
        granularity=granularity,
        seed=seed,
        graph_version=graph.version,
    )


def draft(writer: Writer, case: Case, kind: str) -> Draft:
    """Write one document."""
    return asyncio.run(writer.draft(case, kind))
