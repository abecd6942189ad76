"""Reads a text of statements; where one is broken, the others are read all the same."""

from __future__ import annotations

import re

from rulec.diagnostics import Diagnostics
from rulec.source import Source, Span
from rulec.syntax.dsl.expectations import names_in
from rulec.syntax.dsl.mistakes import Mistake, explain
from rulec.syntax.dsl.parser import END, NAMES, Unexpected, parse
from rulec.syntax.dsl.statements import Builder, Statement, section_items
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
    "complexity",
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
    "scored",
)
_ONLY_STATEMENTS = ("exact", "virtual", "redundant", "pattern", "capability", "default", "strategy", "signal")
"""Keywords that can begin no line within a statement outside braces: indented, they are a statement that slipped."""
_LINE_START = re.compile(r"^[ \t]*(?=[^\s#}\])])", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-[A-Za-z0-9_.-]*)?")
_YAML = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z))*(---|[A-Za-z_][\w-]*:)(?=\s|\Z)")
_MOST_PIECES = 20
"""How many pieces a statement with lines that look like others is sought in."""
_DECLARED = re.compile(r"""(provider|model|chain)[ \t]+("[^"\n]*"|'[^'\n]*'|[A-Za-z_][\w.-]*)""")
_BRACKETS = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|/(?:\\.|[^/\\\n])+/|[{}]""")


def read_dsl_document(
    source: Source, diagnostics: Diagnostics, broken: set[tuple[str, str]] | None = None
) -> Mapping | None:
    """The nodes of the YAML document that says the same; None where the text holds no statement.

    Each statement that cannot be read is reported once, at its narrowest place, and left out; `broken` gets the (kind,
    name) of what it seems to declare.
    """
    builder = Builder(source)
    try:
        statements = _parse(builder, 0, len(source.text))
    except Unexpected:
        builder = Builder(source)
        statements = _recover(builder, diagnostics, set() if broken is None else broken)
    diagnostics.items += builder.problems
    if not statements:
        return None
    return Mapping(section_items(statements, source), source, 0, len(source.text))


def _parse(builder: Builder, start: int, end: int) -> list[Statement]:
    callbacks = {name: getattr(builder, name) for name in NAMES if hasattr(builder, name)}
    statements: list[Statement] = parse(builder.source.text, start, end, callbacks)
    return statements


def _recover(builder: Builder, diagnostics: Diagnostics, broken: set[tuple[str, str]]) -> list[Statement]:
    """Statement by statement; a broken one becomes one diagnostic."""
    text = builder.source.text
    if _told_as_yaml(builder.source, diagnostics):
        return []
    statements: list[Statement] = []
    names = names_in(text)
    pieces = _pieces(text)
    at = 0
    while at < len(pieces):
        start, end = pieces[at]
        found, taken = _read(builder, pieces[at : at + _MOST_PIECES])
        at += taken
        if not isinstance(found, Unexpected):
            statements += found
            continue
        diagnostics.items.append(explain(Mistake(builder.source, start, text[start:end], found, names), STATEMENTS))
        declared = _DECLARED.match(text, start)
        if declared is not None:
            broken.add((declared.group(1), declared.group(2).strip("\"'")))
    return statements


def _read(builder: Builder, pieces: list[tuple[int, int]]) -> tuple[list[Statement] | Unexpected, int]:
    """The first statement, or what is wrong with it, and how many pieces that took.

    What only lacks its end may have lines that begin like statements, such as a `size` in the block of a model.
    """
    before = len(builder.problems)
    first: Unexpected | None = None
    for taken, (_, end) in enumerate(pieces, 1):
        try:
            return _parse(builder, pieces[0][0], end), taken
        except Unexpected as error:
            del builder.problems[before:]
            first = first or error
            if error.token.kind != END:
                break
    assert first is not None
    return first, 1


def _told_as_yaml(source: Source, diagnostics: Diagnostics) -> bool:
    """Whether the text begins as YAML does; that is told once, not for each of its lines."""
    found = _YAML.match(source.text)
    if found is None:
        return False
    diagnostics.error(
        "dsl-syntax",
        "this is YAML, not the DSL",
        Span(source, found.start(1), found.end(1)),
        "rules in YAML stand in files that end in .yaml",
    )
    return True


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
