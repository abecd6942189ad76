"""Comments that say which findings are meant: `# rulec: ignore[never-matches] kept until the migration ends`.

A comment behind something speaks of its line, one on a line of its own of the next line that holds more than a comment;
`ignore-file[…]` speaks of its file. What is said of a rule's first line holds for all that is found in the rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rulec.diagnostics import Diagnostic
from rulec.records import record
from rulec.source import Source, Span

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*rulec:[ \t]*(ignore(?:-file)?)(?:\[([^\]\n]*)\])?:?[ \t]*([^\n]*)", re.MULTILINE)


@record
class Suppression:
    """One lint that one comment switches off, for a line (None: for the file); without a `reason` it does not."""

    lint: str
    line: int | None
    reason: str
    span: Span
    """The name of the lint in the comment."""


class Suppressions:
    """All such comments of some files, and which of them have suppressed something."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.items = [one for source in sources for one in _read(source)]
        self.used: set[int] = set()
        self._found: dict[tuple[str, str, int | None], list[int]] = {}
        for number, one in enumerate(self.items):
            if one.reason:
                key = (one.lint, one.span.source.path, one.line)
                self._found.setdefault(key, []).append(number)

    def hide(self, item: Diagnostic, rule: Span | None = None) -> bool:
        """Whether a finding is meant, as a comment at its place or at the rule's says."""
        places = {(one.source.path, line) for one in (item.span, rule) if one is not None for line in (one.line, None)}
        numbers = [number for place in places for number in self._found.get((item.code, *place), ())]
        self.used.update(numbers)
        return bool(numbers)

    def unused(self) -> list[Suppression]:
        return [one for number, one in enumerate(self.items) if one.reason and number not in self.used]


def _read(source: Source) -> list[Suppression]:
    found = []
    if "rulec:" not in source.text:
        return []
    lines: Sequence[str] = source.text.split("\n")
    for comment in _COMMENT.finditer(source.text):
        line, _ = source.line_and_column(comment.start())
        place = None if comment[1] == "ignore-file" else _line_meant(lines, line)
        start = comment.start(2) if comment[2] is not None else comment.start()
        for name in re.finditer(r"[^,\s]+", comment[2] or "") if comment[2] else ():
            span = Span(source, start + name.start(), start + name.end())
            found.append(Suppression(name[0], place, comment[3].strip(), span))
        if not (comment[2] or "").strip():
            found.append(Suppression("", place, comment[3].strip(), Span(source, comment.start(), comment.end(1))))
    return found


def _line_meant(lines: Sequence[str], line: int) -> int:
    """The line of a comment, or the next one that holds more, where the comment has the line for itself."""
    while line < len(lines) and lines[line - 1].strip().startswith("#"):
        line += 1
    return line
