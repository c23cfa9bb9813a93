"""From a configuration to the parts of the line: everything loaded and validated first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from casewright._version import __version__
from casewright.config import Config, NearCopiesConfig, Shares, data_fields
from casewright.errors import CasewrightError, Problem
from casewright.filters.ledger.check import Checker
from casewright.filters.near_copies import CopyLimits, ReferenceIndex, memorised_texts
from casewright.filters.noise.apply import NOISE, Noise
from casewright.filters.phi.voters import Voter, classifier_voter, endpoint_voter
from casewright.filters.reference import read_reference
from casewright.filters.screen import LedgerLimits, Screen
from casewright.generators.client import ChatClient
from casewright.generators.engines import EngineSpec
from casewright.generators.examples import examples_for
from casewright.generators.plan import Granularity, suits
from casewright.generators.structured import UNBOUND, Structured
from casewright.generators.tasks import TextSettings
from casewright.generators.wording import Subject, Voice
from casewright.generators.writer import EngineName, Writer
from casewright.kg.cases import CaseSampler
from casewright.kg.graph import Graph, SurfaceForm, load_graph
from casewright.kg.language import (
    ENGLISH,
    NamedCaseSampler,
    NamedConcepts,
    Names,
    languages,
    load_names,
    words_of_language,
)
from casewright.outputs.chapters import CHAPTERS
from casewright.outputs.coverage import AGE_BANDS, Axis
from casewright.outputs.manifest import Fingerprint
from casewright.prompts.library import PromptLibrary, load_library, prompt_languages
from casewright.records import Case, Demographics, Document, Draft, Setting
from casewright.sampling import quota_problems, sampling_of
from casewright.seeds import derive_rng, fingerprint_bytes

__all__ = [
    "CHOSEN",
    "Parts",
    "checker_of",
    "copy_limits",
    "engine_spec",
    "example_texts",
    "fingerprint_of",
    "load_parts",
]

DEFAULT_SELF_CONTAINMENT = 0.70
CHOSEN = "text.granularity.chosen"
"""Where a fingerprint says what a probe chose, for `text.granularity: auto`."""
_SECTION_REPAIRS = 2
"""Sentences that are mended for each fact of a section, where the configuration says nothing."""


@dataclass(frozen=True)
class Parts:
    """What a run is made of."""

    config: Config
    graph: Graph
    library: PromptLibrary
    sampler: CaseSampler
    checker: Checker
    screen: Screen
    reference_hash: str
    sources: tuple[tuple[str, str, str], ...]
    model_licence: str
    self_containment: float
    noise: Noise
    names: Names | None = None

    def writer(
        self,
        client: ChatClient | None,
        name: EngineName,
        *,
        granularity: Granularity = "group",
        structured: Structured = UNBOUND,
    ) -> Writer:
        """A writer that asks the client, or the realiser without one."""
        text = self.config.text
        # Mending asks more of a model than writing a sentence: one that is given single facts
        # mends 3 of 28 sentences (docs/engines.md), and so is asked for new ones instead.
        repairs = 0 if granularity == "group" else _SECTION_REPAIRS
        return Writer(
            library=self.library,
            check=self.checker,
            forms_of=self.forms_of,
            lay_forms=self.lay_forms,
            short_forms=self.short_forms,
            complete=client.complete if client is not None else None,
            engine=name,
            settings=TextSettings(
                draws=text.draws,
                best_of=text.best_of,
                repairs=repairs if text.repairs is None else text.repairs,
                decoding=text.decoding,
                temperature=text.temperature,
                top_p=text.top_p,
                max_tokens=text.max_tokens,
                vocabulary=text.vocabulary,
                shots=text.shots,
            ),
            granularity=granularity,
            structured=structured,
            seed=self.config.seed,
            graph_version=self.graph.version,
            disclosing=self._disclosing(),
            dialogue=text.dialogue,
        )

    def _disclosing(self) -> frozenset[Setting]:
        """Settings whose documents go by what the patient tells: with a dialogue among them."""
        wanted = self.config.text.disclosure
        return frozenset(
            setting
            for setting, kinds in self.config.kinds.items()
            if wanted == "on"
            or (wanted == "auto" and any(self.library.kind(k).dialogue for k in kinds))
        )

    async def noisy(self, document: Document) -> Document:
        """A screened document with the noise that the configuration asks for."""
        earlier = None
        if self.noise.carries_on(document):
            earlier = await self._earlier(document.draft.case, document.draft.kind)
        return self.noise(document, earlier)

    async def _earlier(self, case: Case, kind: str) -> Draft | None:
        """A note of the patient's encounter before, of the same kind where its setting has it.

        Written by the realiser: what a model wrote of that encounter may lie in another shard,
        and a document may depend on nothing but configuration, seed and index.
        """
        if case.previous_case_id is None:
            return None
        before = self.sampler.case(case.index - 1)
        kinds = [kind, *self.config.kinds[before.setting]]
        for name in kinds:
            spec = self.library.kind(name)
            note = not spec.dialogue and spec.speaker is None
            if note and before.setting in spec.settings and suits(spec, before, self.forms_of):
                draft = await self.writer(None, EngineName("realiser", "")).draft(before, name)
                return self.screen(draft).draft
        return None

    def forms_of(self, concept_id: str) -> list[str]:
        """All surface forms of a concept; none for what is not in the graph."""
        return [f.text for f in self._forms(concept_id)]

    def lay_forms(self, concept_id: str) -> list[str]:
        """What patients call a concept."""
        return [f.text for f in self._forms(concept_id) if f.kind == "lay"]

    def short_forms(self, concept_id: str) -> list[str]:
        """The abbreviations of a concept, the usual one first."""
        return [f.text for f in self._forms(concept_id) if f.kind == "abbreviation"]

    def _forms(self, concept_id: str) -> tuple[SurfaceForm, ...]:
        if self.names is not None:
            return self.names.forms(concept_id)
        return self.graph.concept(concept_id).forms if concept_id in self.graph else ()


def load_parts(config: Config) -> Parts:
    """Load and validate everything that a run needs, before any request is made.

    Raises:
        CasewrightError: for whatever is wrong with graph, prompts, codes, kinds or reference.
    """
    _check_language(config)
    graph = load_graph(config.graph.path, overlay=config.graph.overlay)
    library = load_library(config.prompts, config.language)
    _check_names(config, library, graph)
    names = None if config.language == ENGLISH else load_names(config.language)
    hands = {
        "styles": _weights(library.styles, config.text.styles, config.coverage.style),
        "personas": _weights(library.personas, config.text.personas, config.coverage.persona),
    }
    sampling = sampling_of(config, graph)
    sampler = (
        CaseSampler(graph, sampling, config.seed, **hands)
        if names is None
        else NamedCaseSampler(graph, sampling, config.seed, names, **hands)
    )
    reference, public, reference_hash = _reference(config)
    copies = config.filters.near_copies
    screen = Screen(
        ledger=LedgerLimits(
            config.filters.ledger.min_must_stated,
            config.filters.ledger.max_contradicted,
            config.filters.ledger.max_off_case,
        ),
        reference=reference,
        examples=_examples_index(library),
        public=public,
        policy=config.filters.phi.policy,
        voters=tuple(_voters(config)),
        copies=copy_limits(copies),
        english=names is None,
        ordinary=_ordinary(library, names),
    )
    return Parts(
        config=config,
        graph=graph,
        library=library,
        sampler=sampler,
        checker=checker_of(graph, names),
        screen=screen,
        reference_hash=reference_hash,
        sources=tuple(sorted({(p.origin, p.licence, p.version) for p in graph.provenance})),
        model_licence="Apache-2.0" if config.engine.model in (None, "default") else "",
        self_containment=copies.self_containment or DEFAULT_SELF_CONTAINMENT,
        noise=Noise(
            {name: getattr(config.noise, name) for name in NOISE},
            config.seed,
            frozenset(config.noise.kinds),
        ),
        names=names,
    )


def _ordinary(library: PromptLibrary, names: Names | None) -> frozenset[str]:
    """The words of another language that its documents are made of: none of them names anybody."""
    if names is None:
        return frozenset()
    texts = [*library.grammar.persons.values(), *library.grammar.patient]
    for group in library.groups.values():
        texts += [t for f in (*group.frames, *group.telegraphic) for t in (f.text, f.item or "")]
        texts.append(group.item)
    for kind in library.kinds.values():
        texts += kind.title
        for section in kind.sections:
            texts += [h for wordings in (section.headings or {}).values() for h in wordings]
    texts += [t.source for versions in library.templates.values() for t in versions]
    return words_of_language(texts) | names.words()


def checker_of(graph: Graph, names: Names | None) -> Checker:
    """The checker of a language's texts; without names, of English ones."""
    if names is None:
        return Checker(graph)
    return Checker(NamedConcepts(graph, names), language=names.language)


def _check_language(config: Config) -> None:
    """See that the language is there, and that nothing is asked of it that it cannot do yet.

    Raises:
        CasewrightError: with every problem found.
    """
    language = config.language
    if language == ENGLISH:
        return
    there = [code for code in languages() if code in prompt_languages()]
    problems = []
    if language not in there:
        problems.append(
            config.problem(
                f"there is no language {language!r}",
                "language",
                valid=", ".join(there),
                fix="choose one of these; docs/languages.md says what a new one needs",
            )
        )
    else:
        limits = [
            (config.engine.kind != "realiser", ("engine", "kind"), "the realiser writes it",
             "set engine.kind to realiser, or use --engine realiser"),
            (config.sampling.encounters > 1, ("sampling", "encounters"),
             "patients have one encounter", "set encounters to 1"),
            (config.sampling.contrast, ("sampling", "contrast"), "there are no contrast pairs",
             "set contrast to false"),
            (any(getattr(config.noise, name) for name in NOISE), ("noise",),
             "there is no noise", "leave noise out"),
        ]  # fmt: skip
        problems += [
            config.problem(f"language {language}: {what} so far", *keys, fix=fix)
            for wrong, keys, what, fix in limits
            if wrong
        ]
    if problems:
        raise CasewrightError("the configuration has problems", problems=problems)


def _check_names(config: Config, library: PromptLibrary, graph: Graph) -> None:
    """See that every name that the configuration gives exists, and tell all that do not."""
    problems = [
        *_kind_problems(config, library),
        *_code_problems(config, graph),
        *quota_problems(config, graph),
        *_coverage_problems(config, library),
        *_unknown(config, "styles", config.text.styles, library.styles),
        *_unknown(config, "personas", config.text.personas, library.personas),
        *_unknown(config, "variants", config.text.variants, library.variants),
        *_unknown(config, "kinds", config.noise.kinds, library.kinds, within="noise"),
    ]
    if problems:
        raise CasewrightError("the configuration has problems", problems=problems)


def _kind_problems(config: Config, library: PromptLibrary) -> Iterator[Problem]:
    for setting, weight in config.sampling.settings.items():
        if weight > 0 and not config.kinds.get(setting):
            yield config.problem(
                f"kinds.{setting} names no kind of document, but the setting has a weight",
                "kinds",
                setting,
                valid=", ".join(sorted(library.kinds)),
                fix=f"add kinds.{setting}, or set sampling.settings.{setting} to 0",
            )
    for setting, kinds in config.kinds.items():
        fitting = ", ".join(k for k, s in sorted(library.kinds.items()) if setting in s.settings)
        for place, kind in enumerate(kinds):
            what = None
            if kind not in library.kinds:
                what = (
                    f"there is no kind of document {kind!r}"
                    if config.language == ENGLISH
                    else f"language {config.language} has no frames for the kind {kind!r}"
                )
            elif setting not in library.kinds[kind].settings:
                what = f"a {kind} is not written in the setting {setting}"
            if what:
                keys = ("kinds", setting, str(place))
                yield config.problem(what, *keys, valid=fitting, fix="choose one of these")


def _code_problems(config: Config, graph: Graph) -> Iterator[Problem]:
    for place, code in enumerate(config.sampling.codes):
        plain = code.upper().replace(".", "")
        if plain and any(c.code.replace(".", "").startswith(plain) for c in graph.principals):
            continue
        keys = ("sampling", "codes", str(place))
        try:
            condition = graph.condition(code)
        except CasewrightError as err:
            found = err.problems[0]
            yield config.problem(found.what, *keys, valid=found.valid, fix=found.fix or "")
            continue
        yield config.problem(
            f"{condition.code} ({condition.title}) cannot be a principal diagnosis",
            *keys,
            valid="codes with symptoms, treatment and a test: see `casewright kg stats`",
            fix=f"see `casewright kg show {condition.code}`, or choose a neighbouring code",
        )


def _unknown(
    config: Config,
    key: str,
    names: tuple[str, ...],
    known: Iterable[str],
    *,
    within: str = "text",
) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if name not in known:
            what = f"{within}.{key}: there is no {name!r}"
            yield config.problem(
                what, within, key, str(place), valid=", ".join(known), fix="choose one of these"
            )


def _weights(
    known: object, chosen: tuple[str, ...], shares: Shares | None
) -> list[tuple[str, float]]:
    """Names with their weights: by their shares of the run, where it gives any."""
    table = dict(known)  # type: ignore[call-overload]
    weights = {n: table[n].weight for n in (chosen or table)}
    if shares == "even":
        return [(n, 1.0) for n in weights]
    if shares is None:
        return list(weights.items())
    rest = sum(w for n, w in weights.items() if n not in shares)
    left = max(1 - sum(shares.values()), 0.0)
    return [(n, shares.get(n, w * left / rest if rest else 0.0)) for n, w in weights.items()]


def _coverage_problems(config: Config, library: PromptLibrary) -> Iterator[Problem]:
    """Values of `coverage` that no document can have."""
    kinds = {kind for chosen in config.kinds.values() for kind in chosen}
    known: Mapping[Axis, Iterable[str]] = {
        "chapter": [str(c.number) for c in CHAPTERS],
        "age": [name for _, name in AGE_BANDS],
        "sex": ("female", "male"),
        "kind": sorted(kinds),
        "style": sorted(config.text.styles or library.styles),
        "persona": sorted(config.text.personas or library.personas),
    }
    for axis, values in known.items():
        shares = config.coverage.shares(axis)
        for value in shares if isinstance(shares, Mapping) else ():
            if value not in values:
                yield config.problem(
                    f"coverage.{axis}: no document of this run can be {value!r}",
                    "coverage", axis, value, valid=", ".join(values), fix="choose one of these",
                )  # fmt: skip


def _reference(config: Config) -> tuple[ReferenceIndex | None, ReferenceIndex, str]:
    """The private reference, public texts that models recite, and what both are made of."""
    settings = config.filters.near_copies
    known = list(memorised_texts())
    for path in settings.public:
        known += read_reference(path, settings.text_field)
    public = ReferenceIndex.build(known)
    parts = [public.fingerprint] if settings.public else []
    reference = None
    if settings.reference is not None:
        reference = ReferenceIndex.open(
            settings.reference, settings.text_field, folder=settings.index
        )
        parts.append(reference.fingerprint)
    return reference, public, fingerprint_bytes(json.dumps(parts).encode()) if parts else ""


def _voters(config: Config) -> Iterator[Voter]:
    phi = config.filters.phi
    if phi.classifier is not None:
        yield classifier_voter(phi.classifier)
    if phi.endpoint is not None:
        yield endpoint_voter(phi.endpoint, phi.endpoint_model)


def copy_limits(settings: NearCopiesConfig) -> CopyLimits:
    """The limits that the configuration gives, the measured ones where it gives none."""
    given = {
        "containment": settings.reference_containment,
        "coverage": settings.reference_coverage,
        "passage": settings.reference_passage,
        "verbatim": settings.reference_verbatim,
        "paraphrase": settings.reference_paraphrase,
        "example_containment": settings.example_containment,
    }
    return replace(CopyLimits(), **{k: v for k, v in given.items() if v is not None})


def _examples_index(library: PromptLibrary) -> ReferenceIndex:
    return ReferenceIndex.build(example_texts(library))


_SPOKEN: tuple[Voice, ...] = ("self", "caregiver")
_WRITTEN: tuple[Voice, ...] = ("pronoun", "patient", "telegraphic")


def example_texts(library: PromptLibrary) -> Iterator[tuple[str, str]]:
    """What the prompts show as worked examples, one text for each group, voice and sex."""
    spoken = {
        rule.group
        for kind in library.kinds.values()
        for section in kind.sections
        for rule in section.groups
        if kind.dialogue
    }
    people = (Demographics(40, "female"), Demographics(40, "male"))
    for name, group in library.groups.items():
        if not group.pool and not any(f.lay for f in group.frames):
            continue
        for voice, person in product(_SPOKEN if name in spoken else _WRITTEN, people):
            subject = Subject(person, voice, "The patient", library.grammar)
            rng = derive_rng("examples", name, voice, person.sex)
            shown = [
                e.answer
                for count in (1, 2)
                for e in examples_for(name, group, count, subject, rng, shots=12)
            ]
            yield f"{name}.{voice}.{person.sex}", " ".join(dict.fromkeys(shown))


def engine_spec(config: Config) -> EngineSpec:
    """What the configuration says of the engine."""
    engine = config.engine
    return EngineSpec(
        kind=engine.kind,
        model=engine.model or ("" if engine.kind in ("url", "realiser") else "default"),
        url=engine.url or "",
        api_key_env=engine.api_key_env,
        concurrency=engine.concurrency,
        context=engine.context,
        threads=engine.threads,
        request_timeout=engine.timeout_s,
        startup_timeout=engine.startup_timeout_s,
        python=str(engine.python) if engine.python else None,
        extra_args=engine.args,
    )


def fingerprint_of(
    config: Config, parts: Parts, model: str, model_hash: str, granularity: Granularity = "group"
) -> Fingerprint:
    """What the run's data is a function of.

    Args:
        granularity: what a probe chose, where the configuration leaves it open.
    """
    settings = {k: json.dumps(v) for k, v in data_fields(config).items()}
    if config.text.granularity == "auto":
        settings[CHOSEN] = granularity
    if parts.reference_hash:
        settings["filters.near_copies.reference"] = parts.reference_hash
    return Fingerprint(
        seed=config.seed,
        casewright=__version__,
        graph=parts.graph.version,
        model=Path(model).name,
        model_hash=model_hash,
        prompts={"all": parts.library.hash},
        settings=settings,
    )
