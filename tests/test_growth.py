"""Twice the rules are twice the work: the calls that reading, binding and checking make are counted, not timed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.policy.names import CatalogueNames
from rulec.runtime.sizes import is_regular_name
from rulec.source import Source
from rulec.syntax import ast
from tests.bench.compiling import compiled, text_of
from tests.bench.workload import make_workload

FEW = 100
MOST = 2.6
"""Linear growth is 2, quadratic growth 4."""


def each(count: int, key: str, value: Any) -> dict[str, Any]:
    """`count` entries; `%d` is the number in the key and in every text of the value."""
    return {key % number: numbered(value, number) for number in range(count)}


def numbered(value: Any, number: int) -> Any:
    if isinstance(value, dict):
        return {name: numbered(one, number) for name, one in value.items()}
    if isinstance(value, list):
        return [numbered(one, number) for one in value]
    return value.replace("%d", str(number)) if isinstance(value, str) else value


def document(**sections: Any) -> dict[str, Any]:
    providers = {
        "a": {"litellm": "ollama/{model}", "accepts": ".*"},
        "b": {"litellm": "openai/{model}", "default_model": "m0"},
        "c": {"litellm": "openai/{model}"},
    }
    models = {"m0": {"served_by": ["b"]}}
    return {"providers": providers, "models": models, "default": {"provider": "a"}, **sections}


def model(*names: str, **more: Any) -> dict[str, Any]:
    return {"served_by": list(names), **more}


def patterns(count: int, provider: str) -> list[dict[str, Any]]:
    return [{"pattern": f"^m{number}$", "provider": provider} for number in range(count)]


PAIR = {"providers": [{"provider": "a"}, {"provider": "b"}]}
DOCUMENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "redundant models": lambda n: document(redundant_models=each(n, "x%d", PAIR)),
    "redundant models with rules": lambda n: document(
        redundant_models=each(n, "x%d", PAIR), exact_matches=each(n, "x%d", {"provider": "a"})
    ),
    "chains": lambda n: document(
        fallback_chains=each(n, "c%d", {"chain": [{"primary": "a"}, {"secondary": "b"}]}),
        exact_matches=each(n, "x%d", {"provider": "a", "fallback_chain": "c%d"}),
    ),
    "capabilities": lambda n: document(
        models=each(n, "m%d", model("b", capabilities=["c%d"])), capabilities=each(n, "c%d", {"provider": "b"})
    ),
    "applicable strategies": lambda n: document(
        capabilities=each(n, "c%d", {"preferred_models": ["m0"]}),
        load_balancing={"round_robin": {"applicable_to": [f"c{number}" for number in range(n)]}},
    ),
    "overrides": lambda n: document(exact_matches=each(n, "x%d", {"provider": "a", "overrides": ["default"]})),
    "patterns and models": lambda n: document(models=each(n, "m%d", model("b")), patterns=patterns(n, "c")),
    "patterns and other models": lambda n: document(models=each(n, "m%d", model("b")), patterns=patterns(n, "a")),
    "conditions and models": lambda n: document(
        models=each(n, "m%d", model("c")),
        request_metadata_routing=each(n, "w%d", {"provider": "b", "condition": 'header.x == "%d"'}),
    ),
    "dead hops": lambda n: document(
        models=each(n, "m%d", model("b")),
        fallback_chains={"default": {"chain": [{"primary": "c"}]}},
        patterns=patterns(n, "a"),
    ),
    "dead hops of their own": lambda n: document(
        models=each(n, "m%d", model("b")),
        request_metadata_routing=each(n, "w%d", {"provider": "b", "condition": 'header.x == "%d"', "fallback": "c"}),
    ),
    "virtual models": lambda n: document(
        models=each(n, "m%d", model("b")),
        virtual_models=each(n, "v%d", {"complexity": {"simple": "m0", "complex": "m0"}}),
    ),
    "declared twice": lambda n: document(
        patterns=[{"pattern": f"^m{number // 2}$", "provider": "a"} for number in range(n)],
    ),
    "unknown providers": lambda n: document(exact_matches=each(n, "x%d", {"provider": "zz%d"})),
}


def calls(text: str) -> int:
    """How many calls of Python functions it takes to read, bind, check and lower a rule file."""
    count = 0

    def on(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(on)
    try:
        compile_sources([Source("rules.yaml", text)], Diagnostics(), emit=False)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_work_grows_with_the_rules(name: str) -> None:
    few, twice = (calls(yaml.safe_dump(DOCUMENTS[name](count), sort_keys=False)) for count in (FEW, 2 * FEW))
    assert few > FEW
    assert twice <= MOST * few, f"{few:,} calls for {FEW}, {twice:,} for {2 * FEW}"


def test_a_pattern_is_tried_on_the_names_that_hold_its_literals_and_finds_the_same() -> None:
    workload = make_workload(300)
    workload.document["models"].update(each(50, "team%d/extra", model("vllm")), **{"näme": model("vllm")})
    policy = compiled(text_of(workload)).policy
    names = CatalogueNames(policy)
    rules = [rule for rule in policy.rules if isinstance(rule.match, (ast.Patterns, ast.SizeTier))]
    found = 0
    for rule in rules:
        wanted = [name for name in policy.models if is_regular_name(name) and takes(policy, rule, name)]
        assert list(names.matching(rule)) == wanted
        found += len(wanted)
    assert len(rules) > 50 and found > 10


def takes(policy: Any, rule: Any, name: str) -> bool:
    """What a finding asked before there were thousands of rules."""
    from rulec.policy.model import matcher

    match = rule.match
    if isinstance(match, ast.Patterns):
        return any(matcher(one.spec)(name) for one in match.patterns)
    size = policy.size(name)
    if size is None:
        return False
    low = match.low is None or size > match.low or (size == match.low and match.low_included)
    return low and (match.high is None or size < match.high or (size == match.high and match.high_included))
