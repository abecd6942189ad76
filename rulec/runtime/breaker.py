"""What errors come to: they degrade, as many again take out for a while, then single requests try, and successes heal.

Going down takes several errors within a window, and coming back several successes in a row; who fails again on the way
back is out for longer. So a flapping provider does not make the routing flap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

HEALTHY, DEGRADED, PROBATION, COOLING, LIMITED = "healthy", "degraded", "probation", "cooling", "limited"
MOST_COOLDOWNS = 8  # a provider that fails again and again is out for up to so many times as long
LONGEST_TRIAL = 60.0  # then the next request is a trial, too: nobody may have told how this one ended


class Terms:
    """What the rules say about trouble: when it counts, how long it lasts, and whether anything follows from it."""

    __slots__ = ("cooldown", "deployment", "errors_count", "limit", "limits_count", "threshold", "window")

    def __init__(self, sections: dict[str, Any], deployment: Callable[[Any], dict[str, Any]]) -> None:
        limits = sections.get("rate_limited_fallback", {"enabled": False})
        errors = sections.get("error_based_routing", {"enabled": False})
        self.limits_count: bool = limits.get("enabled", True)
        self.limit = float(limits.get("fallback_duration_seconds", 60.0))
        self.errors_count: bool = errors.get("enabled", True)
        self.threshold = int(errors.get("error_threshold", 3))
        self.window = float(errors.get("window_seconds", 60.0))
        self.cooldown = float(errors.get("cooldown_seconds", 300.0))
        self.deployment = deployment

    def own_cooldown(self, step: Any) -> float | None:
        """How long this very deployment is to be out, where the rules say so."""
        found: float | None = self.deployment(step).get("cooldown")
        return found


class Breaker:
    """What the errors of a deployment or provider have come to."""

    __slots__ = (
        "cooldown",
        "errors",
        "factor",
        "gave_way",
        "kind",
        "last",
        "level",
        "since",
        "streak",
        "trial",
        "until",
    )

    def __init__(self, now: float) -> None:
        self.level = HEALTHY
        self.since = now
        self.errors: deque[float] = deque()
        self.last = now  # error
        self.kind = ""  # of it
        self.cooldown = 0.0
        self.factor = 1  # of the next cooldown; doubles with each one until it is healthy for long
        self.until = now  # which it cools
        self.trial: tuple[float, str] | None = None  # when the attempt began that tries it, and the ticket of its request
        self.streak = 0  # of trials that were served
        self.gave_way = False

    def enter(self, level: str, now: float) -> None:
        self.level = level
        self.since = now
        self.errors.clear()
        self.trial = None
        self.streak = 0

    def settle(self, now: float, window: float) -> None:
        """What time alone changes."""
        if self.level == COOLING and now >= self.until:
            self.enter(PROBATION, self.until)
        if self.level == PROBATION and now - self.since >= MOST_COOLDOWNS * self.cooldown and not self.blocked(now):
            self.enter(HEALTHY, now)  # nobody asked for it: what was known of it is worth nothing any more
        elif self.level == DEGRADED and now - self.last >= self.cooldown:
            self.enter(HEALTHY, self.last + self.cooldown)
        if self.level == HEALTHY and now - self.since >= self.cooldown:
            self.factor = 1
        while self.errors and now - self.errors[0] > window:
            self.errors.popleft()

    def fail(self, ticket: str, kind: str, now: float, terms: Terms, cooldown: float) -> None:
        if self.level == COOLING or (self.level == PROBATION and not self.is_trial(ticket)):
            return  # of a request that began before
        self.kind, self.last, self.cooldown = kind, now, cooldown
        self.errors.append(now)
        if self.level == PROBATION or (len(self.errors) >= terms.threshold and self.level == DEGRADED):
            self.until = now + cooldown * self.factor
            self.factor = min(2 * self.factor, MOST_COOLDOWNS)
            self.enter(COOLING, now)
        elif len(self.errors) >= terms.threshold:
            self.enter(DEGRADED, now)

    def is_trial(self, ticket: str) -> bool:
        """Whether it is the attempt of this request that decides."""
        return self.trial is not None and self.trial[1] == ticket

    def succeed(self, ticket: str, now: float, terms: Terms) -> None:
        if self.level == PROBATION and self.is_trial(ticket):
            self.trial = None
            self.streak += 1
            if self.streak >= terms.threshold:
                self.enter(HEALTHY, now)

    def blocked(self, now: float) -> bool:
        """Whether a request would better go elsewhere: it cools, or one request tries it already."""
        tried = self.trial is not None and now - self.trial[0] < LONGEST_TRIAL
        return self.level == COOLING or (self.level == PROBATION and tried)

    def ends(self) -> float | None:
        """When the level changes by itself, if nothing happens."""
        return {COOLING: self.until, DEGRADED: self.last + self.cooldown}.get(self.level)

    def quiet(self) -> bool:
        """Whether nothing is left to remember."""
        return self.level == HEALTHY and not self.errors and self.factor == 1
