"""The health of deployments on a clock that the test turns."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulec.runtime import availability as of_availability
from rulec.runtime import health as of_health
from rulec.runtime.breaker import LONGEST_TRIAL, Breaker, Terms
from rulec.runtime.health import Health
from rulec.runtime.plan import Courses, PlanStep, arranged, plan_steps
from rulec.runtime.records import Candidate, Decision, Hop
from rulec.runtime.state import State
from rulec.runtime.strategies.balancer import Facts

STORIES = yaml.safe_load((Path(__file__).parent / "health.yaml").read_text("utf-8"))
LINE = re.compile(r"(?P<at>\d+)\s+(?P<provider>\w+)/(?P<model>\w+)\s+(?P<event>[a-z_-]+)(\*(?P<times>\d+))?"
                  r"(\+(?P<wait>\d+))?\s+=> (?P<expected>.+)")  # fmt: skip


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ward:
    """Health as the adapter uses it, and what it said."""

    def __init__(self, sections: dict[str, Any] | None = None, deployments: dict[str, Any] | None = None) -> None:
        self.clock = Clock()
        self.state = State(self.clock, self.clock)
        self.facts = Facts({"deployments": {("*", name): said for name, said in (deployments or {}).items()}})
        self.said: list[str] = []
        self.health = Health(Terms(sections or {}, self.facts.deployment), self.state, self.said.append)

    def step(self, provider: str, model: str) -> Any:
        return PlanStep(Candidate(provider, model, f"openai/{model}", model))

    def ticket(self, step: Any) -> str:
        return f"{step.provider}/{step.model}"

    def happens(self, step: Any, event: str, wait: float | None = None) -> None:
        if event == "look":
            return
        if event == "leave":
            return self.health.leave(step, self.ticket(step))
        ticket = self.ticket(step)
        if event.startswith("late-"):
            ticket += ", another attempt, which began long ago"
        else:
            self.state.begin("t", step.provider, step.model)
            self.health.begin(step, ticket)
        if event.endswith("ok"):
            self.health.served(step, ticket)
            self.state.succeed("t")
        elif event != "begin":
            self.health.fault(step, ticket, "server_error" if event == "late-error" else event, wait)

    def is_now(self, step: Any) -> set[str]:
        view = self.health.view((step.provider, step.model))
        assert view["out"] == (self.health.out(step) is not None)
        found = {str(view["level"])}
        found |= {"out"} if self.health.out(step) is not None else set()
        found |= {"half"} if self.health.glance().degraded((step,)) else set()
        return found | ({"down"} if step.provider in self.health.unavailable() else set())


@pytest.mark.parametrize("story", STORIES, ids=[one["name"] for one in STORIES])
def test_story(story: dict[str, Any]) -> None:
    ward = Ward(story.get("sections"), story.get("deployments"))
    begin = ward.clock.now
    steps: dict[tuple[str, str], Any] = {}
    for line in story["story"].splitlines():
        found = LINE.fullmatch(line.strip())
        assert found, line
        ward.clock.now = begin + int(found["at"])
        place = found["provider"], found["model"]
        step = steps.setdefault(place, ward.step(*place))
        for _ in range(int(found["times"] or 1)):
            ward.happens(step, found["event"], float(found["wait"]) if found["wait"] else None)
        assert ward.is_now(step) == set(found["expected"].split()), line


# A provider, what it does in each second of an hour, and how often its level may change at most.
FLAPPING: list[tuple[str, str, int]] = [
    ("fails every second request", "-+", 20),
    ("fails every third request", "-++", 20),
    ("flaps every five seconds", "-----+++++", 40),
    ("flaps every minute", "-" * 60 + "+" * 60, 40),
    ("is dead", "-", 20),
    ("fails once a minute", "-" + "+" * 59, 0),
]


@pytest.mark.parametrize(("what", "pattern", "most"), FLAPPING, ids=[one[0] for one in FLAPPING])
def test_routing_does_not_flap(what: str, pattern: str, most: int) -> None:
    ward = Ward({"error_based_routing": {}})
    step = ward.step("a", "m")
    served = failed = changes = 0
    was_out = False
    for second in range(3600):
        ward.clock.now += 1
        is_out = ward.health.out(step) is not None
        changes += is_out != was_out
        was_out = is_out
        if is_out:
            continue
        good = pattern[second % len(pattern)] == "+"
        served, failed = served + good, failed + (not good)
        ward.happens(step, "ok" if good else "server_error")
    assert changes <= most, (changes, served, failed)
    if what == "is dead":
        assert failed < 12


def test_the_trial_is_that_of_one_request() -> None:
    ward = Ward({"error_based_routing": {"error_threshold": 1, "cooldown_seconds": 10}})
    step = ward.step("a", "m")  # which requests share
    for _ in range(2):
        ward.happens(step, "server_error")
    ward.clock.now += 11
    ward.health.begin(step, "first")
    ward.health.begin(step, "second")
    ward.health.served(step, "second")
    assert ward.is_now(step) == {"degraded", "half", "out", "down"}, "the first still tries it"
    ward.health.served(step, "first")
    assert ward.is_now(step) == {"healthy"}


def test_lines_are_few() -> None:
    ward = Ward({"rate_limited_fallback": {}})
    for number in range(500):
        ward.happens(ward.step("a", f"m{number}"), "rate_limit")
    assert len(ward.said) == of_health.MOST_CHANGES_TOLD
    ward.clock.now += 61
    ward.health.unavailable()
    assert "480 changes before were not told" in ward.said[of_health.MOST_CHANGES_TOLD]
    assert len(ward.said) == 2 * of_health.MOST_CHANGES_TOLD


def test_who_is_still_limited_is_not_called_healthy() -> None:
    ward = Ward({"rate_limited_fallback": {}, "error_based_routing": {"cooldown_seconds": 10}})
    step = ward.step("a", "m")
    for _ in range(3):
        ward.happens(step, "server_error")
    ward.happens(step, "rate_limit")
    for second in (11, 50):
        ward.clock.now += second
        ward.health.unavailable()
    assert ward.said == [
        "a/m is degraded (server_error)",
        "a/m is limited for 60 s (rate_limit)",
        "a/m is no longer limited",
    ]


def test_nothing_is_left_of_what_is_over() -> None:
    ward = Ward({"rate_limited_fallback": {}, "error_based_routing": {"cooldown_seconds": 10}})
    step = ward.step("a", "m")
    ward.happens(step, "rate_limit")
    for _ in range(6):
        ward.happens(step, "connection")
    ward.clock.now += 61
    for _ in range(3):
        ward.happens(step, "ok")
    ward.clock.now += 61
    assert ward.health.unavailable() == frozenset()
    assert not ward.health.troubled


def test_names_that_clients_invent_push_no_trouble_out() -> None:
    ward = Ward({"rate_limited_fallback": {}, "error_based_routing": {}})
    for _ in range(6):
        ward.happens(ward.step("a", "m"), "server_error")
    ward.happens(ward.step("b", "m"), "ok")
    ward.happens(ward.step("b", "m"), "rate_limit")
    for number in range(3 * of_health.MOST_DEPLOYMENTS):
        for kind in ("not_found", "server_error", "rate_limit"):
            ward.happens(ward.step("b", f"x{number}"), kind)
    assert len(ward.health.breakers) <= of_health.MOST_DEPLOYMENTS
    assert len(ward.health.limits) <= of_health.MOST_DEPLOYMENTS
    assert ward.health.out(ward.step("a", "m")) == "server_error"
    assert ward.health.out(ward.step("b", "m")) == "rate_limit"


def test_names_that_clients_invent_neither_take_a_provider_out_nor_keep_it_in() -> None:
    ward = Ward({"rate_limited_fallback": {}})
    ward.happens(ward.step("a", "m"), "ok")
    for number in range(100):
        ward.happens(ward.step("a", f"x{number}"), "rate_limit")
        assert ward.health.unavailable() == frozenset()
    ward.happens(ward.step("a", "m"), "rate_limit")
    assert ward.health.unavailable() == {"a"}
    assert sum(map(len, ward.health.availability.used["a"])) == of_availability.MOST_USED


@pytest.mark.parametrize("names", [100, 2_000])
def test_what_an_error_costs_does_not_grow_with_the_names_in_trouble(names: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ward = Ward({"rate_limited_fallback": {}, "error_based_routing": {}})
    for number in range(names):
        ward.happens(ward.step("a", f"x{number}"), "server_error")
        ward.happens(ward.step("a", f"x{number}"), "rate_limit")
    settled = []
    monkeypatch.setattr(Breaker, "settle", lambda *given: settled.append(given))
    for number in range(10):
        ward.clock.now += 0.01
        ward.happens(ward.step("a", f"y{number}"), "rate_limit")
        ward.health.unavailable()
    assert len(settled) < 10 * (of_availability.MOST_USED + 20) + 2 * of_health.MOST_SWEPT


def test_of_a_thousand_candidates_only_those_in_trouble_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ward = Ward({"rate_limited_fallback": {}, "error_based_routing": {}})
    candidates = [Candidate("ab"[number % 2], f"m{number}", "openai/x", "g") for number in range(1_000)]
    for _ in range(6):
        ward.happens(ward.step("a", "m2"), "server_error")
    ward.happens(ward.step("b", "m3"), "rate_limit")
    settled = []
    settle = Breaker.settle
    monkeypatch.setattr(Breaker, "settle", lambda *given: settled.append(given) or settle(*given))
    assert ward.health.glance().passed_over(candidates) == {2: "server_error", 3: "rate_limit"}
    assert ward.health.glance().degraded(candidates) == set()
    ward.clock.now += 301
    assert ward.health.glance().degraded(candidates) == {2}
    assert len(settled) < 10


def test_a_provider_that_is_dead_for_long_is_out_for_a_bounded_time() -> None:
    ward = Ward({"error_based_routing": {"cooldown_seconds": 1}})
    step = ward.step("a", "m")
    for _ in range(2_000):
        ward.happens(step, "server_error")
        ward.clock.now += 10
    assert max(breaker.factor for breaker in ward.health.breakers.values()) <= 8


EVENTS = ("ok", "begin", "leave", "look", "rate_limit", "server_error", "connection", "auth", "bad_request", "timeout")
SECTIONS = {"rate_limited_fallback": {}, "error_based_routing": {"cooldown_seconds": 10}}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("mn"), st.sampled_from(EVENTS), st.floats(0, 30)), max_size=80))
@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault
def test_whatever_happens(events: list[tuple[str, str, str, float]]) -> None:
    ward = Ward(SECTIONS)
    begin = ward.clock.now
    for provider, model, event, pause in events:
        step = ward.step(provider, model)
        ward.happens(step, event)
        ward.clock.now += pause
        if ward.health.out(step) is not None:
            view = ward.health.view((provider, model))
            assert view["left"] is None or 0 < view["left"] <= max(60, 8 * 10)
    span = ward.clock.now - begin
    keys = 6  # two providers, four deployments
    assert sum(not line.endswith("limited") for line in ward.said) <= keys * (4 + 4 * span / 10) + len(events)
    ward.clock.now += max(8 * 10, LONGEST_TRIAL, 60)
    for provider in "ab":
        for model in "mn":
            assert ward.health.out(ward.step(provider, model)) is None, "out does not last for ever"
    assert ward.health.unavailable() == frozenset()


PLACES = [Candidate(name, "m", f"openai/{name}", "m") for name in "abcdef"]


@given(
    st.permutations(range(3)),
    st.sets(st.sampled_from("abcdef")),
    st.lists(st.sampled_from([None, ("timeout",), ("rate_limit", "auth")]), min_size=3, max_size=3),
    st.integers(0, 2),
)
def test_no_step_is_lost(order: list[int], down: set[str], on_error: list[Any], retries: int) -> None:
    hops = tuple(Hop(place, kinds, None, None) for place, kinds in zip(PLACES[3:], on_error, strict=True))
    decision = Decision("route", "r", "exact", tuple(PLACES[:3]), fallbacks=hops, retry_attempts=retries)
    facts = Facts({})
    plain = [(step.provider, step.again) for step in plan_steps(decision, order, facts)]
    marked = Courses(facts).around(
        decision, order, lambda steps: {n: "rate_limit" for n, one in enumerate(steps) if one.provider in down}
    )
    course = arranged(marked, None)
    steps, start = course.steps, course.start
    assert sorted((step.provider, step.again) for step in steps) == sorted(plain)
    ready = [name for name in "abc" if name not in down]
    if ready:
        assert start == 0
        assert steps[0].provider in ready
        assert [step in course.troubles for step in steps] == sorted(step in course.troubles for step in steps)
    else:
        suits = [hop.provider for hop in hops if hop.provider not in down and hop.takes("rate_limit")]
        assert steps[start].provider == (suits[0] if suits else "abc"[order[0]])
