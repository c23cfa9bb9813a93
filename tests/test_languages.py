"""Spanish end to end: cases, notes, check, screen; and what it lacks is told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import call

from casewright.config import Config, load_config
from casewright.errors import CasewrightError
from casewright.generators.writer import EngineName
from casewright.kg.graph import Graph
from casewright.kg.language import languages, load_names
from casewright.outputs.rows import read_rows
from casewright.prompts.library import Grammar, load_library, prompt_languages
from casewright.records import Demographics, Document
from casewright.setup import checker_of, load_parts

SPANISH = """\
documents: {documents}
language: es
seed: 11
sampling: {{settings: {{outpatient: 0.7, emergency: 0.3}}}}
kinds: {{outpatient: [clinic_note], emergency: [clinic_note]}}
engine: {{kind: realiser}}
"""


def spanish(folder: Path, documents: int = 6, extra: str = "", **changed: str) -> Path:
    text = SPANISH.format(documents=documents) + extra
    for old, new in changed.items():
        text = re.sub(rf"^{old}:.*$", f"{old}: {new}", text, flags=re.M)
    path = folder / "c.yaml"
    path.write_text(text, "utf-8")
    return path


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Document]:
    """Spanish notes of every kind that there is, screened."""
    parts = load_parts(load_config(spanish(tmp_path_factory.mktemp("es"))))
    writer = parts.writer(None, EngineName("realiser", ""))
    cases = [parts.sampler.case(i) for i in range(36)]
    made = [
        parts.screen(asyncio.run(writer.draft(case, kind)))
        for case in cases
        for kind, spec in parts.library.kinds.items()
        if case.setting in spec.settings
    ]
    assert {d.draft.kind for d in made} == {"clinic_note", "ed_note"}
    return made


def test_notes_state_their_cases_and_are_kept(documents: Sequence[Document]) -> None:
    assert not [(d.draft.text, d.verdict.reasons) for d in documents if not d.verdict.keep]
    must = [
        d.draft.ledger.status_of(f.fact_id).status
        for d in documents
        for f in d.draft.facts
        if f.duty == "must"
    ]
    assert len(must) > 300 and set(must) == {"stated"}


def test_notes_have_substance_and_no_english(documents: Sequence[Document]) -> None:
    facts = [len(d.draft.facts) for d in documents]
    assert min(facts) >= 4 and sum(facts) / len(facts) > 8
    denied = [f for d in documents for f in d.draft.facts if f.polarity == "denied"]
    assert len(denied) > 40
    english = re.compile(r"\b(?:the|with|and|patient|denies|years?|daily|blood|history|of)\b")
    for d in documents:
        body = d.draft.text.split("\n\n", 2)[2]  # the facility's name is an English one
        assert not english.findall(body), body
        assert "{" not in body and "|" not in body


@pytest.mark.usefixtures("warm")
def test_the_opposite_of_what_a_note_says_is_contradicted(
    documents: Sequence[Document], graph: Graph
) -> None:
    check = checker_of(graph, load_names("es"))
    flipped = 0
    for d in documents[:20]:
        for fact in d.draft.facts:
            stated = d.draft.ledger.status_of(fact.fact_id).status == "stated"
            if not stated or fact.type not in ("symptom", "finding", "diagnosis"):
                continue
            other = replace(fact, polarity="denied" if fact.polarity == "present" else "present")
            found = check(d.draft.text, [other], d.draft.case.demographics, ()).facts[0]
            assert found.status == "contradicted", (other, found.why, d.draft.text)
            flipped += 1
    assert flipped > 80


def test_the_notes_openings_differ(documents: Sequence[Document]) -> None:
    openings = {" ".join(d.draft.text.split("\n\n")[2].split()[2:7]) for d in documents}
    assert len(openings) > 15


def test_sex_and_number_of_the_patient_agree(documents: Sequence[Document]) -> None:
    for d in documents:
        woman = d.draft.case.demographics.sex == "female"
        wrong = r"\b(?:Es alérgico|dado|hospitalizado|solo|masculino|El paciente)\b"
        other = r"\b(?:Es alérgica|dada|hospitalizada|sola|femenina|La paciente)\b"
        assert not re.search(wrong if woman else other, d.draft.text), d.draft.text


@pytest.mark.usefixtures("warm")
def test_a_build_is_verified_in_its_language(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert call("build", spanish(tmp_path, 4), "--out", run).code == 0
    rows = list(read_rows(run))
    assert len(rows) == 4 and all(r.facts for r in rows)
    for options, kept in ((["--language", "es"], 4), ([], 0)):
        done = call("verify", run, "--out", tmp_path / "v.jsonl", *options)
        assert done.code == 0 and f"{4 - kept} would be rejected" in done.err
    assert call("verify", run, "--out", tmp_path / "v.jsonl", "--language", "fr").code == 2


# --- what it lacks ----------------------------------------------------------------------


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("extra", "changed", "what", "valid"),
    [
        ("", {"language": "fr"}, "there is no language 'fr'", "en, es"),
        ("", {"kinds": "{outpatient: [dialogue], emergency: [clinic_note]}"},
         "language es has no frames for the kind 'dialogue'", "clinic_note"),
        ("", {"engine": "{kind: llamacpp}"}, "the realiser writes it so far", None),
        ("noise: {typos: 0.1}\n", {}, "there is no noise so far", None),
        ("", {"sampling": "{encounters: 2, settings: {outpatient: 1}}"},
         "patients have one encounter so far", None),
        ("text: {variants: [compact]}\n", {}, "there is no 'compact'", ""),
    ],
)  # fmt: skip
def test_what_spanish_lacks_is_told(
    tmp_path: Path, extra: str, changed: dict[str, str], what: str, valid: str | None
) -> None:
    with pytest.raises(CasewrightError) as err:
        load_parts(load_config(spanish(tmp_path, 4, extra, **changed)))
    found = next(p for p in err.value.problems if what in p.what)
    assert found.line is not None
    assert valid is None or (found.valid or "").startswith(valid)


@pytest.mark.usefixtures("warm")
def test_codes_that_spanish_does_not_name_are_told(tmp_path: Path) -> None:
    path = spanish(tmp_path, 4, sampling="{codes: [S72], settings: {outpatient: 1}}")
    with pytest.raises(CasewrightError, match="names none of the conditions") as err:
        load_parts(load_config(path))
    assert "I10" in (err.value.problems[0].valid or "")


# --- its parts --------------------------------------------------------------------------


def test_every_name_is_of_a_concept_of_the_graph_or_the_ledger(graph: Graph) -> None:
    own = {"vital:blood_pressure", "allergen:none"}
    strange = [i for i in load_names("es").concepts if i not in graph and i not in own]
    assert not [i for i in strange if not i.startswith("family:")]
    counts = dict.fromkeys(("symptom", "finding", "drug", "lab", "icd"), 0)
    for i in load_names("es").concepts:
        kind = i.partition(":")[0]
        if kind in counts:
            counts[kind] += 1
    assert all(n >= 25 for n in counts.values()), counts


def test_no_two_concepts_of_a_sort_share_a_name() -> None:
    seen: dict[tuple[str, str], str] = {}
    shared = {"icd:J10.1", "icd:J45.901", "allergen:aspirin", "allergen:ibuprofen"}
    for concept, names in load_names("es").concepts.items():
        if concept in shared:
            continue
        for name in names:
            key = (concept.partition(":")[0], name.lower())
            assert key not in seen, (concept, seen.get(key), name)
            seen[key] = concept


def test_every_language_has_all_its_parts() -> None:
    assert languages() == prompt_languages() == ("en", "es")
    for language in languages():
        library = load_library(language=language)
        groups = {r.group for k in library.kinds.values() for s in k.sections for r in s.groups}
        assert groups <= set(library.groups)


def test_spanish_joins_as_spanish_does() -> None:
    grammar = load_library(language="es").grammar
    assert grammar.joined("and", "ictericia") == "e"
    assert grammar.joined("and", "hiel") == "y"
    assert grammar.joined("and", "tos") == "y"
    assert grammar.joined("or", "odinofagia") == "u"
    assert grammar.joined("or", "tos") == "o"
    assert grammar.age(Demographics(1, "female", 14)) == "14 meses"
    assert grammar.age(Demographics(54, "female")) == "54 años"


@pytest.mark.parametrize(
    "who",
    [Demographics(54, "female"), Demographics(1, "male", 14), Demographics(0, "male", 0)],
)
def test_without_a_grammar_english_is_written_as_ever(who: Demographics) -> None:
    assert Grammar().age(who) == who.age_text


def test_the_language_belongs_to_what_the_data_is() -> None:
    assert Config().language == "en"
