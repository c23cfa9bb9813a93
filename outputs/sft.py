"""Training pairs for supervised fine-tuning, as the conversations that TRL takes.

Three tasks, with answers that are right by construction: a note from the dialogue of the
same case, the codes of the diagnoses that a note states, and a note from the facts that it
states. Each comes as `prompt`/`completion` and as `messages`.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TextIO

import pyarrow.parquet as pq

from casewright.errors import CasewrightError
from casewright.outputs.card import CardConfig, CardInfo, CardSplit
from casewright.outputs.exporting import exporting
from casewright.outputs.lengths import PairLengths, load_counter
from casewright.outputs.shards import write_shards
from casewright.outputs.splits import SPLITS, Split, SplitPlan
from casewright.outputs.trainers import write_trainers

__all__ = [
    "TASKS",
    "Pair",
    "administrative",
    "export_sft",
    "fact_line",
    "pairs_of_case",
    "stated_codes",
]

TASKS = ("dial2note", "note2icd", "facts2note")
CATEGORIES = ("text-generation", "summarization", "text-classification")

# What a fact holds for the code (its rank, its side of normal, how the patient words it)
# rather than for the note.
_UNSAID = {"role", "flag", "first"}

_DIAL2NOTE = "Write the {kind} for this encounter from the transcript of the conversation."
_NOTE2ICD = (
    "List the ICD-10-CM codes of the diagnoses that this {kind} states, one a line, the principal "
    "diagnosis first, each as code and title."
)
_FACTS2NOTE = "Write a {kind} that states these facts."

_POLARITY = {
    "present": "",
    "denied": "denied: ",
    "historical": "in the past: ",
    "family": "in the family: ",
    "hypothetical": "considered, not established: ",
}


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
    with exporting(run, dest, info=info, splits=splits, benchmarks=benchmarks) as export:
        folder, scratch = export.folder, export.scratch
        shards = write_shards(
            export.run, scratch / "shards", scratch / "deal", export.division, whole_cases=True
        )
        sizes: dict[str, Counter[Split]] = defaultdict(Counter)
        with ExitStack() as stack:
            files: dict[tuple[str, Split], TextIO] = {}
            for sharded in shards:
                for path in sharded.files:
                    for pair in _pairs(path):
                        lengths.add(pair.task, pair.prompt, pair.completion)
                        for name, value in _lines(pair):
                            key = (name, sharded.split)
                            if key not in files:
                                files[key] = stack.enter_context(_open(folder, *key))
                            files[key].write(json.dumps(value, ensure_ascii=False) + "\n")
                            sizes[name][sharded.split] += 1
        shutil.rmtree(scratch)
        if not sizes:
            raise CasewrightError(
                "the run gives no training pairs", where=export.run, valid="a run that kept notes"
            )
        configs = [
            CardConfig(
                name,
                [CardSplit(s, f"{name}/{s}.jsonl", n, 0) for s in SPLITS if (n := sizes[name][s])],
                default=number == 0,
            )
            for number, name in enumerate(
                n for task in TASKS for n in (task, f"{task}_messages") if n in sizes
            )
        ]
        tasks = {t: [s for s in SPLITS if sizes[t][s]] for t in TASKS if t in sizes}
        counted = sorted(lengths.results(), key=lambda found: TASKS.index(found.task))
        write_trainers(folder, Path(dest).absolute().name, tasks, counted)
        export.describe(configs, CATEGORIES, "feed", counted)
    return Path(dest)


def _open(folder: Path, name: str, split: Split) -> TextIO:
    (folder / name).mkdir(exist_ok=True)
    return (folder / name / f"{split}.jsonl").open("w", encoding="utf-8")


def _lines(pair: Pair) -> Iterator[tuple[str, dict[str, Any]]]:
    prompt = [{"role": "user", "content": pair.prompt}]
    completion = [{"role": "assistant", "content": pair.completion}]
    origin = {"document_id": pair.document_id, "case_id": pair.case_id, "kind": pair.kind}
    yield pair.task, {"prompt": prompt, "completion": completion, **origin}
    yield f"{pair.task}_messages", {"messages": prompt + completion, **origin}


def _pairs(path: Path) -> Iterator[Pair]:
    """The pairs of a shard, in which the documents of a case stand together."""
    with pq.ParquetFile(path) as file:
        rows = (row for batch in file.iter_batches(256) for row in batch.to_pylist())
        for _, case in groupby(rows, key=itemgetter("case_id")):
            yield from pairs_of_case(case)


def pairs_of_case(rows: Iterable[dict[str, Any]]) -> Iterator[Pair]:
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
        facts = [fact_line(fact) for fact in note["facts"] if fact["status"] == "stated"]
        if facts:
            listed = "Facts:\n" + "\n".join(f"- {line}" for line in facts)
            yield _pair(
                "facts2note", note, [_FACTS2NOTE.format(kind=kind), header, listed], note["text"]
            )


def _pair(task: str, note: Mapping[str, Any], parts: list[str], completion: str) -> Pair:
    prompt = "\n\n".join(part.strip() for part in parts if part)
    return Pair(
        task, prompt, completion.strip(), note["document_id"], note["case_id"], note["kind"]
    )


def fact_line(fact: Mapping[str, Any]) -> str:
    """A fact as a line of a prompt: "medication: lisinopril 10 mg, by mouth, once daily"."""
    amount = " ".join(part for part in (fact["value"], fact["unit"]) if part)
    parts = [f"{fact['name']} {amount}".strip()]
    parts += [a["value"] for a in fact["attributes"] if a["name"] not in _UNSAID]
    return f"{fact['type'].replace('_', ' ')}: {_POLARITY[fact['polarity']]}{', '.join(parts)}"


def administrative(note: Mapping[str, Any]) -> str:
    """What a note says of the patient that no fact holds: age, sex and identifiers."""
    lines = []
    who = note["demographics"]
    if who:
        age = f"{who['age_years']} years"
        if who["age_years"] < 2 and who["age_months"] is not None:
            age = f"{max(who['age_months'], 1)} months"
        lines.append(f"- patient: {age}, {who['sex']}")
    lines += list(dict.fromkeys(f"- {item['type']}: {item['text']}" for item in note["phi"]))
    return "Administrative data:\n" + "\n".join(lines) if lines else ""


def stated_codes(note: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The case's codes that the note bears out, or none where the principal one is not stated."""
    stated = {
        fact["code"]
        for fact in note["facts"]
        if fact["status"] == "stated"
        and fact["polarity"] == "present"
        and fact["type"] in ("diagnosis", "comorbidity")
    }
    codes = [d for d in note["icd10"] if d["code"] in stated]
    return codes if codes and codes[0]["role"] == "principal" else []
