"""The lines of a formatted text while it is made."""

from __future__ import annotations

WIDTH = 100
INDENT = 2


class Lines:
    """Lines in order; never two blank ones in a row, and none at the beginning."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_open = False
        """The last line belongs to a text that would take a blank line after it as its own."""

    def put(self, line: str) -> None:
        self.lines.append(line)
        self.is_open = False

    def blank(self) -> None:
        """A blank line before the next, where one may stand."""
        if self.lines and self.lines[-1] and not self.is_open:
            self.lines.append("")

    def add(self, other: Lines) -> None:
        self.lines += other.lines
        self.is_open = other.is_open

    @property
    def ends_with_comment(self) -> bool:
        return bool(self.lines) and self.lines[-1].lstrip().startswith("#")

    def text(self) -> str:
        """The whole, ending with one line break."""
        return "\n".join(self.lines) + "\n" if self.lines else ""
