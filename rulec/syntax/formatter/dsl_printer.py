"""A document as DSL: its statements in the order in which rules are tried, with their comments."""

from __future__ import annotations

from rulec.diagnostics import Diagnostics, Rejected
from rulec.syntax.formatter.comments import Comment, put_comments
from rulec.syntax.formatter.dsl_statements import statement_lines
from rulec.syntax.formatter.entries import Entry, put_header
from rulec.syntax.formatter.layout import Lines


def print_dsl(entries: list[Entry], rest: list[Comment], diagnostics: Diagnostics) -> str:
    """The text of the entries, `rest` after the last; what the DSL cannot say is reported."""
    lines = Lines()
    parted = bool(entries) and put_header(entries[0], lines)
    before: Entry | None = None
    order = {id(entry): number for number, entry in enumerate(entries)}
    for entry in sorted(entries, key=lambda one: one.rank):
        moved = before is not None and order[id(entry)] != order[id(before)] + 1 and entry.rank != before.rank
        if entry.after_blank_line or moved or parted:
            lines.blank()
        put_comments(entry.leading, lines, 0, blank=False)
        if entry.leading and entry.blank_line_before_statement:
            lines.blank()
        try:
            for line in statement_lines(entry):
                lines.put(line)
        except Rejected as rejected:
            diagnostics.items.append(rejected.diagnostic)
        put_comments(entry.following, lines, 0)
        parted = bool(entry.following)
        before = entry
    put_comments(rest, lines, 0)
    return lines.text()
