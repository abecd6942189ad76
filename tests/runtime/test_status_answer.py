"""Which deployments the status lists, and by which strategies the rules choose them."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from rulec.backends.python import make_tables
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.runtime.breaker import Terms
from rulec.runtime.engine import Engine
from rulec.runtime.health import Health
from rulec.runtime.state import State
from rulec.runtime.status import DEPLOYMENTS_AT_ONCE, MOST_NAMED_RULES, Known, Status, known_deployments, spread
from rulec.runtime.strategies import Balancer
from rulec.source import Source

RULES = r"""
providers:
  a: {litellm: "openai/{model}", accepts: '^any-', default_model: stand-in}
  b: {litellm: "openai/{model}", accepts: '^any-'}
  c: {litellm: "openai/{model}"}
models:
  one: {served_by: {a: one-upstream, b: one}}
  two: {served_by: [a, c]}
  renamed: {served_by: {a: one-upstream}}
exact_matches:
  one: {providers: [a, b], routing_strategy: round_robin}
  two: {provider: c}
  renamed: {provider: a}
patterns:
  - {pattern: '^any-', providers: [a, b], routing_strategy: least_loaded}
request_metadata_routing:
  urgent: {condition: 'header.x-priority == "high"', provider: [b, c], routing_strategy: random}
  cheap: {condition: stream, model: two, routing_strategy: cheapest}
default: {provider: a}
"""


def known(text: str) -> dict[tuple[str, str], tuple[list[str], dict[str, list[str]]]]:
    diagnostics = Diagnostics()
    tree = compile_sources([Source("rules.yaml", text)], diagnostics, emit=False).tree
    assert tree is not None, diagnostics.items
    found: Any = known_deployments(Engine(make_tables(tree, "0" * 12)))
    return {place: (list(one.groups), one.strategies) for place, one in found.items()}


def test_every_deployment_with_its_groups_and_strategies() -> None:
    pattern = "pattern:^any-"
    assert known(RULES) == {
        ("a", "one-upstream"): (["one", "renamed"], {"round_robin": ["exact:one"]}),
        ("b", "one"): (["one"], {"round_robin": ["exact:one"], "random": ["urgent"]}),
        ("a", "two"): (["two"], {"cheapest": ["cheap"]}),
        ("c", "two"): (["two"], {"random": ["urgent"], "cheapest": ["cheap"]}),
        ("a", "stand-in"): (["stand-in"], {}),
        ("a", "*"): ([], {"least_loaded": [pattern]}),
        ("b", "*"): ([], {"least_loaded": [pattern], "random": ["urgent"]}),
    }


def test_few_of_many_rules_are_named() -> None:
    rules = "".join(f"  r{number}: {{condition: 'n > {number}', provider: [b, c]}}\n" for number in range(50))
    _, strategies = known(RULES.replace("  urgent:", f"{rules}  urgent:"))["c", "two"]
    assert max(map(len, strategies.values())) == MOST_NAMED_RULES


def test_a_virtual_model_is_chosen_on_both_sides() -> None:
    rules = RULES + "virtual_models: {auto: {complexity: {simple: one, complex: two}}}\n"
    found = known(rules)
    for place in (("a", "one-upstream"), ("b", "one"), ("a", "two"), ("c", "two")):
        assert any("auto" in name for names in found[place][1].values() for name in names), place


def test_the_spread_of_few_and_of_many() -> None:
    assert spread([], None) is None
    assert spread([(0.0, 2.0)], None) == {"mean": 2.0, "p50": 2.0, "p95": 2.0}
    assert spread([(0.0, float(value)) for value in range(1, 101)], 7.0) == {"mean": 7.0, "p50": 50.0, "p95": 95.0}


def test_a_virtual_model_that_litellm_splits_is_listed() -> None:
    native = "auto: {complexity: {scored_by: litellm, simple: one, complex: two}, fallback: none}"
    found = known(RULES + f"virtual_models: {{{native}}}\n")
    assert {("a", "one-upstream"), ("b", "one"), ("a", "two"), ("c", "two")} <= found.keys()


def test_a_rule_without_a_strategy_shows_the_one_that_applies() -> None:
    rules = RULES.replace(", routing_strategy: round_robin", "").replace(", routing_strategy: random", "")
    assert known(rules)["b", "one"][1] == {"random": ["exact:one", "urgent"]}
    weighted = rules.replace("{a: one-upstream, b: one}", "{a: {model: one-upstream, weight: 3}, b: one}")
    assert known(weighted)["b", "one"][1] == {"weighted": ["exact:one"], "random": ["urgent"]}


def test_requests_go_on_while_ten_thousand_deployments_are_told() -> None:
    state, balancer = State(), Balancer({})
    rules = SimpleNamespace(engine=None, balancer=balancer, version="0", fingerprint="f" * 12)
    health = Health(Terms({}, balancer.facts.deployment), state)
    status = Status(SimpleNamespace(rules=rules, state=state, health=health, plans={}))
    status.known = {("a", f"m{number}"): Known() for number in range(10_000)}

    async def ask() -> tuple[int, Any]:
        told, turns = asyncio.ensure_future(status.answer()), 0
        while not told.done():
            await asyncio.sleep(0)
            turns += 1
        return turns, json.loads(told.result())

    turns, told = asyncio.run(ask())
    assert turns >= 10_000 / DEPLOYMENTS_AT_ONCE
    assert [one["model"] for one in told["deployments"]] == [f"m{number}" for number in range(10_000)]
    assert told["rules"]["module"] == "f" * 12
