"""Which providers are out: as a whole, or with every deployment of theirs that was in use lately.

A provider is judged when something happened to it, and ten times in a second while it is in trouble; by the deployments
used last, so that it costs the same however many names clients invent.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

USED_SECONDS = 600.0
MOST_USED = 32  # of them, those that have served before those that a client may have invented
JUDGED_SECONDS = 0.1  # for which a judgement counts if nothing happens

Uses = OrderedDict[tuple[str, str], float]


class Availability:
    """What `unavailable(PROVIDER)` asks; `health` knows who is in trouble, this follows who is in use."""

    def __init__(self, health: Any) -> None:
        self.health = health
        self.used: dict[str, tuple[Uses, Uses]] = {}  # deployments that are known to have served, and others
        self.due: dict[str, float] = {}  # who is or may get into trouble, and when to judge it again
        self.out: frozenset[str] = frozenset()

    def use(self, provider: str, model: str, now: float) -> None:
        """A deployment is in use."""
        place = provider, model
        both = self.used.get(provider)
        if both is None:
            both = self.used[provider] = OrderedDict(), OrderedDict()
        served, others = both
        here = served if place in served else others
        here[place] = now
        here.move_to_end(place)
        if len(served) + len(others) > MOST_USED:
            self.forget(provider, now)
        if provider in self.out:
            self.stir(provider)

    def forget(self, provider: str, now: float) -> None:
        """Follow no more than `MOST_USED` deployments of a provider; whether it is out may have hung on those that go."""
        served, others = self.used[provider]
        while len(served) + len(others) > MOST_USED:
            if not others:
                served.popitem(last=False)
                continue
            oldest, used_at = others.popitem(last=False)
            if self.health.state.proven(*oldest):  # by now
                served[oldest] = used_at
        if provider in self.due:
            self.due[provider] = min(self.due[provider], now + JUDGED_SECONDS)

    def stir(self, provider: str) -> None:
        """Something happened to a provider: what was known of it is to be judged anew."""
        self.due[provider] = 0.0

    def at(self, now: float) -> frozenset[str]:
        """The providers that are out now."""
        for provider in [one for one, moment in self.due.items() if moment <= now]:
            out, again = self.judge(provider, now)
            if out != (provider in self.out):
                self.out ^= {provider}
            if again is None:
                del self.due[provider]
            else:
                self.due[provider] = again
        return self.out

    def judge(self, provider: str, now: float) -> tuple[bool, float | None]:
        """Whether a provider is out, and when to judge it again if nothing happens to it; None for never.

        One deployment that is in use and well is enough; the one used last is the likeliest.
        """
        if self.health.is_blocked(provider, now):
            return True, now + JUDGED_SECONDS
        troubled = False
        for uses in self.used.get(provider, ()):
            for place, used_at in reversed(uses.items()):
                if self.health.in_trouble(place, now):
                    troubled = True
                elif now - used_at <= USED_SECONDS:
                    return False, used_at + USED_SECONDS
        return troubled, now + JUDGED_SECONDS if troubled else None
