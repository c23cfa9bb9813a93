"""From a case to a draft: plan, write the pieces, lay out, check, repair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from casewright._version import __version__
from casewright.generators.anchored import anchored_grammar
from casewright.generators.assembly import Assembly, model_share
from casewright.generators.compose import Composer
from casewright.generators.disclosure import UNNAMED, as_noted, as_spoken, disclose
from casewright.generators.drafting import DocumentDrafter, DocumentTask
from casewright.generators.job import Job
from casewright.generators.pieces import PieceWriter
from casewright.generators.plan import Granularity, Piece, Plan, in_sections, plan_document
from casewright.generators.roleplay import DialogueMode
from casewright.generators.structured import UNBOUND, Structured
from casewright.generators.tasks import Complete, Task, TextSettings
from casewright.generators.vocabulary import FormsOf
from casewright.prompts.library import ROLEPLAY_PROMPT, KindSpec, PromptLibrary, Template
from casewright.records import (
    Case,
    Check,
    Disclosed,
    Draft,
    Provenance,
    Setting,
)

__all__ = ["EngineName", "Writer", "document_id_of"]


def document_id_of(case: Case, kind: str, variant: str = "") -> str:
    """The id of a case's document of a kind, or of a variant of it."""
    return f"{case.case_id}-{kind}-{variant}" if variant else f"{case.case_id}-{kind}"


@dataclass(frozen=True, slots=True)
class EngineName:
    """What writes, for the provenance."""

    engine: str
    model: str


@dataclass(frozen=True)
class Writer:
    """Writes drafts. Pure but for the model: every other choice is named by seed and id.

    Attributes:
        complete: sends a request to the engine; None lets the realiser write everything.
        check: the ledger checker.
        forms_of, lay_forms, short_forms: all surface forms, the lay ones and the
            abbreviations, of a concept by id.
        disclosing: settings in which documents go by what the patient tells.
        dialogue: how dialogues are written; auto goes by the granularity.
        granularity: what the model is given at a time. Dialogues go exchange by exchange, and
            the realiser fact group by fact group, whatever it is.
        structured: what the server binds answers to.
    """

    library: PromptLibrary
    check: Check
    forms_of: FormsOf
    lay_forms: FormsOf
    complete: Complete | None
    engine: EngineName
    settings: TextSettings
    granularity: Granularity
    seed: int
    graph_version: str
    short_forms: FormsOf = lambda _: ()
    disclosing: frozenset[Setting] = frozenset()
    dialogue: DialogueMode = "auto"
    structured: Structured = UNBOUND

    async def draft(self, case: Case, kind: str, variant: str = "") -> Draft:
        """Write one document of a case; a variant says the same facts in its own hand.

        Raises:
            CasewrightError: when the endpoint fails; never for what the model says.
        """
        spec = self.library.kind(kind)
        if variant:
            case = replace(case, style=variant)
        plan = self._plan(case, kind)
        template = self.library.template(spec.prompt)
        composer = self._composer(case, kind, template)
        job = Job(self, case, plan, composer)
        await (job.write_dialogue() if spec.dialogue else job.write_note())
        assembly, ledger = job.settle()
        rejected = job.rejected()
        return Draft(
            document_id=composer.document_id,
            case=case,
            kind=kind,
            text=assembly.text,
            facts=plan.facts,
            ledger=ledger,
            provenance=self._provenance(job, self._prompt_of(job, template), assembly),
            turns=tuple(assembly.turns),
            variant_of=document_id_of(case, kind) if variant else None,
            disclosure=self.log_of(case, spec),
            first_draft=job.first_draft() if rejected else "",
            rejected_drafts=rejected,
        )

    def prompts(self, case: Case, kind: str) -> list[Task]:
        """The tasks of a document without asking anyone, for previews and tests."""
        spec = self.library.kind(kind)
        plan = self._plan(case, kind)
        job = Job(self, case, plan, self._composer(case, kind, self.library.template(spec.prompt)))
        return job.tasks()

    async def first_draw(self, task: Task, case: Case) -> bool:
        """Whether the first draw of a task is taken as it stands."""
        assert self.complete is not None
        pieces = PieceWriter(self.complete, self.check, self.forms_of, self.settings)
        return await pieces.first_is_taken(task, case.demographics)

    async def first_whole(self, case: Case, kind: str) -> int:
        """How many parts of a document's first draft are taken as they stand."""
        drafter, task, _ = self._whole(case, kind)
        draft = await drafter.one(task, 0)
        taken = (
            next(drafter.judge.faults(text, "stop", task.parts[n], case.demographics), None) is None
            for n, text in draft.items()
        )
        return sum(taken)

    def whole_task(self, case: Case, kind: str) -> DocumentTask:
        """A document as it is asked for at once."""
        return self._whole(case, kind)[1]

    def _whole(
        self, case: Case, kind: str
    ) -> tuple[DocumentDrafter, DocumentTask, Mapping[str, Piece]]:
        spec = self.library.kind(kind)
        composer = self._composer(case, kind, self.library.template(spec.prompt))
        return Job(self, case, self._plan(case, kind), composer).whole()

    def grammar_of(self, task: Task) -> str | None:
        """The grammar that anchors a task's answer, where the server takes one."""
        return anchored_grammar(task, self.forms_of) if self.structured.grammar else None

    @property
    def decoding(self) -> str:
        """How the model's words are bound: as configured, where the server takes a grammar."""
        return self.settings.decoding if self.complete and self.structured.grammar else "free"

    def _prompt_of(self, job: Job, template: Template) -> Template:
        """The template that the document was written with."""
        return self.library.template(ROLEPLAY_PROMPT) if job.is_played else template

    def _plan(self, case: Case, kind: str) -> Plan:
        spec = self.library.kind(kind)
        spoken = spec.dialogue or spec.speaker is not None
        density = 1.0 if spoken else self.library.style(case.style).density
        log = self.log_of(case, spec)
        known = as_spoken(case.facts, log) if spec.dialogue else as_noted(case.facts, log)
        plan = plan_document(replace(case, facts=tuple(known)), kind, spec, density=density)
        if not spec.dialogue and self.complete is not None and self.granularity != "group":
            lines = () if spoken else self.library.style(case.style).lines
            plan = in_sections(plan, lambda p: p.group in lines or self.is_realised(p))
        return _with_truth(plan, case, spec, log) if log else plan

    def is_realised(self, piece: Piece) -> bool:
        """Whether the piece is never the model's: what no checker can follow."""
        group = self.library.groups[piece.group]
        return group.realise_only or any(f.concept == UNNAMED for f in piece.facts)

    def log_of(self, case: Case, spec: KindSpec) -> tuple[Disclosed, ...]:
        """What the patient tells; nothing where the document goes by the whole truth.

        What a patient writes at home is no part of the visit.
        """
        if case.setting not in self.disclosing or spec.speaker == "patient":
            return ()
        persona = self.library.personas[case.persona]
        return disclose(case, persona, self.lay_forms, seed=self.seed)

    def _composer(self, case: Case, kind: str, template: Template) -> Composer:
        return Composer(
            library=self.library,
            template=template,
            case=case,
            kind=kind,
            style=case.style,
            document_id=self._document_id(case, kind),
            seed=self.seed,
            shots=self.settings.shots,
            forms_of=self.forms_of,
            lay_forms=self.lay_forms,
            short_forms=self.short_forms,
        )

    def _document_id(self, case: Case, kind: str) -> str:
        variant = case.style if case.style in self.library.variants else ""
        return document_id_of(case, kind, variant)

    def _provenance(self, job: Job, template: Template, assembly: Assembly) -> Provenance:
        written = [*job.written.values(), *job.asked.values()]
        return Provenance(
            prompt_name=template.name,
            prompt_version=template.version,
            prompt_hash=template.hash,
            model=self.engine.model,
            engine=self.engine.engine,
            temperature=self.settings.temperature,
            top_p=self.settings.top_p,
            max_tokens=self.settings.max_tokens,
            request_seed=next((w.seed for w in written if w.seed), 0),
            attempts=sum(w.attempts for w in written) + job.drafted,
            repairs=sum(w.repairs for w in written) + job.repaired,
            model_written=round(model_share(assembly.segments), 4),
            graph_version=self.graph_version,
            casewright_version=__version__,
            granularity=job.granularity,
            decoding=self.decoding,
        )


def _with_truth(plan: Plan, case: Case, spec: KindSpec, log: tuple[Disclosed, ...]) -> Plan:
    """The plan with the case's own facts: what was not told in full may be mentioned at most."""
    told = {d.fact_id for d in log if d.outcome in ("told", "minimised")}
    logged = {d.fact_id for d in log}
    planned = {f.fact_id: f.duty for f in plan.facts}
    facts = tuple(
        replace(
            f,
            duty="must_not"
            if f.type in spec.silent
            else planned.get(f.fact_id, "may")
            if f.fact_id in told or f.fact_id not in logged
            else "may",
        )
        for f in case.facts
    )
    return replace(plan, facts=facts)
