"""`decide()` on whole requests, against what no router can do without: one `dict.get` and one compiled match."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from rulec.backends.python import generate_module
from rulec.selfcheck.emitted import load_module
from tests.bench.compiling import compiled, text_of
from tests.bench.measure import Line, alternately, no_garbage_collection, per_call
from tests.bench.workload import Sent, Workload, make_workload

SIZES = (10, 1_000, 10_000)
_FLOOR_PATTERN = re.compile(r"(?:llama|qwen)-[0-9]+-[a-z]+:7b")


def lines(quick: bool) -> list[Line]:
    found = []
    for rules in SIZES[:2] if quick else SIZES:
        found += of_size(rules, 500 if quick else 4_000, 5 if quick else 15)
    return found


def of_size(rules: int, requests: int, rounds: int) -> list[Line]:
    workload = make_workload(rules)
    with no_garbage_collection():
        decide = load_module(generate_module(compiled(text_of(workload)).tree).text)["decide"]
    measured: list[Callable[[], float]] = []
    for names in (workload.known_names(), workload.names(), workload.unknown_names()):
        measured += [routed(decide, workload, names, requests), floor(workload, names, requests)]
    for one in measured[:4]:  # names that come again are in the memo by now
        one()
    figures = alternately(rounds, *measured)
    return [
        Line(f"decide, {rules:,} rules, {what}", figures[at], "a get and a match", figures[at + 1])
        for at, what in ((0, "known names"), (2, "mixed names"), (4, "names never seen"))
    ]


def routed(decide: Callable[..., Any], workload: Workload, names: Any, count: int) -> Callable[[], float]:
    def measure() -> float:
        sent = workload.requests(names, count)
        return per_call(lambda one: decide(one[0], one[1], key="ada", team="search", endpoint="chat"), sent)

    return measure


def floor(workload: Workload, names: Any, count: int) -> Callable[[], float]:
    table = {name: number for number, name in enumerate(workload.exact)}

    def look_up(one: Sent) -> Any:
        name = one[0]["model"]
        found = table.get(name)
        return _FLOOR_PATTERN.match(name) if found is None else found

    return lambda: per_call(look_up, workload.requests(names, count))
