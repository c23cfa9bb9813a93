"""Tables of texts to be written from other texts: notes, dialogues, codes, patients' answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from casewright.outputs.labels import ORIGIN, PlainRow, origin, stated
from casewright.outputs.prompting import administrative, fact_line, stated_codes

__all__ = ["PAIR_SCHEMAS", "compact", "dial2note", "note2dial", "note2icd", "patient_sim"]

_string = pa.string()
_MESSAGES = pa.list_(pa.struct([("role", _string), ("content", _string)]))
_DIALOGUE = {
    "administrative": _string,
    "dialogue": _string,
    "note": _string,
    "dialogue_id": _string,
    "persona": _string,
}

PAIR_SCHEMAS: dict[str, pa.Schema] = {
    "dial2note": pa.schema({**_DIALOGUE, **ORIGIN}),
    "note2dial": pa.schema({**_DIALOGUE, **ORIGIN}),
    "note2icd": pa.schema(
        {"text": _string, "codes": pa.list_(_string), "titles": pa.list_(_string), **ORIGIN}
    ),
    "compact": pa.schema(
        {"plain": _string, "compact": _string, "compact_id": _string, "variant": _string, **ORIGIN}
    ),
    "patient_sim": pa.schema(
        {"messages": _MESSAGES, "speaker": _string, "persona": _string, **ORIGIN}
    ),
}

# What a patient can tell; results and the diagnosis are the doctor's to say.
_TOLD = (
    "symptom", "medication", "allergy", "social", "family_history", "comorbidity", "procedure",
)  # fmt: skip
_CLINICIANS = {"doctor", "nurse"}
_SPEAKERS = {"patient": "the patient", "caregiver": "the patient's caregiver"}


def dial2note(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Every note of a case with every dialogue of it."""
    for note in (row for row in case if not row["turns"]):
        for dialogue in (row for row in case if row["turns"]):
            yield {
                "administrative": administrative(note),
                "dialogue": dialogue["text"],
                "note": note["text"],
                "dialogue_id": dialogue["document_id"],
                "persona": dialogue["persona"],
                **origin(note),
            }


def note2dial(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """The same pairs where the note holds all that the dialogue says.

    A dialogue that states a fact which the note leaves out cannot be written from it.
    """
    said = {row["document_id"]: {f["fact_id"] for f in stated(row)} for row in case}
    for pair in dial2note(case):
        if said[pair["dialogue_id"]] <= said[pair["document_id"]]:
            yield pair


def note2icd(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Notes with the codes of the diagnoses that they state, the principal one first."""
    for row in case:
        codes = [] if row["turns"] else stated_codes(row)
        if codes:
            yield {
                "text": row["text"],
                "codes": [d["code"] for d in codes],
                "titles": [d["title"] for d in codes],
                **origin(row),
            }


def compact(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Notes beside what says the same in a shorter hand, where both were kept."""
    by_id = {row["document_id"]: row for row in case}
    for row in case:
        plain = by_id.get(row["variant_of"] or "")
        if plain is not None:
            yield {
                "plain": plain["text"],
                "compact": row["text"],
                "compact_id": row["document_id"],
                "variant": row["style"],
                **origin(plain),
            }


def patient_sim(case: Sequence[PlainRow]) -> Iterator[dict[str, Any]]:
    """Dialogues as a model that plays the patient sees them: the doctor asks, it answers."""
    for row in case:
        roles = {turn["role"] for turn in row["turns"]}
        speaker = next((role for role in _SPEAKERS if role in roles), None)
        # A third voice is neither side of a chat of two; doctor and nurse are one side.
        if speaker is None or roles - _CLINICIANS != {speaker} or "doctor" not in roles:
            continue
        messages: list[dict[str, str]] = [{"role": "system", "content": _part(row, speaker)}]
        for turn in row["turns"]:
            role = "user" if turn["role"] in _CLINICIANS else "assistant"
            if messages[-1]["role"] == role:
                messages[-1]["content"] += " " + turn["text"]
            elif role == "assistant" and len(messages) == 1:
                messages += [
                    {"role": "user", "content": "(The doctor comes in.)"},
                    {"role": role, "content": turn["text"]},
                ]
            else:
                messages.append({"role": role, "content": turn["text"]})
        while messages[-1]["role"] == "user":  # nothing is learnt from a last word unanswered
            messages.pop()
        if len(messages) > 2:
            yield {
                "messages": messages,
                "speaker": speaker,
                "persona": row["persona"],
                **origin(row),
            }


def _part(row: PlainRow, speaker: str) -> str:
    who = row["demographics"]
    age = f"{who['age_years']}-year-old " if who else ""
    if who and who["age_years"] < 2 and who["age_months"] is not None:
        age = f"{max(who['age_months'], 1)}-month-old "
    # What is prescribed in the visit the patient only hears at its end.
    facts = [f for f in stated(row, *_TOLD) if f["type"] != "medication" or _home(f)]
    lines = [f"- {fact_line(fact)}" for fact in facts]
    return "\n".join(
        [
            f"You are {_SPEAKERS[speaker]} at a medical visit. The patient is a {age}"
            f"{who['sex'] if who else 'person'}. Answer the doctor from these facts; what is not "
            "among them you do not have or do not know.",
            *lines,
        ]
    )


def _home(fact: PlainRow) -> bool:
    return any(a["name"] == "course" and a["value"] == "home" for a in fact["attributes"])
