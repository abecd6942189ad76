"""How complex a request is, from 0 to 100: a few features of the last text of the user, counted in bounded time.

Judged is what the user wrote last, never an answer of the model, a system prompt, the result of a tool or a block
`<system-reminder>…</system-reminder>`, which coding agents write into what the user says. Of a long text
only its beginning and its end are read, of a long conversation only its end. Each feature is counted, reaches its full
weight at a number of its own (`full_at`) and grows evenly up to there; `simple_words` takes its points away.

    length         characters of the text
    simple_words   different words of the text that stand in the list of simple words
    complex_words  different words of the text that stand in the list of complex words
    code_blocks    blocks of code between fences
    sentences      sentences after the first
    history        messages before the one that is judged: the number of messages less one
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rulec.runtime.records import Record

MOST_SCORE = 100
USUAL_THRESHOLD = 50
READ_CHARACTERS = 1_000
"""How many characters are read at either end of a long text."""
REMINDER, REMINDER_END = "<system-reminder>", "</system-reminder>"
MOST_REMINDED = 20_000
"""How many characters are searched for reminders; each one found counts as many more as `REMINDER_COST`."""
REMINDER_COST = 1_000
MOST_STEPS = 200
"""How many messages and parts are looked at to find the text."""

WEIGHTS = {"length": 25, "simple_words": 20, "complex_words": 60, "code_blocks": 20, "sentences": 15, "history": 10}
FULL_AT = {"length": 2_000, "simple_words": 2, "complex_words": 2, "code_blocks": 2, "sentences": 10, "history": 20}
SIMPLE_WORDS = (
    "bye cat cd date echo hello hey hi list ls ok okay ping please pwd show test thanks thx time translate what when "
    "where who yes no"
)
COMPLEX_WORDS = (
    "algorithm algorithms analyse analysis analyze architect architecture asynchronous benchmark compare compiler "
    "concurrency concurrent consistency cryptographic deadlock debug derive design diagnose differential distributed "
    "evaluate formal framework implement implementation implementing infrastructure integrate investigate "
    "kubernetes latency matrix microservice microservices migrate migration optimise optimization optimize parallel "
    "performance pipeline proof protocol prove refactor refactoring reason redesign regression scalability scalable "
    "schema security simulate simulation statistical strategy synchronization system systems theorem tradeoff "
    "tradeoffs transaction transactions verify vulnerability"
)

_WORD = re.compile(r"\w\w+")
_ENDS = (". ", "! ", "? ", ".\n", "!\n", "?\n", "。", "！", "？")
NOT_THE_USER = ("system", "developer", "assistant", "tool")
JUDGED_PARTS = {"messages": "text", "input": "input_text"}
"""The parts of messages that LiteLLM's router reads."""
_TEXT_PARTS = frozenset(("text", "input_text"))


class Part(Record):
    """One feature of a request: how much of it was found, and the points it gives."""

    __slots__ = ("feature", "found", "points")
    shown = __slots__

    def __init__(self, feature: str, found: int, points: float) -> None:
        self.feature = feature
        self.found = found
        self.points = points


class Scoring:
    """Scores requests by the section `complexity` of a rule set; what that leaves out is as it is by default."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        weights = {**WEIGHTS, **settings.get("weights", {})}
        weights["simple_words"] = -weights["simple_words"]
        full_at = {**FULL_AT, **settings.get("full_at", {})}
        self.features = [(name, weights[name], full_at[name]) for name in WEIGHTS]
        self.simple_words = _words(settings, "simple_words", SIMPLE_WORDS)
        self.complex_words = _words(settings, "complex_words", COMPLEX_WORDS)

    def score(self, body: Any) -> float:
        """The score of a request body, with one decimal; whatever comes, this does not raise."""
        return total(self.parts(body))

    def parts(self, body: Any) -> list[Part]:
        """What each feature adds to the score."""
        messages = _messages(body)
        counts = self.counts(last_user_texts(body, messages), max(0, len(messages) - 1))
        return [
            Part(name, count, round(weight * min(count, full) / full, 1) + 0.0)
            for (name, weight, full), count in zip(self.features, counts)  # noqa: B905 - both are ours
        ]

    def counts(self, texts: Sequence[str], history: int) -> tuple[int, ...]:
        length = sum(map(len, texts))
        text = "\n".join(texts) if length <= 2 * READ_CHARACTERS else _head_and_tail(texts)
        words = set(_WORD.findall(text.lower()))
        blocks = (text.count("```") + 1) // 2
        stripped = text.strip()
        sentences = sum(map(stripped.count, _ENDS))
        return length, len(self.simple_words & words), len(self.complex_words & words), blocks, sentences, history


def total(parts: Sequence[Part]) -> float:
    """The sum of the parts, from 0 to 100."""
    return min(float(MOST_SCORE), max(0.0, round(sum([part.points for part in parts]), 1)))


def is_word(text: str) -> bool:
    """Whether a text is a word that can be found in a text."""
    return _WORD.fullmatch(text) is not None


def _words(settings: Mapping[str, Any], name: str, usual: str) -> frozenset[str]:
    words = settings[name] if name in settings else usual.split()
    return frozenset([one.lower() for one in (*words, *settings.get(f"add_{name}", ()))])


def _messages(body: Any) -> Sequence[Any]:
    """The conversation of a request: `messages`, or an `input` that is a list of items."""
    for name in ("messages", "input"):
        found = body.get(name) if isinstance(body, dict) else None
        if isinstance(found, list) and found and isinstance(found[-1], dict):
            return found
    return ()


def last_user_texts(body: Any, messages: Sequence[Any]) -> list[str]:
    """The parts of the last text of the user: of a message, else of `prompt` or `input`."""
    steps, room = MOST_STEPS, MOST_REMINDED
    for message in reversed(messages[-MOST_STEPS:]):
        if steps <= 0:
            return []
        steps -= 1
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        if isinstance(content, str):
            texts = [content]
        elif isinstance(content, list):
            texts = list(_text_parts(_both_ends(content, steps)))
            steps -= len(content)
        else:
            continue
        said, room = _without_reminders(texts, room)
        if said:
            return said
    if messages or not isinstance(body, dict):
        return []
    for name in ("prompt", "input"):
        found = body.get(name)
        if isinstance(found, str):
            return [found]
        if isinstance(found, list) and found:
            return list(_text_parts(_both_ends(found, steps)))
    return []


def _without_reminders(texts: Sequence[str], room: int) -> tuple[list[str], int]:
    """What the user said in these texts, of which `room` characters are searched, and the room that is left."""
    said: list[str] = []
    for text in texts:
        at = 0
        begin = text.find(REMINDER, 0, room) if room > 0 else -1
        while begin >= 0:
            end = text.find(REMINDER_END, begin, room)
            if end < 0:
                break
            said.append(text[at:begin])
            at = end + len(REMINDER_END)
            room -= REMINDER_COST
            begin = text.find(REMINDER, at, max(0, room))
        room -= len(text)
        said.append(text[at:] if at else text)
    if len(said) > len(texts):
        said = [one for one in said if len(one) > READ_CHARACTERS or one.strip()]
    return said, room


def longest_judged_text(body: Any) -> float:
    """The characters of the longest text that LiteLLM's router may judge; infinite where too much would have to be read.

    It judges the newest text of the user that is not made of reminders alone. Each of these ends with `>`.
    """
    longest, steps = 0, MOST_STEPS
    for name in ("messages", "input", "prompt"):
        found = body.get(name) if isinstance(body, dict) else None
        for one in reversed(found) if isinstance(found, list) else (found,):
            steps -= 1
            if steps < 0:
                return math.inf
            role, content = None, one
            if isinstance(one, dict):
                role, content = one.get("role"), one.get("content", one.get("text"))
                if role in NOT_THE_USER:
                    continue
            parts = content if isinstance(content, list) else (content,)
            steps -= len(parts)
            texts = [part.get("text") if isinstance(part, dict) else part for part in parts[:MOST_STEPS]]
            longest = max(longest, sum([len(text) for text in texts if isinstance(text, str)]))
            if role == "user" and steps >= 0 and _is_judged(content, JUDGED_PARTS.get(name)):
                break
    return longest if steps >= 0 else math.inf


def _is_judged(content: Any, kind: str | None) -> bool:
    """Whether there surely is more than reminders in a message."""
    texts = [content]
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == kind]
    for text in reversed(texts):
        end = text[-READ_CHARACTERS:].rstrip() if isinstance(text, str) else ""
        if end or isinstance(text, str) and len(text) > READ_CHARACTERS:
            return end[-1:] not in ("", ">")
    return False


def _both_ends(parts: Sequence[Any], most: int) -> Sequence[Any]:
    half = max(1, most // 2)
    return parts if len(parts) <= 2 * half else [*parts[:half], *parts[-half:]]


def _text_parts(parts: Sequence[Any]) -> Iterator[str]:
    """The texts among the parts of a message: no images, files or results of tools."""
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            kind, text = part.get("type"), part.get("text")
            if isinstance(text, str) and isinstance(kind, str) and kind in _TEXT_PARTS:
                yield text


def _head_and_tail(texts: Sequence[str]) -> str:
    """The first and the last characters of a long text; its middle is neither read nor copied."""
    head: list[str] = []
    room = READ_CHARACTERS
    for text in texts:
        head.append(text[:room])
        room -= len(text)
        if room <= 0:
            break
    tail: list[str] = []
    room = READ_CHARACTERS
    for text in reversed(texts):
        tail.append(text[-room:])
        room -= len(text)
        if room <= 0:
            break
    return "\n".join([*head, *reversed(tail)])


USUAL_SCORING = Scoring({})
