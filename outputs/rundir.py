"""The run directory: every finished document, kept safe until it is sealed.

    RUN/manifest.json                 what the run is made of, and how its documents add up
    RUN/documents/part-*.parquet      kept documents
    RUN/rejects/part-*.parquet        rejected and failed ones, with reasons and evidence
    RUN/journal/                      finished documents of parts that are not yet sealed

Several processes may work on one run, each on a shard of its own. The last one to finish
joins the shards' parts and writes the manifest of the whole.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeAlias

from casewright.errors import CasewrightError
from casewright.outputs import journal
from casewright.outputs.claim import claim, directory_lock, lock_shard, refuse_foreign
from casewright.outputs.files import FileLock, writing
from casewright.outputs.manifest import (
    MANIFEST,
    About,
    Counts,
    Fingerprint,
    Manifest,
    Session,
    ShardState,
    Source,
    Usage,
    now,
    read_manifest,
    read_state,
    versions,
    write_json,
)
from casewright.outputs.parts import (
    Entry,
    compact,
    part_files,
    part_of,
    part_rows,
    read_moves,
    reason_key,
    scan_part,
    segment_path,
)
from casewright.outputs.rows import Outcome, Row, check_evidence, check_row, plain, row_from_plain
from casewright.records import Reason

__all__ = [
    "About",
    "Counts",
    "Fingerprint",
    "Manifest",
    "RunDir",
    "Session",
    "Source",
    "Usage",
    "read_manifest",
    "shard_of",
]

CHECKPOINT_SECONDS = 5.0

CorpusCheck: TypeAlias = Callable[[Iterator[tuple[str, str, str]]], Iterable[tuple[str, Reason]]]
"""(document_id, case_id, text) of all kept documents -> (document_id, reason) to reject."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What became of a document."""

    document_id: str
    outcome: Outcome
    reason: str | None


def shard_of(index: int, planned: int, shards: int, part_rows: int) -> int:
    """Which shard (1-based) a document belongs to.

    Shards take turns in blocks. In a large run a block is a whole part, so that each part
    is one shard's own; a small run is dealt finer, so that every shard has work.
    """
    block = min(part_rows, max(1, planned // (shards * 8)))
    return index // block % shards + 1


class RunDir:
    """A run that this process may write to. Make one with `RunDir.open`, as a context."""

    def __init__(
        self,
        path: Path,
        manifest: Manifest,
        shard: tuple[int, int],
        lock: FileLock,
    ) -> None:
        self.path = path
        self.shard = shard
        self._manifest = manifest
        self._lock = lock
        self._mutex = threading.RLock()
        self._known: dict[int, _Known] = {}
        self._ids: dict[str, int] = {}
        self._moves: dict[str, Reason] = {}
        self._tally: Counter[Outcome] = Counter()
        self._segments: dict[int, journal.Segment] = {}
        self._session = Session(started=now())
        self._began = time.monotonic()
        self._checkpoint_at = self._began
        state = read_state(self._state_path)
        self._past = state.sessions if state else ()
        self._own = self._own_indexes()
        self._refresh()
        self._pending: dict[int, set[int]] = {}
        for index in self.todo():
            self._pending.setdefault(self._part_of(index), set()).add(index)

    # ---------------------------------------------------------------- opening

    @classmethod
    def open(
        cls,
        path: str | Path,
        fingerprint: Fingerprint,
        planned: int,
        shard: tuple[int, int] = (1, 1),
        about: About | None = None,
    ) -> Self:
        """Create a run directory, or resume the run that is in it.

        Args:
            path: the directory; made with its parents where it does not exist.
            fingerprint: what the data is a function of.
            planned: documents of the whole run, over all shards.
            shard: (k, n): this process does shard k of n, 1-based.
            about: what else the manifest shall say.

        Raises:
            CasewrightError: the directory holds something else or a run with another
                fingerprint; another process works on it; it cannot be written to.
        """
        path = Path(path)
        k, n = shard
        if not 1 <= k <= n:
            raise CasewrightError(
                f"there is no shard {k} of {n}", valid="k/n with k from 1 to n", where="--shard"
            )
        if planned < 0:
            raise ValueError(f"planned must not be negative, not {planned}")
        refuse_foreign(path)
        with writing(path):
            (path / "journal").mkdir(parents=True, exist_ok=True)
            # One process at a time decides what the directory is and who works on it.
            with directory_lock(path):
                manifest = claim(path, fingerprint, planned, about)
                lock = lock_shard(path, shard)
        try:
            run = cls(path, manifest, shard, lock)
            run._checkpoint(complete=None)
        except BaseException:
            lock.release()
            raise
        return run

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            self.close()
        except CasewrightError:
            if kind is None:  # else the error that ended the run is the one to show
                raise

    # ---------------------------------------------------------------- reading

    @property
    def planned(self) -> int:
        """Documents of the whole run."""
        return self._manifest.counts.planned

    @property
    def manifest(self) -> Manifest:
        """The manifest as last written."""
        return self._manifest

    @property
    def counts(self) -> Counts:
        """What became of this shard's documents so far; `planned` is the shard's share.

        Failed documents count as failed until they are tried again.
        """
        return Counts(
            len(self._own), self._tally["kept"], self._tally["rejected"], self._tally["failed"]
        )

    def indexes(self) -> Sequence[int]:
        """Places in the plan that belong to this shard, ascending."""
        return self._own

    def todo(self) -> Iterator[int]:
        """This shard's places without a verdict, ascending: new ones, and failed ones again."""
        return (i for i in self._own if not self._is_done(i))

    def done_ids(self) -> set[str]:
        """Ids of the documents with a verdict, of every shard. Failed ones are not among them."""
        return {known.document_id for known in self._known.values() if known.outcome != "failed"}

    def rows(self, *outcomes: Outcome) -> Iterator[Row]:
        """Stored rows of the whole run in plan order, sealed or not; all without arguments."""
        for entries in self._stored():
            chosen = [e for e in entries if not outcomes or self._outcome(e) in outcomes]
            for row in part_rows(chosen, self._moves):
                yield row_from_plain(row)

    def kept_texts(self) -> Iterator[tuple[str, str, str]]:
        """(document_id, case_id, text) of the kept documents of the whole run, in plan order.

        The text is what was written and screened: that before any noise.
        """
        for entries in self._stored():
            chosen = [e for e in entries if self._outcome(e) == "kept"]
            for row in part_rows(chosen, {}):
                yield row["document_id"], row["case_id"], row.get("clean_text") or row["text"]

    def others_complete(self) -> bool:
        """Whether every other shard has been sealed: this one joins them all."""
        k, n = self.shard
        states = (read_state(_state_path(self.path, (i, n))) for i in range(1, n + 1) if i != k)
        return all(state is not None and state.complete for state in states)

    # ---------------------------------------------------------------- writing

    def add(self, row: Row, outcome: Outcome | None = None, usage: Usage | None = None) -> None:
        """Record a finished document. When this returns, SIGKILL cannot take it back.

        Args:
            row: the document; its spans are checked.
            outcome: what became of it, where the row does not say it already.
            usage: what it asked of the engine, for the manifest's totals.

        Raises:
            CasewrightError: it cannot be written; all earlier documents stay.
            ValueError: a span is wrong, or the document is not this shard's or done already.
        """
        row = row if outcome is None else replace(row, outcome=outcome)
        check_row(row)
        with self._mutex:
            self._check_place(row)
            self._reopen()
            index, part = row.document_index, self._part_of(row.document_index)
            segment = self._segments.get(part)
            if segment is None:
                segment = journal.Segment(segment_path(self.path, part, self.tag))
                self._segments[part] = segment
            segment.append(plain(row))
            key = reason_key(row.reasons[0].filter, row.reasons[0].label) if row.reasons else None
            self._note(index, _Known(row.document_id, row.outcome, key))
            self._session = replace(
                self._session,
                documents=self._session.documents + 1,
                usage=self._session.usage + (usage or Usage()),
            )
            pending = self._pending.get(part, set())
            pending.discard(index)
            if not pending:
                self._seal_part(part)
            if time.monotonic() - self._checkpoint_at >= CHECKPOINT_SECONDS:
                self._checkpoint(complete=False)

    def reject_kept(self, ids: Iterable[str], reason: Reason) -> None:
        """Reject documents that had been kept, for what only the whole corpus shows.

        Raises:
            ValueError: an id is not that of a kept document.
        """
        with self._mutex:
            wanted = [(document_id, reason) for document_id in ids]
            if any(document_id not in self._ids for document_id, _ in wanted):
                self._refresh()  # another shard's, finished since this one was opened
            if wanted:
                self._check_kept(wanted)
                self._reopen()
                self._move(wanted)

    def seal(self, corpus_check: CorpusCheck | None = None) -> Manifest:
        """Turn the journal into parts, and write the manifest.

        The last shard to be sealed joins the parts of all and completes the manifest.

        Args:
            corpus_check: called once, by the process that completes the run, with
                (document_id, case_id, text) of all kept documents in plan order; gives
                (document_id, reason) for those to be rejected after all.

        Raises:
            CasewrightError: it cannot be written; nothing is lost then.
            RuntimeError: documents of this shard have no outcome yet, or the stored
                documents do not add up to the plan.
        """
        with self._mutex:
            if self._manifest.complete:
                return self._manifest
            missing = [i for i in self._own if i not in self._known]
            if missing:
                raise RuntimeError(
                    f"{len(missing)} documents have no outcome yet, the first at {missing[0]}"
                )
            self._close_segments()
            if self.shard[1] > 1:
                for part, files in part_files(self.path, self.tag).items():
                    if files.segments:
                        compact(self.path, part, files, tag=self.tag, moves=self._moves)
            with writing(self.path), directory_lock(self.path):
                last = self.others_complete()
                if last:
                    self._join(corpus_check)
                self._checkpoint(complete=True)
                self._write_manifest(complete=last)
            return self._manifest

    def close(self) -> None:
        """Make everything durable and let others work on the shard. Sealing is not needed."""
        with self._mutex:
            try:
                self._close_segments()
                self._checkpoint(complete=None)
            finally:
                self._lock.release()

    # ---------------------------------------------------------------- inside

    @property
    def tag(self) -> str:
        """The shard in file names: "s1of4"."""
        return f"s{self.shard[0]}of{self.shard[1]}"

    @property
    def _state_path(self) -> Path:
        return _state_path(self.path, self.shard)

    def _part_of(self, index: int) -> int:
        return part_of(index, self._manifest.part_rows)

    def _shard_of(self, index: int) -> int:
        return shard_of(index, self.planned, self.shard[1], self._manifest.part_rows)

    def _own_indexes(self) -> Sequence[int]:
        k, n = self.shard
        if n == 1:
            return range(self.planned)
        return [i for i in range(self.planned) if self._shard_of(i) == k]

    def _is_done(self, index: int) -> bool:
        known = self._known.get(index)
        return known is not None and known.outcome != "failed"

    def _outcome(self, entry: Entry) -> Outcome:
        moved = entry.outcome == "kept" and entry.document_id in self._moves
        return "rejected" if moved else entry.outcome

    def _stored(self) -> Iterator[list[Entry]]:
        """What is on disk, part by part, in plan order."""
        for files in part_files(self.path).values():
            yield [entry for _, entry in sorted(scan_part(files).items())]

    def _refresh(self) -> None:
        """Learn what is stored, by this shard and the others."""
        self._moves |= read_moves(self.path)
        self._known, self._ids, self._tally = {}, {}, Counter()
        for entries in self._stored():
            for entry in entries:
                key, outcome = entry.reason, self._outcome(entry)
                if outcome != entry.outcome:
                    reason = self._moves[entry.document_id]
                    key = reason_key(reason.filter, reason.label)
                self._note(entry.index, _Known(entry.document_id, outcome, key))

    def _note(self, index: int, known: _Known) -> None:
        k, n = self.shard
        if n == 1 or self._shard_of(index) == k:
            before = self._known.get(index)
            if before is not None:
                self._tally[before.outcome] -= 1
            self._tally[known.outcome] += 1
        self._known[index] = known
        self._ids[known.document_id] = index

    def _check_place(self, row: Row) -> None:
        index = row.document_index
        if not 0 <= index < self.planned:
            raise ValueError(f"{row.document_id!r}: place {index} is not in the plan")
        k, n = self.shard
        if self._shard_of(index) != k:
            raise ValueError(f"{row.document_id!r}: place {index} is not of shard {k}/{n}")
        if self._is_done(index):
            raise ValueError(f"{row.document_id!r}: place {index} was done already")
        if self._ids.get(row.document_id, index) != index:
            raise ValueError(f"{row.document_id!r} is the id of another document too")

    def _seal_part(self, part: int) -> None:
        """Seal a part whose documents are all there, so that the journal stays small."""
        self._segments.pop(part).close()
        single = self.shard[1] == 1
        files = part_files(self.path, None if single else self.tag)[part]
        compact(self.path, part, files, tag=None if single else self.tag, moves=self._moves)

    def _reopen(self) -> None:
        """Say that the run is not complete, before it grows or changes again."""
        if self._manifest.complete:
            with writing(self.path), directory_lock(self.path):
                self._checkpoint(complete=False)
                self._manifest = replace(self._manifest, complete=False)
                write_json(self.path / MANIFEST, self._manifest)

    def _close_segments(self) -> None:
        while self._segments:
            self._segments.popitem()[1].close()

    def _checkpoint(self, *, complete: bool | None) -> None:
        """Write this shard's state; `complete=None` leaves that mark as it is."""
        self._checkpoint_at = time.monotonic()
        if complete is None:
            state = read_state(self._state_path)
            complete = state is not None and state.complete
        k, n = self.shard
        session = replace(self._session, seconds=round(self._checkpoint_at - self._began, 3))
        # A session that only looked leaves no trace.
        sessions = (*self._past, session) if session.documents else self._past
        write_json(self._state_path, ShardState(k, n, complete, sessions))

    def _join(self, corpus_check: CorpusCheck | None) -> None:
        """Make one set of parts, each complete. The directory lock is held."""
        if self.shard[1] > 1:
            self._refresh()
        if corpus_check is not None:
            found = list(corpus_check(self.kept_texts()))
            self._check_kept(found)
            self._move(found)
        touched = {self._part_of(self._ids[document_id]) for document_id in self._moves}
        for part, files in part_files(self.path).items():
            names = {path.name for path in files.documents + files.rejects}
            if files.segments or part in touched or names != {f"part-{part:05d}.parquet"}:
                compact(self.path, part, files, tag=None, moves=self._moves)

    def _check_kept(self, pairs: Sequence[tuple[str, Reason]]) -> None:
        """Refuse late reasons for what is not kept, or whose evidence the text does not bear."""
        for document_id, _ in pairs:
            index = self._ids.get(document_id, -1)
            if index < 0 or self._known[index].outcome != "kept":
                raise ValueError(f"not the id of a kept document: {document_id!r}")
        reasons = {document_id: reason for document_id, reason in pairs if reason.evidence}
        if reasons:
            for document_id, _, text in self.kept_texts():
                if document_id in reasons:
                    check_evidence(document_id, reasons[document_id], text)

    def _move(self, pairs: Iterable[tuple[str, Reason]]) -> None:
        """Put on record which kept documents go to the rejects; parts follow at sealing."""
        moves = journal.Segment(self.path / "journal" / f"moves.{self.tag}")
        try:
            for document_id, reason in pairs:
                moves.append({"document_id": document_id, "reason": plain(reason)})
                self._moves[document_id] = reason
                key = reason_key(reason.filter, reason.label)
                self._note(self._ids[document_id], _Known(document_id, "rejected", key))
        finally:
            moves.close()

    def _write_manifest(self, *, complete: bool) -> None:
        outcomes = Counter(known.outcome for known in self._known.values())
        counts = Counts(self.planned, outcomes["kept"], outcomes["rejected"], outcomes["failed"])
        if complete and not (counts.reconciled and len(self._ids) == self.planned):
            raise RuntimeError(f"the documents do not add up: {counts}, {len(self._ids)} ids")
        reasons: dict[str, Counter[str]] = {"rejected": Counter(), "failed": Counter()}
        for known in self._known.values():
            if known.outcome != "kept":
                reasons[known.outcome][known.reason or "unspecified"] += 1
        states = (read_state(p) for p in sorted((self.path / "journal").glob("state.*.json")))
        self._manifest = replace(
            self._manifest,
            complete=complete,
            counts=counts,
            updated=now(),
            rejected_by_reason=dict(sorted(reasons["rejected"].items())),
            failed_by_reason=dict(sorted(reasons["failed"].items())),
            shards=tuple(state for state in states if state is not None),
            versions=versions(),
        )
        write_json(self.path / MANIFEST, self._manifest)
        if complete:
            for path in (self.path / "journal").glob("moves.*"):
                path.unlink(missing_ok=True)
            self._moves = {}


def _state_path(run: Path, shard: tuple[int, int]) -> Path:
    return run / "journal" / f"state.s{shard[0]}of{shard[1]}.json"
