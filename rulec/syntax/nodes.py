"""YAML with positions: a text becomes mappings, sequences and scalars that know where they stand.

The 1.2 core schema is applied to plain scalars, so `no` and `22:30` stay text. Depth and alias expansion are bounded
while the events arrive, before anything is built: PyYAML's own composer crashes on 100,000 nested brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from rulec.diagnostics import Diagnostic, Diagnostics, Rejected, Related
from rulec.records import record
from rulec.secrets import holds_secrets
from rulec.source import Located, Source, Span

MAX_DEPTH = 64
MAX_EXPANDED_NODES = 200_000

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z|0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
_NUMERIC_START = frozenset("-+.0123456789")
_LONGEST_NUMBER = 400


@record(frozen=False, eq=False)
class Scalar:
    """A scalar: `text` as written (after YAML's quoting), `plain` if it was not quoted."""

    text: str
    plain: bool
    source: Source
    start: int
    end: int
    weight: int = 1

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)

    @property
    def value(self) -> Any:
        """The value under the core schema: None, a bool, an int, a float or the text."""
        return core_value(self.text) if self.plain else self.text

    def located(self) -> Located:
        """The text with the place of each character, also through quotes, escapes and folded lines."""
        if self.plain and len(self.text) == self.end - self.start:
            return Located(self.text, Span(self.source, self.start, self.end))
        raw = self.source.text[self.start : self.end]
        if self.text == raw:
            return Located(self.text, self.span)
        if self.text == raw[1:-1]:
            return Located(self.text, self.span, range(self.start + 1, self.end - 1))
        return Located(self.text, self.span, tuple(_align(self.text, raw, self.start)))


@record(frozen=False, eq=False)
class Sequence:
    items: list[Node]
    source: Source
    start: int
    end: int
    weight: int = 1

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)


@record(frozen=False, eq=False)
class Mapping:
    pairs: list[tuple[Scalar, Node]]
    source: Source
    start: int
    end: int
    weight: int = 1

    @property
    def span(self) -> Span:
        return Span(self.source, self.start, self.end)

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.pairs if name.text == key), None)

    def key(self, key: str) -> Scalar | None:
        return next((name for name, _ in self.pairs if name.text == key), None)


Node = Scalar | Sequence | Mapping


def core_value(text: str) -> Any:
    """The value of a plain scalar under YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema)."""
    if text in NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] in _NUMERIC_START and len(text) <= _LONGEST_NUMBER:
        if _INTEGER.match(text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.match(text):
            return float(text)
        if _SPECIAL_FLOAT.match(text):
            return float(text.replace(".", "", 1).lower())
    return text


def read_document(source: Source, diagnostics: Diagnostics) -> Node | None:
    """The one document of a rule file; None where it has none. What stands below `---` is reported and left out."""
    documents = read_documents(source, diagnostics)
    if len(documents) > 1:
        diagnostics.error(
            "yaml-documents",
            "a rule file holds one YAML document",
            documents[1].span,
            "move what stands below `---` into a file of its own",
        )
    return documents[0] if documents else None


def read_documents(source: Source, diagnostics: Diagnostics) -> list[Node]:
    """All documents of a YAML text; what cannot be read is reported and left out."""
    try:
        return list(_Composer(source, diagnostics).documents())
    except Rejected as rejected:
        diagnostics.items.append(rejected.diagnostic)
    except yaml.reader.ReaderError as error:
        position = error.position if isinstance(error.position, int) else 0
        _report_character(source, position, diagnostics)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = min(_offset(source, mark.line, mark.column), len(source.text)) if mark else 0
        problem = (error.problem or "this is no valid YAML").strip()
        diagnostics.error(
            "yaml-syntax",
            f"the YAML cannot be read: {problem}",
            Span(source, offset, offset + 1),
            _syntax_help(problem),
        )
    except yaml.YAMLError:
        diagnostics.error("yaml-syntax", "the YAML cannot be read", Span(source, 0, 1))
    return []


def _syntax_help(problem: str) -> str:
    if "cannot start any token" in problem:
        return "YAML indents with spaces, and text that begins with @, `, % or a tab needs quotes"
    if "mapping values are not allowed" in problem:
        return "text that holds `: ` needs quotes"
    return "check brackets, quotes and indentation at this place"


def _offset(source: Source, line: int, column: int) -> int:
    starts = source.line_starts()
    return starts[line] + column if line < len(starts) else len(source.text)


def _report_character(source: Source, position: int, diagnostics: Diagnostics) -> None:
    bad = next((i for i, c in enumerate(source.text) if _forbidden(c)), min(position, len(source.text)))
    diagnostics.error(
        "yaml-character",
        "this character is not allowed in YAML",
        Span(source, bad, bad + 1),
        "is this a binary file? rule files are UTF-8 text",
    )


def _forbidden(character: str) -> bool:
    return (character < " " and character not in "\t\n\r") or character in "\x7f\ufffe\uffff"


class _Composer:
    """Builds nodes from PyYAML's events."""

    def __init__(self, source: Source, diagnostics: Diagnostics) -> None:
        self.source = source
        self.diagnostics = diagnostics
        self.anchors: dict[str, Node | None] = {}
        self.nodes = 0

    def documents(self) -> Iterator[Node]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        events: Iterator[Any] = iter(loader(self.source.text).get_event, None)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
                yield self._node(next(events), events, 0)

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            node: Node = self._scalar(event)
        elif kind is yaml.AliasEvent:
            return self._alias(event)
        else:
            if depth >= MAX_DEPTH:
                self._reject("too-deep", f"this is nested more than {MAX_DEPTH} levels deep", event)
            if event.anchor:
                self.anchors[event.anchor] = None
            self._check_tag(event)
            if kind is yaml.MappingStartEvent:
                node = self._mapping(event, events, depth)
            else:
                node = self._sequence(event, events, depth)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any) -> Scalar:
        plain = event.implicit[0] and event.tag is None
        if event.tag is not None:
            self._check_tag(event)
        return Scalar(event.value, plain, self.source, event.start_mark.index, event.end_mark.index)

    def _sequence(self, start: Any, events: Iterator[Any], depth: int) -> Sequence:
        items: list[Node] = []
        weight = 1
        for event in events:
            if type(event) is yaml.SequenceEndEvent:
                return Sequence(items, self.source, start.start_mark.index, _end(event), weight)
            item = self._node(event, events, depth + 1)
            items.append(item)
            weight += item.weight
        raise AssertionError("PyYAML closes what it opens")

    def _mapping(self, start: Any, events: Iterator[Any], depth: int) -> Mapping:
        pairs: list[tuple[Scalar, Node]] = []
        seen: dict[str, Scalar] = {}
        weight = 1
        for event in events:
            if type(event) is yaml.MappingEndEvent:
                return Mapping(pairs, self.source, start.start_mark.index, _end(event), weight)
            key = self._node(event, events, depth + 1)
            value = self._node(next(events), events, depth + 1)
            weight += 1 + value.weight
            if type(key) is Scalar and key.text not in seen and key.text != "<<":
                seen[key.text] = key
                pairs.append((key, value))
                if type(value) is not Scalar and holds_secrets(key.text):
                    self.source.hide(value.start, value.end)
            else:
                self._add_odd_pair(key, value, pairs, seen)
        raise AssertionError("PyYAML closes what it opens")

    def _add_odd_pair(self, key: Node, value: Node, pairs: list[tuple[Scalar, Node]], seen: dict[str, Scalar]) -> None:
        if not isinstance(key, Scalar):
            self.diagnostics.error("yaml-key", "a key must be a single word or a quoted text", key.span)
        elif key.plain and key.text == "<<":
            self.diagnostics.error(
                "yaml-merge-key", "merge keys (`<<`) are not read", key.span, "write the keys out where they belong"
            )
        elif key.text in seen:
            self.diagnostics.error(
                "duplicate-key",
                f"the key `{key.text}` stands twice",
                key.span,
                "remove one of the two",
                related=(Related("first written here", seen[key.text].span),),
            )
        else:
            seen[key.text] = key
            pairs.append((key, value))

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self.anchors:
            self._reject("yaml-alias", f"there is no anchor `&{event.anchor}` above this alias", event)
        node = self.anchors[event.anchor]
        if node is None:
            self._reject("yaml-alias", f"the alias `*{event.anchor}` stands inside its own anchor", event)
        assert node is not None
        self.nodes += node.weight
        if self.nodes > MAX_EXPANDED_NODES:
            self._reject("yaml-too-large", "the aliases of this file expand to more than 200,000 values", event)
        return node

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag != "tag:yaml.org,2002:str" and event.tag != "!":
            self.diagnostics.error(
                "yaml-tag",
                f"the tag `{event.tag.replace('tag:yaml.org,2002:', '!!')}` is not read",
                Span(self.source, event.start_mark.index, event.end_mark.index),
                "remove the tag; quote the value if it is meant as text",
            )

    def _reject(self, code: str, message: str, event: Any) -> None:
        span = Span(self.source, event.start_mark.index, event.end_mark.index)
        raise Rejected(Diagnostic(code, "error", message, span))


def _end(event: Any) -> int:
    return int(event.end_mark.index)


_ESCAPE_LENGTHS = {"x": 4, "u": 6, "U": 10}


def _align(text: str, raw: str, start: int) -> Iterator[int]:
    """For each character of a scalar's text its offset in the source, walking the raw scalar beside it."""
    quote = raw[:1]
    double = quote == '"'
    at = 1 if quote in ("'", '"') else _block_start(raw)
    for character in text:
        if double and raw[at : at + 2] == "\\\n":  # an escaped line break stands for nothing
            at += 2
            while at < len(raw) and raw[at] in " \t":
                at += 1
        if character in " \n" and at < len(raw) and raw[at] != character:
            while at < len(raw) and raw[at] not in " \t\r\n":
                at += 1
        elif character not in " \n" and at < len(raw) and raw[at] in " \t\r\n":
            while at < len(raw) and raw[at] in " \t\r\n":
                at += 1
        yield start + min(at, max(len(raw) - 1, 0))
        if double and raw[at : at + 1] == "\\":
            at += _ESCAPE_LENGTHS.get(raw[at + 1 : at + 2], 2)
        elif quote == "'" and raw[at : at + 2] == "''":
            at += 2
        elif character in " \n" and raw[at : at + 1] in ("\r", "\n"):
            while at < len(raw) and raw[at] in " \t\r\n":
                at += 1
        else:
            at += 1


def _block_start(raw: str) -> int:
    if raw[:1] not in ("|", ">"):
        return 0
    end = raw.find("\n")
    at = end + 1 if end >= 0 else 0
    while at < len(raw) and raw[at] in " \n":
        at += 1
    return at
