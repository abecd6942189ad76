"""Which candidate each strategy tries first, on a clock that the test turns."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from rulec.runtime.records import Candidate, Decision
from rulec.runtime.state import State
from rulec.runtime.strategies import Balancer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """Candidates `a`, `b`, `c` of one rule, a balancer with its settings, and a clock."""

    def __init__(self, strategy: str, settings: dict[str, Any] | None = None, **tables: Any) -> None:
        self.clock = Clock()
        self.state = State(self.clock, self.clock)
        contexts = tables.pop("contexts", {})
        providers = {name: ("openai/{model}", (), None, contexts.get(name)) for name in "abc"}
        self.balancer = Balancer({"providers": providers, "strategies": {strategy: settings or {}}, **tables})
        groups = tables.get("costs", {})
        candidates = [Candidate(name, "m", f"openai/{name}", name if name in groups else "m") for name in "abc"]
        self.decision = Decision("route", "r", "exact", tuple(candidates), strategy)

    def order(self) -> str:
        return "".join("abc"[one] for one in self.balancer.order(self.decision, None, random, self.state))

    def firsts(self, count: int = 30) -> dict[str, int]:
        return dict(Counter(self.order()[0] for _ in range(count)))

    def served(self, name: str, seconds: float, first_token: float | None = None) -> None:
        begin = self.clock.now
        self.state.begin("t", name, "m")
        self.state.succeed("t", begin + seconds, None if first_token is None else begin + first_token)

    def failed(self, name: str) -> None:
        self.state.begin("t", name, "m")
        self.state.fail("t", "server_error")


EVENLY = {"a": 10, "b": 10, "c": 10}


def test_least_loaded() -> None:
    desk = Desk("least_loaded")
    assert desk.firsts() == EVENLY
    desk.state.begin("1", "a", "m")
    assert set(desk.firsts()) == {"b", "c"}
    desk.state.begin("2", "b", "m")
    desk.state.begin("3", "b", "m")
    assert desk.order() == "cab"
    desk.state.close("2")
    desk.state.close("3")
    assert set(desk.firsts()) == {"b", "c"}


def test_most_capacity() -> None:
    desk = Desk("most_capacity", contexts={"a": 4096, "b": 8192, "c": 8192})
    assert set(desk.firsts()) == {"b", "c"}
    desk.state.begin("1", "b", "m")
    assert desk.order() == "cba", "among the largest, the one with less under way"
    unknown = Desk("most_capacity", contexts={"c": 1})
    assert set(unknown.firsts()) == {"c"}


def test_cheapest() -> None:
    costs = {"a": (1.0, 9.0), "b": (2.0, 2.0)}
    desk = Desk("cheapest", costs=costs)
    assert desk.order() == "bac", "three of four tokens are input; the unknown price is last"
    assert Desk("cheapest", costs={"a": (0, 0), "b": (2.0, 2.0)}).order()[0] == "a"
    assert Desk("cheapest").firsts() == EVENLY


def test_cheapest_asks_the_price_map_of_litellm(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    costs = {"b": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}, "openai/c": {"mode": "chat"}}
    monkeypatch.setitem(sys.modules, "litellm", types.SimpleNamespace(model_cost=costs))
    assert Desk("cheapest").order()[0] == "b"


def test_fastest_response_by_first_token() -> None:
    desk = Desk("fastest_response", {"reevaluate_seconds": 60})
    assert sorted(desk.firsts(3)) == ["a", "b", "c"], "all are tried"
    for name, first in (("a", 0.5), ("b", 0.2), ("c", 0.3)):
        for _ in range(20):
            desk.served(name, 9.0, first)
    assert desk.order() == "bca"
    for _ in range(2):
        desk.served("b", 9.0, 5.0)  # 2 of 22 are slow: the 95th percentile is
    assert desk.order() == "bca", "within the period the choice stays"
    desk.clock.now += 61
    assert desk.order() == "cab"
    desk.clock.now += 300  # every figure is stale
    assert sorted(desk.firsts(3)) == ["a", "b", "c"]


def test_fastest_response_by_latency() -> None:
    desk = Desk("fastest_response", {"measure": "latency", "percentile": 50})
    for name, seconds in (("a", 0.5), ("b", 0.2), ("c", 0.3)):
        desk.served(name, seconds, 0.1)
    assert desk.order() == "bca"


def test_fastest_response_tries_the_unknown_now_and_then() -> None:
    desk = Desk("fastest_response")
    desk.served("a", 1.0, 0.1)
    desk.served("b", 1.0, 0.2)
    assert desk.order() == "cab"
    desk.failed("c")
    assert desk.order() == "abc", "a failure gives no figure, and the next trial waits"
    desk.clock.now += 16
    assert desk.order()[0] == "c"


def test_usage_based_leaves_the_slow_and_the_failing() -> None:
    desk = Desk("usage_based", {"refresh_every_requests": 1})
    assert desk.firsts() == EVENLY
    for name, seconds in (("a", 1.0), ("b", 0.1), ("c", 0.5)):
        desk.served(name, seconds)
    assert desk.order() == "bca"
    for _ in range(10):
        desk.failed("b")
    assert desk.order() == "cab"
    desk.clock.now += 3600
    assert desk.firsts() == EVENLY, "all is forgotten"


def test_usage_based_refreshes_every_so_many_requests() -> None:
    desk = Desk("usage_based", {"refresh_every_requests": 10})
    desk.served("a", 0.1)
    desk.served("b", 1.0)
    desk.served("c", 1.0)
    assert desk.order()[0] == "a"
    for _ in range(20):
        desk.failed("a")
    assert [desk.order()[0] for _ in range(9)] == ["a"] * 9
    assert desk.order()[0] in "bc"


SCORES: list[tuple[str, dict[str, float], str]] = [
    ("latency alone", {"latency": 1}, "bac"),
    ("cost alone", {"cost": 1}, "cab"),
    ("success alone", {"success_rate": 1}, "c"),
]


@pytest.mark.parametrize(("name", "factors", "first"), SCORES, ids=[one[0] for one in SCORES])
def test_usage_based_factors(name: str, factors: dict[str, float], first: str) -> None:
    costs = {"a": (2.0, 2.0), "b": (4.0, 4.0), "c": (1.0, 1.0)}
    desk = Desk("usage_based", {"weight_factors": factors}, costs=costs)
    for one, seconds in (("a", 1.0), ("b", 0.1), ("c", 5.0)):
        desk.served(one, seconds)
    if "success_rate" in factors:
        desk.failed("a")
        desk.failed("b")
    assert desk.order().startswith(first)


def test_the_score_of_usage_based() -> None:
    desk = Desk("usage_based", costs={"a": (1.0, 1.0), "b": (4.0, 4.0), "c": (2.0, 2.0)})
    for one, seconds in (("a", 1.0), ("b", 0.25), ("c", 0.5)):
        desk.served(one, seconds)
    strategy = desk.balancer.ranking["usage_based"]
    scores = strategy.scores(desk.decision.candidates, desk.state, desk.balancer.facts)
    assert scores == pytest.approx([0.4 * 0.25 + 0.4 + 0.2, 0.4 + 0.4 + 0.2 * 0.25, 0.4 * 0.5 + 0.4 + 0.2 * 0.5])


def test_without_a_state_a_ranking_strategy_draws() -> None:
    desk = Desk("least_loaded")
    assert sorted(desk.balancer.order(desk.decision, None)) == [0, 1, 2]


@pytest.mark.parametrize("strategy", ["random", "round_robin", "weighted", "least_loaded", "cheapest"])
def test_the_strategy_orders_within_a_priority(strategy: str) -> None:
    desk = Desk(strategy)
    places = [(name, priority) for name, priority in (("a", 1), ("b", 1), ("c", None))]
    candidates = tuple(Candidate(name, "m", "openai/m", "m", priority=priority) for name, priority in places)
    desk.decision = Decision("route", "r", "exact", candidates, strategy)
    orders = Counter(desk.order() for _ in range(100))
    assert set(orders) == {"abc", "bac"}, "the first two take turns, and the third follows"
    assert min(orders.values()) > 20


def test_a_sticky_choice_stays_within_its_priority() -> None:
    desk = Desk("weighted")
    candidates = tuple(
        Candidate(name, "m", "openai/m", "m", 1.0, priority) for name, priority in zip("abc", (1, 1, 2), strict=True)
    )
    decision = Decision("route", "r", "exact", candidates, "weighted", "user")
    firsts = {user: {desk.balancer.order(decision, user)[0] for _ in range(9)} for user in map(str, range(20))}
    assert all(len(one) == 1 for one in firsts.values())
    assert set().union(*firsts.values()) == {0, 1}


def test_what_is_said_of_a_deployment_goes_before_what_is_said_of_its_provider() -> None:
    facts = Desk("random", deployments={("m", "a"): {"weight": 2}, ("*", "a"): {"weight": 1}}).balancer.facts
    told = [facts.deployment(Candidate("a", "up", "openai/up", group)) for group in ("m", "other")]
    assert told == [{"weight": 2}, {"weight": 1}]
    assert facts.deployment(Candidate("b", "up", "openai/up", "m")) == {}
