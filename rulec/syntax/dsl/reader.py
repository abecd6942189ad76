"""Reads a text of statements; where one is broken, the others are read all the same."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from rulec.diagnostics import Diagnostics
from rulec.resources import resource_folder
from rulec.source import Source
from rulec.syntax.dsl.builder import Builder, Statement, section_items
from rulec.syntax.dsl.mistakes import Mistake, explain, names_in
from rulec.syntax.nodes import Mapping

STATEMENTS = (
    "version",
    "request",
    "provider",
    "model",
    "when",
    "exact",
    "virtual",
    "redundant",
    "pattern",
    "capability",
    "size",
    "default",
    "chain",
    "strategy",
    "signal",
    "defaults",
    "litellm",
    "first_request_routing",
    "rate_limited_fallback",
    "error_based_routing",
)
"""The keywords of the grammar that begin a statement."""

_CONTINUATIONS = (
    "then",
    "using",
    "via",
    "where",
    "with",
    "sticky",
    "prefer",
    "or",
    "and",
    "else",
    "on",
    "because",
    "below",
)
_ONLY_STATEMENTS = ("exact", "virtual", "redundant", "pattern", "capability", "default", "strategy", "signal")
"""Keywords that can begin no line within a statement outside braces: indented, they are a statement that slipped."""
_LINE_START = re.compile(r"^[ \t]*(?=[^\s#}\])])", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_.-]*)?")
_BRACKETS = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|/(?:\\.|[^/\\\n])+/|[{}]""")


def read_dsl_document(source: Source, diagnostics: Diagnostics) -> Mapping | None:
    """The nodes of the YAML document that says the same; None where the text holds no statement.

    Each statement that cannot be read is reported once, at its narrowest place, and left out.
    """
    builder = Builder(source)
    try:
        statements = _parse(builder, source.text, 0)
    except UnexpectedInput:
        builder = Builder(source)
        statements = _recover(builder, diagnostics)
    diagnostics.items += builder.problems
    if not statements:
        return None
    return Mapping(section_items(statements, source), source, 0, len(source.text))


@lru_cache(maxsize=1)
def _parser() -> _Parser:
    return _Parser()


class _Parser:
    """Lark's parser of the grammar, whose callbacks go to the builder of the text at hand."""

    def __init__(self) -> None:
        self.builder: Builder | None = None
        grammar = (resource_folder("grammar") / "routing.lark").read_text(encoding="utf-8")
        self.lark = Lark(grammar, parser="lalr", maybe_placeholders=True, transformer=_Callbacks(self))


class _Callbacks:
    """What Lark calls for each rule: the method of that name of the current builder."""

    def __init__(self, parser: _Parser) -> None:
        for name in vars(Builder):
            if not name.startswith("_") and callable(getattr(Builder, name)):
                setattr(self, name, _forward(parser, name))


def _forward(parser: _Parser, name: str) -> Any:
    def call(children: list[Any]) -> Any:
        return getattr(parser.builder, name)(children)

    return call


def _parse(builder: Builder, text: str, offset: int) -> list[Statement]:
    builder.offset = offset
    parser = _parser()
    parser.builder = builder
    statements: Any = parser.lark.parse(text)
    return list(statements)


def _recover(builder: Builder, diagnostics: Diagnostics) -> list[Statement]:
    """Statement by statement; a broken one becomes one diagnostic."""
    text = builder.source.text
    statements: list[Statement] = []
    names = names_in(text)
    for start, end in _pieces(text):
        piece = text[start:end]
        before = len(builder.problems)
        try:
            statements += _parse(builder, piece, start)
        except (UnexpectedToken, UnexpectedCharacters) as error:
            del builder.problems[before:]
            diagnostics.items.append(explain(Mistake(builder.source, start, piece, error, names), STATEMENTS))
    return statements


def _pieces(text: str) -> list[tuple[int, int]]:
    """Where each statement begins and ends: at its keyword at the start of a line, or at any word there outside braces."""
    starts: list[int] = []
    depth = at = 0
    for found in _LINE_START.finditer(text):
        start = found.end()
        depth = max(0, depth + _opened(text, at, start))
        at = start
        word = _WORD.match(text, start)
        keyword = word.group() if word else ""
        if found.group():
            if not depth and keyword in _ONLY_STATEMENTS:
                starts.append(found.start())
            continue
        if keyword in STATEMENTS or keyword.startswith("x-"):
            depth = 0
        elif depth or keyword in _CONTINUATIONS:
            continue
        starts.append(start)
    if not starts or text[: starts[0]].strip():
        starts.insert(0, 0)
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _opened(text: str, start: int, end: int) -> int:
    found = _BRACKETS.findall(text, start, end)
    return found.count("{") - found.count("}")
