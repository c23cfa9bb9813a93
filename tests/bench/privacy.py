"""How fast texts are screened for privacy: `python tests/bench/privacy.py [PART ...]`.

MB per second of one core (`time.process_time`), of made-up texts, and of public notes where the
development corpora lie beside the checkout. Parts: build, query, phi; these by default. Where
others use the machine the figures are lower by what they take from the caches.

The part `large` (`--size` bytes, 10^9 unless told; some ten minutes and 3.5 GB of disk) writes a
reference to a temporary folder, builds its index in one process and asks it in another, and prints
the memory that each held at most: in all, and without the pages of mapped files, which the system
takes back when it needs them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from casewright.filters.disclosure.planted import planted
from casewright.filters.near_copies import ReferenceIndex
from casewright.filters.near_copies.likeness import Likeness
from casewright.filters.phi import scan
from casewright.filters.phi.lexicon import load_lexicon

CORPORA = Path(__file__).parents[2].parent / "shared" / "corpora"
REFERENCE, QUERY = 20_000_000, 1_000_000
_SENTENCES, _IN_A_NOTE = 300, 40


def common_words(size: int, seed: str) -> Iterator[str]:
    """Notes of about 2,000 characters of frequent words drawn at random."""
    rng = random.Random(seed)
    words = sorted(load_lexicon().common_words)
    while size > 0:
        lines = [" ".join(rng.choices(words, k=14)).capitalize() for _ in range(20)]
        text = ". ".join(lines) + "."
        size -= len(text)
        yield text


def sentence(rng: random.Random, words: Sequence[str]) -> str:
    """Six to thirteen words."""
    return " ".join(rng.choices(words, k=rng.randrange(6, 14))).capitalize() + "."


def boilerplate(size: int, seed: str, new: float = 0.0) -> Iterator[str]:
    """Notes of sentences each of which thousands of the others have; a share of them `new`."""
    rng = random.Random("sentences")
    words = sorted(load_lexicon().common_words)
    pool = [sentence(rng, words) for _ in range(_SENTENCES)]
    rng = random.Random(seed)
    while size > 0:
        text = " ".join(
            sentence(rng, words) if rng.random() < new else rng.choice(pool)
            for _ in range(_IN_A_NOTE)
        )
        size -= len(text)
        yield text


def edited(texts: Sequence[str], share: float) -> Iterator[str]:
    """The texts with a share of the words changed."""
    rng = random.Random("edits")
    for text in texts:
        words = text.split(" ")
        yield " ".join(rng.choice(words) if rng.random() < share else w for w in words)


def public(file: str, field: str) -> list[str]:
    """A field of a development corpus, in a fixed random order; empty where it is not there."""
    if not (CORPORA / file).exists():
        return []
    with (CORPORA / file).open(encoding="utf-8") as stream:
        texts = sorted({json.loads(line)[field] for line in stream})
    random.Random(11).shuffle(texts)
    return texts


def rate(what: str, texts: Sequence[str], work: Callable[[], object]) -> None:
    """Print the rate of some work over texts."""
    size = sum(len(t.encode()) for t in texts) / 1e6
    began = time.process_time()
    work()
    seconds = time.process_time() - began
    sys.stdout.write(f"{what:<58}{size / seconds:>8.2f} MB/s  ({size:.1f} MB, {seconds:.2f} s)\n")
    sys.stdout.flush()


def indexed(what: str, texts: Sequence[str]) -> ReferenceIndex:
    """Build an index and print how fast."""
    built: list[ReferenceIndex] = []
    rate(
        f"build: {what}",
        texts,
        lambda: built.append(ReferenceIndex.build((str(i), t) for i, t in enumerate(texts))),
    )
    return built[0]


def measure_build() -> None:
    """Indices of several sizes."""
    ReferenceIndex.build([("a", "What is made once in a process belongs to no text.")])
    for size in (1_000_000, REFERENCE // 4, REFERENCE):
        indexed(f"common words, {size / 1e6:.0f} MB", list(common_words(size, "reference")))
    indexed("boilerplate, 20 MB", list(boilerplate(REFERENCE, "reference")))


def warm() -> None:
    """What is made once in a process (the lexicons) belongs to no text."""
    ReferenceIndex.build([("a", "A note of Dr. Okafor.")]).compare("A note of Dr. Okafor.")


def measure_query() -> None:
    """Texts against 20 MB of made-up notes, and public notes against each other."""
    warm()
    for name, make in (
        ("common words", common_words),
        ("boilerplate", boilerplate),
        ("half boilerplate", partial(boilerplate, new=0.5)),
    ):
        reference = list(make(REFERENCE, "reference"))
        index = indexed(f"{name}, 20 MB", reference)
        texts = list(make(QUERY, "query"))
        for when in ("first", "again"):
            rate(f"query: {name}, {when}", texts, partial(index.compare_many, texts))
        copies = list(edited(reference[: len(texts)], 0.2))
        rate(f"query: {name}, 20% edited copies", copies, partial(index.compare_many, copies))
    for file, field in (
        ("aci_bench.jsonl", "note"),
        ("aci_bench.jsonl", "dialogue"),
        ("mts_dialog.jsonl", "note"),
        ("mts_dialog.jsonl", "dialogue"),
    ):
        texts = public(file, field)
        if not texts:
            continue
        half = len(texts) // 2
        index = indexed(f"{file} {field}, half", texts[:half])
        for when in ("first", "again"):
            rate(
                f"query: {file} {field}, other half, {when}",
                texts[half:],
                partial(index.compare_many, texts[half:]),
            )


LARGE = {"common words": common_words, "half boilerplate": partial(boilerplate, new=0.5)}


def measure_large(size: int) -> None:
    """A reference in a file: the index built, saved, mapped and asked, with the memory of each."""
    fresh = multiprocessing.get_context("spawn")  # a process that has held nothing before
    for name, make in LARGE.items():
        with TemporaryDirectory(prefix="casewright-bench-") as folder:
            path = Path(folder) / "reference.jsonl"
            with path.open("w", encoding="utf-8") as stream:
                for number, text in enumerate(make(size, "reference")):
                    stream.write(json.dumps({"id": number, "text": text}) + "\n")
            for work in (_build_large, _ask_large):
                process = fresh.Process(target=work, args=(name, folder))
                process.start()
                process.join()


def _build_large(name: str, folder: str) -> None:
    warm()
    with _Memory() as memory:
        began, clock = time.process_time(), time.perf_counter()
        index = ReferenceIndex.build_files(Path(folder) / "reference.jsonl")
        seconds, waited = time.process_time() - began, time.perf_counter() - clock
        index.save(Path(folder) / "index")
    size = index.size / 1e6
    sys.stdout.write(
        f"{name}: {size:.0f} MB in {len(index):,} notes; index built at "
        f"{size / seconds:.1f} MB/s ({seconds:.0f} CPU s, {waited:.0f} s by the clock), "
        f"{index.stored_bytes / index.size:.3f} of the text, {memory}\n"
    )
    sys.stdout.flush()


def _ask_large(name: str, folder: str) -> None:
    path = Path(folder) / "reference.jsonl"
    warm()
    with _Memory() as memory:
        index = ReferenceIndex.open(path, folder=Path(folder) / "index")
        texts = list(LARGE[name](QUERY, "query"))
        with path.open(encoding="utf-8") as stream:
            every = max(len(index) // len(texts), 1)
            lines = islice(stream, 0, None, every)
            copies = list(edited([json.loads(line)["text"] for line in lines], 0.2))[: len(texts)]
        found: list[float] = []
        for what, asked in (("new texts", texts), ("20% edited copies", copies)):
            for when in ("first", "again"):
                likenesses: list[Likeness] = []
                rate(f"  {what}, {when}", asked, partial(_ask, index, asked, likenesses))
            found.append(sum(x.plain.containment for x in likenesses) / len(likenesses))
    sys.stdout.write(
        f"  mean share in the nearest note: {found[0]:.2f} and {found[1]:.2f}; {memory}\n"
    )
    sys.stdout.flush()


def _ask(index: ReferenceIndex, texts: Sequence[str], into: list[Likeness]) -> None:
    into.extend(index.compare_many(texts))


class _Memory:
    """The most memory that this process held while the context was open, sampled."""

    def __enter__(self) -> _Memory:
        self._most: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
                key, _, value = line.partition(":")
                if key in ("VmHWM", "RssAnon"):
                    self._most[key] = max(self._most.get(key, 0), int(value.split()[0]))

    def __str__(self) -> str:
        whole, own = (self._most.get(k, 0) / 1e6 * 1.024 for k in ("VmHWM", "RssAnon"))
        return f"at most {whole:.2f} GB of memory, {own:.2f} GB without mapped files"


def measure_phi() -> None:
    """Identifiers in sentences that hold little else, and in notes."""
    scan("A note of Dr. Okafor.")
    sentences = [p.text for p in planted(rounds=1)]
    for what, texts in (
        ("planted sentences, one by one", sentences),
        ("planted sentences, forty in a text", _joined(sentences, 40)),
        ("common words", list(common_words(300_000, "phi"))),
        ("aci_bench.jsonl note", public("aci_bench.jsonl", "note")),
        ("aci_bench.jsonl dialogue", public("aci_bench.jsonl", "dialogue")[:60]),
        ("mts_dialog.jsonl note", public("mts_dialog.jsonl", "note")),
        ("asq_phi.jsonl", public("asq_phi.jsonl", "text")),
    ):
        if texts:
            rate(f"identifiers: {what}", texts, lambda texts=texts: [scan(t) for t in texts])


def _joined(texts: Sequence[str], count: int) -> list[str]:
    return ["\n".join(texts[i : i + count]) for i in range(0, len(texts), count)]


PARTS = {"build": measure_build, "query": measure_query, "phi": measure_phi}
"""Those by default; `large` beside them."""


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description="How fast texts are screened for privacy.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "large", []], metavar="PART")
    parser.add_argument("--size", type=int, default=10**9, help="bytes of the large reference")
    asked = parser.parse_args()
    for part in asked.parts or PARTS:
        if part == "large":
            measure_large(asked.size)
        else:
            PARTS[part]()


if __name__ == "__main__":
    main()
