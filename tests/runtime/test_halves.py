"""How much a degraded candidate gets with each strategy, and who has the turn of one that is out."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from rulec.runtime.breaker import Terms
from rulec.runtime.health import Health
from rulec.runtime.records import Candidate, Decision
from rulec.runtime.state import State
from rulec.runtime.strategies import Balancer

PROVIDERS = dict.fromkeys("abc", ("openai/{model}", (), None, None))
MANY = 6_000

# strategy, weights, errors of `a`, the shares of first places; 3 errors degrade, 6 take out
SHARES: list[tuple[str, str | None, int, str]] = [
    ("random", None, 3, "a 0.2 b 0.4 c 0.4"),
    ("weighted", "6 3 1", 3, "a 0.4286 b 0.4286 c 0.1429"),
    ("weighted", "1 0 0", 3, "a 1"),
    ("round_robin", None, 3, "a 0.1667 b 0.5 c 0.3333"),
    ("round_robin", None, 6, "b 0.5 c 0.5"),
    ("least_loaded", None, 3, "a 0.1667 b 0.5 c 0.3333"),
    ("least_loaded", None, 6, "b 0.5 c 0.5"),
    ("cheapest", None, 3, "a 0.5 b 0.5"),
]


class Desk:
    def __init__(self, strategy: str, weights: str | None = None, sticky: str | None = None) -> None:
        given = [None] * 3 if weights is None else [float(one) for one in weights.split()]
        candidates = [Candidate(name, "m", f"openai/{name}", name, one) for name, one in zip("abc", given, strict=True)]
        costs = {"a": (1.0, 1.0), "b": (2.0, 2.0), "c": (3.0, 3.0)}
        self.balancer = Balancer({"providers": PROVIDERS, "costs": costs})
        self.state = State()
        self.health = Health(Terms({"error_based_routing": {}}, self.balancer.facts.deployment), self.state)
        self.decision = Decision("route", "r", "exact", tuple(candidates), strategy, sticky)
        self.random = random.Random(1)

    def fails(self, name: str, times: int) -> None:
        for _ in range(times):
            self.health.fault(next(one for one in self.decision.candidates if one.provider == name), "t", "server_error")

    def order(self, identity: str | None = None) -> str:
        order = self.balancer.order(self.decision, identity, self.random, self.state, self.health.glance())
        assert sorted(order) == [0, 1, 2]
        return "".join("abc"[one] for one in order)

    def first(self, identity: str | None = None) -> str:
        ready = [one for one in self.order(identity) if self.health.out(self.decision.candidates["abc".index(one)]) is None]
        return ready[0]


@pytest.mark.parametrize(("strategy", "weights", "errors", "shares"), SHARES)
def test_share(strategy: str, weights: str | None, errors: int, shares: str) -> None:
    desk = Desk(strategy, weights)
    desk.fails("a", errors)
    firsts = Counter(desk.first() for _ in range(MANY))
    words = shares.split()
    for name, share in zip(words[::2], map(float, words[1::2]), strict=True):
        assert abs(firsts.pop(name) / MANY - share) < 4 * 0.5 / MANY**0.5, (strategy, name)
    assert not firsts


def test_who_sticks_stays() -> None:
    desk = Desk("weighted", "6 3 1", "user")
    before = [desk.first(f"user {number}") for number in range(200)]
    desk.fails("a", 3)
    assert [desk.first(f"user {number}") for number in range(200)] == before


def test_all_are_degraded() -> None:
    desk: Any = Desk("random")
    for name in "abc":
        desk.fails(name, 3)
    assert {desk.first() for _ in range(200)} == set("abc")
