"""The nodes of the decision tree.

A node looks at one thing and leads to rules; where none of them matches and applies, `otherwise` goes on. Whether a
rule applies (somebody can serve the model) is asked at its leaf, so a tree reads like the list of phases it came from:
Test → Switch → Match → Switch → Range → Leaf → Fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rulec.patterns.compiled import CompiledPattern
from rulec.policy.model import Policy, Rule
from rulec.records import record
from rulec.syntax.ast import SizeTier
from rulec.syntax.conditions import ParsedCondition


@record
class Test:
    """Conditions in order."""

    arms: Sequence[tuple[ParsedCondition, Rule]]
    otherwise: Node


@record
class Switch:
    """One field (`model` or `capability`) looked up among known values."""

    field: str
    cases: Mapping[str, Rule]
    otherwise: Node


@record
class Match:
    """Patterns on the model's name, in order."""

    arms: Sequence[tuple[tuple[CompiledPattern, ...], Rule]]
    otherwise: Node


@record
class Range:
    """Tiers of the model's size, in order."""

    arms: Sequence[tuple[SizeTier, Rule]]
    otherwise: Node


@record
class Leaf:
    """A rule that matches whatever comes here."""

    rule: Rule
    otherwise: Node


@record
class Fail:
    """No rule matched: the request is refused."""


Node = Test | Switch | Match | Range | Leaf | Fail


@record
class Tree:
    """The root, and the policy whose providers and models its leaves speak of."""

    root: Node
    policy: Policy

    def nodes(self) -> Iterator[Node]:
        """The nodes in the order they are tried."""
        node = self.root
        while True:
            yield node
            if isinstance(node, Fail):
                return
            node = node.otherwise
