"""What is done to a tree before anybody reads it: an ordered tuple of passes, each Tree → Tree and meaning-preserving."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_

from rulec.ir.tree import Fail, Leaf, Match, Node, Range, Switch, Test, Tree
from rulec.policy.model import Pass, Refuse, Rule
from rulec.records import replace
from rulec.syntax.conditions import Always, And, Condition, Not, Or, ParsedCondition


def fold_conditions(tree: Tree) -> Tree:
    """Flattens nested `and`, `or` and double `not`, and folds `always` into what it stands in."""

    def fold_node(node: Node) -> Node:
        if isinstance(node, Test):
            arms = tuple((_fold_parsed(parsed), rule) for parsed, rule in node.arms)
            return Test(arms, fold_node(node.otherwise))
        return node if isinstance(node, Fail) else replace(node, otherwise=fold_node(node.otherwise))

    return Tree(fold_node(tree.root), tree.policy)


def cut_unreachable(tree: Tree) -> Tree:
    """Drops what stands behind a rule that takes every request: `always` with `pass` or `refuse`."""

    def cut(node: Node) -> Node:
        if isinstance(node, Fail):
            return node
        if isinstance(node, Test):
            for number, (parsed, rule) in enumerate(node.arms):
                if isinstance(parsed.condition, Always) and _always_applies(rule):
                    return Test(node.arms[:number], Leaf(rule, Fail()))
        if isinstance(node, Leaf) and _always_applies(node.rule):
            return Leaf(node.rule, Fail())
        return replace(node, otherwise=cut(node.otherwise))

    return Tree(cut(tree.root), tree.policy)


def drop_empty_nodes(tree: Tree) -> Tree:
    """Removes nodes that lead to no rule."""

    def drop(node: Node) -> Node:
        if isinstance(node, Fail):
            return node
        rest = drop(node.otherwise)
        empty = isinstance(node, (Test, Match, Range)) and not node.arms or isinstance(node, Switch) and not node.cases
        return rest if empty else replace(node, otherwise=rest)

    return Tree(drop(tree.root), tree.policy)


PASSES: tuple[Callable[[Tree], Tree], ...] = (fold_conditions, cut_unreachable, drop_empty_nodes)


def _always_applies(rule: Rule) -> bool:
    return isinstance(rule.target, (Pass, Refuse))


def _fold_parsed(parsed: ParsedCondition) -> ParsedCondition:
    folded = _fold(parsed.condition)
    return parsed if folded is parsed.condition else replace(parsed, condition=folded)


def _fold(condition: Condition) -> Condition:
    if isinstance(condition, Not):
        inner = _fold(condition.item)
        if isinstance(inner, Not):
            return inner.item
        return condition if inner is condition.item else Not(inner)
    if not isinstance(condition, (And, Or)):
        return condition
    kind = type(condition)
    items: list[Condition] = []
    for item in condition.items:
        folded = _fold(item)
        items += folded.items if isinstance(folded, kind) else (folded,)
    if kind is Or and any(isinstance(item, Always) for item in items):
        return Always()
    if kind is And:
        items = [item for item in items if not isinstance(item, Always)] or [Always()]
    if len(items) == 1:
        return items[0]
    return condition if all(map(is_, items, condition.items)) and len(items) == len(condition.items) else kind(tuple(items))
