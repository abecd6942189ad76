"""A request costs what it says: lines of Python that run are counted, not seconds, and more rules run no more."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import pytest
import yaml

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.ir.tables import decision_tables
from rulec.runtime.breaker import Terms
from rulec.runtime.engine import Engine
from rulec.runtime.health import Health
from rulec.runtime.plan import Courses
from rulec.runtime.records import Candidate
from rulec.runtime.state import State
from rulec.runtime.strategies.balancer import Facts
from rulec.source import Source
from tests.bench.decide import hostile_names
from tests.bench.workload import Sent, make_workload

FEW, MANY = 50, 1_000


def engine(document: dict[str, Any]) -> Engine:
    text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)
    compilation = compile_sources([Source("rules.yaml", text)], Diagnostics(), emit=False)
    assert compilation.tree is not None, [one.message for one in compilation.diagnostics][:3]
    return Engine(decision_tables(compilation.tree, "0" * 12))


def lines(call: Callable[[], Any]) -> int:
    """How many lines of Python a call runs."""
    counted = 0

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal counted
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        call()
    finally:
        sys.settrace(before)
    return counted


def work(decides: Engine, requests: Iterable[Sent], **caller: Any) -> float:
    """Lines for one request, on the average over some that have come before."""
    sent = list(requests)

    def all_of_them() -> None:
        for body, headers in sent:
            decides.decide(body, headers, caller)

    all_of_them()
    return lines(all_of_them) / len(sent)


def asking(count: int, condition: str) -> Engine:
    """An engine of so many `when` rules, with their number at each %d of the condition."""
    rules = {f"r{n}": {"condition": condition.replace("%d", str(n)), "provider": "p"} for n in range(count)}
    provider = {"litellm": "ollama/{model}", "accepts": ".*"}
    return engine({"providers": {"p": provider}, "request_metadata_routing": rules, "default": {"provider": "p"}})


def test_known_names_cost_the_same_among_more_rules() -> None:
    few, many = make_workload(FEW), make_workload(MANY)
    plain = [[({"model": name}, {"host": "h"}) for name in one.exact[:20]] for one in (few, many)]
    assert work(engine(many.document), plain[1]) == work(engine(few.document), plain[0])


def test_names_never_seen_cost_hardly_more_among_more_rules() -> None:
    few, many = make_workload(FEW), make_workload(MANY)
    spent = []
    for workload in (few, many):
        decides, names = engine(workload.document), workload.unknown_names()
        for body, headers in workload.requests(names, 2_000):  # matchers are made, and automata learn their states
            decides.decide(body, headers, {})
        new = workload.requests(names, 200)
        spent.append(lines(lambda decides=decides, new=new: [decides.decide(*one, {}) for one in new]))  # type: ignore[misc]
    assert spent[1] <= 1.5 * spent[0]


@pytest.mark.parametrize(
    ("condition", "request_", "caller"),
    [
        ('header.x-%d == "a"', ({}, {"x-1": "b", "x-2": "b", "host": "h"}), {}),
        ('header.x == "v%d"', ({}, {"x": "v7", "host": "h"}), {}),
        ('header.x == "v%d" and header.y != "off"', ({}, {"x": "v7", "y": "off"}), {}),
        ("header.x-%d >= 5", ({}, {"x-1": "3", "x-2": "4"}), {}),
        ("header.x >= 1%d", ({}, {"x": "3"}), {}),
        ('metadata.m%d == "a"', ({"metadata": {"m1": "b", "other": "a"}}, {}), {}),
        ('tag contains "t%d"', ({"tags": ["other", "t5x"]}, {}), {}),
        ('team == "t%d" and stream', ({}, {}), {"team": "other"}),
        ('key in ["k%d", "l%d"]', ({}, {}), {"key": "k7"}),
        ('model == "m%d" and not stream', ({"model": "other"}, {}), {}),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_conditions_that_a_request_does_not_meet_cost_nothing(
    condition: str, request_: Sent, caller: dict[str, Any]
) -> None:
    few, many = (work(asking(count, condition), [request_], **caller) for count in (FEW, MANY))
    assert many <= few + 2


def test_the_length_of_a_request_does_not_matter_where_no_rule_asks_for_it() -> None:
    decides = asking(FEW, 'header.x == "v%d" or metadata.m == "m%d"')
    long = {"model": "m", "messages": [{"role": "user", "content": "x" * 1_000}] * 1_000, "metadata": {"other": 1}}
    headers = {f"x-{number}": "v" for number in range(100)}
    assert work(decides, [(long, headers)]) == work(decides, [({"model": "m", "metadata": {}}, {})])


@pytest.mark.parametrize("condition", [None, 'header.x == "a" or r_unavailable'])
def test_a_way_that_is_known_costs_the_same_among_more_names_and_with_more_hops(condition: str | None) -> None:
    spent = []
    for names, hops in ((10, 1), (5_000, 10)):
        when = {"condition": condition} if condition else {}
        chain = [{"provider": f"p{number}", **(when if number == 0 else {})} for number in range(hops)]
        accepting = {"litellm": "ollama/{model}", "accepts": ".*"}
        providers = dict.fromkeys(("q", "r", *(f"p{number}" for number in range(hops))), accepting)
        decides = engine({"providers": providers, "default": {"provider": "q", "fallback": chain}})
        decisions = [decides.decide({"model": f"m{number}"}, {}, {}) for number in range(names)]
        courses = Courses(Facts({}))
        first = [courses.through(one, [0]) for one in decisions]
        assert len(first[0].steps) == 1 + hops
        again = [decides.decide({"model": f"m{number}"}, {}, {}) for number in range(10)]
        spent.append(lines(lambda again=again, courses=courses: [courses.through(one, [0]) for one in again]))  # type: ignore[misc]
        assert all(courses.through(one, [0]) is course for one, course in zip(again, first[:10], strict=True))
    assert spent[0] == spent[1]


def test_how_a_deployment_is_costs_the_same_however_often_a_request_asks() -> None:
    steps = [Candidate(f"p{number}", "m", "openai/m", "m") for number in range(5)]
    health = Health(Terms({}, lambda step: {}), State())
    for step in steps:
        health.fault(step, "t", "server_error")
    glance = health.glance()
    judging, asking = (lines(lambda: glance.passed_over(steps)) for _ in range(2))
    assert lines(lambda: glance.degraded(steps)) <= asking < judging / 3


def test_hostile_names_take_a_few_times_the_work_and_bounded_memory() -> None:
    workload = make_workload(MANY)
    decides = engine(workload.document)
    assert decides.pattern_index is not None
    spent = []
    for names in (workload.unknown_names(), hostile_names(workload, decides.pattern_index)):
        new = [({"model": name}, {}) for name in islice(names, 300)]
        work(decides, new[:200])
        spent.append(lines(lambda new=new: [decides.decide(*one, {}) for one in new[200:]]))  # type: ignore[misc]
    assert spent[1] <= 3 * spent[0]  # in lines; what they cost in time the bench says


def test_names_that_no_rule_holds_are_forgotten_and_others_are_not() -> None:
    workload = make_workload(FEW)
    decides = engine(workload.document)
    assert decides.pattern_index is not None
    decides.most_strangers = 100
    for name in workload.exact:
        decides.decide({"model": name}, {}, {})
    decided, undecided = len(decides.decided), len(decides.undecided)
    for name in islice(hostile_names(workload, decides.pattern_index), 500):
        decides.decide({"model": name}, {}, {})
        decides.decide({"model": name}, {"x-capability": "other"}, {})
        assert len(decides.decided) == decided
        assert len(decides.decided_strangers) + len(decides.undecided) <= undecided + 100
    assert set(workload.exact) <= {*decides.decided, *decides.undecided}
