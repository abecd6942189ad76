"""A document as its entries in the order of the text, each with the comments that belong to it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from rulec.records import field, record
from rulec.syntax.dsl.tables import STATEMENTS
from rulec.syntax.formatter.comments import (
    NOWHERE,
    Comment,
    Pending,
    is_after_blank_line,
    is_before_blank_line,
    put_comments,
)
from rulec.syntax.formatter.layout import Lines
from rulec.syntax.formatter.order import rank
from rulec.syntax.formatter.placing import last_end
from rulec.syntax.formatter.scalars import find_alias
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

NAMED = {
    "providers": "provider",
    "models": "model",
    "request_metadata_routing": "when",
    "exact_matches": "exact",
    "virtual_models": "virtual",
    "redundant_models": "redundant",
    "capabilities": "capability",
    "fallback_chains": "chain",
    "load_balancing": "strategy",
    "signals": "signal",
}
STATEMENT = re.compile(rf"^(?:x-|(?:{'|'.join(STATEMENTS)})(?![A-Za-z0-9_]|[.-][A-Za-z0-9_]))", re.MULTILINE)
LISTED = {"patterns": "pattern", "model_size_routing": "size"}


@record(frozen=False, eq=False)
class Entry:
    """One entry of a section, or a section that is one: in the DSL, a statement."""

    section: Scalar
    name: Scalar | None
    body: Node
    start: int
    end: int
    after_blank_line: bool = False
    leading: list[Comment] = field(default_factory=list)
    own: list[Comment] = field(default_factory=list)
    following: list[Comment] = field(default_factory=list)
    """Comments on lines of their own after the entry that its indentation claims."""

    @property
    def blank_line_before_statement(self) -> bool:
        """Whether a blank line stands between the leading comments and what they are about."""
        text = self.body.source.text
        if self.leading:
            return is_before_blank_line(text, self.leading[-1].start)
        return is_after_blank_line(text, text.rfind("\n", 0, self.start) + 1)

    @property
    def is_listed(self) -> bool:
        return self.section.text in LISTED

    @property
    def rank(self) -> int:
        return rank(self.section.text)

    @property
    def keyword(self) -> str:
        section = self.section.text
        return NAMED.get(section) or LISTED.get(section) or section


def entries_of_yaml(root: Mapping, comments: list[Comment]) -> tuple[list[Entry], list[Comment]]:
    """The entries of a YAML document, and the comments after the last."""
    entries = list(_yaml_entries(root))
    pending = Pending(comments)
    text = root.source.text
    for number, entry in enumerate(entries):
        follower = entries[number + 1] if number + 1 < len(entries) else None
        limit = NOWHERE if follower is None else max(entry.end, _beginning(follower, entry))
        column = entry.start - text.rfind("\n", 0, entry.start) - 1 + (entry.name is not None or not entry.is_listed)
        entry.leading = pending.before(entry.start)
        entry.own = pending.before(entry.end)
        entry.own += pending.before(limit, lambda one, end=entry.end: not one.own_line and one.line_start <= end)  # type: ignore[misc]
        entry.own += pending.before(limit, lambda one, least=column: one.own_line and one.column >= least)  # type: ignore[misc]
        is_last = follower is None or follower.section is not entry.section
        if is_last and (entry.name is not None or entry.is_listed):
            entry.following = pending.before(limit, lambda one: one.own_line and one.column > 0)
        is_first = not number or entries[number - 1].section is not entry.section
        if is_first:
            part_from_section(entry, text)
        entry.after_blank_line = is_first or starts_after_blank_line(entry, text)
    return entries, pending.before(NOWHERE)


def _beginning(follower: Entry, entry: Entry) -> int:
    """Where the next entry begins, or its section, if it is the first."""
    return follower.start if follower.section is entry.section else follower.section.start


def starts_after_blank_line(entry: Entry, text: str) -> bool:
    """Whether a blank line stands before an entry and its comments."""
    if entry.leading:
        return entry.leading[0].after_blank_line
    return entry.blank_line_before_statement


def part_from_section(entry: Entry, text: str) -> None:
    """A blank line above the section's own line parts the comments above and below it, where that line is none any more."""
    below = bisect_right([one.start for one in entry.leading], entry.section.start)
    if 0 < below < len(entry.leading) and is_before_blank_line(text, entry.leading[below - 1].start):
        entry.leading[below].after_blank_line = True


def _yaml_entries(root: Mapping) -> Iterator[Entry]:
    text = root.source.text
    for section, value in root.pairs:
        if section.text in NAMED and isinstance(value, Mapping):
            for name, body in value.pairs:
                start = section.end if name.start < section.start else name.start
                yield Entry(section, name, body, start, max(name.end, last_end(body, start)))
        elif section.text in LISTED and isinstance(value, Sequence):
            at = section.end
            for item in value.items:
                start = item.start
                end = last_end(item, start)
                if start < at:
                    start = end = find_alias(text, at)[1] if value.start > section.start else at
                at = end
                yield Entry(section, None, item, start, end)
        elif section.text not in NAMED and section.text not in LISTED:
            yield Entry(section, None, value, section.start, max(section.end, last_end(value, section.start)))


def entries_of_dsl(root: Mapping, comments: list[Comment]) -> tuple[list[Entry], list[Comment]]:
    """The statements of a DSL text, and the comments after the last."""
    entries = sorted(_dsl_entries(root), key=lambda one: one.start)
    text = root.source.text
    starts = [one.start() for one in STATEMENT.finditer(text)]
    pending = Pending(comments)
    for entry in entries:
        entry.start = starts[bisect_right(starts, entry.start) - 1]
        entry.leading = pending.before(entry.start)
        entry.own = pending.before(entry.end)
        entry.own += pending.before(NOWHERE, lambda one, end=entry.end: not one.own_line and one.line_start <= end)  # type: ignore[misc]
        entry.after_blank_line = starts_after_blank_line(entry, text)
    return entries, pending.before(NOWHERE)


def _dsl_entries(root: Mapping) -> Iterator[Entry]:
    for section, value in root.pairs:
        if section.text in NAMED and isinstance(value, Mapping):
            for name, body in value.pairs:
                yield Entry(section, name, body, name.start, max(name.end, body.end))
        elif section.text in LISTED and isinstance(value, Sequence):
            for item in value.items:
                yield Entry(section, None, item, _first_start(item), item.end)
        else:
            yield Entry(section, None, value, section.start, max(section.end, value.end))


def _first_start(node: Node) -> int:
    """Where the first word of a statement's body stands: not always its target."""
    return min((key.start for key, _ in node.pairs), default=node.start) if isinstance(node, Mapping) else node.start

def put_header(first: Entry, lines: Lines) -> bool:
    """The comments at the top of the text that a blank line parts from the first statement stay there."""
    comments = first.leading
    length = next((i for i, one in enumerate(comments) if i and one.after_blank_line), len(comments))
    if length == len(comments) and not first.blank_line_before_statement:
        return False
    first.leading = comments[length:]
    put_comments(comments[:length], lines, 0, blank=False)
    return length > 0
