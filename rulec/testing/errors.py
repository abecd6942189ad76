"""The upstream errors of a case: how attempts end, and what the runtime's own plan makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, permutations, product
from math import factorial, inf, prod
from typing import Any

from rulec.records import field, record
from rulec.runtime.breaker import COOLING, Breaker, Terms
from rulec.runtime.health import Health
from rulec.runtime.plan import Courses, Plan, PlanStep, arranged
from rulec.runtime.records import Decision
from rulec.runtime.state import State

MOST_ORDERS = 120
"""In how many orders the strategy may put candidates where a case does not say who goes first."""


class TooManyOrders(Exception):
    """There are more orders of candidates than can be looked at, unless a case says who is `picked`."""


class NeverPicked(Exception):
    """The strategy never puts the candidate with this number where a case wants it."""


@record
class Errors:
    """How attempts end: the first ones with these kinds, whoever is tried; and at single providers.

    A provider's attempts end with its own kinds in a row, then with `always`, where it has one.
    """

    row: tuple[str, ...] = ()
    providers: dict[str, tuple[tuple[str, ...], str | None]] = field(default_factory=dict)

    def next_kind(self, tried: Sequence[str], provider: str) -> str | None:
        """The kind with which an attempt at a provider ends after these were tried; None where it is answered."""
        if len(tried) < len(self.row):
            return self.row[len(tried)]
        kinds, always = self.providers.get(provider, ((), None))
        before = tried.count(provider)
        return kinds[before] if before < len(kinds) else always


NO_ERRORS = Errors()


@record
class Attempt:
    """One deployment that was tried, and the kind of error with which it failed; None: it answered."""

    step: PlanStep
    error: str | None


@record
class Run:
    """What becomes of a request: every attempt in order."""

    attempts: tuple[Attempt, ...]

    @property
    def served_by(self) -> PlanStep | None:
        """Who answered."""
        return self.attempts[-1].step if self.attempts and self.attempts[-1].error is None else None

    @property
    def error(self) -> str | None:
        """The kind of error that the client gets: LiteLLM passes on that of the first attempt."""
        return self.attempts[0].error if self.attempts and self.served_by is None else None

    @property
    def first(self) -> PlanStep:
        return self.attempts[0].step


class Player:
    """Plays errors with the rules of one policy: with its retries, its chains and what it says of troubled deployments.

    `facts` says of each deployment what the rules say of it (`Catalogue`, or the balancer's facts).
    """

    def __init__(self, health_settings: dict[str, Any], facts: Any) -> None:
        self.courses = Courses(facts)
        self.terms = Terms(health_settings, facts.deployment)

    def runs(
        self, decision: Decision, errors: Errors, unavailable: frozenset[str] = frozenset(), picked: Sequence[int] = ()
    ) -> Iterator[Run]:
        """What may become of a request, by each order in which the strategy may put the candidates."""
        for order in orders(decision, picked):
            yield self.run(decision, list(order), errors, unavailable)

    def run(
        self, decision: Decision, order: list[int], errors: Errors, unavailable: frozenset[str] = frozenset()
    ) -> Run:
        """What becomes of a request where nothing was served before; what is unavailable cannot be reached for a while."""
        state = State(clock=lambda: 0.0)
        health = Health(self.terms, state)
        for provider in sorted(unavailable):
            health.breakers[provider] = unreachable()
            health.availability.stir(provider)
        course = self.courses.around(decision, order, health.glance().passed_over)
        if course.troubles:
            course = arranged(course, decision.request, unavailable)
        plan = Plan(course, "", decision, "", 0.0)
        attempts: list[Attempt] = []
        index: int | None = course.start
        while index is not None:
            step = plan.begin(index)
            state.begin("", step.provider, step.model)
            kind = errors.next_kind([one.step.provider for one in attempts], step.provider)
            attempts.append(Attempt(step, kind))
            if kind is None:
                break
            state.fail("", kind)
            health.fault(step, "", kind)
            plan.fail(kind, health.out(step) is not None)
            down = health.unavailable()
            index = next((one for one in range(index + 1, len(course.steps)) if plan.suits(one, down)), None)
        return Run(tuple(attempts))


def unreachable() -> Breaker:
    """What is known of a provider that is unavailable."""
    breaker = Breaker(0.0)
    breaker.kind, breaker.until, breaker.cooldown = "connection", inf, inf
    breaker.enter(COOLING, 0.0)
    return breaker


def orders(decision: Decision, picked: Sequence[int] = ()) -> Iterator[tuple[int, ...]]:
    """The orders in which the strategy may put the candidates; `picked` are the numbers of those that go first."""
    parts = tiers(decision, picked)
    if prod(factorial(len(part)) for part in parts) > MOST_ORDERS:
        raise TooManyOrders
    for some in product(*map(permutations, parts)):
        yield (*picked, *(one for part in some for one in part))


def first_order(decision: Decision, picked: Sequence[int] = ()) -> list[int]:
    """One of these orders."""
    return [*picked, *(one for part in tiers(decision, picked) for one in part)]


def tiers(decision: Decision, picked: Sequence[int] = ()) -> list[list[int]]:
    """The candidates that may stand in any order, those that go first first: lower priorities do, weights of 0 go last."""
    parts: list[list[int]] = []
    for _, equals in groupby(range(len(decision.candidates)), key=lambda one: decision.candidates[one].priority):
        tier = list(equals)
        idle = [one for one in tier if decision.strategy == "weighted" and decision.candidates[one].weight == 0]
        parts += [[one for one in tier if one not in idle], *([one] for one in idle)]
    for one in picked:
        first = next((part for part in parts if part), [])
        if one not in first:
            raise NeverPicked(one)
        first.remove(one)
    return parts
