"""Bad input through the real command line: what, where, what is valid, what to do, status 2."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from command_line import Done, call, start

from casewright.generators.scripted import Reply, scripted_server

pytestmark = pytest.mark.usefixtures("warm")


def told(done: Done, *parts: str) -> None:
    """The user is told what they can fix, and nothing else happens."""
    assert done.code == 2, (done.code, done.err)
    assert "Traceback" not in done.err + done.out
    assert done.out == ""
    assert "error: " in done.err.lower()
    for part in parts:
        assert part in done.err, done.err


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text, "utf-8")
    return path


def build(tmp_path: Path, *args: object) -> Done:
    done = call("build", *args, "--out", tmp_path / "run", *_realiser(args))
    assert done.code == 0 or not (tmp_path / "run").exists(), "nothing is made of a bad order"
    return done


def _realiser(args: Sequence[object]) -> Sequence[object]:
    return () if "--engine" in args else ("--engine", "realiser")


# ------------------------------------------------------------------ configuration


def test_unknown_code(tmp_path: Path) -> None:
    path = config(tmp_path, "documents: 2\nsampling:\n  codes: [J18.9,\n    J18.99, W19.XXXA]\n")
    done = build(tmp_path, path)
    told(
        done,
        f"{path}:4: there is no ICD-10-CM code 'J18.99'",
        "valid: a code such as J18",
        "do: check the code",
        f"{path}:4: W19.XXXA (Unspecified fall, initial encounter) cannot be a principal diagnosis",
        "casewright kg show W19.XXXA",
    )


def test_unknown_code_asked_of_the_graph() -> None:
    told(call("kg", "show", "J18.99"), "no ICD-10-CM code 'J18.99'", "J18.9", "do: ")
    told(call("kg", "sample", "--code", "QQQ", "-n", 1), "no ICD-10-CM code 'QQQ'", "do: ")


def test_malformed_yaml(tmp_path: Path) -> None:
    path = config(tmp_path, "documents: 2\nsampling:\n  codes: [J18\nseed: 3\n")
    told(build(tmp_path, path), f"{path}:4: this is not YAML", "do: check indentation")


def test_unknown_key(tmp_path: Path) -> None:
    path = config(tmp_path, "documents: 2\nsampling:\n  code: [J18]\n")
    told(
        build(tmp_path, path),
        f"{path}:3: unknown key 'sampling.code'",
        "valid: codes, conditions, ",
        "do: did you mean 'codes'?",
    )


def test_configuration_that_is_not_there(tmp_path: Path) -> None:
    told(build(tmp_path, tmp_path / "no.yaml"), "no.yaml: there is no such", "do: check the path")


def test_names_that_do_not_exist_are_told_together(tmp_path: Path) -> None:
    path = config(
        tmp_path,
        "kinds:\n  outpatient: [letter, discharge_summary]\n"
        "text:\n  styles: [brisk, poetic]\n  personas: [shy]\n",
    )
    told(
        build(tmp_path, path),
        f"{path}:2: there is no kind of document 'letter'",
        f"{path}:2: a discharge_summary is not written in the setting outpatient",
        "valid: clinic_note, consult_note, counselling_session, dialogue,",
        f"{path}:1: kinds.inpatient names no kind",
        f"{path}:4: text.styles: there is no 'poetic'",
        f"{path}:5: text.personas: there is no 'shy'",
        "do: choose one of these",
    )


def test_template_variable_that_does_not_exist_is_found_before_any_request(
    tmp_path: Path,
) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "clinic_note.v2.j2").write_text(
        '{% message "user" %}\n{{ request }} {{ diagnosys }}\n{% endmessage %}'
    )
    (prompts / "dialogue.v3.j2").write_text('{% message "user" %}\n{{ patient }}{% endmessage %}')
    path = config(tmp_path, f"prompts: {prompts}\n")
    with scripted_server(lambda _: "x") as server:
        done = build(tmp_path, path, "--engine", server.base_url)
        assert server.asked == []
    told(
        done,
        f"{prompts / 'clinic_note.v2.j2'}:2: the template uses 'diagnosys', which does not exist",
        f"{prompts / 'dialogue.v3.j2'}:2: the template uses 'patient'",
        "valid: examples, group, kind, request",
        "do: correct the name",
    )


def test_frame_slot_that_does_not_exist_is_found_before_any_request(tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    (prompts / "frames.yaml").write_text(
        "groups:\n  history:\n    label: H\n    item: '{name}'\n"
        "    frames: ['{S} has {lsit}.']\n    pool: [[gout]]\n"
    )
    path = config(tmp_path, f"prompts: {prompts}\n")
    told(build(tmp_path, path), "{lsit}", "frames.yaml", "valid: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a whole note about a cough"', "not a JSON object"),
        ('{"txt": "a whole note"}', "text"),
        ("[1, 2]", "a JSON list, not an object"),
    ],
)
def test_reference_with_broken_lines(line: str, message: str, tmp_path: Path) -> None:
    texts = tmp_path / "notes.jsonl"
    texts.write_text(f'{{"text": "She has a cough and a fever today."}}\n{line}\n{line}\n')
    path = config(tmp_path, f"filters:\n  near_copies:\n    reference: {texts}\n")
    done = build(tmp_path, path)
    told(done, f"{texts}:2: ", f"{texts}:3: ", message, "2 broken lines")
    told(
        call("audit", texts, "--out", tmp_path / "v.jsonl"),
        f"{texts}:2: ",
    )


def test_reference_that_is_not_there(tmp_path: Path) -> None:
    path = config(tmp_path, f"filters:\n  near_copies:\n    reference: {tmp_path / 'gone'}\n")
    told(build(tmp_path, path), str(tmp_path / "gone"), "do: ")


# ------------------------------------------------------------------ options


@pytest.mark.parametrize("engine", ["gpt", "127.0.0.1:8000", "ftp://x/v1", ""])
def test_wrong_engine_name(engine: str, tmp_path: Path) -> None:
    told(
        build(tmp_path, "--engine", engine),
        f"--engine: there is no engine '{engine}'",
        "valid: a URL (http://127.0.0.1:8000/v1), vllm, llamacpp, realiser",
        "do: ",
    )


@pytest.mark.parametrize("shard", ["5/4", "0/4", "-1/4", "1", "a/b", "1/2/3", "1/0", ""])
def test_shard_out_of_range(shard: str, tmp_path: Path) -> None:
    told(
        build(tmp_path, "--shard", shard),
        f"--shard: there is no shard '{shard}'",
        "valid: k/n with k from 1 to n",
        "do: ",
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("build",), "Missing option '--out'"),
        (("build", "--out", "x", "-n", "0"), "0 is not in the range"),
        (("build", "--out", "x", "--seed", "-3"), "-3 is not in the range"),
        (("build", "--out", "x", "--sead", "3"), "No such option"),
        (("bild",), "No such command 'bild'"),
        (("export", "a", "b", "--to", "xml"), "'xml' is not one of"),
        (("kg", "show"), "Missing argument 'CODE'"),
        (("verify", "x"), "Missing option '--out'"),
    ],
)
def test_wrong_options_are_told_with_the_usage(args: Sequence[str], message: str) -> None:
    told(call(*args), message)


@pytest.mark.parametrize(
    "args",
    [
        ("report", "{}/none"), ("export", "{}/none", "{}/out"),
        ("verify", "{}/none", "--out", "{}/v"), ("audit", "{}/none", "--out", "{}/v"),
        ("kg", "stats", "--graph", "{}/none"),
    ],
)  # fmt: skip
def test_files_that_are_not_there(args: Sequence[str], tmp_path: Path) -> None:
    told(call(*(a.format(tmp_path) for a in args)), str(tmp_path / "none"))


# ------------------------------------------------------------------ endpoints


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_unreachable_endpoint(closed_port: int, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{closed_port}/v1"
    told(build(tmp_path, "--engine", url, "-n", 2), url, "do: ")
    told(call("preview", "--engine", url, "-n", 1), url, "do: ")


def test_wrong_model_name(tmp_path: Path) -> None:
    with scripted_server(lambda _: "x", model="served-model") as server:
        done = build(tmp_path, "--engine", server.base_url, "--model", "other", "-n", 2)
    told(done, "other", "served-model", "do: ")


def test_endpoint_that_is_no_such_server(tmp_path: Path) -> None:
    with scripted_server(lambda _: Reply(raw="<html>", status=200)) as server:
        url = server.base_url.replace("/v1", "/other/v1")
        told(build(tmp_path, "--engine", url, "-n", 2), url.split("/other")[0], "do: ")


# ------------------------------------------------------------------ disks and runs


def test_unwritable_directory(tmp_path: Path) -> None:
    # Not even root may make a folder there, so this holds in containers too.
    done = call("build", "--engine", "realiser", "-n", 2, "--out", "/proc/self/casewright-run")
    told(done, "/proc/self/casewright-run: ", "do: name another folder")


def test_a_file_in_the_place_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    done = call("build", "--engine", "realiser", "-n", 2, "--out", tmp_path / "run")
    told(done, str(tmp_path / "run"), "do: ")
    assert (tmp_path / "run").read_text() == "mine"


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    done = call("build", "--engine", "realiser", "-n", 2, "--out", tmp_path / "run")
    told(done, "thesis.txt", "do: ")
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_full_disk(tmp_path: Path) -> None:
    """A limit on the size of files, which the kernel enforces as it does a full disk."""
    args = ("build", "--engine", "realiser", "-n", 8, "--out", tmp_path / "run")
    told(
        start(tmp_path / "out", *args, limit=40_000).wait(),
        "the disk is full or a size limit was met",
        str(tmp_path / "run"),
        "do: free some space, then start the same command again",
    )
    assert call(*args).code == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--seed", 8), "seed: the run has '7', asked for is '8'"),
        (("-n", 3), "planned: the run has 2, asked for is 3"),
        (("--config", "text: {styles: [brisk]}\n"), "settings.text.styles: the run has '[]'"),
    ],
)
def test_a_different_configuration_for_an_existing_run(
    args: Sequence[object], message: str, tmp_path: Path
) -> None:
    base = ("build", "--engine", "realiser", "--out", tmp_path / "run")
    assert call(*base, "-n", 2).code == 0
    before = {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}
    given = [config(tmp_path, str(args[1]))] if args[0] == "--config" else list(args)
    count = () if "-n" in given else ("-n", 2)
    told(call(*base, *given, *count), message, str(tmp_path / "run"), "another")
    assert before == {p: p.read_bytes() for p in (tmp_path / "run").rglob("*") if p.is_file()}


def test_output_files_that_cannot_be_written(tmp_path: Path) -> None:
    texts = tmp_path / "notes.jsonl"
    texts.write_text('{"text": "She has a cough."}\n')
    told(
        call("audit", texts, "--out", tmp_path / "no" / "v.jsonl"),
        f"{tmp_path / 'no' / 'v.jsonl'}: cannot write",
        "do: choose another --out",
    )


# ------------------------------------------------------------------ as a user calls it


def test_status_and_message_of_the_installed_command() -> None:
    """One in a process that loads everything itself."""
    done = subprocess.run(
        [sys.executable, "-m", "casewright", "build", "--out", "x", "--engine", "gpt"],
        check=False, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    told(Done(done.returncode, done.stdout, done.stderr), "there is no engine 'gpt'")


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("casewright.cli.write.build_corpus", broken)
    done = call("build", "--engine", "realiser", "--out", tmp_path / "run")
    assert done.code == 1
    assert "ZeroDivisionError: a bug" in done.err
