"""A policy to its tree: one node for each phase that has rules."""

from __future__ import annotations

from rulec.ir.passes import PASSES
from rulec.ir.tree import Fail, Leaf, Match, Node, Range, Switch, Test, Tree
from rulec.policy.model import Phase, Policy, Rule
from rulec.syntax import ast


def lower(policy: Policy) -> Tree:
    """The tree of a policy after all passes; it decides exactly as the policy means."""
    root: Node = Fail()
    for phase in ("default", "size", "capability", "pattern", "exact", "when"):
        rules = [rule for rule in policy.rules if rule.phase == phase]
        if rules:
            root = _node(phase, rules, root)
    tree = Tree(root, policy)
    for simplify in PASSES:
        tree = simplify(tree)
    return tree


def _node(phase: Phase, rules: list[Rule], otherwise: Node) -> Node:
    if phase == "when":
        return Test(tuple((r.match.condition, r) for r in rules if isinstance(r.match, ast.When)), otherwise)
    if phase == "exact":
        exact = {r.match.model.text: r for r in rules if isinstance(r.match, ast.Exact)}
        return Switch("model", exact, otherwise)
    if phase == "pattern":
        return Match(tuple((r.match.patterns, r) for r in rules if isinstance(r.match, ast.Patterns)), otherwise)
    if phase == "capability":
        named = {r.match.name: r for r in rules if isinstance(r.match, ast.Capability)}
        return Switch("capability", named, otherwise)
    if phase == "size":
        return Range(tuple((r.match, r) for r in rules if isinstance(r.match, ast.SizeTier)), otherwise)
    return Leaf(rules[0], otherwise)
