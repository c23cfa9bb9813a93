"""The configuration: defaults, overrides, and mistakes told with file and line, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from casewright.config import Config, data_fields, fingerprint, load_config
from casewright.errors import CasewrightError

EXAMPLES = Path(__file__).parent.parent / "examples"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def refused(path: Path | None, **overrides: Any) -> CasewrightError:
    with pytest.raises(CasewrightError) as caught:
        load_config(path, overrides)
    return caught.value


# ------------------------------------------------------------------ what is read


def test_everything_has_a_default(tmp_path: Path) -> None:
    assert load_config(None) == Config()
    assert load_config(written(tmp_path, "")).documents == 24
    assert load_config(written(tmp_path, "# nothing\n")).engine.kind == "llamacpp"


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda p: p.name)
def test_examples_are_valid(path: Path) -> None:
    assert load_config(path).documents >= 1


def test_values_of_a_file_are_taken_and_the_command_line_is_laid_over_them(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "documents: 5\nseed: 3\nsampling:\n  codes: [J18, E11.9]\n"
        "text: {temperature: 0.1}\nengine: {kind: url, url: 'http://127.0.0.1:1/v1'}\n",
    )
    config = load_config(path, {"documents": 9, "seed": None, "engine.model": "m"})
    assert (config.documents, config.seed) == (9, 3)
    assert config.sampling.codes == ("J18", "E11.9")
    assert config.text.temperature == 0.1
    assert (config.engine.kind, config.engine.model) == ("url", "m")


def test_overrides_need_no_file() -> None:
    config = load_config(None, {"engine.kind": "realiser", "documents": 3})
    assert (config.engine.kind, config.documents) == ("realiser", 3)


# ------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("documents: 5\nsampling:\n  code: [J18]\n", 3,
         ["unknown key 'sampling.code'", "valid: codes, ", "did you mean 'codes'?"]),
        ("seed: 1\ndocumnets: 5\n", 2, ["unknown key 'documnets'", "did you mean 'documents'?"]),
        ("\n\nzzz: 1\n", 3, ["unknown key 'zzz'", "remove the key", "documents, engine"]),
        ("documents: 0\n", 1, ["documents", "greater than or equal to 1", "it is 0"]),
        ("seed: -1\n", 1, ["seed", "greater than or equal to 0"]),
        ("text:\n  draws: 4\n  temperature: 5\n", 3,
         ["text.temperature", "less than or equal to 2"]),
        ("text:\n  granularity: paragraph\n", 2, ["text.granularity", "'section' or 'document'"]),
        ("engine: realiser\n", 1, ["engine", "valid dictionary", "it is 'realiser'"]),
        ("engine:\n  kind: gpt\n", 2, ["engine.kind", "'url', 'vllm', 'llamacpp' or 'realiser'"]),
        ("documents: many\n", 1, ["documents", "valid integer", "it is 'many'"]),
        ("sampling:\n  settings:\n    outpatent: 1\n", 3,
         ["sampling.settings.outpatent", "'outpatient', 'emergency' or 'inpatient'"]),
        ("sampling:\n  settings:\n    outpatient: 0\n", 2, ["at least one is above 0"]),
        ("sampling:\n  settings: {outpatient: -1, inpatient: 3}\n", 2, ["weights are 0 or more"]),
        ("run:\n  documents_in_flight: 0\n", 2, ["run.documents_in_flight"]),
        ("filters:\n  ledger:\n    min_must_stated: 1.5\n", 3, ["filters.ledger.min_must_stated"]),
        ("filters:\n  near_copies:\n    refrence: x\n", 3, ["did you mean 'reference'?"]),
        ("filters:\n  near_copies: {self_containment: 0.1}\n", 2, ["greater than or equal to 0.3"]),
        ("kinds:\n  outpatient: clinic_note\n", 2, ["kinds.outpatient", "valid tuple"]),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_line_and_what_is_valid(
    text: str, line: int, parts: list[str], tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    (problem,) = refused(path).problems
    assert (problem.where, problem.line) == (path, line)
    for part in parts:
        assert part in str(problem), str(problem)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path, "documents: 0\nsede: 1\ntext: {draws: 0, shots: x}\nengine: {knd: url}\n"
    )
    assert [(p.line, p.what.split(":")[0]) for p in refused(path).problems] == [
        (1, "documents"),
        (3, "text.draws"),
        (3, "text.shots"),
        (4, "unknown key 'engine.knd'"),
        (2, "unknown key 'sede'"),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [("documents: 5\nsampling: [J18\n", 3), ("a: 1\n b: 2\n", 2), ("a: 'x\n", 2),
     ("\tdocuments: 5\n", 1),
     ("documents: &a 5\nseed: *b\n", 2), ("seed: 1\n? [a]\n: 1\n", 2)],
)  # fmt: skip
def test_malformed_yaml_is_told_by_line(text: str, line: int, tmp_path: Path) -> None:
    error = refused(written(tmp_path, text))
    assert "this is not YAML" in str(error)
    assert error.problems[0].line == line
    assert error.problems[0].fix


def test_a_key_given_twice_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "seed: 1\ntext:\n  draws: 2\n  draws: 3\nseed: 2\n")
    assert [(p.what, p.line) for p in refused(path).problems] == [
        ("the key 'draws' is given twice", 4),
        ("the key 'seed' is given twice", 5),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"\xff\xfe\x00", "cannot be read"), (b"a: \x00\n", "this is not YAML"),
     (b"- a\n- b\n", "the file holds no mapping"), (b"just text\n", "the file holds no mapping"),
     (b"a: &a [*a]\n", "this is not YAML"), (b"a: 1\na: &x {b: *x}\n", "this is not YAML")],
)  # fmt: skip
def test_files_that_are_no_configuration_are_explained(
    data: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(data)
    error = refused(path)
    assert message in str(error)
    assert error.problems[0].where == path


def test_a_file_that_is_not_there_or_is_a_folder_is_explained(tmp_path: Path) -> None:
    assert "no such configuration file" in str(refused(tmp_path / "none.yaml"))
    assert "cannot be read" in str(refused(tmp_path))


def test_mistakes_on_the_command_line_have_no_line() -> None:
    (problem,) = refused(None, **{"documents": 0}).problems
    assert (problem.where, problem.line) == (None, None)
    assert "documents" in problem.what


def test_an_override_below_something_that_is_no_mapping_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "engine: realiser\n")
    assert "engine" in str(refused(path, **{"engine.model": "m"}))


def test_problems_found_later_still_know_their_line(tmp_path: Path) -> None:
    path = written(tmp_path, "seed: 1\nsampling:\n  codes:\n    - J18\n    - QQQ\n")
    config = load_config(path)
    assert config.problem("x", "sampling", "codes", "1").line == 5
    assert config.problem("x", "sampling", "codes").line == 3
    assert config.problem("x", "sampling", "max_labs").line == 2
    unsaid = config.problem("x", "text", "styles", "0")
    assert (unsaid.where, unsaid.line) == ("text.styles.0", None)


# ------------------------------------------------------------------ what the data is

_HOW = {
    "engine": {"kind": "url", "url": "http://127.0.0.1:1", "concurrency": 3, "timeout_s": 5},
    "run": {"documents_in_flight": 2},
}


def test_how_to_run_is_not_what_the_data_is() -> None:
    changed = Config.model_validate(_HOW)
    assert changed != Config()
    assert fingerprint(data_fields(changed)) == fingerprint(data_fields(Config()))


@pytest.mark.parametrize(
    ("key", "value"),
    [("documents", 25), ("seed", 8), ("sampling.codes", ["J18"]),
     ("sampling.conditions", "uniform"),
     ("sampling.settings", {"inpatient": 1}), ("sampling.max_labs", 1), ("text.draws", 1),
     ("kinds", {"outpatient": ["dialogue"]}), ("text.temperature", 0.4), ("text.styles", ["brisk"]),
     ("text.vocabulary", "open"), ("filters.ledger.min_must_stated", 0.5),
     ("filters.near_copies.self_containment", 0.5)],
)  # fmt: skip
def test_every_setting_of_the_data_changes_the_fingerprint(key: str, value: object) -> None:
    changed = load_config(None, {key: value})
    assert fingerprint(data_fields(changed)) != fingerprint(data_fields(Config()))


def test_where_files_lie_is_not_what_the_data_is(tmp_path: Path) -> None:
    moved = load_config(None, {"filters.near_copies.reference": str(tmp_path), "graph": "x"})
    assert data_fields(moved) == data_fields(Config())


@given(
    documents=st.integers(1, 10**6), seed=st.integers(0, 2**62), draws=st.integers(1, 32),
    codes=st.lists(st.text(st.characters(categories=("L", "N")), min_size=1), max_size=4),
)  # fmt: skip
def test_a_configuration_written_as_yaml_reads_back(
    documents: int, seed: int, draws: int, codes: list[str], tmp_path_factory: Any
) -> None:
    config = Config.model_validate(
        {
            "documents": documents,
            "seed": seed,
            "text": {"draws": draws},
            "sampling": {"codes": codes},
        }
    )
    path = tmp_path_factory.getbasetemp() / "round.yaml"
    path.write_text(yaml.safe_dump(config.model_dump(mode="json"), allow_unicode=True), "utf-8")
    assert load_config(path).model_dump() == config.model_dump()
