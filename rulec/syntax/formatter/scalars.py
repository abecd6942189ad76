"""Scalars of YAML as their author wrote them: quoting, anchors and tags stay, only the indentation is ours."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import NamedTuple

from rulec.syntax.formatter.layout import INDENT
from rulec.syntax.nodes import Mapping, Scalar, Sequence

_PROPERTY = re.compile(r"&[A-Za-z0-9_-]+|![^\s,\[\]{}]*")
_SPACE_OR_COMMENT = re.compile(r"(?:\s+|#[^\n]*)*")
_ALIAS = re.compile(r"(?:[^#*]|#[^\n]*(?:\n|\Z))*(\*[^\s,\[\]{}:]+)")
_HEADER = re.compile(r"([|>])([-+0-9]*)")
_LONGEST_SIMPLE_KEY = 1000
_UNPRINTABLE = re.compile('[\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]')


class Properties(NamedTuple):
    """Anchor and tag of a node, where they end, and where what they belong to begins."""

    marks: tuple[str, ...]
    end: int
    content: int


def properties(text: str, start: int, limit: int) -> Properties:
    """Anchor and tag that begin here; those from `limit` on belong to another node."""
    marks: list[str] = []
    end = at = start
    while at < limit and (one := _PROPERTY.match(text, at)) is not None:
        marks.append(one.group())
        end = one.end()
        space = _SPACE_OR_COMMENT.match(text, end)
        assert space is not None
        at = space.end()
    return Properties(tuple(marks), end, min(at, limit))


def collection_properties(node: Mapping | Sequence) -> Properties:
    """Anchor and tag of a collection; those of the first key of a block are not its own."""
    text, start = node.source.text, node.start
    if text[start] not in "&!":
        return Properties((), start, start)
    limit = node.pairs[0][0].start if isinstance(node, Mapping) and node.pairs else node.end
    return properties(text, start, limit)


def find_alias(text: str, start: int) -> tuple[str, int]:
    """The alias that follows an offset, and where it ends."""
    found = _ALIAS.match(text, start)
    if found is None:
        raise AssertionError("an alias stands where a node repeats one from above")
    return found.group(1), found.end()


def is_block_scalar(raw: str) -> bool:
    return raw[:1] in ("|", ">")


def content_range(node: Scalar) -> tuple[int, int]:
    """Where no comment can stand: behind the properties of a scalar, and behind the header of a block."""
    text = node.source.text
    start = node.start
    first = text[start : start + 1]
    if first in ("&", "!"):
        start = properties(text, start, node.end).content
        first = text[start : start + 1]
    if first in ("|", ">") and start < node.end:
        start = min(text.find("\n", start, node.end) % (len(text) + 1), node.end)
    return start, node.end


def key_text(key: Scalar) -> str:
    """A key as it is written, on one line."""
    raw = key.source.text[key.start : key.end]
    if not key.text or "\n" in raw or is_block_scalar(raw):
        marks = properties(key.source.text, key.start, key.end).marks
        return " ".join([*marks, quoted(key.text)])
    return raw


def is_simple_key(text: str) -> bool:
    """Whether a reader takes this for a key without the `?` that announces one."""
    return len(text) <= _LONGEST_SIMPLE_KEY


def quoted(text: str) -> str:
    """A text in double quotes, on one line."""
    return '"' + _UNPRINTABLE.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    if character in '\\"':
        return "\\" + character
    simple = {"\n": "\\n", "\t": "\\t"}.get(character)
    return simple or (f"\\x{ord(character):02x}" if character < "\x80" else f"\\u{ord(character):04x}")


def folded_lines(raw: str, indent: int) -> list[str]:
    """A plain or quoted scalar over several lines: leading space of a line means nothing, so it becomes the indentation."""
    first, *rest = raw.split("\n")
    return [first, *(" " * indent + line.lstrip(" \t") if line.strip(" \t") else "" for line in rest)]


def block_lines(node: Scalar, raw: str, indent: int) -> tuple[str, list[str]]:
    """Header and lines of a block scalar, its text indented by `indent`."""
    found = _HEADER.match(raw)
    assert found is not None
    style, indicators = found.groups()
    _, _, body = raw.partition("\n")
    lines = body.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    elif not node.text.endswith("\n"):
        indicators = indicators.strip("-+") + "-"  # the file ends within the text: it must not gain a line break
    old = _indentation(node.text, lines)
    shifted = [line[old:] for line in lines]
    if "+" not in indicators:
        while shifted and not shifted[-1]:
            shifted.pop()
    if any(one.isdigit() for one in indicators):
        indicators = str(INDENT) + indicators.strip("0123456789")
    return style + indicators, [" " * indent + line if line else "" for line in shifted]


def _indentation(text: str, lines: list[str]) -> int:
    """How far a block is indented: what its first line has more than the text has."""
    first = next((line for line in lines if line.strip(" ")), "")
    meant = next((line for line in text.split("\n") if line.strip(" ")), "")
    if not first or not meant:
        return max((len(line) for line in lines), default=0)
    return _spaces(first) - _spaces(meant)


def _spaces(line: str) -> int:
    return len(list(takewhile(lambda one: one == " ", line)))
