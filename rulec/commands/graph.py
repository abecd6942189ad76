"""`rulec graph`: the decision tree as text, Mermaid or DOT."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rulec.commands.order import match_text, target_text
from rulec.commands.output import add_rules_argument, rules_folder
from rulec.ir.tree import Fail, Leaf, Match, Node, Range, Switch, Test, Tree
from rulec.policy.model import Rule


def configure(parser: argparse.ArgumentParser) -> None:
    add_rules_argument(parser)
    parser.add_argument("--format", choices=("text", "mermaid", "dot"), default="text", help="how the tree is drawn")


def run(options: argparse.Namespace) -> int:
    from rulec.commands.loading import load_tree

    tree = load_tree(rules_folder(options))
    if tree is None:
        return 2
    print("\n".join({"text": text, "mermaid": mermaid, "dot": dot}[options.format](tree)))
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
