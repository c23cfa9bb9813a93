"""What a prompt of an export says of a document: its facts, its codes, who the patient is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["administrative", "fact_line", "facts_prompt", "stated_codes"]

# What a fact holds for the code (its rank, its side of normal, how the patient words it, which
# question it answers) rather than for the note.
_UNSAID = {"role", "flag", "first", "asks"}

_POLARITY = {
    "present": "",
    "denied": "denied: ",
    "historical": "in the past: ",
    "family": "in the family: ",
    "hypothetical": "considered, not established: ",
}


def facts_prompt(note: Mapping[str, Any]) -> str:
    """The request for a note from the facts that it states; empty where it states none."""
    facts = [fact_line(fact) for fact in note["facts"] if fact["status"] == "stated"]
    if not facts:
        return ""
    kind = note["kind"].replace("_", " ")
    listed = "Facts:\n" + "\n".join(f"- {line}" for line in facts)
    parts = [f"Write a {kind} that states these facts.", administrative(note), listed]
    return "\n\n".join(part for part in parts if part)


def fact_line(fact: Mapping[str, Any]) -> str:
    """A fact as a line of a prompt: "medication: lisinopril 10 mg, by mouth, once daily"."""
    amount = " ".join(part for part in (fact["value"], fact["unit"]) if part)
    parts = [f"{fact['name']} {amount}".strip()]
    # A score names its questionnaire twice.
    parts += [
        a["value"]
        for a in fact["attributes"]
        if a["name"] not in _UNSAID and a["value"] != fact["name"]
    ]
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
