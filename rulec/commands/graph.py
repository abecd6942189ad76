"""`rulec graph`: the decision tree as text, Mermaid or DOT."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from rulec.commands.order import match_text, target_text
from rulec.commands.output import add_cache_option, add_format_option, add_rules_argument, read_aloud, rules_folder
from rulec.ir.tree import Fail, Leaf, Match, Node, Range, Switch, Test, Tree
from rulec.policy.model import Rule


def configure(parser: argparse.ArgumentParser) -> None:
    add_rules_argument(parser)
    add_cache_option(parser)
    add_format_option(parser, "mermaid", "dot", help="how the tree is drawn, and diagnostics printed")


def run(options: argparse.Namespace) -> int:
    from rulec.commands.loading import load_tree

    tree = load_tree(rules_folder(options), options.format, not options.no_cache)
    if tree is None:
        return 2
    form = "plain" if read_aloud(options.format) else options.format
    drawn = {"plain": plain, "json": as_json, "mermaid": mermaid, "dot": dot}.get(form, text)
    print("\n".join(drawn(tree)))
    return 0


def title(node: Node) -> str:
    """What a node looks at."""
    if isinstance(node, Test):
        return "conditions on the request"
    if isinstance(node, Switch):
        return "model name" if node.field == "model" else "capability"
    if isinstance(node, Match):
        return "patterns on the model name"
    if isinstance(node, Range):
        return "size of the model"
    return "everything else" if isinstance(node, Leaf) else "refuse: no rule matches"


def rules_of(node: Node) -> list[Rule]:
    """The rules that a node leads to, in order."""
    if isinstance(node, (Test, Match, Range)):
        return [rule for _, rule in node.arms]
    if isinstance(node, Switch):
        return list(node.cases.values())
    return [node.rule] if isinstance(node, Leaf) else []


def text(tree: Tree) -> Iterator[str]:
    for node in tree.nodes():
        yield title(node)
        for rule in rules_of(node):
            yield f"├─ {match_text(rule)}  -> {target_text(rule.target)}  [{rule.name}]"
        if not isinstance(node, Fail):
            yield "│  otherwise"
            yield "▼"


def plain(tree: Tree) -> Iterator[str]:
    """The tree in sentences."""
    for number, node in enumerate(tree.nodes(), 1):
        yield f"Step {number}: {title(node)}."
        for rule in rules_of(node):
            yield f"If {match_text(rule)}, then {target_text(rule.target)}, by the rule {rule.name}."


def as_json(tree: Tree) -> Iterator[str]:
    from json import dumps

    def step(node: Node) -> dict[str, Any]:
        arms = [
            {"rule": one.name, "matches": match_text(one), "target": target_text(one.target)} for one in rules_of(node)
        ]
        return {"asks": title(node), "arms": arms}

    yield dumps([step(node) for node in tree.nodes()], indent=2, ensure_ascii=False)


def mermaid(tree: Tree) -> Iterator[str]:
    yield "flowchart TD"
    for number, node in enumerate(tree.nodes()):
        shape = f'(["{title(node)}"])' if isinstance(node, Fail) else f'{{"{title(node)}"}}'
        yield f"  n{number}{shape}"
        for rule in rules_of(node):
            yield f'  n{number} -->|"{_entity(match_text(rule))}"| r{rule.position}["{_entity(target_text(rule.target))}"]'
        if not isinstance(node, Fail):
            yield f"  n{number} -->|otherwise| n{number + 1}"


def _entity(words: str) -> str:
    """Text for Mermaid, which reads quotes, hashes and angle brackets as its own."""
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("\n", " ")):
        words = words.replace(character, entity)
    return words


def dot(tree: Tree) -> Iterator[str]:
    yield "digraph rules {"
    yield "  node [shape=box];"
    for number, node in enumerate(tree.nodes()):
        shape = "ellipse" if isinstance(node, Fail) else "diamond"
        yield f"  n{number} [shape={shape}, label={_quoted(title(node))}];"
        for rule in rules_of(node):
            yield f"  r{rule.position} [label={_quoted(target_text(rule.target))}];"
            yield f"  n{number} -> r{rule.position} [label={_quoted(match_text(rule))}];"
        if not isinstance(node, Fail):
            yield f'  n{number} -> n{number + 1} [label="otherwise", style=dashed];'
    yield "}"


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
