"""A tree as the tables that `runtime.engine.Engine` reads: what decides here is what decides in the proxy."""

from __future__ import annotations

from typing import Any

from rulec.ir.clauses import make_when_tables
from rulec.ir.decide import refusal_text
from rulec.ir.literals import make_literal_index
from rulec.ir.rows import Row, Rows
from rulec.ir.tree import Leaf, Match, Range, Switch, Test, Tree
from rulec.policy.model import Policy
from rulec.runtime.engine import Engine
from rulec.runtime.rules import EXACT
from rulec.syntax.ast import Exact, SizeTier


def decision_tables(tree: Tree, fingerprint: str, rows: Rows | None = None) -> dict[str, Any]:
    """The tables that decide a request; everything is a text, a number, a tuple or a dict of them.

    `rows` are those of the tree's policy, where they are made already.
    """
    rows = rows or Rows(tree.policy)
    nodes = list(tree.nodes())
    default = next((node.rule.position - 1 for node in nodes if isinstance(node, Leaf)), None)
    phases, routes = make_rule_tables(tree.policy, rows, default)
    arms = [(parsed, rule.position - 1) for node in nodes if isinstance(node, Test) for parsed, rule in node.arms]
    matches = [
        (patterns, rule.position - 1) for node in nodes if isinstance(node, Match) for patterns, rule in node.arms
    ]
    tiers = [(tier, rule.position - 1) for node in nodes if isinstance(node, Range) for tier, rule in node.arms]
    when = make_when_tables(arms, rows)
    patterns = tuple(tuple(map(rows.pattern, patterns)) for patterns, _ in matches)
    tables: dict[str, Any] = {
        "capability_header": tree.policy.capability_header,
        "complexity": tree.policy.sections.get("complexity", {}),
        "refusal": refusal_text(fingerprint),
        "providers": rows.providers,
        "models": rows.models,
        "rules": phases,
        "routes": routes,
        "chains": tuple(rows.chains),
        "when": when,
        "names": {},
        "rule_patterns": patterns,
        "pattern_index": make_literal_index(matches) if matches else (),
        "capabilities": _cases(nodes, "capability"),
        "sizes": make_size_changes(tiers),
        "default": default,
        "patterns": tuple(rows.patterns),
        "zones": tuple(rows.zones),
        "deployments": rows.deployments,
    }
    tables["names"] = fold_names(tables)
    return tables


def make_rule_tables(policy: Policy, rows: Rows, default: int | None) -> tuple[dict[str, Any], tuple[Row, ...]]:
    """The rules of each phase, each with the number of its route, as far as a default lets requests come; and the routes."""
    routes: dict[str, tuple[int, Row]] = {}
    phases: dict[str, Any] = {}
    reached = slice(None if default is None else default + 1)
    for rule, (name, phase, *rest) in zip(policy.rules[reached], rows.rules[reached], strict=True):
        route, _ = routes.setdefault(repr(rest), (len(routes), tuple(rest)))  # in which 1 is not 1.0, nor true
        if isinstance(rule.match, Exact):
            model = rule.match.model.text
            phases.setdefault(phase, {})[model] = route if name == f"{EXACT}:{model}" else (name, route)
        else:
            phases.setdefault(phase, []).append((name, route))
    listed = {phase: rules if phase == EXACT else tuple(rules) for phase, rules in phases.items()}
    return listed, tuple(row for _, row in routes.values())


def fold_names(tables: dict[str, Any]) -> dict[str, int | None]:
    """For each name in the catalogue that no exact rule decides the pattern rule that does, None where there is none."""
    engine = Engine(tables)
    others = [name for name in tables["models"] if engine.exactly(name) is None]
    return {name: engine.first(engine.matching_patterns(name), name)[0] for name in others}


def _cases(nodes: list[Any], field: str) -> dict[str, int]:
    return {
        value: rule.position - 1
        for node in nodes
        if isinstance(node, Switch) and node.field == field
        for value, rule in node.cases.items()
    }


def make_size_changes(tiers: list[tuple[SizeTier, int]]) -> tuple[Any, ...]:
    """The rules of all tiers, their bounds, and the tiers that begin or end at each place below, on and above these."""
    cuts = sorted({bound for tier, _ in tiers for bound in (tier.low, tier.high) if bound is not None})
    place_of = {cut: 2 * number + 1 for number, cut in enumerate(cuts)}
    changes: list[list[int]] = [[] for _ in range(2 * len(cuts) + 1)]
    for number, (tier, _) in enumerate(tiers):
        begin = 0 if tier.low is None else place_of[tier.low] + (not tier.low_included)
        end = len(changes) if tier.high is None else place_of[tier.high] + tier.high_included
        for place in (begin, end) if begin < end else ():
            if place < len(changes):
                changes[place].append(number)
    return tuple(rule for _, rule in tiers), tuple(cuts), tuple(map(tuple, changes))
