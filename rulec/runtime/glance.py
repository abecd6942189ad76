"""How deployments are at one moment: who is passed over and who gets half, for the one request that asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rulec.runtime.breaker import COOLING, HEALTHY, Breaker

Judgement = tuple["str | None", bool]
"""The kind of error for which a deployment is to be passed over, if it is, and whether it is to get half as much as its share."""

WELL: Judgement = (None, False)


class Glance:
    """Looks at each provider and deployment once, however often a request asks for it."""

    __slots__ = ("health", "known", "now", "wholes")

    def __init__(self, health: Any) -> None:
        self.health = health
        self.now: float = health.clock()
        self.wholes: dict[str, Breaker | None] = {}
        self.known: dict[tuple[str, str, str], Judgement] = {}

    def passed_over(self, steps: Sequence[Any]) -> dict[int, str]:
        """Of many, by their numbers, those that are to be passed over, each with the kind of error for which."""
        return {number: kind for number, step in enumerate(steps) if (kind := self.judged(step)[0]) is not None}

    def degraded(self, steps: Sequence[Any]) -> set[int]:
        """The numbers of those that are to get half as much as their share."""
        return {number for number, step in enumerate(steps) if self.judged(step)[1]}

    def gives_way(self, step: Any) -> bool:
        """Whether it is the turn of a degraded deployment to let the others go first."""
        found: bool = self.health.gives_way(step)
        return found

    def judged(self, step: Any) -> Judgement:
        """How a candidate or step is, by what the rules say of its deployment under this name."""
        key = step.provider, step.model, step.group
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.judge(step)
        return found

    def judge(self, step: Any) -> Judgement:
        health, now, provider = self.health, self.now, step.provider
        if provider not in self.wholes:
            self.wholes[provider] = health.look(provider, now)
        kind, halved = None, False
        for breaker in (self.wholes[provider], health.look((provider, step.model), now)):
            if breaker is None or breaker.level == HEALTHY:
                continue
            if kind is None and breaker.blocked(now):
                kind = breaker.kind
            halved = halved or breaker.level != COOLING
        limited = health.limited(provider, step.model, now)
        if kind is None and not halved and not limited:
            return WELL
        terms = health.terms
        own = terms.own_cooldown(step) is not None
        if not (own or terms.errors_count):
            kind, halved = None, False
        if limited and (own or terms.limits_count):
            kind = "rate_limit"
        return kind, halved
