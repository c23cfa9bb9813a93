"""A second model as judge: does the document say anything that its case does not hold?

Asked after the checker, of documents that would be kept. What it objects to it must quote: only
words that stand in the document count, so that it cannot make anything up. It adds a reason
against a document, and takes none away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from casewright.generators.client import ChatRequest
from casewright.generators.mending import said_of
from casewright.generators.structured import StructuredMode, bind, read_object
from casewright.generators.tasks import Complete
from casewright.prompts.library import Template
from casewright.records import Document, Draft, Evidence, Fact, Reason, Verdict
from casewright.seeds import derive_seed

__all__ = ["DocumentJudge"]

_SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "verdict": {"enum": ["supported", "unsupported"]},
            "quotes": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["verdict", "quotes"],
        "additionalProperties": False,
    }
)
_SPACES = re.compile(r"\s+")
_SHORTEST = 3
"""Letters of a quotation that says anything."""


@dataclass(frozen=True)
class DocumentJudge:
    """Asks a model about documents.

    Attributes:
        template: the prompt (`judge`). model: its name, for the reason.
        structured: how this server binds an answer to a schema, if it does.
        seed: the run's seed.
    """

    complete: Complete
    template: Template
    model: str
    seed: int
    structured: StructuredMode = "none"

    async def __call__(self, document: Document) -> Document:
        """The document with the judge's reason, if it has one. Others' verdicts stay.

        Raises:
            CasewrightError: when the judge's endpoint fails.
        """
        if not document.verdict.keep:
            return document
        completion = await self.complete(self.request(document.draft))
        told = read_object(completion.text)
        verdict = document.verdict
        if told is None or told.get("verdict") not in ("supported", "unsupported"):
            scores = (*verdict.scores, ("judge_unread", 1.0))
            return replace(document, verdict=replace(verdict, scores=scores))
        quotes = told.get("quotes")
        evidence = tuple(_evidence(quotes if isinstance(quotes, list) else [], document.draft.text))
        against = told["verdict"] == "unsupported" and bool(evidence)
        scores = (*verdict.scores, ("judge", float(len(evidence) if against else 0)))
        if not against:
            return replace(document, verdict=replace(verdict, scores=scores))
        reason = Reason(
            "judge",
            "off_case",
            f"{self.model or 'the judge'} finds what the case does not hold: {evidence[0].text!r}",
            float(len(evidence)),
            evidence,
        )
        return replace(document, verdict=Verdict(False, (*verdict.reasons, reason), scores))

    def request(self, draft: Draft) -> ChatRequest:
        """What the judge is asked about a draft."""
        messages = self.template.messages(
            examples=(),
            request=_asked(draft),
            speaker="",
            voice="",
            kind=draft.kind,
            group="judge",
            style=draft.case.style,
        )
        chat = ChatRequest(
            messages=tuple((m.role, m.content) for m in messages),
            seed=derive_seed(self.seed, draft.document_id, "judge", bits=31),
            temperature=0.0,
            top_p=1.0,
            max_tokens=400,
        )
        return bind(chat, _SCHEMA, self.structured)


def _asked(draft: Draft) -> str:
    case = draft.case
    who = f"- the patient is a {case.demographics.age_text} {case.demographics.sex}"
    facts = [f"- {f.type.replace('_', ' ')}: {_told(f)}" for f in draft.facts]
    return "\n".join(["Facts:", who, *facts, "", "Document:", draft.text])


def _told(fact: Fact) -> str:
    told = [said_of(fact)]
    told += [v for k, v in fact.attributes if k in ("character", "site", "severity", "flag")]
    return ", ".join(told)


def _evidence(quotes: Sequence[object], text: str) -> Iterator[Evidence]:
    """The quotations that stand in the text, each once."""
    seen: set[tuple[int, int]] = set()
    for quote in quotes:
        words = _SPACES.split(str(quote).strip())
        if sum(len(w) for w in words) < _SHORTEST:
            continue
        match = re.search(r"\s+".join(re.escape(w) for w in words), text, re.IGNORECASE)
        if match and match.span() not in seen:
            seen.add(match.span())
            yield Evidence(match.start(), match.end(), match.group())
