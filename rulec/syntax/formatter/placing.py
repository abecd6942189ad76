"""Which part of an entry a comment belongs to, by where the two stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence as AbstractSequence

from rulec.records import field, record
from rulec.syntax.formatter.comments import Comment
from rulec.syntax.nodes import Mapping, Node, Scalar


@record(frozen=False, eq=False)
class Part:
    """A part of an entry that may get a line of its own, and the comments that go there."""

    start: int
    end: int
    above: list[Comment] = field(default_factory=list)
    inside: list[Comment] = field(default_factory=list)
    behind: list[Comment] = field(default_factory=list)

    @property
    def has_comments(self) -> bool:
        return bool(self.above or self.inside or self.behind)

    def taken(self) -> list[Comment]:
        """Takes all comments of the part."""
        taken = [*self.above, *self.inside, *self.behind]
        self.above, self.inside, self.behind = [], [], []
        return taken


def place_comments(comments: list[Comment], parts: AbstractSequence[Part]) -> list[Comment]:
    """Gives each comment to a part; those that stand alone after the last part are left over."""
    ordered = sorted(parts, key=lambda one: one.start)
    starts = [one.start for one in ordered]
    left: list[Comment] = []
    for comment in comments:
        number = bisect_right(starts, comment.start)
        before = ordered[number - 1] if number else None
        if before is not None and comment.start < before.end:
            before.inside.append(comment)
        elif before is not None and not comment.own_line and comment.line_start <= before.end:
            before.behind.append(comment)
        elif number < len(ordered):
            ordered[number].above.append(comment)
        else:
            left.append(comment)
    return left


def extent(first: Node, last: Node) -> tuple[int, int]:
    """Where a pair or item begins and ends; what an alias repeats stands elsewhere."""
    return first.start, max(first.end if isinstance(first, Scalar) else 0, last_end(last, first.start))


def last_end(node: Node, start: int) -> int:
    """Where the last scalar of a node ends: a block of YAML itself goes on to what follows it."""
    if node.start < start:
        return start
    inner: list[Node] = []
    if node.source.text[node.end - 1 : node.end] in ("}", "]", ")"):
        return node.end
    if isinstance(node, Mapping):
        inner = [one for pair in node.pairs for one in pair]
    elif not isinstance(node, Scalar):
        inner = node.items
    return max((last_end(one, start) for one in inner), default=node.end if isinstance(node, Scalar) else start)
