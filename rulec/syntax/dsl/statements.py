"""Statements to nodes: each becomes the entry of a section that says the same in YAML."""

from __future__ import annotations

from typing import Any

from rulec.records import record
from rulec.source import Source
from rulec.syntax.dsl.parser import Token
from rulec.syntax.dsl.scalars import DslScalar, condition_text
from rulec.syntax.dsl.targets import Destination, TargetBuilder
from rulec.syntax.dsl.values import Pair
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

_SECTIONS = {
    "provider": "providers",
    "model": "models",
    "when": "request_metadata_routing",
    "exact": "exact_matches",
    "virtual": "virtual_models",
    "redundant": "redundant_models",
    "pattern": "patterns",
    "capability": "capabilities",
    "size": "model_size_routing",
    "chain": "fallback_chains",
    "strategy": "load_balancing",
    "signal": "signals",
}
_ITEMS = frozenset(("patterns", "model_size_routing"))
"""Sections that are lists in YAML; the others hold entries by name."""


@record(frozen=False, eq=False)
class Statement:
    """One statement: its section, and its entry there. `name` is None in lists, and where it is the whole section."""

    section: Scalar
    name: Scalar | None
    body: Node


class Builder(TargetBuilder):
    """Builds the statements of one text."""

    # Statements

    def start(self, statements: list[Statement]) -> list[Statement]:
        return statements

    def entry(self, children: list[Any]) -> Statement:
        """`KEYWORD name { … }`."""
        keyword, name, body = children
        section = self.section(keyword)
        scalar = self.scalar(name)
        return Statement(section, scalar, body or self.mapping([], scalar.end, scalar.end))

    provider = strategy = signal = model = entry

    def section(self, keyword: Token) -> DslScalar:
        start, end = keyword.start, keyword.end
        text = keyword.text
        return DslScalar(_SECTIONS.get(text, text), True, self.source, start, end)

    def whole_section(self, children: list[Any]) -> Statement:
        keyword, value = children
        return Statement(self.section(keyword), None, value if not isinstance(value, Token) else self.scalar(value))

    version = extension = settings = whole_section

    def when(self, children: list[Any]) -> Statement:
        keyword, name, colon, _, arrow, destination, *rest = children
        start, end = colon.end, arrow.start
        raw = self.source.text[start:end]
        start += len(raw) - len(raw.lstrip())
        condition = condition_text(self.source, start, max(start + 1, end - len(raw) + len(raw.rstrip())))
        pairs: list[Pair] = [(self.key("condition", condition), condition)]
        return Statement(self.section(keyword), self.scalar(name), self.rule_body(keyword, pairs, destination, rest))

    def exact(self, children: list[Any]) -> Statement:
        keyword, label, name, _, destination, *rest = children
        body = self.rule_body(keyword, self.label_pairs(label), destination, rest)
        return Statement(self.section(keyword), self.scalar(name), body)

    capability = exact

    def redundant(self, children: list[Any]) -> Statement:
        keyword, name, _, destination, *rest = children
        return Statement(self.section(keyword), self.scalar(name), self.rule_body(keyword, [], destination, rest))

    def pattern(self, children: list[Any]) -> Statement:
        keyword, label, patterns, _, destination, *rest = children
        pairs = [*self.label_pairs(label), (self.key("pattern", patterns), patterns)]
        return Statement(self.section(keyword), None, self.rule_body(keyword, pairs, destination, rest))

    def size(self, children: list[Any]) -> Statement:
        keyword, label, tier, _, destination, *rest = children
        pairs = [*self.label_pairs(label), (self.key("size", tier), tier)]
        return Statement(self.section(keyword), None, self.rule_body(keyword, pairs, destination, rest))

    def default(self, children: list[Any]) -> Statement:
        keyword, label, _, destination, *rest = children
        body = self.rule_body(keyword, self.label_pairs(label), destination, rest)
        return Statement(self.section(keyword), None, body)

    def virtual(self, children: list[Any]) -> Statement:
        keyword, label, name, _, split, *rest = children
        pairs = [*self.label_pairs(label), (self.key("complexity", split), split)]
        destination = Destination(split.start, split.end)
        return Statement(self.section(keyword), self.scalar(name), self.rule_body(keyword, pairs, destination, rest))

    def chain(self, children: list[Any]) -> Statement:
        keyword, name, arrow, hops, block = children
        start, end = arrow.start, arrow.end
        listed = self.sequence(hops) if hops else Sequence([], self.source, start, end)
        pairs = self.joined([(self.key("chain", listed), listed)], block)
        body = self.mapping(pairs, listed.start, block.end if block else listed.end)
        return Statement(self.section(keyword), self.scalar(name), body)

    def label(self, children: list[Any]) -> Scalar:
        return self.scalar(children[0])

    def label_pairs(self, label: Scalar | None) -> list[Pair]:
        return [] if label is None else [(self.key("name", label), label)]

    def patterns(self, children: list[Token]) -> Node:
        return self.one_or_several([self.scalar(one) for one in children])

    def tier(self, children: list[Token]) -> Scalar:
        start, end = children[0].start, children[-1].end
        return DslScalar(self.source.text[start:end], False, self.source, start, end)


def section_items(statements: list[Statement], source: Source) -> list[Pair]:
    """The sections of a document: entries of one section together, in the order in which they are first spoken of."""
    pairs: list[Pair] = []
    open_sections: dict[str, Mapping | Sequence] = {}
    for statement in statements:
        name = statement.section.text
        if name not in _SECTIONS.values():
            pairs.append((statement.section, statement.body))
            continue
        section = open_sections.get(name)
        if section is None:
            start, end = statement.section.start, statement.body.end
            section = Sequence([], source, start, end) if name in _ITEMS else Mapping([], source, start, end)
            open_sections[name] = section
            pairs.append((statement.section, section))
        if isinstance(section, Sequence):
            section.items.append(statement.body)
        else:
            assert statement.name is not None
            section.pairs.append((statement.name, statement.body))
        section.end = max(section.end, statement.body.end)
    return pairs
