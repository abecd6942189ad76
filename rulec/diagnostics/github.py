"""Diagnostics as workflow commands, which a GitHub job turns into annotations on the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rulec.diagnostics.finding import Diagnostic
from rulec.diagnostics.replay import replay_command

_KINDS = {"error": "error", "warning": "warning", "info": "notice"}


def render_github(diagnostics: Iterable[Diagnostic], rules: str = "rules") -> str:
    """One command a line, errors first: GitHub shows ten annotations of a kind for each step."""
    ordered = sorted(diagnostics, key=lambda item: list(_KINDS).index(item.severity))
    return "".join(f"::{_KINDS[item.severity]} {','.join(_properties(item))}::{_message(item, rules)}\n" for item in ordered)


def _properties(item: Diagnostic) -> Iterator[str]:
    if item.span is not None:
        end_line, end_column = item.span.end_position
        yield f"file={_escaped(item.span.source.path, ',:')}"
        yield f"line={item.span.line}"
        yield f"col={item.span.column}"
        yield f"endLine={end_line}"
        if end_line == item.span.line:  # GitHub takes columns of one line only
            yield f"endColumn={end_column}"
    yield f"title={_escaped(item.code, ',:')}"


def _message(item: Diagnostic, rules: str) -> str:
    lines = [item.message]
    lines += [f"{one.span.source.path}:{one.span.line}: {one.message}" for one in item.related]
    lines += [f"help: {item.help}"] if item.help else []
    command = None if item.witness is None else replay_command(item.witness, rules)
    lines += [f"try it: {command}"] if command is not None else []
    return _escaped("\n".join(lines))


def _escaped(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text
