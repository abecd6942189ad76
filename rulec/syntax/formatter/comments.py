"""Comments: where each stands, and handing them out in the order of the text, so that none is lost."""

from __future__ import annotations

from collections.abc import Callable

from rulec.records import record
from rulec.syntax.formatter.layout import Lines

NOWHERE = 1 << 62


@record(frozen=False, eq=False)
class Comment:
    """A comment with its `#`; `own_line` if nothing stands before it on its line."""

    text: str
    start: int
    line_start: int
    own_line: bool
    after_blank_line: bool

    @property
    def column(self) -> int:
        return self.start - self.line_start


def make_comment(text: str, start: int, end: int) -> Comment:
    """The comment between two offsets of a text."""
    line_start = text.rfind("\n", 0, start) + 1
    own_line = not text[line_start:start].strip(" \t\ufeff")
    return Comment(text[start:end].rstrip(), start, line_start, own_line, is_after_blank_line(text, line_start))


def is_after_blank_line(text: str, line_start: int) -> bool:
    """Whether the line before the one that starts here is blank."""
    if line_start < 1:
        return False
    return not text[text.rfind("\n", 0, line_start - 1) + 1 : line_start - 1].strip()


def is_before_blank_line(text: str, at: int) -> bool:
    """Whether the line after the one of this offset is blank."""
    start = text.find("\n", at) + 1
    end = text.find("\n", start)
    return start > 0 and end >= 0 and not text[start:end].strip()


class Pending:
    """The comments of a text that are not printed yet, handed out from its beginning to its end."""

    def __init__(self, comments: list[Comment]) -> None:
        self.comments = comments
        self.at = 0
        self.next_start = comments[0].start if comments else NOWHERE

    def _look(self) -> None:
        self.next_start = self.comments[self.at].start if self.at < len(self.comments) else NOWHERE

    def before(self, offset: int, fits: Callable[[Comment], bool] = lambda one: True) -> list[Comment]:
        """Takes the comments that stand before an offset, up to the first that does not fit."""
        taken: list[Comment] = []
        while self.next_start < offset and fits(self.comments[self.at]):
            taken.append(self.comments[self.at])
            self.at += 1
            self._look()
        return taken

    def same_line(self, end: int, limit: int = NOWHERE) -> str:
        """Takes the comment that follows on the line where something ends, as the text to append to that line."""
        if self.next_start >= limit:
            return ""
        comment = self.comments[self.at]
        if comment.own_line or comment.line_start > end:
            return ""
        self.at += 1
        self._look()
        return "  " + comment.text


def put_comments(comments: list[Comment], lines: Lines, indent: int, blank: bool = True) -> None:
    """Each comment on a line of its own, with the blank lines between them; one before the first only if `blank`."""
    for comment in comments:
        if comment.after_blank_line and blank:
            lines.blank()
        lines.put(" " * indent + comment.text)
        blank = True
