"""The assertion cases read by casewright, negspaCy and medspaCy, side by side.

    python tests/bench/assertions.py [--json] [--wrong]

Each reader is run if it can be imported; install the two others in an environment of their
own (`pip install negspacy medspacy`), never in the project's. They are given the concepts'
spans, so that only the reading of the context is compared: a blank English pipeline with
their own sentence splitters (PyRuSH for medspaCy, the rule-based sentencizer for negspaCy),
their own rules as shipped. A dialogue is a transcript with speaker names to them.

Two figures a reader: accuracy over five values (present, denied, historical, family,
hypothetical; not for negspaCy, which knows negation only), and negated or not, with
precision, recall and F1, over the cases that are not of the family.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from importlib.resources import files
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

CASES = Path(__file__).parents[2] / "filters" / "ledger" / "assertion_set.yaml"
_FILE = "assertion_set.yaml"


def _cases() -> Path:
    """The case file: of the sources, or of the installed package."""
    if CASES.is_file():
        return CASES
    return Path(str(files("casewright.filters.ledger").joinpath(_FILE)))


def _module() -> Any:
    """`filters/ledger/assertion_cases.py`, which needs nothing but PyYAML, by its place."""
    spec = spec_from_file_location("assertion_cases", _cases().with_name("assertion_cases.py"))
    if spec is None or spec.loader is None:
        raise ImportError("no assertion_cases.py beside the cases")
    module = module_from_spec(spec)
    sys.modules["assertion_cases"] = module
    spec.loader.exec_module(module)
    return module


_CASES = _module()
Item = Any


def load_items() -> Sequence[Item]:
    """The cases."""
    found: Sequence[Item] = _CASES.read_cases(_cases().read_text("utf-8"))
    return found


Reader = Callable[[Item], list[str]]


def casewright_reader() -> tuple[str, Reader]:
    """The ledger's reading over the packaged graph."""
    from casewright.filters.ledger import Checker
    from casewright.kg.graph import load_graph
    from casewright.records import Span, Turn

    checker = Checker(load_graph())

    def read(item: Item) -> list[str]:
        turns = [Turn(r, item.text[a:b], a, b) for r, a, b in item.turns]  # type: ignore[arg-type]
        return list(checker.assertions(item.text, [Span(a, b) for a, b, _ in item.spans], turns))

    return f"casewright {version('casewright')}", read


def negspacy_reader() -> tuple[str, Reader]:
    """negspaCy with the clinical term set, on the given spans."""
    import spacy
    from negspacy.negation import Negex  # noqa: F401
    from negspacy.termsets import termset
    from spacy.util import filter_spans

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    negex = nlp.create_pipe("negex", config={"neg_termset": termset("en_clinical").get_patterns()})

    def read(item: Item) -> list[str]:
        doc = nlp(item.text)
        found = [doc.char_span(a, b, label="C", alignment_mode="expand") for a, b, _ in item.spans]
        doc.ents = filter_spans(found)
        doc = negex(doc)
        flags = {i: e._.negex for e in doc.ents for i in range(e.start, e.end)}
        return ["denied" if flags.get(s.start) else "present" for s in found]

    return f"negspaCy {version('negspacy')} (spaCy {spacy.__version__})", read


def medspacy_reader() -> tuple[str, Reader]:
    """medspaCy's ConText with PyRuSH sentences, on the given spans."""
    import medspacy
    import spacy
    from spacy.util import filter_spans

    nlp = medspacy.load(enable=["medspacy_pyrush", "medspacy_context"])
    context = nlp.get_pipe("medspacy_context")

    def read(item: Item) -> list[str]:
        doc = nlp.make_doc(item.text)
        doc = nlp.get_pipe("medspacy_pyrush")(doc)
        found = [doc.char_span(a, b, label="C", alignment_mode="expand") for a, b, _ in item.spans]
        doc.ents = filter_spans(found)
        doc = context(doc)
        by_token = {i: e for e in doc.ents for i in range(e.start, e.end)}
        return [_of_flags(by_token.get(s.start, s)._) for s in found]

    return f"medspaCy {version('medspacy')} (spaCy {spacy.__version__})", read


def _of_flags(flags: Any) -> str:
    if flags.is_family:
        return "family"
    if flags.is_hypothetical or flags.is_uncertain:
        return "hypothetical"
    if flags.is_negated:
        return "denied"
    return "historical" if flags.is_historical else "present"


READERS = (casewright_reader, negspacy_reader, medspacy_reader)


def score(name: str, read: Reader, items: Sequence[Item]) -> Any:
    """Read all cases and count."""
    return _CASES.score_reader(name, read, items)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Compare readers of assertion.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="Show what was read wrongly.")
    options = parser.parse_args()
    items = load_items()
    scores: list[Any] = []
    absent: dict[str, str] = defaultdict(str)
    for make in READERS:
        try:
            name, read = make()
        except ImportError as err:
            absent[make.__name__.removesuffix("_reader")] = str(err)
            continue
        scores.append(score(name, read, items))
    for name, why in absent.items():
        sys.stderr.write(f"{name} is not installed here: {why}\n")
    if options.json:
        sys.stdout.write(json.dumps([asdict(s) for s in scores], indent=1) + "\n")
        return
    for s in scores:
        five = "     -" if s.name.startswith("negspaCy") else f"{s.accuracy:6.3f}"
        sys.stdout.write(
            f"{s.name:<36} {s.cases} cases  five values {five}   negated: "
            f"P {s.precision:.3f}  R {s.recall:.3f}  F1 {s.f1:.3f}\n"
        )
        for group, share in s.groups.items():
            sys.stdout.write(f"    {group:<18}{share:.3f}\n")
        if options.wrong:
            sys.stdout.writelines(f"    {line}\n" for line in s.wrong)


if __name__ == "__main__":
    main()
