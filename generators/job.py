"""The writing of one document: its pieces, laid out, checked as a whole, and repaired."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from casewright.generators.assembly import Assembly
from casewright.generators.compact import Tightener
from casewright.generators.compose import Composer, Spoken
from casewright.generators.consultation import Consultation, consult
from casewright.generators.dialogue import answer_context, lay_out_dialogue, speaker_of
from casewright.generators.drafting import DocumentDrafter, DocumentTask
from casewright.generators.mending import Mender
from casewright.generators.notes import lay_out_note
from casewright.generators.pieces import PieceWriter
from casewright.generators.plan import Granularity, Piece, Plan
from casewright.generators.register import Register
from casewright.generators.roleplay import RolePlay, mode_for
from casewright.generators.tasks import Segment, Task, Written
from casewright.generators.wording import Subject, Voice, capitalise
from casewright.prompts.library import Variant
from casewright.records import (
    Case,
    Fact,
    Ledger,
    RejectedDraft,
    Turn,
)
from casewright.seeds import derive_rng

if TYPE_CHECKING:
    from casewright.generators.writer import Writer

__all__ = ["Job"]

_REPAIR_ROUNDS = 2


class Job:
    """The writing of one document: what was written for each piece so far."""

    def __init__(self, writer: Writer, case: Case, plan: Plan, composer: Composer) -> None:
        self.writer = writer
        self.case = case
        self.composer = composer
        self.talk: Consultation | None = None
        if plan.spec.dialogue:
            persona = writer.library.personas[case.persona]
            log = writer.log_of(case, plan.spec)
            self.talk = consult(case, plan, log, persona, composer.rng("cast"))
            plan = self.talk.plan
        self.plan = plan
        self.plainly: set[str] = set()
        self.written: dict[str, Written] = {}
        self.asked: dict[str, Written] = {}
        self.repaired = 0
        self.drafted = 0
        self.style = writer.library.style(case.style)
        if plan.spec.prose and not isinstance(self.style, Variant):
            voice = "pronoun" if self.style.voice == "telegraphic" else self.style.voice
            self.style = self.style.model_copy(update={"voice": voice, "lines": ()})
        self.register = Register(self.style, plan.facts, writer.short_forms)
        self.tightener = None
        if isinstance(self.style, Variant):
            self.tightener = Tightener(
                self.style.short, plan.facts, writer.check, case.demographics
            )
        self.pieces = PieceWriter(
            writer.complete,
            writer.check,
            writer.forms_of,
            writer.settings,
            mender=None
            if writer.complete is None  # the realiser mends nothing
            else Mender(
                writer.library.template("repair"),
                plan.kind,
                case.style,
                self.voice,
                writer.settings,
            ),
            grammar_of=writer.grammar_of,
        )

    @property
    def style_voice(self) -> Voice:
        """In which the clinician's style speaks of the patient."""
        return self.style.voice

    @property
    def voice(self) -> str:
        """Of the sentences of a section or document."""
        return self.style_voice if self.is_note else "self"

    @property
    def is_note(self) -> bool:
        """Whether a clinician writes for clinicians: style is a matter of these alone."""
        return not self.plan.spec.dialogue and self.plan.spec.speaker is None

    def is_line(self, piece: Piece) -> bool:
        """Whether the style sets the piece as a line or list instead of sentences."""
        return self.is_note and piece.group in self.style.lines

    def subject(self, piece: Piece) -> Subject:
        """Whom the piece is about, and in whose voice."""
        spec = self.plan.spec
        if self.talk is not None:
            return self.talk.subject(piece)
        if not spec.speaker:
            grammar = self.writer.library.grammar
            who = capitalise(grammar.patient[0 if self.case.demographics.sex == "female" else 1])
            identity = self.case.identity
            if piece.group.startswith("opening") and self.style_voice == "pronoun":
                titled = f"{identity.title} {identity.family}".strip()
                who = titled if identity.title else identity.given
            return Subject(self.case.demographics, self.style_voice, who, grammar)
        voice: Voice = "self" if speaker_of(self.case) == "patient" else "caregiver"
        return Subject(self.case.demographics, voice, "The patient")

    def spoken(self, piece: Piece) -> Spoken | None:
        """Who speaks a piece, and how; None in a note."""
        spec = self.plan.spec
        if self.talk is not None:
            spoken = self.talk.spoken(piece)
            return replace(spoken, told={}) if piece.piece_id in self.plainly else spoken
        if not spec.speaker:
            return None
        persona = self.writer.library.personas[self.case.persona]
        return Spoken("doctor" if spec.speaker == "doctor" else speaker_of(self.case), persona)

    @property
    def granularity(self) -> Granularity:
        """What the model was given at a time in this document."""
        split = self.plan.spec.dialogue or self.writer.complete is None
        return "group" if split else self.writer.granularity

    def task(self, piece: Piece) -> Task:
        """The task for a piece."""
        if piece.parts:
            parts = [self.task(part) for part in piece.parts]
            return self.composer.section(piece, parts, self.subject(piece))
        return self.composer.task(piece, self.subject(piece), self.spoken(piece))

    async def write_note(self) -> None:
        """Write the pieces of a note, or of a message."""
        whole = self.granularity == "document"
        given = await self._draft_whole() if whole else {}
        results = await asyncio.gather(
            *(self._write_piece(p, given.get(p.piece_id, "")) for p in self.plan.pieces)
        )
        self.written = dict(zip((p.piece_id for p in self.plan.pieces), results, strict=True))

    async def _draft_whole(self) -> Mapping[str, str]:
        """The best of some drafts of the whole document, by the pieces of the plan."""
        drafter, task, names = self.whole()
        if not task.parts:
            return {}
        draft = await drafter.draft(task, self.case.demographics)
        self.drafted = draft.attempts
        return {names[name].piece_id: text for name, text in draft.parts.items()}

    def whole(self) -> tuple[DocumentDrafter, DocumentTask, Mapping[str, Piece]]:
        """Who drafts the document at once, the task, and the piece behind each of its parts."""
        complete = self.writer.complete
        assert complete is not None
        names = self._names()
        drafter = DocumentDrafter(
            complete,
            self.pieces.judge,
            self.writer.settings,
            self.writer.library.template("document"),
            self.writer.structured.json,
        )
        task = DocumentTask(
            seed_keys=(self.writer.seed, self.composer.document_id),
            parts={name: self.task(piece) for name, piece in names.items()},
            kind=self.plan.kind,
            style=self.case.style,
            voice=self.voice,
        )
        return drafter, task, names

    def _names(self) -> dict[str, Piece]:
        """What is to be written, by the heading it stands under, numbered where there are more."""
        named: dict[str, Piece] = {}
        for piece in self.plan.pieces:
            if self.is_line(piece) or self.writer.is_realised(piece):
                continue
            headings = self.plan.spec.sections[piece.section].headings
            name = headings["full"][0] if headings else "Paragraph"
            same = sum(n == name or n.startswith(f"{name} (") for n in named)
            named[f"{name} ({same + 1})" if same or not headings else name] = piece
        return named

    async def _write_piece(self, piece: Piece, given: str = "") -> Written:
        if self.is_line(piece):
            return Written(
                (Segment(self.composer.line(piece, self.subject(piece)), "realiser"),), 0, 0
            )
        return await self._state(piece, self.task(piece), given)

    async def _state(self, piece: Piece, task: Task, given: str = "") -> Written:
        """Have the task written; what no checker can follow is realised."""
        if self.writer.is_realised(piece):
            return Written((Segment(task.fallback(), "realiser"),), 0, 0)
        return await self.pieces.write(task, self.case.demographics, given)

    @property
    def is_played(self) -> bool:
        """Whether two model roles write the dialogue, and not a script."""
        mode = mode_for(self.writer.dialogue, self.writer.granularity)
        return self.talk is not None and mode == "roleplay" and self.writer.complete is not None

    def tasks(self) -> list[Task]:
        """The tasks of all pieces; in a role-play as if each turn before were the realiser's."""
        talk = self.talk
        if talk is None:
            return [self.task(piece) for piece in self.plan.pieces]
        made: list[Task] = []
        play = RolePlay(talk, self.composer, self.pieces, self.writer.library)
        for piece in self.plan.pieces:
            if self.writer.library.groups[piece.group].ask:
                play.hear("doctor", self._scripted(piece) or self._asking(piece).fallback())
            if talk.lost(piece):
                continue
            task = self.task(piece)
            made.append(play.staged(task, piece) if self.is_played else task)
            play.hear(task.speaker or "doctor", task.fallback())
        return made

    async def write_dialogue(self) -> None:
        """Write the exchanges of a dialogue."""
        if self.is_played and self.talk is not None:
            play = RolePlay(self.talk, self.composer, self.pieces, self.writer.library)
            for piece in self.plan.pieces:  # each turn hears those before it
                await self._write_exchange(piece, play)
        else:
            await asyncio.gather(*(self._write_exchange(p) for p in self.plan.pieces))
        self.written = {
            p.piece_id: self.written[p.piece_id]
            for p in self.plan.pieces
            if p.piece_id in self.written
        }

    async def _write_exchange(self, piece: Piece, play: RolePlay | None = None) -> None:
        assert self.talk is not None
        group = self.writer.library.groups[piece.group]
        if group.ask:
            self.asked[piece.piece_id] = await self._ask(piece, play)
            if play:
                play.hear("doctor", self.asked[piece.piece_id].text)
        if self.talk.lost(piece):
            return
        task = self.task(piece)
        if group.ask:
            task = replace(task, context=answer_context(self.asked[piece.piece_id].text))
        if play:
            task = play.staged(task, piece)
        written = await self._state(piece, task)
        if group.ask and not group.ask_by_model and self._names_diagnosis(written.text):
            written = self._asked_first(piece, written)
        self.written[piece.piece_id] = written
        if play:
            play.hear(task.speaker or "doctor", written.text)

    async def _ask(self, piece: Piece, play: RolePlay | None) -> Written:
        text = self._scripted(piece)
        if play is not None:
            return await play.ask(piece, text, self.case.demographics)
        if not text:
            return await self.pieces.write(self._asking(piece), self.case.demographics)
        return Written((Segment(text, "template"),), 0, 0)

    def _scripted(self, piece: Piece) -> str:
        """The script's question before a piece; empty where it is about a symptom by name."""
        assert self.talk is not None
        if self.writer.library.groups[piece.group].ask_by_model:
            return ""
        rng = self.composer.rng("questions", piece.group)
        return self.talk.question(piece, self.writer.library, rng)

    def _asking(self, piece: Piece) -> Task:
        """The task of a question about a symptom."""
        assert self.talk is not None
        return self.composer.ask(piece, self.talk.listener())

    def _names_diagnosis(self, text: str) -> bool:
        """Whether an answer names the principal diagnosis, which is the clinician's to say."""
        facts = [f for f in self.case.facts if f.type == "diagnosis"]
        if not facts:
            return False
        ids = {f.fact_id for f in facts}
        ledger = self.writer.check(text, facts, None, (Turn("patient", text, 0, len(text)),))
        return any(e.fact_id in ids for e in ledger.entities) or any(
            s.status != "missing" for s in ledger.facts
        )

    def _asked_first(self, piece: Piece, written: Written) -> Written:
        """Have the doctor name in the question what the answer names."""
        assert self.talk is not None
        rng = self.composer.rng(piece.piece_id, "first")
        text = self.talk.first_question(piece, self.writer.library, rng)
        if text is None:
            return written
        old = self.asked[piece.piece_id]
        self.asked[piece.piece_id] = replace(old, segments=(Segment(text, "template"),))
        if re.match(r"(?:Yes|Yeah|No|Well)\b", written.text):
            return written
        return replace(written, segments=(Segment("Yes.", "template"), *written.segments))

    def lay_out(self, changed: Mapping[str, Written] | None = None) -> Assembly:
        """The document, with other pieces in place of those that are given."""
        written = {**self.written, **(changed or {})}
        if self.talk is not None:
            questions = {i: w.segments[0] for i, w in self.asked.items()}
            return lay_out_dialogue(
                self.plan, questions, written, self.case, self.writer.library,
                derive_rng(self.writer.seed, self.composer.document_id, "script"),
                cast=self.talk.cast, apart=self.talk.apart,
            )  # fmt: skip
        return lay_out_note(
            self.plan, self._in_register(written), self.case, self.writer.library, self.style,
            seed=self.writer.seed, document_id=self.composer.document_id,
        )  # fmt: skip

    def rejected(self) -> tuple[RejectedDraft, ...]:
        """What the model wrote first for each piece that it did not get right at once."""
        return tuple(
            RejectedDraft(
                piece_id,
                written.rejected.error_class,
                written.rejected.problem,
                written.rejected.text,
                written.text,
            )
            for piece_id, written in self.written.items()
            if written.rejected is not None
        )

    def first_draft(self) -> str:
        """The document as the model first wrote it: nothing drawn again, mended or realised."""
        first = {
            piece_id: replace(written, segments=(Segment(written.rejected.text, "model"),))
            for piece_id, written in self.written.items()
            if written.rejected is not None
        }
        return self.lay_out(first).text

    def _in_register(self, written: Mapping[str, Written]) -> Mapping[str, Written]:
        """What was written, in the hand of the style."""
        if not self.is_note:
            return written
        facts = {p.piece_id: p.facts for p in self.plan.pieces}
        return {
            piece_id: replace(
                each,
                segments=tuple(
                    replace(s, text=self._by_hand(s.text, piece_id, facts[piece_id]))
                    for s in each.segments
                ),
            )
            for piece_id, each in written.items()
        }

    def _by_hand(self, text: str, piece_id: str, facts: Sequence[Fact]) -> str:
        text = self.register.write(text, self.composer.rng(piece_id, "hand"))
        return self.tightener.write(text, facts) if self.tightener else text

    def settle(self) -> tuple[Assembly, Ledger]:
        """Check the whole document; pieces at fault are realised, and it is checked again."""
        for _ in range(_REPAIR_ROUNDS):
            assembly = self.lay_out()
            ledger = self._check(assembly)
            faulty = self._faulty(assembly, ledger)
            if not faulty:
                return assembly, ledger
            for piece_id in faulty:
                self._realise(piece_id)
        assembly = self.lay_out()
        return assembly, self._check(assembly)

    def _check(self, assembly: Assembly) -> Ledger:
        return self.writer.check(
            assembly.text, self.plan.facts, self.case.demographics, tuple(assembly.turns)
        )

    def _faulty(self, assembly: Assembly, ledger: Ledger) -> set[str]:
        """Pieces by the model whose facts are not stated, or that say what the case does not."""
        home = {f.fact_id: p.piece_id for p in self.plan.pieces if not p.again for f in p.facts}
        duties = {f.fact_id: f.duty for f in self.plan.facts}
        faulty: set[str] = set()
        for status in ledger.facts:
            at_fault = status.status in {"contradicted", "forbidden"} or (
                status.status == "missing" and duties[status.fact_id] == "must"
            )
            if not at_fault:
                continue
            for span in status.spans:
                faulty |= assembly.pieces_at(span.start, span.end)
            if status.fact_id in home:
                faulty.add(home[status.fact_id])
        for off in ledger.off_spec:
            faulty |= assembly.pieces_at(off.start, off.end)
        return {p for p in faulty if p in self.written and self._can_be_mended(p)}

    def _can_be_mended(self, piece_id: str) -> bool:
        """Whether the piece can be said otherwise: a model's words, or a patient's own."""
        by_model = any(s.origin == "model" for s in self.written[piece_id].segments)
        told = self.talk is not None and bool(self.talk.log)
        return by_model or (told and piece_id not in self.plainly)

    def _realise(self, piece_id: str) -> None:
        piece = next(p for p in self.plan.pieces if p.piece_id == piece_id)
        old = self.written[piece_id]
        if not any(s.origin == "model" for s in old.segments):
            self.plainly.add(piece_id)
        segments = (Segment(self.task(piece).fallback(), "realiser"),)
        self.written[piece_id] = replace(old, segments=segments, repairs=old.repairs + 1)
        self.repaired += 1
