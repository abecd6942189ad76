"""Collections in brackets on one line, where they fit."""

from __future__ import annotations

import re

from rulec.syntax.formatter.scalars import collection_properties, find_alias, key_text
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

_COLON = re.compile(r"\s*:")


def flow_text(node: Mapping | Sequence, room: int) -> tuple[str | None, int]:
    """A collection that was written in brackets on one line; None if it is longer than `room` or cannot be.

    The second is the offset of the first node that it repeats by an alias, or its own.
    """
    writer = _Flow(node.source.text, node.start, room)
    return "".join(writer.parts) if writer.node(node) else None, writer.repeats_from


class _Flow:
    """Collects the parts of a line; every method says whether it could."""

    def __init__(self, text: str, at: int, room: int) -> None:
        self.text = text
        self.at = at
        self.room = room
        self.repeats_from = at
        self.parts: list[str] = []

    def put(self, part: str) -> bool:
        self.parts.append(part)
        self.room -= len(part)
        return self.room >= 0

    def node(self, node: Node) -> bool:
        if node.start < self.at:
            return self.put(self.alias(node))
        if isinstance(node, Scalar):
            self.at = node.end
            raw = self.text[node.start : node.end]
            return "\n" not in raw and self.put(raw)
        return self.collection(node)

    def alias(self, node: Node) -> str:
        self.repeats_from = min(self.repeats_from, node.start)
        name, self.at = find_alias(self.text, self.at)
        return name

    def collection(self, node: Mapping | Sequence) -> bool:
        found = collection_properties(node)
        if found.marks and not self.put(" ".join(found.marks) + " "):
            return False
        self.at = found.content
        done = self.mapping(node) if isinstance(node, Mapping) else self.sequence(node)
        self.at = node.end
        return done

    def sequence(self, node: Sequence) -> bool:
        self.put("[")
        for number, item in enumerate(node.items):
            if not ((not number or self.put(", ")) and self.node(item)):
                return False
        return self.put("]")

    def mapping(self, node: Mapping) -> bool:
        self.put("{")
        for number, (key, value) in enumerate(node.pairs):
            if not ((not number or self.put(", ")) and self.pair(key, value)):
                return False
        return self.put("}")

    def pair(self, key: Scalar, value: Node) -> bool:
        if key.start < self.at:
            name = self.alias(key) + " "
        else:
            name, self.at = key_text(key), key.end
        has_colon = not (isinstance(value, Scalar) and value.start == value.end) or self.colon_follows()
        return self.put(name + (": " if has_colon else "")) and self.node(value)

    def colon_follows(self) -> bool:
        return _COLON.match(self.text, self.at) is not None
