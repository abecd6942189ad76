"""The Python backend: the tree as tables, and the runtime's text around them, in one self-contained module."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from rulec import VERSION
from rulec.backends.artifact import Artifact
from rulec.backends.environment import overrides
from rulec.backends.watching import watching_modules, watching_tables
from rulec.ir.tables import decision_tables
from rulec.ir.tree import Tree
from rulec.policy.model import Policy
from rulec.policy.signals import signals_in_use

MODULE_NAME = "routing_strategy"
RUNTIME_MODULES = (
    "sizes",
    "matching",
    "records",
    "complexity",
    "request",
    "tuned",
    "catalogue",
    "conditions",
    "index",
    "rules",
    "engine",
)
"""The runtime's modules in the order in which they stand in the generated file."""
STRATEGY_MODULES = ("environment", "strategies/drawn", "strategies/ranking")
"""What every rule set may need to order candidates; the strategies that it uses stand after them."""
BALANCER = "strategies/balancer"
RANKING_STRATEGIES = ("least_loaded", "usage_based", "fastest_response", "most_capacity", "cheapest", "least_utilized")
ADAPTER_MODULES = (
    "log",
    "state",
    "caller",
    "failures",
    "breaker",
    "availability",
    "glance",
    "health",
    "plan",
    "reload",
    "answers",
    "deployments",
    "status",
    "adapter",
)
"""The modules that meet LiteLLM, after the decision is complete."""
HEALTH_SECTIONS = ("rate_limited_fallback", "error_based_routing")


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
        strategies=runtime_text(strategy_modules(tree.policy)),
        adapter=runtime_text(ADAPTER_MODULES),
    )
    return Artifact(f"{MODULE_NAME}.py", text)


def strategy_modules(policy: Policy) -> tuple[str, ...]:
    """The modules that order candidates, of the strategies only those that a rule names."""
    used = {rule.strategy for rule in policy.rules}
    chosen = [f"strategies/{name}" for name in RANKING_STRATEGIES if name in used]
    return (*STRATEGY_MODULES, *watching_modules(policy), *chosen, BALANCER)


def make_tables(tree: Tree, fingerprint: str) -> dict[str, Any]:
    """All tables of the module: those of the decision, then what strategies, signals and health read."""
    return {
        **decision_tables(tree, fingerprint),
        "costs": {one.name: one.cost for one in tree.policy.models.values() if one.cost is not None},
        "strategies": _strategy_settings(tree.policy),
        **watching_tables(tree.policy),
        "health": _health_settings(tree.policy),
    }


def _strategy_settings(policy: Policy) -> dict[str, Any]:
    """What the strategies that travel measure, without notes and without who uses them."""
    used = {rule.strategy for rule in policy.rules}
    found = {
        name: {key: value for key, value in settings.items() if key not in ("description", "applicable_to", "signal")}
        for name, settings in policy.strategies.items()
        if name in used and name in RANKING_STRATEGIES
    }
    for signal in signals_in_use(policy):
        found["least_utilized"] = {"signal": signal}
    return found


def _health_settings(policy: Policy) -> dict[str, Any]:
    """What the rules say about rate limits and errors, without notes."""
    found = {name: policy.sections[name] for name in HEALTH_SECTIONS if name in policy.sections}
    return {
        name: {key: value for key, value in section.items() if key != "description"} for name, section in found.items()
    }


_WIDTH = 110
_MOST_ON_ONE_LINE = _WIDTH // len("0, ")


def format_literal(value: Any, depth: int = 0) -> str:
    """A value as Python source, long collections one item to a line; only what `repr` reads back equal."""
    splits = depth <= 2 and isinstance(value, (dict, tuple))
    if not splits or len(value) <= _MOST_ON_ONE_LINE:
        flat = repr(value)
        if not splits or len(flat) + 4 * depth <= _WIDTH:
            return flat
    indent = "    " * (depth + 1)
    if isinstance(value, dict):
        lines = [f"{indent}{key!r}: {format_literal(one, depth + 1)}," for key, one in value.items()]
        return "{\n" + "\n".join(lines) + "\n" + "    " * depth + "}"
    lines = [f"{indent}{format_literal(one, depth + 1)}," for one in value]
    return "(\n" + "\n".join(lines) + "\n" + "    " * depth + ")"


_HOUSE_IMPORT = re.compile(r"^from rulec\.runtime\.[\w.]+ import (?:\([^)]*\)|[^\n]*)\n", re.MULTILINE)
_DOCSTRING = re.compile(r'"""(.*?)"""\n', re.DOTALL)
_FUTURE_IMPORT = "from __future__ import annotations\n"


@lru_cache(maxsize=32)
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
    from jinja2 import Environment, StrictUndefined  # explain, which imports this room, has no use for it

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    text = (Path(__file__).parent / "templates" / "routing_strategy.py.jinja").read_text(encoding="utf-8")
    return environment.from_string(text)
