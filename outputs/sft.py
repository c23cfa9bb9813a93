"""Training pairs for supervised fine-tuning, as the conversations that TRL takes.

Three tasks, with answers that are right by construction: a note from the dialogue of the
same case, the codes of the diagnoses that a note states, and a note from the facts that it
states. Each comes as `prompt`/`completion` and as `messages`. Where documents were mended, there
are preference pairs too (`outputs/preferences.py`).
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from casewright.errors import CasewrightError
from casewright.outputs.card import CardConfig, CardInfo, CardSplit
from casewright.outputs.exporting import exporting
from casewright.outputs.labels import PlainRow
from casewright.outputs.lengths import PairLengths, load_counter
from casewright.outputs.preferences import preferences
from casewright.outputs.prompting import administrative, facts_prompt, stated_codes
from casewright.outputs.splits import SPLITS, Split, SplitPlan
from casewright.outputs.tasks import cases_of, rejected_of
from casewright.outputs.trainers import PREFERENCES, write_trainers

__all__ = [
    "TASKS",
    "Pair",
    "export_sft",
    "pairs_of_case",
]

TASKS = ("dial2note", "note2icd", "facts2note")

CATEGORIES = ("text-generation", "summarization", "text-classification")

_DIAL2NOTE = "Write the {kind} for this encounter from the transcript of the conversation."
_NOTE2ICD = (
    "List the ICD-10-CM codes of the diagnoses that this {kind} states, one a line, the principal "
    "diagnosis first, each as code and title."
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One training example: what is asked, what is to be answered, and where it comes from."""

    task: str
    prompt: str
    completion: str
    document_id: str
    case_id: str
    kind: str


def export_sft(
    run: str | Path,
    dest: str | Path,
    *,
    info: CardInfo | None = None,
    splits: SplitPlan | None = None,
    benchmarks: Sequence[Path] = (),
    tokenizer: Path | None = None,
) -> Path:
    """Export training pairs: `<task>/train.jsonl` and `<task>_messages/train.jsonl` and so on.

    The lines of `<task>` hold `prompt` and `completion`, lists of messages, which TRL's
    trainers take as they are (conversational prompt-completion); `<task>_messages` hold the
    same pairs as one list `messages`. The splits are by case. `configs/` and
    `dataset_info.json` are for trainers, `lengths.json` tells how long the pairs are.

    Args:
        run: a finished run.
        dest: a new or empty directory.
        info: title and licence for the card.
        splits: which share of the cases goes where.
        benchmarks: as for `export_hf`.
        tokenizer: a `tokenizer.json` or a model's folder; pairs are counted in its tokens.

    Raises:
        CasewrightError: as for `export_hf`.
    """
    lengths = PairLengths(load_counter(tokenizer) if tokenizer else None)
    begun = exporting(run, dest, info=info, splits=splits, benchmarks=benchmarks, dealt=["cases"])
    with begun as export:
        folder, scratch = export.folder, export.scratch
        shards = export.shards("cases", scratch / "shards")
        rejected = rejected_of(export.run)
        sizes: dict[str, Counter[Split]] = defaultdict(Counter)
        with ExitStack() as stack:
            files: dict[tuple[str, Split], TextIO] = {}
            for sharded in shards:
                for path in sharded.files:
                    for example in _examples(path, rejected):
                        lengths.add(example.task, example.prompt, example.longest)
                        for name, value in example.lines:
                            key = (name, sharded.split)
                            if key not in files:
                                files[key] = stack.enter_context(_open(folder, *key))
                            files[key].write(json.dumps(value, ensure_ascii=False) + "\n")
                            sizes[name][sharded.split] += 1
        if not sizes:
            raise CasewrightError(
                "the run gives no training pairs", where=export.run, valid="a run that kept notes"
            )
        every = (*TASKS, PREFERENCES)
        configs = [
            CardConfig(
                name,
                [CardSplit(s, f"{name}/{s}.jsonl", n, 0) for s in SPLITS if (n := sizes[name][s])],
                default=number == 0,
            )
            for number, name in enumerate(
                n for task in every for n in (task, f"{task}_messages") if n in sizes
            )
        ]
        tasks = {t: [s for s in SPLITS if sizes[t][s]] for t in every if t in sizes}
        counted = sorted(lengths.results(), key=lambda found: every.index(found.task))
        write_trainers(folder, Path(dest).absolute().name, tasks, counted)
        export.describe(configs, CATEGORIES, "feed", counted)
    return Path(dest)


def _open(folder: Path, name: str, split: Split) -> TextIO:
    (folder / name).mkdir(exist_ok=True)
    return (folder / name / f"{split}.jsonl").open("w", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Example:
    """An example as it is written. `lines` are (file, line); `longest` is its longest answer."""

    task: str
    prompt: str
    longest: str
    lines: tuple[tuple[str, dict[str, Any]], ...]


def _examples(path: Path, rejected: Mapping[str, Sequence[PlainRow]]) -> Iterator[_Example]:
    """The examples of a shard, in which the documents of a case stand together."""
    for case in cases_of(path):
        for pair in pairs_of_case(case):
            yield _of_pair(pair)
        for preference in preferences(case, rejected.get(case[0]["case_id"], ())):
            yield _of_preference(preference)


def _of_pair(pair: Pair) -> _Example:
    prompt = [{"role": "user", "content": pair.prompt}]
    completion = [{"role": "assistant", "content": pair.completion}]
    origin = {"document_id": pair.document_id, "case_id": pair.case_id, "kind": pair.kind}
    return _Example(
        pair.task,
        pair.prompt,
        pair.completion,
        (
            (pair.task, {"prompt": prompt, "completion": completion, **origin}),
            (f"{pair.task}_messages", {"messages": prompt + completion, **origin}),
        ),
    )


def _of_preference(row: dict[str, Any]) -> _Example:
    # axolotl and LLaMA-Factory take one message on each side, TRL a list of them.
    (prompt,) = row["prompt"]
    chosen, worse = (
        {**message, "content": message["content"].strip()}
        for side in ("chosen", "rejected")
        for message in row[side]
    )
    rest = {k: v for k, v in row.items() if k not in ("prompt", "chosen", "rejected", "synthetic")}
    return _Example(
        PREFERENCES,
        prompt["content"],
        max(chosen["content"], worse["content"], key=len),
        (
            (PREFERENCES, {"prompt": [prompt], "chosen": [chosen], "rejected": [worse], **rest}),
            (
                f"{PREFERENCES}_messages",
                {"messages": [prompt], "chosen": chosen, "rejected": worse, **rest},
            ),
        ),
    )


def pairs_of_case(rows: Iterable[PlainRow]) -> Iterator[Pair]:
    """All pairs that the documents of one case give, from rows in plain form."""
    ordered = sorted(rows, key=lambda row: row["document_index"])
    notes = [row for row in ordered if not row["turns"]]
    dialogues = [row for row in ordered if row["turns"]]
    for note in notes:
        kind = note["kind"].replace("_", " ")
        header = administrative(note)
        for dialogue in dialogues:
            yield _pair(
                "dial2note",
                note,
                [_DIAL2NOTE.format(kind=kind), header, f"Transcript:\n{dialogue['text']}"],
                note["text"],
            )
        codes = "\n".join(f"{d['code']} {d['title']}" for d in stated_codes(note))
        if codes:
            yield _pair("note2icd", note, [_NOTE2ICD.format(kind=kind), note["text"]], codes)
        asked = facts_prompt(note)
        if asked:
            yield _pair("facts2note", note, [asked], note["text"])


def _pair(task: str, note: Mapping[str, Any], parts: list[str], completion: str) -> Pair:
    prompt = "\n\n".join(part.strip() for part in parts if part)
    return Pair(
        task, prompt, completion.strip(), note["document_id"], note["case_id"], note["kind"]
    )
