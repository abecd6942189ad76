"""Choosing the order of candidates by each strategy and making the plan, of few candidates and of a thousand."""

from __future__ import annotations

import random
from collections.abc import Callable

from rulec.runtime.plan import plan_steps
from rulec.runtime.records import Candidate, Decision
from rulec.runtime.state import State
from rulec.runtime.strategies import Balancer
from tests.bench.measure import Line, alternately, per_call

STRATEGIES = ("random", "weighted", "round_robin", "least_loaded", "usage_based", "fastest_response", "most_capacity", "cheapest")


def lines(quick: bool) -> list[Line]:
    found = []
    for count in (3, 1_000):
        calls = [picks(strategy, count, 200 if quick else 1_000) for strategy in STRATEGIES]
        figures = alternately(3 if quick else 9, *calls)
        found += [
            Line(f"plan for {count:,} candidates, {name}", one, "random", figures[0])
            for name, one in zip(STRATEGIES, figures, strict=True)
        ]
    return found


def picks(strategy: str, count: int, rounds: int) -> Callable[[], float]:
    """Plans of candidates that have served, a tenth of them busy; one request is served after each."""
    state = State()
    candidates = tuple(Candidate(f"p{number}", "m", f"openai/m{number}", "m") for number in range(count))
    for number, one in enumerate(candidates):
        state.begin(f"t{number}", one.provider, one.model)
        state.succeed(f"t{number}", state.wall() + 0.5 + number / count, state.wall() + 0.1 + number / count)
        if number % 10 == 0:
            state.begin(f"t{number}", one.provider, one.model)
    providers = {one.provider: ("openai/{model}", (), None, 4096) for one in candidates}
    balancer = Balancer({"providers": providers, "costs": {}})
    decision = Decision("route", "r", "exact", candidates, strategy)

    def serve(number: int) -> None:
        first = plan_steps(decision, balancer.order(decision, None, random, state), balancer.facts)[0]
        state.begin("t", first.provider, first.model)
        state.succeed("t")

    return lambda: per_call(serve, list(range(rounds)))
