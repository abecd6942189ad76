"""Lines of a source as they may be shown: what is secret in them is stars."""

from __future__ import annotations

from rulec.secrets import mask_line
from rulec.source import Source, Span


class Excerpts:
    """Masked lines, each made once: many diagnostics may stand in one long line."""

    def __init__(self) -> None:
        self._lines: dict[tuple[int, int], str] = {}
        self._sources: list[Source] = []  # kept, so that no other source takes over an identity

    def line(self, source: Source, line: int) -> str:
        """A line (from 1) without what is secret in it."""
        key = (id(source), line)
        if key not in self._lines:
            self._sources.append(source)
            self._lines[key] = mask_line(source.line_text(line))
        return self._lines[key]

    def marked(self, span: Span) -> tuple[str, int, int]:
        """The line in which a span begins, and which of its characters the span covers there: at least one place."""
        text = self.line(span.source, span.line)
        end_line, end_column = span.end_position
        start = min(span.column - 1, len(text))
        end = min(end_column - 1, len(text)) if end_line == span.line else len(text)
        return text, start, max(end, start)

    def quoted(self, span: Span) -> str:
        """The text of a span in its first line."""
        text, start, end = self.marked(span)
        return text[start:end].strip()
