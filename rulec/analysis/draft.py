"""A request under construction: each dimension writes its part, then the whole is made as a client would send it."""

from __future__ import annotations

from typing import Any

from rulec.records import field, record

NOON = "2026-06-15T12:00:00+00:00"
"""The time of requests of which no rule in question asks the time."""

MOST_BUILT = 20_000_000
"""Characters, messages or texts of a batch that a witness may have; more is not built."""


@record
class Witness:
    """A concrete request. `assumes` says of what is not in the request, or cannot be chosen in it, what it must be."""

    body: dict[str, Any]
    headers: dict[str, str]
    caller: dict[str, Any]
    assumes: tuple[str, ...] = ()
    complexity: float | None = None
    """The score that is assumed, where one is."""


@record(frozen=False)
class Draft:
    """The parts of a request; numbers of messages, texts and characters are made into a body at the end."""

    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    caller: dict[str, Any] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    unavailable: list[str] = field(default_factory=list)
    messages: int | None = None
    batch_size: int | None = None
    text: tuple[int, int] | None = None
    """Characters, and the bytes that they take in UTF-8."""
    image: bool = False
    complexity: float | None = None

    def witness(self) -> Witness:
        body, caller = dict(self.body), {"now": NOON, **self.caller}
        if self.metadata:
            body["metadata"] = dict(self.metadata)
        self._content(body)
        if self.tags:
            caller["tags"] = list(self.tags)
        if self.unavailable:
            caller["unavailable"] = list(self.unavailable)
        assumes = [f"{one} is unavailable" for one in self.unavailable]
        if self.complexity is not None:
            assumes.append(f"complexity is {self.complexity:g}")
        return Witness(body, dict(self.headers), caller, tuple(assumes), self.complexity)

    def _content(self, body: dict[str, Any]) -> None:
        text = None if self.text is None else text_of(*self.text)
        parts: list[Any] = [{"type": "image_url", "image_url": {"url": "data:,"}}] if self.image else []
        content: Any = [*([{"type": "text", "text": text}] if text else []), *parts] if parts else text or ""
        batch = self.batch_size or 1
        messages = self.messages
        if messages is None and batch == 1 and content:
            messages = 1
        if messages:
            body["messages"] = [
                {"role": "user", "content": content},
                *({"role": "user", "content": ""},) * (messages - 1),
            ]
            content, text = "", None
        if batch > 1:
            body["prompt"] = [text or "", *("",) * (batch - 1)]
            text = None
        elif text:
            body["prompt"] = text
        if parts and not messages:
            body["system"] = parts


def text_of(characters: int, octets: int) -> str:
    """A text of so many characters that takes so many bytes in UTF-8."""
    more = octets - characters
    four, rest = divmod(more, 3)
    wide = "😀" * four + ("", "é", "€")[rest]
    return "x" * (characters - len(wide)) + wide
