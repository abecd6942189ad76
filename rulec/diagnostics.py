"""The one shape of everything rulec tells a person, and how it is rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

from rulec.records import field, record
from rulec.secrets import mask_secrets
from rulec.source import Span

Severity = Literal["error", "warning", "info"]


@record
class Related:
    """A second place that explains a diagnostic."""

    message: str
    span: Span


@record
class Diagnostic:
    """Something to tell a user: `code` names its kind, `message` is one lower-case sentence without a final stop."""

    code: str
    severity: Severity
    message: str
    span: Span | None = None
    help: str | None = None
    related: tuple[Related, ...] = ()
    rule: str | None = None
    witness: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", mask_secrets(self.message))
        if self.help is not None:
            object.__setattr__(self, "help", mask_secrets(self.help))

    def to_json(self) -> dict[str, Any]:
        """The object of the json format (design: outputs that others build on)."""
        place = _place(self.span)
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            **place,
            "help": self.help,
            "related": [{"message": one.message, **_place(one.span)} for one in self.related],
            **({"rule": self.rule} if self.rule is not None else {}),
            **({"witness": self.witness} if self.witness is not None else {}),
        }


def _place(span: Span | None) -> dict[str, Any]:
    if span is None:
        return {"file": None, "line": None, "column": None, "end_line": None, "end_column": None}
    end_line, end_column = span.end_position
    return {
        "file": span.source.path,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


class Rejected(Exception):
    """Raised where one thing cannot be read further; carries the diagnostic that says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


MOST_NEIGHBOURS = 100


@record(frozen=False)
class Diagnostics:
    """A collector: stages add to it and go on, so that one run reports every mistake."""

    items: list[Diagnostic] = field(default_factory=list)

    def error(self, code: str, message: str, span: Span | None = None, help: str | None = None, **more: Any) -> None:
        self.items.append(Diagnostic(code, "error", message, span, help, **more))

    def warning(self, code: str, message: str, span: Span | None = None, help: str | None = None, **more: Any) -> None:
        self.items.append(Diagnostic(code, "warning", message, span, help, **more))

    @property
    def failed(self) -> bool:
        return any(item.severity == "error" for item in self.items)

    def sorted(self) -> list[Diagnostic]:
        """All diagnostics by file and place, those without a place last; the same finding is told once."""
        unique: dict[tuple[Any, ...], Diagnostic] = {}
        for item in self._causes():
            span = item.span
            place = ("\U0010ffff", 0, 0) if span is None else (span.source.path, span.start, span.end)
            unique.setdefault((place, item.severity, item.code, item.message), item)
        return [unique[key] for key in sorted(unique, key=lambda key: key[0])]

    def _causes(self) -> list[Diagnostic]:
        """Without errors that only say again, less narrowly or with another code, what stands at the same place."""
        kept: list[Diagnostic] = []
        by_line: dict[tuple[str, int], list[Diagnostic]] = {}
        for item in sorted(self.items, key=lambda one: one.span.end - one.span.start if one.span else 0):
            place = ("", 0) if item.span is None else (item.span.source.path, item.span.line)
            neighbours = by_line.setdefault(place, [])
            if not (item.severity == "error" and any(_says_again(item, one) for one in neighbours[-MOST_NEIGHBOURS:])):
                kept.append(item)
                neighbours.append(item)
        return kept


def _says_again(item: Diagnostic, earlier: Diagnostic) -> bool:
    one, other = item.span, earlier.span
    if one is None or other is None or earlier.severity != "error" or one.source.path != other.source.path:
        return False
    return item.code != earlier.code and one.start <= other.start and other.end <= one.end


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known name nearest to a word, or None where nothing is near."""
    import difflib  # it costs more than most runs of a command need to spend

    candidates = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(candidates), n=1, cutoff=0.6)
    return candidates[near[0]] if near else None


def suggest(word: str, known: Sequence[str], what: str) -> str:
    """A help line for an unknown word: the nearest known name, else the list of what there is."""
    near = did_you_mean(word, known)
    if near is not None:
        return f"did you mean `{near}`?"
    if not known:
        return f"there is no {what} yet"
    shown = ", ".join(f"`{name}`" for name in list(known)[:12])
    return f"known: {shown}{' …' if len(known) > 12 else ''}"


_COLOURS = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "info": "\x1b[1;36m",
    "help": "\x1b[1;32m",
    "bar": "\x1b[34m",
}


def render_text(diagnostics: Iterable[Diagnostic], colour: bool = False) -> str:
    """Diagnostics for a terminal: a headline, the line with carets, related places, a help line."""

    def paint(kind: str, text: str) -> str:
        return f"{_COLOURS[kind]}{text}\x1b[0m" if colour else text

    blocks = []
    for item in diagnostics:
        lines = [f"{paint(item.severity, f'{item.severity}[{item.code}]')}: {printable(item.message)}"]
        if item.span is not None:
            lines += _excerpt(item.span, "^", "", paint)
        for one in item.related:
            lines += _excerpt(one.span, "-", one.message, paint)
        if item.help is not None:
            lines.append(f"{paint('help', 'help')}: {printable(item.help)}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + ("\n" if blocks else "")


_EXCERPT_WIDTH = 100


def _excerpt(span: Span, marker: str, label: str, paint: Callable[[str, str], str]) -> list[str]:
    line, column = span.line, span.column
    text = mask_secrets(span.source.line_text(line))
    end_line, end_column = span.end_position
    length = max(1, (end_column if end_line == line else len(text) + 1) - column)
    start = max(0, column - 1 - _EXCERPT_WIDTH // 2) if len(text) > _EXCERPT_WIDTH else 0
    shown = text[start : start + _EXCERPT_WIDTH]
    before = printable(shown[: column - 1 - start])
    length = max(1, min(length, len(shown) - (column - 1 - start)))
    gutter = f"{line:>4}"
    return [
        f"{paint('bar', '  -->')} {printable(span.source.path)}:{line}:{column}",
        f"{paint('bar', gutter + ' |')} {'…' if start else ''}{printable(shown)}",
        f"{paint('bar', '     |')} {' ' * (len(before) + bool(start))}{marker * length}{' ' + label if label else ''}",
    ]


def printable(text: str) -> str:
    """Text that cannot disturb a terminal: control characters are shown as escapes."""
    return "".join(c if c.isprintable() else (" " if c == "\t" else c.encode("unicode_escape").decode()) for c in text)


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    import json

    return json.dumps([item.to_json() for item in diagnostics], indent=2, ensure_ascii=False) + "\n"


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands that a GitHub job turns into annotations on the lines of a pull request."""
    kinds = {"error": "error", "warning": "warning", "info": "notice"}
    lines = []
    for item in diagnostics:
        place = ""
        if item.span is not None:
            end_line, end_column = item.span.end_position
            place = (
                f" file={_escape(item.span.source.path, ',:')},line={item.span.line},col={item.span.column}"
                f",endLine={end_line},endColumn={end_column},title={_escape(item.code, ',:')}"
            )
        message = item.message + (f" (help: {item.help})" if item.help else "")
        lines.append(f"::{kinds[item.severity]}{place}::{_escape(message)}\n")
    return "".join(lines)


def _escape(text: str, more: str = "") -> str:
    for character in "%\r\n" + more:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A SARIF 2.1.0 log with one run."""
    import json

    levels = {"error": "error", "warning": "warning", "info": "note"}
    items = list(diagnostics)
    results = [
        {
            "ruleId": item.code,
            "level": levels[item.severity],
            "message": {"text": item.message + (f"; {item.help}" if item.help else "")},
            **({"locations": [_sarif_location(item.span)]} if item.span else {}),
            **(
                {
                    "relatedLocations": [
                        {**_sarif_location(one.span), "message": {"text": one.message}} for one in item.related
                    ]
                }
                if item.related
                else {}
            ),
            **({"properties": {"witness": item.witness}} if item.witness else {}),
        }
        for item in items
    ]
    rules = [{"id": code} for code in sorted({item.code for item in items})]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": {"name": "rulec", "rules": rules}}, "results": results}],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _sarif_location(span: Span) -> dict[str, Any]:
    end_line, end_column = span.end_position
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": span.source.path},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": end_line,
                "endColumn": end_column,
            },
        }
    }


RENDERERS: dict[str, Callable[[Iterable[Diagnostic]], str]] = {
    "text": render_text,
    "json": render_json,
    "github": render_github,
    "sarif": render_sarif,
}
