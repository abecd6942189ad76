"""The edit that removes an entry of a rule file: an item of a list, a key with what is below it, a statement of the DSL."""

from __future__ import annotations

from rulec.lints.lint import Edit
from rulec.source import Span

_QUOTES = "\"'"


def removal(span: Span) -> tuple[Edit, ...]:
    """Removes the entry in which a name stands, if it has its lines for itself.

    It goes by indentation alone, in both surfaces: who makes the edit tries it on the rules.
    """
    source = span.source
    lines = source.text.split("\n")
    first = _first(lines, span.line - 1, span.column - 1)
    if first is None:
        return ()
    depth = _depth(lines[first])
    last = first
    for number in range(first + 1, len(lines)):
        if lines[number].strip() and _depth(lines[number]) <= depth and not lines[number].startswith("}"):
            break
        if lines[number].strip() and not lines[number].lstrip().startswith("#"):
            last = number
    starts = [*source.line_starts(), len(source.text)]
    return (Edit(Span(source, starts[first], starts[min(last + 1, len(lines))]), ""),)


def _first(lines: list[str], number: int, column: int) -> int | None:
    """The line in which the entry begins: the name's own, if it is a key or stands behind a dash, else that of the dash."""
    before = lines[number][:column].rstrip(_QUOTES)
    if not before.strip() or before.lstrip().startswith("- ") or _depth(lines[number]) == 0:
        return number
    inner = _depth(lines[number])
    for above in range(number - 1, -1, -1):
        if lines[above].strip() and _depth(lines[above]) < inner:
            return above if lines[above].lstrip().startswith("- ") else None
    return None


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
