"""The collector that stages add to, so that one run reports every mistake, and each mistake once."""

from __future__ import annotations

from typing import Any

from rulec.diagnostics.finding import Diagnostic
from rulec.records import field, record
from rulec.source import Span

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
