"""Diagnostics for a terminal: a headline, the lines with carets under what is meant, a help line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rulec.diagnostics.characters import printable, width
from rulec.diagnostics.excerpts import Excerpts
from rulec.diagnostics.finding import Diagnostic
from rulec.diagnostics.replay import replay_command
from rulec.records import record
from rulec.source import Span

_COLOURS = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "info": "\x1b[1;36m",
    "help": "\x1b[1;32m",
    "bar": "\x1b[34m",
}
_WORD = re.compile(r"(?:`[^`]{0,60}`|\S)+")
"""A word to wrap at; what stands between backticks stays on one line."""
_HANGING = "      "
_CONTEXT = 4
"""How many times as many characters as fit are looked at around a span, however long the line is."""


@record
class _Mark:
    """What to underline in a line, with what, and what to say of it."""

    span: Span
    sign: str
    kind: str
    label: str = ""


class Painter:
    """Renders diagnostics for a terminal of a width, in colour or without; witnesses are asked of `rules`."""

    def __init__(self, colour: bool, columns: int, rules: str = "rules") -> None:
        self.colour = colour
        self.columns = columns
        self.rules = rules
        self.excerpts = Excerpts()

    def render(self, diagnostics: Iterable[Diagnostic]) -> str:
        blocks = ["\n".join(self.block(item)) for item in diagnostics]
        return "\n\n".join(blocks) + ("\n" if blocks else "")

    def block(self, item: Diagnostic) -> Iterator[str]:
        yield from self.sentence(item.severity, f"{item.severity}[{item.code}]", item.message)
        yield from self.places(item)
        if item.help is not None:
            yield from self.sentence("help", "help", item.help)
        command = None if item.witness is None else replay_command(item.witness, self.rules)
        if command is not None:  # not wrapped, so that it can be copied
            yield f"{self.paint('help', 'try it')}: {printable(command)}"

    def paint(self, kind: str, text: str) -> str:
        return f"{_COLOURS[kind]}{text}\x1b[0m" if self.colour else text

    def sentence(self, kind: str, title: str, text: str) -> Iterator[str]:
        """A title and a sentence, wrapped with hanging indentation."""
        first, *rest = wrapped(printable(text), self.columns - len(_HANGING), self.columns - len(title) - 2)
        yield f"{self.paint(kind, title)}: {first}"
        yield from (_HANGING + line for line in rest)

    def places(self, item: Diagnostic) -> Iterator[str]:
        """The excerpts: those of one file together, in the order of its lines."""
        marks = [_Mark(item.span, "^", item.severity)] if item.span is not None else []
        marks += [_Mark(one.span, "-", "bar", one.message) for one in item.related]
        files: dict[str, list[_Mark]] = {}
        for mark in marks:
            files.setdefault(mark.span.source.path, []).append(mark)
        gutter = max((4, *(len(str(mark.span.line)) for mark in marks)))
        for number, (path, group) in enumerate(files.items()):
            arrow = " " * (gutter - 2) + (":::" if number else "-->")
            yield f"{self.paint('bar', arrow)} {printable(path)}:{group[0].span.line}:{group[0].span.column}"
            yield from self.file(group, gutter)

    def file(self, marks: list[_Mark], gutter: int) -> Iterator[str]:
        before = 0
        for line in sorted({mark.span.line for mark in marks}):
            if before and line == before + 2:
                yield from self.line([_Mark(self.start_of(marks[0].span, before + 1), "", "bar")], gutter)
            elif before and line > before + 2:
                yield self.paint("bar", " " * (gutter - 2) + "...")
            before = line
            yield from self.line([mark for mark in marks if mark.span.line == line], gutter)

    def start_of(self, span: Span, line: int) -> Span:
        start = span.source.line_starts()[line - 1]
        return Span(span.source, start, start)

    def line(self, marks: list[_Mark], gutter: int) -> Iterator[str]:
        """A line of a source and what is marked in it; a line too long for all of it is shown for each mark."""
        room = max(20, self.columns - gutter - 3)
        text = self.excerpts.line(marks[0].span.source, marks[0].span.line)
        together = len(text) <= room and width(printable(text)) <= room
        for group in [marks] if together else [[mark] for mark in marks]:
            shown, low = self.cut(group[0].span, room)
            yield f"{self.paint('bar', f'{group[0].span.line:>{gutter}} |')} {shown}".rstrip()
            for mark in (one for one in group if one.sign):
                for row in self.underline(mark, low, shown, room):
                    yield f"{self.paint('bar', ' ' * gutter + ' |')} {row}"

    def cut(self, span: Span, room: int) -> tuple[str, int]:
        """The part of a line that is shown around a span, with `…` where it was cut, and where it begins."""
        text, start, end = self.excerpts.marked(span)
        first = max(0, start - _CONTEXT * room)
        cells = [width(printable(one)) for one in text[first : start + _CONTEXT * room]]
        low, high = _window(cells, start - first, end - first, room)
        low, high = low + first, high + first
        return ("…" if low else "") + printable(text[low:high]) + ("…" if high < len(text) else ""), low

    def underline(self, mark: _Mark, low: int, shown: str, room: int) -> Iterator[str]:
        """The row of carets below an excerpt, and the label beside or below it."""
        text, start, end = self.excerpts.marked(mark.span)
        indent = width(printable(text[low:start])) + (low > 0)
        length = max(1, min(width(printable(text[start:end])), width(shown) - indent))
        carets = " " * indent + self.paint(mark.kind, mark.sign * length)
        label = printable(mark.label)
        if not label or indent + length + 1 + width(label) <= room:
            yield f"{carets} {self.paint(mark.kind, label)}" if label else carets
            return
        yield carets
        indent = min(indent, max(0, room - width(label)))
        yield from (" " * indent + self.paint(mark.kind, row) for row in wrapped(label, room - indent))


def wrapped(text: str, columns: int, first: int | None = None) -> list[str]:
    """The words of a text in lines of so many cells, the first line with its own number of them."""
    lines: list[str] = []
    line = ""
    for word in _WORD.findall(text):
        room = columns if lines or first is None else first
        if line and width(line) + 1 + width(word) > room:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line]


def _window(cells: list[int], start: int, end: int, room: int) -> tuple[int, int]:
    """The characters from `low` to `high` that fit into `room` cells: the marked ones first, then what is around."""
    if sum(cells) <= room:
        return 0, len(cells)
    room -= 2  # the ellipses
    low = high = start
    used = 0
    while high < min(end, len(cells)) and used + cells[high] <= room:
        used += cells[high]
        high += 1
    grown = True
    while grown:
        grown = False
        if low > 0 and used + cells[low - 1] <= room:
            low -= 1
            used += cells[low]
            grown = True
        if high < len(cells) and used + cells[high] <= room:
            used += cells[high]
            high += 1
            grown = True
    return low, high
