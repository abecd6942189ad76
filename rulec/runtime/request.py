"""What a request looks like to a rule: each field is read from the body, the headers or the caller when first asked for.

Nothing here raises, whatever a client sends: a value of the wrong type is an absent one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from rulec.runtime.complexity import USUAL_SCORING, Part, Scoring, total

_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_IMAGE_PARTS = frozenset(("image_url", "input_image", "image"))
_MOST_DIGITS = 300
NONE: frozenset[str] = frozenset()
NOTHING_KNOWN: Mapping[str, Any] = {}


class Request:
    """One request: the parsed JSON body, headers with lower-case names, and what is known of the caller.

    `caller` holds any of key, team, user, tags, endpoint, now and unavailable.
    """

    __slots__ = ("body", "caller", "capability_header", "headers", "model", "score", "scoring")

    def __init__(
        self,
        body: Any,
        headers: Any,
        caller: Mapping[str, Any] = NOTHING_KNOWN,
        capability_header: str = "x-capability",
        scoring: Scoring = USUAL_SCORING,
    ) -> None:
        self.body: dict[Any, Any] = body if isinstance(body, dict) else {}
        model = self.body.get("model")
        self.model: str | None = text_or_none(model) or None
        self.headers: Mapping[Any, Any] = headers if type(headers) is dict or isinstance(headers, Mapping) else {}
        self.caller = caller
        self.capability_header = capability_header
        self.scoring = scoring
        self.score: tuple[Part, ...] | None = None

    @property
    def key(self) -> str | None:
        return text_or_none(self.caller.get("key"))

    @property
    def team(self) -> str | None:
        return text_or_none(self.caller.get("team"))

    @property
    def user(self) -> str | None:
        return text_or_none(self.caller.get("user"))

    @property
    def endpoint(self) -> str | None:
        return text_or_none(self.caller.get("endpoint"))

    @property
    def unavailable(self) -> frozenset[str]:
        """The providers that are known to be down."""
        found = self.caller.get("unavailable")
        return frozenset(one for one in _items(found) if isinstance(one, str)) if found else NONE

    @property
    def metadata(self) -> dict[Any, Any]:
        found = self.body.get("metadata")
        return found if isinstance(found, dict) else {}

    def header(self, name: str) -> str | None:
        return text_or_none(self.headers.get(name))

    def header_number(self, name: str) -> float | int | None:
        """A header's value where it is a plain decimal number."""
        value = self.header(name)
        if value is None or _DECIMAL.match(value) is None:
            return None
        return float(value) if "." in value or len(value) > _MOST_DIGITS else int(value)

    @property
    def capability(self) -> str | None:
        return self.header(self.capability_header) or text_or_none(self.metadata.get("capability")) or None

    @property
    def stream(self) -> bool:
        return self.body.get("stream") is True

    @property
    def tools(self) -> bool:
        found = self.body.get("tools")
        return isinstance(found, list) and len(found) > 0

    @property
    def images(self) -> bool:
        return any(isinstance(part, dict) and _is_image(part) for part in self._parts())

    @property
    def batch_size(self) -> int:
        found = self.body.get("prompt")
        if found is None:
            found = self.body.get("input")
        if not isinstance(found, list):
            return 1
        return max(1, sum(1 for item in found if isinstance(item, str) or _is_token_list(item)))

    @property
    def max_tokens(self) -> float | int | None:
        for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
            value = number_or_none(self.body.get(name))
            if value is not None:
                return value
        return None

    @property
    def temperature(self) -> float | int | None:
        return number_or_none(self.body.get("temperature"))

    @property
    def n(self) -> float | int | None:
        return number_or_none(self.body.get("n"))

    @property
    def messages(self) -> int:
        found = self.body.get("messages")
        return len(found) if isinstance(found, list) else 0

    @property
    def prompt_chars(self) -> int:
        return sum(len(text) for text in self._texts())

    @property
    def estimated_tokens(self) -> int:
        length = sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in self._texts())
        return -(-length // 3)

    @property
    def complexity(self) -> float:
        """The score from 0 to 100; made when first asked for, its parts stay in `score`."""
        if self.score is None:
            self.score = tuple(self.scoring.parts(self.body))
        return total(self.score)

    @property
    def tags(self) -> frozenset[str]:
        sources = (self.caller.get("tags"), self.metadata.get("tags"), self.body.get("tags"))
        found = {one for source in sources for one in _items(source) if isinstance(one, str)}
        found.update(part.strip() for part in (self.header("x-litellm-tags") or "").split(","))
        found.discard("")
        return frozenset(found)

    def metadata_value(self, name: str) -> Any:
        """A scalar of the body's metadata: text, a number or a bool; None for all else."""
        value = self.metadata.get(name)
        return text_or_none(value) if isinstance(value, str) else value if isinstance(value, bool) else number_or_none(value)

    def moment(self) -> datetime:
        """The time that the request is judged by, in UTC."""
        value = self.caller.get("now")
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                value = None
        if not isinstance(value, datetime):
            return datetime.now(timezone.utc)
        try:
            return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
        except Exception:  # beyond the first or last year, or a time zone that does not know its offset
            return value.replace(tzinfo=timezone.utc)

    def local_time(self, offsets: Sequence[tuple[int, int]]) -> tuple[int, str]:
        """The minute of the day and the weekday where a zone's offsets are these: [(since, seconds), …] by time."""
        moment = self.moment()
        at = bisect_right(offsets, (int((moment - _EPOCH).total_seconds()), 1 << 30)) - 1
        try:
            local = moment + timedelta(seconds=offsets[max(at, 0)][1])
        except OverflowError:
            local = moment
        return local.hour * 60 + local.minute, _DAYS[local.weekday()]

    def _parts(self) -> Iterator[Any]:
        """Everything that can hold text or an image: message contents and their parts, and the body's text fields."""
        for name in ("messages", "input"):
            for item in _items(self.body.get(name)):
                if isinstance(item, dict):
                    content = item.get("content")
                    yield from (content,) if isinstance(content, str) else _items(content)
        for name in ("system", "instructions", "prompt", "input"):
            value = self.body.get(name)
            yield from (value,) if isinstance(value, str) else _items(value)

    def _texts(self) -> Iterator[str]:
        for part in self._parts():
            if isinstance(part, str):
                yield part
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple, set, frozenset)) else ()


def _is_image(part: dict[Any, Any]) -> bool:
    kind = part.get("type")
    return isinstance(kind, str) and kind in _IMAGE_PARTS


def _is_token_list(item: Any) -> bool:
    return isinstance(item, list) and bool(item) and all(type(one) is int for one in item)


def text_or_none(value: Any) -> str | None:
    """A text, and of a class made of texts the plain text; None for all else."""
    return value if type(value) is str else str.__str__(value) if isinstance(value, str) else None


def number_or_none(value: Any) -> float | int | None:
    """A number that can be compared: an int or float, not a bool and not NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return value


FIELD_READERS: dict[str, Callable[[Request], Any]] = {
    "model": lambda request: request.model,
    "capability": lambda request: request.capability,
    "stream": lambda request: request.stream,
    "tools": lambda request: request.tools,
    "images": lambda request: request.images,
    "batch_size": lambda request: request.batch_size,
    "max_tokens": lambda request: request.max_tokens,
    "temperature": lambda request: request.temperature,
    "n": lambda request: request.n,
    "prompt_chars": lambda request: request.prompt_chars,
    "estimated_tokens": lambda request: request.estimated_tokens,
    "messages": lambda request: request.messages,
    "complexity": lambda request: request.complexity,
    "endpoint": lambda request: request.endpoint,
    "user": lambda request: request.user,
    "team": lambda request: request.team,
    "key": lambda request: request.key,
    "tag": lambda request: request.tags,
}
"""How each plain field is read; `header.NAME`, `metadata.NAME`, `model_size` and the times take an argument or the catalogue."""
