"""Everything that text is made from: templates, kinds, frames, styles and personas.

A template's file is the only copy of its text, `<name>.v<N>.j2`; a released version never
changes: `prompts.lock` holds its hash. A user may add a folder whose files are read after
the packaged ones: new names, new versions of old names, or whole YAML files.

Templates run sandboxed and strict: an unknown variable is an error, found from the syntax
tree before the first request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from jinja2 import StrictUndefined, TemplateSyntaxError, meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    ValidationError,
)

from casewright.errors import CasewrightError, Problem
from casewright.records import Demographics, FactType, Polarity, Setting

__all__ = [
    "ENGLISH",
    "PROMPT_FIELDS",
    "ROLEPLAY_FIELDS",
    "ROLEPLAY_PROMPT",
    "Frame",
    "Grammar",
    "GroupRule",
    "GroupText",
    "KindSpec",
    "Message",
    "Persona",
    "Phrases",
    "PromptLibrary",
    "SectionSpec",
    "Style",
    "Template",
    "Variant",
    "load_library",
    "prompt_languages",
]

ENGLISH = "en"

PROMPT_FIELDS = frozenset({"examples", "request", "speaker", "voice", "kind", "group", "style"})
"""What a prompt template may use."""
ROLEPLAY_PROMPT = "dialogue_roleplay"
"""Name of the template of a consultation between two model roles."""
ROLEPLAY_FIELDS = frozenset({"speaker", "persona", "transcript", "request", "group", "voice"})
"""What the template of a role-play may use; `transcript` has lines with speaker and text."""
HEADER_FIELDS = frozenset(
    {
        "facility", "title", "name", "birth_date", "mrn", "encounter_date", "discharge_date",
        "clinician", "phone", "address", "age", "sex", "reader",
    }
)  # fmt: skip
"""What a header template may use."""

# The C loader where PyYAML was built with it: ten times as fast.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Model = TypeVar("_Model", bound=BaseModel)
_TEMPLATE_NAME = re.compile(r"(?P<name>[a-z][a-z0-9_]*)\.v(?P<version>[1-9][0-9]*)\.j2")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GroupRule(_Strict):
    """Which facts a group takes, and how many go into one piece.

    Attributes:
        types, polarity, attributes, codes: what a fact must be; `codes` are ICD-10-CM prefixes.
        having: the fact must have one of these attributes, whatever its value.
        again: takes facts that stand elsewhere in the document already, to say more of them.
        opens: of the rules that open a document, only the first that finds a fact does.
        size: facts in one piece. at_most: pieces in one document.
        brief: up to so many in one piece where one detail is told of each, and the size is 1.
        dense: up to so many in one piece in a dense style, where the size is 1.
    """

    group: str
    types: tuple[FactType, ...]
    polarity: tuple[Polarity, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    codes: tuple[str, ...] = ()
    having: tuple[str, ...] = ()
    again: bool = False
    opens: bool = False
    size: int = Field(default=1, ge=1, le=8)
    brief: int = Field(default=1, ge=1, le=8)
    dense: int = Field(default=1, ge=1, le=8)
    at_most: int | None = Field(default=None, ge=1)


def _as_tuple(value: object) -> object:
    """Let the YAML write one name where several may stand."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


_Names = Annotated[tuple[str, ...], BeforeValidator(_as_tuple)]


class SectionSpec(_Strict):
    """A heading over groups; None without.

    Attributes:
        headings: by style (full, short, british where it differs), one or several wordings of
            which each clinician has one.
        background: of sections that follow one another and are all background, each clinician
            has an order of their own (allergies first, say).
        statements, telegraphic: sentences of routine that state no fact ("Review of systems is
            otherwise negative."), one of which ends the section as often as the style's
            `normals` says, in prose or short. In a `template` section one always stands.
        about: pattern that the name of a fact of the document must match for a statement.
        unless: a role of facts ("complication") with which no statement is made.
    """

    headings: Mapping[Literal["full", "short", "british"], _Names] | None = None
    background: bool = False
    groups: tuple[GroupRule, ...] = ()
    statements: tuple[str, ...] = ()
    telegraphic: tuple[str, ...] = ()
    template: bool = False
    about: str = ""
    unless: str | None = None

    def says(self, names: Iterable[str], roles: Iterable[str | None]) -> bool:
        """Whether its statements suit a document that tells of these names and roles."""
        if self.unless is not None and self.unless in roles:
            return False
        return any(re.search(self.about, name) for name in names)


class KindSpec(_Strict):
    """One kind of document.

    Attributes:
        title: what it may be called. settings: where it is written.
        prompt: template. header, footer: templates of which each institution, or each writer of
            a message, has one.
        dialogue: turns of two speakers; `speaker`: one speaks in the first person, to the
            patient (doctor) or from the patient (patient); a note without either.
        afterwards: written when a stay is over, so that what was "two days ago" on arrival was
            two days before admission.
        prose: in whole sentences, whatever the clinician's style.
        requires: types of which the case must have a present fact. barred: ICD-10-CM prefixes of
            principal diagnoses that the kind is not written for.
        about: pattern that the name of a fact of these types must match.
        silent: types of facts that must not be mentioned.
    """

    title: tuple[str, ...]
    settings: tuple[Setting, ...]
    prompt: str
    header: _Names = ()
    footer: _Names = ()
    dialogue: bool = False
    speaker: Literal["doctor", "patient"] | None = None
    afterwards: bool = False
    prose: bool = False
    requires: tuple[FactType, ...] = ()
    about: str = ""
    barred: tuple[str, ...] = ()
    silent: tuple[FactType, ...] = ()
    sections: tuple[SectionSpec, ...]


class Frame(_Strict):
    """A sentence pattern; `item` overrides the group's, `lay` is a fixed example's own item.

    `shape` names the lay wordings that the pattern is made for (wording.lay_shape), or whether
    a procedure is an operation or care.
    """

    text: str
    item: str | None = None
    lay: str | None = None
    shape: Literal["noun", "clause", "doing", "operation", "care"] | None = None


class GroupText(_Strict):
    """How a fact group is requested, exemplified and realised. See frames.yaml."""

    label: str
    item: str
    frames: tuple[Frame, ...]
    telegraphic: tuple[Frame, ...] = ()
    realise: tuple[Frame, ...] = ()
    realise_only: bool = False
    parents: tuple[Frame, ...] = ()
    pool: tuple[tuple[Mapping[str, str], ...], ...] = ()
    ask: tuple[str, ...] = ()
    ask_by_model: bool = False
    ask_pool: tuple[str, ...] = ()
    line: str = ""
    line_break: str = "\n"


class Style(_Strict):
    """How a clinician writes. See styles.yaml."""

    voice: Literal["pronoun", "patient", "telegraphic"]
    headings: Literal["full", "short", "british"]
    heading_case: Literal["upper", "title"]
    heading_form: Literal["block", "inline", "bare"] = "block"
    normals: float = Field(default=0.3, ge=0, le=1)
    abbreviate: float = Field(ge=0, le=1)
    density: float = Field(default=1, ge=0.5, le=3)
    lines: tuple[str, ...] = ()
    assessment_first: bool = False
    spelling: Literal["american", "british"] = "american"
    weight: float = Field(default=1, gt=0)


class Variant(Style):
    """A hand in which documents are written once more. See variants.yaml."""

    headers: Mapping[str, str] = Field(default_factory=dict)
    short: Mapping[str, str] = Field(default_factory=dict)


class _GrammarFile(_Strict):
    """grammar.yaml: see Grammar."""

    join: str
    join_or: str
    join_before: str = ""
    join_before_word: str = ""
    join_or_before: str = ""
    join_or_before_word: str = ""
    persons: Mapping[Literal["woman", "man", "girl", "boy"], str]
    pronouns: tuple[tuple[str, str, str], tuple[str, str, str]]
    patient: tuple[str, str]
    patient_possessive: tuple[str, str]
    age_years: str
    age_year: str
    age_months: str
    age_month: str
    duration: str
    date: str
    words: Mapping[str, str] = Field(default_factory=dict)
    tells: str = r"(?!)"

    def grammar(self) -> Grammar:
        """As the wording of frames uses it."""
        return Grammar(**self.model_dump())


Personality = Literal[
    "plain", "verbose", "terse", "pleasing", "impatient", "distrustful", "overanxious"
]


class Persona(_Strict):
    """How a patient talks, and what they tell: a point on the dimensions of personas.yaml.

    Attributes:
        lay: chance that a symptom is told in the patient's own word.
        opener: chance that an answer begins with one of `openers`; `closers` end the visit.
        personality: how they take the visit.
        language: how well they speak the doctor's language, 0 to 1.
        recall: what they remember of what they know, 0 to 1.
        confusion: how often they lose the thread, 0 to 1.
        literacy: how well they know the words of medicine, 0 to 1.
        company: who comes along and speaks.
    """

    weight: float = Field(default=1, gt=0)
    lay: float = Field(ge=0, le=1)
    opener: float = Field(default=0, ge=0, le=1)
    openers: tuple[str, ...] = ()
    closers: tuple[str, ...] = Field(min_length=1)
    personality: Personality = "plain"
    language: float = Field(default=1, ge=0, le=1)
    recall: float = Field(default=1, ge=0, le=1)
    confusion: float = Field(default=0, ge=0, le=1)
    literacy: float = Field(default=0.6, ge=0, le=1)
    company: Literal["none", "caregiver", "interpreter"] = "none"


class Phrases(RootModel[tuple[str, ...]]):
    """What may be said at one place of a consultation. See talk.yaml."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class Grammar:
    """What sentence frames ask of a language; English without a grammar.yaml.

    Attributes:
        join, join_or: what joins the last of a list. join_before, join_or_before: patterns of
            what it is said before in another form, `join_before_word`, `join_or_before_word`.
        persons: woman, man, girl, boy. pronouns: of a woman and of a man: subject, possessive,
            object. patient, patient_possessive: the patient as subject, of a woman and a man.
        age_years, age_months: with "{n}"; age_year, age_month for one.
        duration: how a drug's duration stands after it, with "{duration}".
        date: how a date is written (strftime).
        words: values that are the program's own (high, low, normal) as they are written.
        tells: pattern of the words that have the patient say something ("denies"). A child too
            young to be asked says nothing; its parents do.
    """

    join: str = "and"
    join_or: str = "or"
    join_before: str = ""
    join_before_word: str = ""
    join_or_before: str = ""
    join_or_before_word: str = ""
    persons: Mapping[str, str] = field(
        default_factory=lambda: {p: p for p in ("woman", "man", "girl", "boy")}
    )
    pronouns: tuple[tuple[str, str, str], ...] = (("she", "her", "her"), ("he", "his", "him"))
    patient: tuple[str, str] = ("the patient", "the patient")
    patient_possessive: tuple[str, str] = ("the patient's", "the patient's")
    age_years: str = "{n}-year-old"
    age_year: str = "{n}-year-old"
    age_months: str = "{n}-month-old"
    age_month: str = "{n}-month-old"
    duration: str = " for {duration}"
    date: str = "%m/%d/%Y"
    words: Mapping[str, str] = field(default_factory=dict)
    tells: str = (
        r"\b(?:says?|tells?|states?|recalls?|reports?|describes?|mentions?|notes?|complains?|adds?|"
        r"den(?:y|ies|ied|ying)|speaks?|explains?|confirms?|account|asked|questioning|according|"
        r"(?:goes|went) on to|noticed|reported (?:no|any)|per patient)\b"
    )

    def __hash__(self) -> int:
        return hash((self.join, self.join_or, self.age_years))

    def age(self, who: Demographics) -> str:
        """The patient's age, as notes write it."""
        if who.age_years < 2 and who.age_months is not None:
            months = max(who.age_months, 1)
            return (self.age_month if months == 1 else self.age_months).format(n=months)
        years = who.age_years
        return (self.age_year if years == 1 else self.age_years).format(n=years)

    def joined(self, conjunction: str, following: str) -> str:
        """The word for "and" or "or" before what follows."""
        if conjunction == "or":
            found = self.join_or_before and re.search(self.join_or_before, following, re.I)
            return self.join_or_before_word if found else self.join_or
        found = self.join_before and re.search(self.join_before, following, re.I)
        return self.join_before_word if found else self.join


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: str
    content: str


class _Undefined(StrictUndefined):
    """StrictUndefined, named so that errors can be told from bugs in tests."""


class _MessageExtension(Extension):
    """`{% message "role" %}...{% endmessage %}`: collects chat messages while rendering.

    The collected text never passes through a delimiter, so that no fact can end a message
    or begin another.
    """

    tags = {"message"}  # noqa: RUF012  (the base class declares a set)

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        role = parser.parse_expression()
        body = parser.parse_statements(("name:endmessage",), drop_needle=True)
        context = nodes.ContextReference()
        call = self.call_method("_collect", [context, role])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _collect(self, context: Any, role: str, caller: Macro) -> str:
        context["__messages__"].append(Message(role, str(caller()).strip()))
        return ""


def _environment() -> ImmutableSandboxedEnvironment:
    env = ImmutableSandboxedEnvironment(
        undefined=_Undefined,
        extensions=[_MessageExtension],
        autoescape=False,  # plain text for a model, not HTML
        keep_trailing_newline=False,
    )
    return env


@dataclass(frozen=True)
class Template:
    """One version of one template."""

    name: str
    version: int
    source: str
    path: str

    @cached_property
    def hash(self) -> str:
        """sha256 of the source, the first 16 hexadecimal digits."""
        return sha256(self.source.encode()).hexdigest()[:16]

    @cached_property
    def _compiled(self) -> Any:
        return _environment().from_string(self.source)

    def _names(self) -> Mapping[str, int]:
        """Names that the template reads, with the first line that reads each."""
        try:
            tree = _environment().parse(self.source)
        except TemplateSyntaxError as err:
            raise CasewrightError(
                f"the template does not parse: {err.message}", where=self.path, line=err.lineno
            ) from err
        free = meta.find_undeclared_variables(tree)
        lines: dict[str, int] = {}
        for node in tree.find_all(nodes.Name):
            if node.name in free:
                lines[node.name] = min(node.lineno, lines.get(node.name, node.lineno))
        return lines

    def variables(self) -> set[str]:
        """Names that the template reads. Raises CasewrightError where it does not parse."""
        return set(self._names())

    def problems(self, allowed: Iterable[str]) -> list[Problem]:
        """What is wrong with the source: it does not parse, or uses what does not exist."""
        known = set(allowed)
        try:
            names = self._names()
        except CasewrightError as err:
            return list(err.problems)
        return [
            Problem(
                f"the template uses {name!r}, which does not exist",
                self.path,
                line,
                valid=", ".join(sorted(known)),
                fix="correct the name, or drop it from the template",
            )
            for name, line in sorted(names.items())
            if name not in known
        ]

    def messages(self, **fields: object) -> tuple[Message, ...]:
        """Render to chat messages.

        Raises:
            CasewrightError: a field fails, or text stands outside of every message.
        """
        collected: list[Message] = []
        stray = self._render(__messages__=collected, **fields).strip()
        if stray:
            raise CasewrightError(
                f"the template writes {stray[:60]!r} outside of a message",
                where=self.path,
                fix='put it between {% message "system" %} and {% endmessage %}',
            )
        return tuple(collected)

    def text(self, **fields: object) -> str:
        """Render to plain text."""
        return self._render(__messages__=[], **fields)

    def _render(self, **fields: object) -> str:
        try:
            return str(self._compiled.render(**fields))
        except Exception as err:  # a template can fail in every way in which code can (1 / 0)
            raise CasewrightError(
                f"the template failed: {err}", where=self.path, line=_line_in_template(err)
            ) from err


def _line_in_template(err: Exception) -> int | None:
    """The template's line that failed: Jinja puts it into the traceback."""
    line, frame = None, err.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == "<template>":
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


@dataclass(frozen=True)
class PromptLibrary:
    """All prompts and texts of a run."""

    templates: Mapping[str, tuple[Template, ...]]
    kinds: Mapping[str, KindSpec]
    groups: Mapping[str, GroupText]
    styles: Mapping[str, Style]
    personas: Mapping[str, Persona]
    talk: Mapping[str, Phrases]
    hash: str
    variants: Mapping[str, Variant] = field(default_factory=dict)
    grammar: Grammar = field(default_factory=Grammar)
    language: str = ENGLISH

    def style(self, name: str) -> Style:
        """A style or a variant by name."""
        return self.styles[name] if name in self.styles else self.variants[name]

    def says(self, name: str) -> tuple[str, ...]:
        """The phrases of talk.yaml by name. Raises CasewrightError for a name without any."""
        if name not in self.talk:
            raise CasewrightError(
                f"there are no phrases {name!r}",
                where="talk.yaml",
                valid=", ".join(sorted(self.talk)),
            )
        return self.talk[name].root

    def template(self, name: str, version: int | None = None) -> Template:
        """A template by name, the newest version unless told."""
        versions = self.templates.get(name)
        if not versions:
            raise CasewrightError(
                f"there is no template {name!r}", valid=", ".join(sorted(self.templates))
            )
        if version is None:
            return versions[-1]
        for template in versions:
            if template.version == version:
                return template
        raise CasewrightError(
            f"template {name!r} has no version {version}",
            valid=", ".join(str(t.version) for t in versions),
        )

    def kind(self, name: str) -> KindSpec:
        """A kind of document by name."""
        if name not in self.kinds:
            which = f"language {self.language} has" if self.language != ENGLISH else "there is"
            raise CasewrightError(
                f"{which} no kind of document {name!r}", valid=", ".join(sorted(self.kinds))
            )
        return self.kinds[name]

    def validate(self) -> None:
        """Check every reference, so that no request is made with a broken prompt.

        Raises:
            CasewrightError: with every problem found.
        """
        problems: list[Problem] = []
        if any(kind.dialogue for kind in self.kinds.values()):
            problems += _problems_of(self.template(ROLEPLAY_PROMPT), ROLEPLAY_FIELDS)
        for name, kind in self.kinds.items():
            wanted = [(kind.prompt, PROMPT_FIELDS)]
            wanted += [(t, HEADER_FIELDS) for t in (*kind.header, *kind.footer)]
            for template, fields in wanted:
                if template not in self.templates:
                    problems.append(
                        Problem(
                            f"kind {name!r} names the template {template!r}, which does not exist",
                            "kinds.yaml",
                            valid=", ".join(sorted(self.templates)),
                        )
                    )
                    continue
                problems.extend(_problems_of(self.template(template), fields))
            for section in kind.sections:
                problems.extend(
                    Problem(
                        f"kind {name!r} names the group {rule.group!r}, which does not exist",
                        "kinds.yaml",
                        valid=", ".join(sorted(self.groups)),
                    )
                    for rule in section.groups
                    if rule.group not in self.groups
                )
        for name, variant in self.variants.items():
            if name in self.styles:
                problems.append(
                    Problem(
                        f"{name!r} is the name of a style and of a variant",
                        "variants.yaml",
                        fix="give the variant another name",
                    )
                )
            problems += [
                Problem(
                    f"variant {name!r} names the template {template!r}, which does not exist",
                    "variants.yaml",
                    valid=", ".join(sorted(self.templates)),
                )
                for pair in variant.headers.items()
                for template in pair
                if template not in self.templates
            ]
        if problems:
            raise CasewrightError("the prompts have problems", problems=problems)


def _problems_of(template: Template, fields: frozenset[str]) -> list[Problem]:
    """What is wrong with a template, from its source and from rendering it once for each speaker.

    Rendering finds what the source does not show: a misspelt field of an example, say.
    """
    found = template.problems(fields)
    if found:
        return found
    sample: dict[str, object] = {name: name for name in fields}
    sample["transcript"] = [{"speaker": "doctor", "text": "Q"}]
    try:
        if fields is HEADER_FIELDS:
            template.text(**sample)
            return []
        for speaker in ("", "doctor", "patient", "caregiver"):
            sample |= {"speaker": speaker, "examples": [{"request": "Q", "answer": "A"}]}
            messages = template.messages(**sample)
            roles = [m.role for m in messages]
            if not roles or roles[-1] != "user" or set(roles) - {"system", "user", "assistant"}:
                return [
                    Problem(
                        f"the template writes the messages {', '.join(roles) or 'none'}",
                        template.path,
                        valid='{% message "system" %}, "user" or "assistant", a "user" one last',
                        fix='close the template with {% message "user" %}{{ request }}'
                        "{% endmessage %}",
                    )
                ]
    except CasewrightError as err:
        return list(err.problems)
    return []


def load_library(extra: Path | None = None, language: str = ENGLISH) -> PromptLibrary:
    """Load the packaged prompts of a language, and a user's folder over them.

    Args:
        language: "en", or the name of a folder of prompts ("es").
        extra: a folder with templates and YAML files of the packaged names; a template with
            the name and version of a packaged one must not differ from it.

    Raises:
        CasewrightError: for a folder that does not exist or files that do not validate.
    """
    home = Path(__file__).parent
    if language != ENGLISH:
        home /= language
        if not (home / "kinds.yaml").is_file():
            raise CasewrightError(
                f"there are no prompts in the language {language!r}",
                valid=", ".join(prompt_languages()),
                fix=f"write prompts/{language}/kinds.yaml, frames.yaml, styles.yaml ...",
            )
    folders: list[Path] = [home]
    if extra is not None:
        if not extra.is_dir():
            raise CasewrightError(
                "the prompts folder does not exist", where=extra, fix="give an existing folder"
            )
        folders.append(extra)
    templates = _load_templates(folders)
    kinds = _load_yaml(folders, "kinds", KindSpec)
    groups = _load_yaml(folders, "frames", GroupText, key="groups", prepare=_prepare_group)
    styles = _load_yaml(folders, "styles", Style)
    personas = _load_yaml(folders, "personas", Persona)
    variants = _load_yaml(folders, "variants", Variant)
    talk = _load_yaml(folders, "talk", Phrases)
    grammars = _load_yaml(folders, "grammar", _GrammarFile)
    grammar = next((g.grammar() for g in reversed(grammars.values())), Grammar())
    library = PromptLibrary(
        templates, kinds, groups, styles, personas, talk, _hash(folders),
        variants=variants, grammar=grammar, language=language,
    )  # fmt: skip
    library.validate()
    return library


def prompt_languages() -> tuple[str, ...]:
    """Languages with prompts, English first."""
    found = sorted(p.parent.name for p in Path(__file__).parent.glob("*/kinds.yaml"))
    return (ENGLISH, *found)


def _hash(folders: Sequence[Path]) -> str:
    digest = sha256()
    for folder in folders:
        for path in sorted([*folder.glob("*.j2"), *folder.glob("*.yaml")]):
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def _load_templates(folders: Sequence[Path]) -> dict[str, tuple[Template, ...]]:
    found: dict[tuple[str, int], Template] = {}
    problems: list[Problem] = []
    for folder in folders:
        for path in sorted(folder.glob("*.j2")):
            match = _TEMPLATE_NAME.fullmatch(path.name)
            if match is None:
                problems.append(
                    Problem(
                        f"{path.name!r} is not a template name",
                        path,
                        valid="<kind>.v<N>.j2, lower case",
                        fix="rename the file",
                    )
                )
                continue
            name, version = match["name"], int(match["version"])
            template = Template(name, version, path.read_text("utf-8"), str(path))
            packaged = found.get((name, version))
            if packaged is not None and packaged.source != template.source:
                problems.append(
                    Problem(
                        f"version {version} of {name!r} is released and must not change",
                        path,
                        fix=f"save your template as {name}.v{version + 1}.j2",
                    )
                )
            found[name, version] = template
    if problems:
        raise CasewrightError("the prompts have problems", problems=problems)
    by_name: dict[str, list[Template]] = {}
    for (name, _), template in sorted(found.items()):
        by_name.setdefault(name, []).append(template)
    return {name: tuple(versions) for name, versions in by_name.items()}


def _prepare_group(raw: dict[str, Any]) -> dict[str, Any]:
    """Let the YAML write a frame as a string and a pool item as its name."""
    for key in ("frames", "telegraphic", "realise", "parents"):
        if isinstance(raw.get(key), list):
            raw[key] = [{"text": f} if isinstance(f, str) else f for f in raw[key]]
    if isinstance(raw.get("pool"), list):
        raw["pool"] = [
            [{"name": item} if isinstance(item, str) else item for item in entry]
            for entry in raw["pool"]
        ]
    return raw


def _load_yaml(
    folders: Sequence[Path],
    stem: str,
    model: type[_Model],
    key: str | None = None,
    prepare: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> dict[str, _Model]:
    merged: dict[str, _Model] = {}
    problems: list[Problem] = []
    for folder in folders:
        path = folder / f"{stem}.yaml"
        if not path.is_file():
            continue
        for name, raw in _read_mapping(path, key or stem).items():
            try:
                prepared = prepare(raw) if prepare and isinstance(raw, dict) else raw
                merged[name] = model.model_validate(prepared)
            except ValidationError as err:
                problems.extend(
                    Problem(f"{name}.{'.'.join(str(part) for part in e['loc'])}: {e['msg']}", path)
                    for e in err.errors()
                )
    if problems:
        raise CasewrightError("the prompts have problems", problems=problems)
    return merged


def _read_mapping(path: Path, key: str) -> dict[str, Any]:
    try:
        loaded = yaml.load(path.read_text("utf-8"), Loader=_LOADER)
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else None
        raise CasewrightError(f"not YAML: {err.problem}", where=path, line=line) from err
    if not isinstance(loaded, dict) or not isinstance(loaded.get(key), dict):
        raise CasewrightError(f"the file has no mapping {key!r}", where=path)
    mapping: dict[str, Any] = loaded[key]
    return mapping
