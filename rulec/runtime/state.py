"""What this process knows of each deployment from the requests it served: who is busy, how fast, how reliable.

An attempt under way is an entry of a set, under the ticket of its request, never a count: a ticket has at most one
attempt, whatever ends it ends it once, and what no hook ends is swept. Everything is bounded, and old figures fade.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

MOST_DEPLOYMENTS = 10_000
MOST_ATTEMPTS = 20_000
MOST_SAMPLES = 40
RESERVED_SECONDS = 60.0  # from the choice to the attempt; then the request was turned away by somebody else
LONGEST_SECONDS = 7200.0  # longer than any time-out
HALF_LIFE = 120.0
SECONDS_BETWEEN_SWEEPS = 1.0
LEAST_WEIGHT = 0.05  # below it a fading figure is unknown again
MOST_WEIGHT = 20.0
TRUST = 1.0  # how many successes each deployment is credited with before anything is known
OUT_OF_REACH = frozenset(("timeout", "connection"))
FAULTS_OF_REQUESTS = frozenset(("context_window", "content_policy", "bad_request"))


class Fading:
    """A mean in which what is `HALF_LIFE` seconds old counts half."""

    __slots__ = ("at", "total", "weight")

    def __init__(self) -> None:
        self.total = self.weight = self.at = 0.0

    def add(self, value: float, now: float) -> None:
        fading = self.fading(now)
        if self.weight * fading + 1 > MOST_WEIGHT:
            fading = (MOST_WEIGHT - 1) / self.weight
        self.total = self.total * fading + value
        self.weight = self.weight * fading + 1
        self.at = now

    def fading(self, now: float) -> float:
        return float(0.5 ** ((now - self.at) / HALF_LIFE)) if now > self.at else 1.0

    def mean(self, now: float) -> float | None:
        """The mean, None where nothing is known any more."""
        return self.total / self.weight if self.weight * self.fading(now) >= LEAST_WEIGHT else None

    def trusting_mean(self, now: float) -> float:
        """The mean with `TRUST` ones added: what is new or long unseen is taken for good."""
        fading = self.fading(now)
        if self.weight * fading < LEAST_WEIGHT:
            return 1.0
        return (self.total * fading + TRUST) / (self.weight * fading + TRUST)


Samples = deque[tuple[float, float]] | tuple[()]
"""What was measured last, each with its moment; most deployments that clients name never serve, and have none."""


def with_sample(samples: Samples, now: float, value: float) -> Samples:
    if isinstance(samples, tuple):
        samples = deque(maxlen=MOST_SAMPLES)
    samples.append((now, value))
    return samples


class Deployment:
    """The figures of one deployment; `open` are the tickets that it serves now, `failed` counts by error kind."""

    __slots__ = (
        "failed",
        "first_tokens",
        "latencies",
        "latency",
        "open",
        "served",
        "served_at",
        "successes",
        "tried_at",
    )

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.latency = Fading()
        self.successes = Fading()
        self.latencies: Samples = ()
        self.first_tokens: Samples = ()
        self.tried_at: float | None = None
        self.served = 0
        self.served_at: float | None = None
        self.failed: dict[str, int] = {}


class Attempt:
    """One attempt under way; `begun` is None while it is only planned."""

    __slots__ = ("begun", "clock", "place", "wall")

    def __init__(self, place: tuple[str, str], clock: float, wall: float, begun: bool) -> None:
        self.place = place
        self.clock = clock
        self.wall = wall
        self.begun = begun


class State:
    """The deployments that this process has met, by (provider, upstream model), and the attempts under way."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.wall = wall
        self.deployments: OrderedDict[tuple[str, str], Deployment] = OrderedDict()
        self.unproven: OrderedDict[tuple[str, str], None] = OrderedDict()  # of them, those that never served
        self.lost: dict[str, float] = {}  # when a provider was last out of reach
        self.attempts: OrderedDict[str, Attempt] = OrderedDict()
        self.reserved: OrderedDict[str, Attempt] = OrderedDict()
        self.sweep_at = 0.0

    # -- what strategies read --

    def get(self, provider: str, model: str) -> Deployment | None:
        return self.deployments.get((provider, model))

    def in_flight(self, provider: str, model: str) -> int:
        found = self.deployments.get((provider, model))
        return len(found.open) if found is not None else 0

    def serves(self, provider: str, model: str, seconds: float) -> bool:
        """Whether this deployment served in the last so many seconds, and nothing of its provider was out of reach since."""
        found = self.deployments.get((provider, model))
        if found is None or found.served_at is None:
            return False
        return self.clock() - found.served_at <= seconds and found.served_at > self.lost.get(provider, -math.inf)

    # -- the life of an attempt --

    def reserve(self, ticket: str, provider: str, model: str) -> None:
        """A request was given to this deployment and will soon reach it; it counts from now on."""
        self.open(self.reserved, ticket, Attempt((provider, model), self.clock(), 0.0, False))

    def begin(self, ticket: str, provider: str, model: str) -> None:
        """An attempt begins; whatever this ticket had open before is over, unless this is what was reserved."""
        now, wall = self.clock(), self.wall()
        place = provider, model
        reserved = self.reserved.get(ticket)
        deployment = self.deployments.get(place) if reserved is not None and reserved.place == place else None
        if deployment is None:
            self.open(self.attempts, ticket, Attempt(place, now, wall, True))
            return
        attempt = self.attempts[ticket] = self.reserved.pop(ticket)
        attempt.clock = deployment.tried_at = now
        attempt.wall, attempt.begun = wall, True

    def open(self, kind: OrderedDict[str, Attempt], ticket: str, attempt: Attempt) -> None:
        self.close(ticket)
        if attempt.clock >= self.sweep_at or len(kind) >= MOST_ATTEMPTS:
            self.sweep(attempt.clock)
        kind[ticket] = attempt
        deployment = self.deployments.get(attempt.place)
        if deployment is None:
            if len(self.deployments) >= MOST_DEPLOYMENTS:
                self.forget_one()
            deployment = self.deployments[attempt.place] = Deployment()
            self.unproven[attempt.place] = None
        else:
            self.deployments.move_to_end(attempt.place)
        deployment.open.add(ticket)
        deployment.tried_at = attempt.clock

    def forget_one(self) -> None:
        """Make room: names that clients invent never serve, and take no place from deployments that do."""
        place = next(iter(self.unproven or self.deployments))
        self.unproven.pop(place, None)
        del self.deployments[place]

    def proven(self, provider: str, model: str) -> bool:
        """Whether this deployment has served a request: it exists, and is no name that a client invented."""
        found = self.deployments.get((provider, model))
        return found is not None and found.served > 0

    def close(self, ticket: str) -> Attempt | None:
        """End what this ticket has open, without a judgement; None where nothing is open."""
        attempt = self.attempts.pop(ticket, None) or self.reserved.pop(ticket, None)
        deployment = self.deployments.get(attempt.place) if attempt is not None else None
        if deployment is not None:
            deployment.open.discard(ticket)
        return attempt

    def succeed(self, ticket: str, ended: float | None = None, first_token: float | None = None) -> None:
        """The attempt was served; `ended` and `first_token` are moments of the wall clock, the latter of streams only."""
        attempt = self.close(ticket)
        deployment = self.deployments.get(attempt.place) if attempt is not None and attempt.begun else None
        if attempt is None or deployment is None:
            return
        now = self.clock()
        deployment.served += 1
        self.unproven.pop(attempt.place, None)
        deployment.served_at = now
        deployment.successes.add(1.0, now)
        latency = seconds_between(attempt.wall, ended)
        if latency is None:
            latency = now - attempt.clock
        deployment.latency.add(latency, now)
        deployment.latencies = with_sample(deployment.latencies, now, latency)
        first = seconds_between(attempt.wall, first_token)
        if first is not None:
            deployment.first_tokens = with_sample(deployment.first_tokens, now, first)

    def fail(self, ticket: str, kind: str) -> None:
        """The attempt failed; a fault of the request says nothing about the deployment."""
        attempt = self.close(ticket)
        deployment = self.deployments.get(attempt.place) if attempt is not None and attempt.begun else None
        if attempt is None or deployment is None:
            return
        deployment.failed[kind] = deployment.failed.get(kind, 0) + 1
        if kind not in FAULTS_OF_REQUESTS:
            deployment.successes.add(0.0, self.clock())
        if kind in OUT_OF_REACH:
            self.lost[attempt.place[0]] = self.clock()

    def sweep(self, now: float) -> None:
        """Close what no hook will end any more."""
        self.sweep_at = now + SECONDS_BETWEEN_SWEEPS
        for kind, longest in ((self.attempts, LONGEST_SECONDS), (self.reserved, RESERVED_SECONDS)):
            while kind:
                ticket, oldest = next(iter(kind.items()))
                if len(kind) < MOST_ATTEMPTS and now - oldest.clock <= longest:
                    break
                self.close(ticket)


def seconds_between(begin: float, end: float | None) -> float | None:
    """Seconds from one moment of the wall clock to another, None where the clock was set in between."""
    return end - begin if end is not None and 0 <= end - begin <= LONGEST_SECONDS else None


def moment(value: Any) -> float | None:
    """A moment of the wall clock from what LiteLLM gives: a datetime, a number, or nothing."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value.timestamp())
    except (AttributeError, OSError, OverflowError, TypeError, ValueError):
        return None
