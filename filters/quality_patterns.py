# ruff: noqa: E501  (tables of patterns read worse when broken)
"""What a model says that no clinician writes: tables of patterns for the quality filter."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TypeAlias

__all__ = ["REFUSALS", "ROLES", "Rules", "debris", "model_talk"]

Rules: TypeAlias = tuple[tuple[str, re.Pattern[str]], ...]


_CANNOT = r"(?:can ?not|can't|won't|will not|am unable to|am not able to|must decline to|'m unable to|'m not able to|am not comfortable|do not feel comfortable|don't feel comfortable)"
_TASK = (
    r"(?:assist|comply|fulfil+|generate|create|write|produce|compose|complete|provide|continue|"
    r"engage|participate|help)"
)
_OBJECT = (
    r"(?:you )?(?:with )?(?:that|this|your|the|any|a|an|such|medical|clinical|personal|information|content)?"
    r"(?:\s[\w'-]+){0,3}?\s?(?:request|requests|prompt|task|content|note|notes|document|summary|dialogue|conversation|"
    r"text|information|advice about|medical advice|diagnosis or|data|details about)"
)
REFUSALS: Rules = (
    (
        "refuses the task",
        re.compile(rf"\bI(?:'m| am)? ?{_CANNOT} {_TASK}(?:ing)? {_OBJECT}\b", re.I),
    ),
    (
        "refuses the task",
        re.compile(
            rf"\b(?:I'?m|I am|we'?re) (?:very |really |so )?sorry,? (?:but )?(?:as an|I {_CANNOT} {_TASK}\b)",
            re.I,
        ),
    ),
    ("refuses the task", re.compile(rf"\bI {_CANNOT} (?:assist|comply) with\b", re.I)),
    (
        "refuses the task",
        re.compile(
            r"\bI apologi[sz]e,? but (?:as an|I (?:can|am|do)(?:not|n't| not| unable))", re.I
        ),
    ),
    (
        "refuses the task",
        re.compile(
            r"\b(?:against|violates?) (?:my|our|the) (?:programming|guidelines|policy|policies|terms)\b",
            re.I,
        ),
    ),
    (
        "sends the reader elsewhere",
        re.compile(
            r"\bI(?:'m| am) not (?:a doctor|a medical professional|qualified to (?:give|provide))\b",
            re.I,
        ),
    ),
)

# What a model calls its own text. A doctor may say "here is the report", so in a dialogue
# only the words count that no speaker uses of a thing in the room.
_OWN_TEXT = (
    r"dialogue|conversation|sentences?|paragraph|draft|version|rewrite|response|output|transcript|"
    r"list of facts"
)
_OWN_NOTE = _OWN_TEXT + r"|notes?|summary|section|document|example|answer|text|letter|report"


@lru_cache(maxsize=2)
def model_talk(dialogue: bool) -> Rules:
    """Talk about the prompt, the facts or being a model."""
    own = rf"(?:{_OWN_TEXT if dialogue else _OWN_NOTE})"
    offer = r"(?:me to )?(?:make )?any (?:changes|revisions|edits|modifications)|me to (?:rewrite|revise|rephrase)"
    if not dialogue:
        offer += r"|me to|a different|another"
    return (
        (
            "speaks as a model",
            re.compile(
                r"\bas an? (?:AI|A\.I\.|artificial intelligence|language model|assistant|LLM|chatbot|virtual assistant)\b",
                re.I,
            ),
        ),
        (
            "speaks as a model",
            re.compile(
                r"\b(?:large )?language model\b|\bAI (?:assistant|model|language)\b|\b(?:ChatGPT|OpenAI|SmolLM|Qwen|Llama [23]|GPT-\d|Hugging ?Face)\b",
                re.I,
            ),
        ),
        (
            "speaks as a model",
            re.compile(
                r"\bmy (?:training data|knowledge cut-?off|programming)\b|\bI was trained (?:on|by)\b",
                re.I,
            ),
        ),
        (
            "talks about the prompt",
            re.compile(
                r"\b(?:the|these|those|your|all|of) (?:provided|given|above|listed|supplied|following|aforementioned|input) "
                r"(?:facts?|information|prompt|instructions?|input|details|context|examples?|list of facts|case details)\b",
                re.I,
            ),
        ),
        (
            "talks about the prompt",
            re.compile(
                r"\b(?:facts?|information|details) (?:provided|given|listed|stated) (?:above|below|in the prompt|by the user|here)\b",
                re.I,
            ),
        ),
        (
            "talks about the prompt",
            re.compile(
                r"\bbased on (?:the|these|your) (?:facts|prompt|instructions|provided|given)\b",
                re.I,
            ),
        ),
        (
            "talks about the prompt",
            re.compile(
                r"\b(?:use every fact|add nothing|turn the facts|rewrite the (?:facts|following)|in your own words|the facts (?:are|state|say|do not)|(?:no|any) other facts|fact list)\b",
                re.I,
            ),
        ),
        (
            "talks about the prompt",
            re.compile(
                # A plan has instructions for the patient; those for a model say what to write.
                r"(?m)^\s*(?:facts?|prompt|input|output|response|answer|user|assistant|system)\s?:"
                r"|^\s*instructions?\s?:\s*(?:write|rewrite|turn|generate|create|summari[sz]e|convert|"
                r"given|based|please (?:write|rewrite)|you are|do not (?:add|include|mention))\b",
                re.I,
            ),
        ),
        (
            "talks about the prompt",
            re.compile(
                r"\b(?:system|user) prompt\b|\bthe user(?:'s)? (?:asks?|asked|wants?|request|requested|provided|prompt|input)\b|\bthe prompt (?:asks?|says?|states?|does)\b",
                re.I,
            ),
        ),
        (
            "announces the text",
            re.compile(
                rf"\bhere(?:'s| is| are) (?:a|an|the|your|my|one|some)(?: [\w'-]+){{0,4}} {own}\b",
                re.I,
            ),
        ),
        (
            "announces the text",
            re.compile(
                r"(?:\A|\n)\s*(?:sure|certainly|absolutely|of course|okay|great)[,!.:]? (?:here|I(?:'ll| will| can|'d be happy)|let me (?:write|rewrite|help you (?:write|with)))",
                re.I,
            ),
        ),
        (
            "announces the text",
            re.compile(
                rf"\bI(?:'ve| have) (?:written|rewritten|drafted|created|generated|composed|revised|included all)\b.{{0,40}}\b{own}\b",
                re.I,
            ),
        ),
        (
            "addresses the reader of the text",
            re.compile(
                rf"\blet me know if you(?:'d| would)? (?:like|need|want) (?:{offer})\b|\b(?:I )?hope this (?:helps|meets|{own})\b",
                re.I,
            ),
        ),
        (
            "comments on the text",
            re.compile(
                r"(?:\A|\n|[.!?] )\(?(?:please )?note(?: that)?:? (?:this|the above|these|I)\b[^.\n]{0,80}\b(?:note|text|response|summary|fictional|fictitious|example|generated|prompt|facts|template|synthetic)\b",
                re.I,
            ),
        ),
        (
            "comments on the text",
            re.compile(
                r"\b(?:fictional|fictitious|hypothetical|made-up|simulated|synthetic) (?:patient|case|note|scenario|dialogue|conversation|example|person|character|document|record)\b",
                re.I,
            ),
        ),
        (
            "comments on the text",
            re.compile(
                r"\bthis (?:note|summary|dialogue|document|response|text|sentence|rewrite) (?:is|was|has been) (?:generated|written by|created|fictional|an example|based on|designed|intended)\b|\bword count\b",
                re.I,
            ),
        ),
    )


ROLES = r"(?:doctor|patient|caregiver|interpreter|nurse|clinician|mother|father|guest_family|guest_clinician)"


@lru_cache(maxsize=2)
def debris(dialogue: bool) -> Rules:
    """Markup, template variables, placeholders and special tokens."""
    roles = rf"(?!{ROLES}(?:_\d)?\])"
    shared: Rules = (
        ("bold or italic markup", re.compile(r"\*\*[^\s*]|[^\s*]\*\*|(?<!\w)__(?=\w)|(?<=\w)__(?!\w)")),
        ("heading markup", re.compile(r"(?m)^ {0,3}#{1,6} ")),
        ("rule or table markup", re.compile(r"(?m)^ {0,3}(?:-{4,}|\*{3,}|={3,}|\|.{0,200}\|) *$|\|\s?-{3,}")),
        ("code fence", re.compile(r"```|~~~")),
        ("template variable", re.compile(r"\{\{|\}\}|\{%|%\}|\$\{|<%|%>")),
        ("special token of a model", re.compile(r"<\|[^|>\n]{0,40}\|?>|\[/?INST\]|<</?SYS>>|</?s>|<(?:bos|eos|pad|unk|end_of_turn|start_of_turn|think|/think)>|\[/?(?:SEP|CLS|PAD|MASK|UNK)\]", re.I)),
        ("HTML", re.compile(r"</?(?:b|i|u|p|br|hr|ul|ol|li|h[1-6]|div|span|em|strong|table|tr|td|th|html|body|head|a|pre|code|sup|sub|script|style|font|title|xml|note|document|text|output|response|answer|summary)\b[^<>\n]{0,80}/?>|&(?:nbsp|amp|lt|gt|quot|#\d{2,5});", re.I)),
        ("placeholder", re.compile(rf"\[{roles}(?!\d|[A-Z]{{1,2}}\d)[A-Za-z][A-Za-z0-9'’/,_ .-]{{1,60}}\]", re.I)),
        ("placeholder", re.compile(r"<(?!/?\d)(?:insert|your|patient|name|date|age|facility|hospital|doctor|phone|address|number|mrn|dob|city|state|[A-Z_]{3,30})(?:[ _][A-Za-z_ ]{0,30})?>", re.I)),
        ("placeholder", re.compile(r"(?<!\w)_{3,}(?!\w)|\bX{3,}\b|\bx{4,}\b|\b(?:TBD|TODO|FIXME|INSERT [A-Z]+)\b|\blorem ipsum\b|\.{6,}|(?<!\w)\?{3,}(?!\w)|\b(?:XX/XX|MM/DD|DD/MM)\b|\bYYYY\b")),
        ("data syntax", re.compile(r"[\"'][\w -]{1,40}[\"']\s?:\s?[\"'\[{\d]|(?m:^\s*[\[{]\s*[\"'{\[])|\\[nt\"](?![a-z])|\bNaN\b|\bundefined\b|\bnull\b")),
        ("link markup", re.compile(r"\]\((?:https?:|#|/)|!\[")),
    )  # fmt: skip
    if dialogue:
        shared += (
            (
                "stray speaker tag",
                re.compile(rf"(?m)^\s*(?:{ROLES})\s?:\s?(?:{ROLES})\s?:", re.I),
            ),
        )
    return shared
