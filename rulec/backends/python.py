"""The Python backend: the tree as tables, and the runtime's text around them, in one self-contained module."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from rulec import VERSION
from rulec.backends.artifact import Artifact
from rulec.backends.clauses import make_when_tables
from rulec.backends.environment import overrides
from rulec.ir.decide import refusal_text
from rulec.ir.rows import Row, Rows
from rulec.ir.tree import Leaf, Match, Range, Switch, Test, Tree
from rulec.patterns.compile import CompiledPattern
from rulec.syntax.ast import SizeTier

MODULE_NAME = "routing_strategy"
CANNOT = ("weighing by a live signal", "scoring the complexity of a request")
"""What the module does not do yet; the compiler warns where a rule set asks for it."""

RUNTIME_MODULES = (
    "sizes",
    "matching",
    "records",
    "request",
    "catalogue",
    "conditions",
    "index",
    "engine",
    "strategies",
)
"""The runtime's modules in the order in which they stand in the generated file."""
ADAPTER_MODULES = ("caller", "failures", "plan", "reload", "adapter")
"""The modules that meet LiteLLM, after the decision is complete."""

_PREFIX_LENGTH = 16
_GRAM_LENGTH = 4


def generate_module(tree: Tree) -> Artifact:
    """The routing strategy module for a tree."""
    fingerprint = tree.policy.fingerprint()
    text = _template().render(
        version=VERSION,
        fingerprint=fingerprint,
        tables=format_literal(make_tables(tree, fingerprint)),
        environment=format_literal(overrides(tree.policy)),
        defaults=format_literal(tree.policy.sections.get("defaults", {})),
        runtime=runtime_text(RUNTIME_MODULES),
        adapter=runtime_text(ADAPTER_MODULES),
    )
    return Artifact(f"{MODULE_NAME}.py", text)


def make_tables(tree: Tree, fingerprint: str) -> dict[str, Any]:
    """The tables that `runtime.engine.Engine` reads; everything is a text, a number, a tuple or a dict of them."""
    rows = Rows(tree.policy)
    nodes = list(tree.nodes())
    arms = [(parsed, rule.position - 1) for node in nodes if isinstance(node, Test) for parsed, rule in node.arms]
    matches = [
        (patterns, rule.position - 1) for node in nodes if isinstance(node, Match) for patterns, rule in node.arms
    ]
    tiers = [(tier, rule.position - 1) for node in nodes if isinstance(node, Range) for tier, rule in node.arms]
    when = make_when_tables(arms, rows)
    numbered = {number: tuple(rows.pattern(one) for one in patterns) for patterns, number in matches}
    return {
        "capability_header": tree.policy.capability_header,
        "refusal": refusal_text(fingerprint),
        "providers": rows.providers,
        "models": rows.models,
        "rules": tuple(rows.rules),
        "chains": tuple(rows.chains),
        "when": when,
        "exact": _cases(nodes, "model"),
        "rule_patterns": numbered,
        "pattern_index": make_pattern_index(matches) if matches else (),
        "capabilities": _cases(nodes, "capability"),
        "sizes": make_size_places(tiers),
        "default": next((node.rule.position - 1 for node in nodes if isinstance(node, Leaf)), None),
        "patterns": tuple(rows.patterns),
        "zones": tuple(rows.zones),
    }


def _cases(nodes: list[Any], field: str) -> dict[str, int]:
    return {
        value: rule.position - 1
        for node in nodes
        if isinstance(node, Switch) and node.field == field
        for value, rule in node.cases.items()
    }


def make_pattern_index(arms: list[tuple[tuple[CompiledPattern, ...], int]]) -> tuple[Any, ...]:
    """Literals that a matching name must hold, each with its rules: names, prefixes, suffixes, grams, and the others."""
    names: dict[str, list[int]] = {}
    prefixes: dict[str, list[int]] = {}
    suffixes: dict[str, list[int]] = {}
    anywhere: list[tuple[str, int]] = []
    others: list[int] = []
    for patterns, rule in arms:
        for pattern in patterns:
            for kind, literal in _literals(pattern):
                if kind == "name":
                    names.setdefault(literal, []).append(rule)
                elif kind == "prefix":
                    prefixes.setdefault(literal[:_PREFIX_LENGTH], []).append(rule)
                elif kind == "suffix":
                    suffixes.setdefault(literal[-_PREFIX_LENGTH:], []).append(rule)
                elif kind == "anywhere":
                    anywhere.append((literal, rule))
                else:
                    others.append(rule)
    tables = (names, prefixes, suffixes, _grams(anywhere))
    return (*({key: tuple(dict.fromkeys(found)) for key, found in one.items()} for one in tables), tuple(others))


def _literals(pattern: CompiledPattern) -> list[tuple[str, str]]:
    """What a matching name must hold, one of: (kind, literal); kind `other` where nothing is known."""

    def of(spec: Row) -> list[tuple[str, str]]:
        if spec[0] == "set":
            return [("name", literal) for literal in spec[1]]
        if spec[0] in ("prefix", "suffix"):
            return [(spec[0], spec[1])]
        if spec[0] == "contains":
            return [("anywhere", spec[1])]
        if spec[0] == "glob":
            _, start, parts, end = spec
            if start and parts[0]:
                return [("prefix", parts[0])]
            if end and parts[-1]:
                return [("suffix", parts[-1])]
            longest = max(parts, key=len)
            return [("anywhere", longest)] if longest else [("other", "")]
        if spec[0] == "or":
            return [literal for one in spec[1:] for literal in of(one)]
        return [("anywhere", one) for one in pattern.factors] if pattern.factors else [("other", "")]

    return of(pattern.spec)


def _grams(anywhere: list[tuple[str, int]]) -> dict[str, list[int]]:
    """For each literal its rarest run of four characters (or all of it, if shorter)."""
    runs = {literal: _runs(literal) for literal, _ in anywhere}
    seen = Counter(run for found in runs.values() for run in set(found))
    table: dict[str, list[int]] = {}
    for literal, rule in anywhere:
        table.setdefault(min(runs[literal], key=lambda run: seen[run]), []).append(rule)
    return table


def _runs(literal: str) -> list[str]:
    if len(literal) <= _GRAM_LENGTH:
        return [literal]
    return [literal[at : at + _GRAM_LENGTH] for at in range(len(literal) - _GRAM_LENGTH + 1)]


def make_size_places(tiers: list[tuple[SizeTier, int]]) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The bounds of all tiers, and for each place below, on and above them the rules whose tier holds it, in order."""
    cuts = sorted({bound for tier, _ in tiers for bound in (tier.low, tier.high) if bound is not None})
    places = []
    for place in range(2 * len(cuts) + 1):
        doubled = place - 1  # cut number i stands at 2i, the places between at odd numbers
        found = tuple(rule for tier, rule in tiers if _tier_holds(tier, doubled, cuts))
        places.append(found)
    return tuple(cuts), tuple(places) if tiers else ()


def _tier_holds(tier: SizeTier, doubled: int, cuts: list[int]) -> bool:
    if tier.low is not None:
        low = 2 * cuts.index(tier.low)
        if doubled < low or (doubled == low and not tier.low_included):
            return False
    if tier.high is not None:
        high = 2 * cuts.index(tier.high)
        return doubled < high or (doubled == high and tier.high_included)
    return True


def format_literal(value: Any, depth: int = 0) -> str:
    """A value as Python source, long collections one item to a line; only what `repr` reads back equal."""
    flat = repr(value)
    if depth > 2 or len(flat) + 4 * depth <= 110 or not isinstance(value, (dict, tuple)):
        return flat
    indent = "    " * (depth + 1)
    if isinstance(value, dict):
        lines = [f"{indent}{key!r}: {format_literal(one, depth + 1)}," for key, one in value.items()]
        return "{\n" + "\n".join(lines) + "\n" + "    " * depth + "}"
    lines = [f"{indent}{format_literal(one, depth + 1)}," for one in value]
    return "(\n" + "\n".join(lines) + "\n" + "    " * depth + ")"


_HOUSE_IMPORT = re.compile(r"^from rulec\.runtime\.\w+ import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_DOCSTRING = re.compile(r'"""(.*?)"""\n', re.DOTALL)
_FUTURE_IMPORT = "from __future__ import annotations\n"


@lru_cache(maxsize=2)
def runtime_text(modules: tuple[str, ...]) -> str:
    """The text of runtime modules: one after the other, imports between them removed."""
    folder = Path(__file__).parent.parent / "runtime"
    parts = []
    for name in modules:
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        text = _HOUSE_IMPORT.sub("", text).replace(_FUTURE_IMPORT, "")
        docstring = _DOCSTRING.match(text)
        assert docstring is not None, f"runtime/{name}.py has no docstring"
        parts.append((_comment(name, docstring.group(1)) + text[docstring.end() :]).strip("\n"))
    return "\n\n\n".join(parts) + "\n"


def _comment(name: str, docstring: str) -> str:
    lines = [f"# {line}".rstrip() for line in docstring.strip("\n").split("\n")]
    return f"# {'-' * 20} {name} {'-' * 20}\n" + "\n".join(lines) + "\n"


@lru_cache(maxsize=1)
def _template() -> Any:
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    text = (Path(__file__).parent / "templates" / "routing_strategy.py.jinja").read_text(encoding="utf-8")
    return environment.from_string(text)
