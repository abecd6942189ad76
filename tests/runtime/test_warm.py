"""Who is warm: by requests, by checks, and what follows for the order of candidates."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hostile_feed import Feed

from rulec.runtime.fetch import FetchError
from rulec.runtime.records import Candidate, Decision
from rulec.runtime.state import State
from rulec.runtime.strategies import Balancer
from rulec.runtime.warm import Warmth, loaded_models


class Desk:
    """Candidates `a`, `b`, `c`, and `d`, which has no address, of one rule, and a clock that the test turns."""

    def __init__(self, prefer_warm: bool = True, first: bool = False, weights: dict[str, float] | None = None) -> None:
        self.now = 1000.0
        self.state = State(lambda: self.now, lambda: self.now)
        providers = {name: ("models", (f"http://127.0.0.1:9/{name}",)) for name in "abc"}
        self.balancer = Balancer({"warm": {"providers": providers, "first_request": first}})
        self.checks = self.balancer.warmth.checks
        candidates = tuple(Candidate(name, "m", f"openai/{name}", "m", (weights or {}).get(name)) for name in "abc")
        strategy = "weighted" if weights else "round_robin"
        self.decision = Decision("route", "r", "exact", candidates, strategy, prefer_warm=prefer_warm)

    def order(self) -> str:
        return "".join("abc"[one] for one in self.balancer.order(self.decision, None, random, self.state))

    def orders(self) -> list[str]:
        return [self.order() for _ in range(3)]

    def served(self, name: str, model: str = "m") -> None:
        self.state.begin("t", name, model)
        self.state.succeed("t")

    def failed(self, name: str, kind: str) -> None:
        self.state.begin("t", name, "m")
        self.state.fail("t", kind)


IN_TURN = ["abc", "bca", "cab"]


def test_before_anything_is_known_the_order_is_the_strategys() -> None:
    assert Desk().orders() == IN_TURN


def test_a_warm_one_goes_first_and_the_rest_in_turn() -> None:
    desk = Desk()
    desk.checks["b"].warm = frozenset("*")
    assert desk.orders() == ["bac", "bca", "bca"]


def test_who_served_lately_is_warm() -> None:
    desk = Desk()
    desk.served("c")
    desk.now += 300
    assert desk.orders() == ["cab", "cba", "cab"]
    desk.now += 1
    assert desk.orders() == IN_TURN


@pytest.mark.parametrize(("kind", "warm"), [("timeout", False), ("connection", False), ("rate_limit", True)])
def test_who_is_out_of_reach_is_not(kind: str, warm: bool) -> None:
    desk = Desk()
    desk.served("c")
    desk.now += 1
    desk.failed("c", kind)
    assert {one[0] for one in desk.orders()} == ({"c"} if warm else {"a", "b", "c"})
    desk.now += 1
    desk.served("c")
    assert {one[0] for one in desk.orders()} == {"c"}, "who comes back is warm again"


def test_a_rule_that_does_not_ask_is_left_alone() -> None:
    desk = Desk(prefer_warm=False)
    desk.checks["b"].warm = frozenset("*")
    assert desk.orders() == IN_TURN


def test_the_first_request_prefers_warm_ones_and_later_ones_do_not() -> None:
    desk = Desk(prefer_warm=False, first=True)
    desk.checks["b"].warm = frozenset("*")
    assert {one[0] for one in desk.orders()} == {"b"}
    desk.served("b")
    assert desk.orders() == IN_TURN
    desk.now += 301
    assert {one[0] for one in desk.orders()} == {"b"}, "nobody has served for a while: it is a first request again"


def test_who_has_no_address_is_warm() -> None:
    desk = Desk()
    del desk.checks["c"]
    assert {one[0] for one in desk.orders()} == {"c"}


def test_a_weight_of_0_stays_last() -> None:
    desk = Desk(weights={"a": 0, "b": 1, "c": 1})
    desk.checks["a"].warm = frozenset("*")
    assert {one[-1] for one in desk.orders()} == {"a"}


PS: list[tuple[str, Any, set[str]]] = [
    ("names", {"models": [{"name": "llama3.1:8b"}, {"name": "x:latest"}]}, {"llama3.1:8b", "x:latest", "x"}),
    ("nothing", {"models": []}, set()),
    ("null", {"models": None}, set()),
    ("another shape", [{"name": "x"}], set()),
    ("entries of another shape", {"models": ["x", 1, None, {"name": 7}, {}]}, set()),
]


@pytest.mark.parametrize(("name", "document", "found"), PS, ids=[one[0] for one in PS])
def test_what_ollama_says(name: str, document: Any, found: set[str]) -> None:
    assert loaded_models(200, lambda: json.dumps(document).encode()) - {"llama3.1:8b:latest"} == found


def test_an_ollama_that_does_not_say() -> None:
    with pytest.raises(FetchError):
        loaded_models(404, lambda: b"{}")


@pytest.fixture
def feed() -> Iterator[Feed]:
    running = Feed()
    yield running
    running.stop()


CHECKS = {"document": True, "unauthorised": True, "redirect": True, "hang": False, "reset": False, "drip headers": False}


@pytest.mark.parametrize("behaviour", CHECKS)
@pytest.mark.parametrize("way", ["models", "ollama"])
def test_a_check(way: str, behaviour: str, feed: Feed) -> None:
    feed.says({"models": [{"name": "m"}]}, behaviour)
    address = f"http://{feed.address}/v1/"
    check = Warmth({"warm": {"timeout_ms": 200, "providers": {"a": (way, (address,))}}}).checks["a"]
    asyncio.run(check.look())
    assert check.says("m") == (behaviour == "document" if way == "ollama" else CHECKS[behaviour])
    assert check.says("n") == (way == "models" and CHECKS[behaviour])
    assert feed.paths == ["/v1/api/ps" if way == "ollama" else "/v1/models"]
    assert feed.keys == [None], "no key is shown"


def test_who_serves_is_not_asked(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rulec.runtime.warm.CHECK_SECONDS", 0.01)
    desk = Desk()
    places = {name: ("models", (f"http://{feed.address}/{name}",)) for name in "ab"}
    warmth = Warmth({"warm": {"timeout_ms": 5000, "providers": places}})
    desk.served("a")

    async def watch() -> None:
        [task] = [asyncio.ensure_future(one) for one in warmth.tasks(desk.state)]
        await asyncio.to_thread(feed.wait_for_requests, 3)
        task.cancel()

    asyncio.run(watch())
    assert set(feed.paths) == {"/b/models"}
    assert warmth.checks["a"].says("m")


@pytest.mark.parametrize("kind", ["timeout", "connection"])
def test_who_was_out_of_reach_is_asked_whatever_its_other_models_did(
    kind: str, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rulec.runtime.warm.CHECK_SECONDS", 0.01)
    feed.says({}, "reset")
    desk = Desk()
    warmth = Warmth({"warm": {"timeout_ms": 5000, "providers": {"a": ("models", (f"http://{feed.address}/a",))}}})
    desk.served("a", "another")
    desk.now += 1
    desk.failed("a", kind)

    async def watch() -> None:
        [task] = [asyncio.ensure_future(one) for one in warmth.tasks(desk.state)]
        await asyncio.to_thread(feed.wait_for_requests, 2)
        task.cancel()

    asyncio.run(watch())
    assert not warmth.checks["a"].says("another")
    assert not desk.state.serves("a", "another", 300)


def test_a_reload_keeps_what_was_found() -> None:
    old, new = Desk(), Desk()
    old.checks["b"].warm = frozenset("*")
    new.balancer.take_over(old.balancer)
    assert {one[0] for one in new.orders()} == {"b"}
