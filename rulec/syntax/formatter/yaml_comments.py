"""The comments of a YAML text: every `#` between its scalars."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulec.syntax.formatter.comments import Comment, make_comment
from rulec.syntax.formatter.scalars import content_range
from rulec.syntax.nodes import Mapping, Node, Scalar

_COMMENT = re.compile(r"#[^\n]*")


def yaml_comments(text: str, root: Node) -> list[Comment]:
    """All comments in the order of the text."""
    if "#" not in text:
        return []
    found: list[Comment] = []
    at = 0
    for start, end in [*_ranges(root), (len(text), len(text))]:
        if start < at:
            continue  # an alias repeats what stands above
        if text.find("#", at, start) >= 0:
            found += (make_comment(text, one.start(), one.end()) for one in _COMMENT.finditer(text, at, start))
        at = end
    return found


def _ranges(root: Node) -> Iterator[tuple[int, int]]:
    """Where the scalars stand, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar):
            yield content_range(node)
        elif isinstance(node, Mapping):
            for key, value in reversed(node.pairs):
                waiting.append(value)
                waiting.append(key)
        else:
            waiting.extend(reversed(node.items))
