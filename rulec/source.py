"""Source texts and spans in them: a text inside a text keeps its absolute place."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from rulec.records import field, record

LONGEST_LOOK = 2_000


@record(eq=False)
class Source:
    """One text that was read, with the path it is known by (relative to where the user stands)."""

    path: str
    text: str
    _line_starts: list[int] = field(default_factory=list)
    _hidden: list[tuple[int, int]] = field(default_factory=list)
    _asked: list[int] = field(default_factory=list)
    """The offset whose line was asked for first."""

    def line_starts(self) -> list[int]:
        """The offset at which each line begins; computed once."""
        if not self._line_starts:
            lengths = accumulate(map(len, self.text.split("\n")), initial=0)
            self._line_starts.extend(length + number for number, length in enumerate(lengths))
            self._line_starts.pop()  # behind the end
        return self._line_starts

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """The line and column, both from 1, of a character offset: the first one is counted, others are looked up."""
        if not self._asked:
            self._asked.append(offset)
            return self.text.count("\n", 0, offset) + 1, offset - self.text.rfind("\n", 0, offset)
        starts = self.line_starts()
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def line_text(self, line: int) -> str:
        """The text of a line (from 1) without its line ending; what is hidden is stars."""
        starts = self.line_starts()
        start = starts[line - 1]
        end = starts[line] if line < len(starts) else len(self.text)
        text = self.text[start:end].rstrip("\r\n")
        for low, high in self._hidden:
            first, last = max(low - start, 0), min(high - start, len(text))
            if first < last:
                text = text[:first] + "*" * (last - first) + text[last:]
        return text

    def text_around(self, offset: int) -> str:
        """The line in which an offset stands, as it is written; of a very long line what is near."""
        start = max(self.text.rfind("\n", 0, offset) + 1, offset - LONGEST_LOOK)
        end = self.text.find("\n", offset)
        return self.text[start : min(end if end >= 0 else len(self.text), offset + LONGEST_LOOK)]

    def hide(self, start: int, end: int) -> None:
        """Never show these characters to anybody: they are a secret."""
        self._hidden.append((start, end))


@record
class Span:
    """A half-open range of character offsets in a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        return self.source.line_and_column(self.start)[0]

    @property
    def column(self) -> int:
        return self.source.line_and_column(self.start)[1]

    @property
    def end_position(self) -> tuple[int, int]:
        return self.source.line_and_column(max(self.start, self.end))


@record
class Located:
    """A piece of text a user wrote, and where; `offsets` maps its characters to the source where they differ.

    A condition in a quoted YAML scalar is such a piece: its third character may stand at the fifth place of the scalar.
    """

    text: str
    span: Span
    offsets: tuple[int, ...] | range | None = None

    def part(self, start: int, end: int) -> Span:
        """The span in the source of the characters `start` to `end` of this text."""
        if self.offsets is None:
            return Span(self.span.source, self.span.start + start, self.span.start + max(end, start + 1))
        if start >= len(self.offsets):
            return Span(self.span.source, max(self.span.end - 1, self.span.start), self.span.end)
        last = self.offsets[min(max(end, start + 1), len(self.offsets)) - 1]
        return Span(self.span.source, self.offsets[start], last + 1)

    def slice(self, start: int, end: int) -> Located:
        """The characters `start` to `end` as a text of its own that still knows its place."""
        if self.offsets is None:
            return Located(
                self.text[start:end], self.part(start, end), range(self.span.start + start, self.span.start + end)
            )
        return Located(self.text[start:end], self.part(start, end), self.offsets[start:end])

    def __str__(self) -> str:
        return self.text


def with_line_feeds(text: str) -> str:
    """The text with Unix line ends and no byte order mark; line ends of Windows and of old Macs mean the same."""
    text = text.lstrip("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
