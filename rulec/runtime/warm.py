"""Who is warm: who answered a request lately, or says in a check in the background that it could answer at once.

A provider without an address of its own is a service in the cloud, and always warm. Ollama tells which models it has
loaded; of others it counts that they answer at all, whatever they say: the check shows no key.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from rulec.runtime.environment import text_from_environment
from rulec.runtime.fetch import Source, json_of
from rulec.runtime.strategies.ranking import WATCHERS

WARM_SECONDS = 300.0
CHECK_SECONDS = 15.0
EVERY_MODEL = "*"


class Check:
    """The check of one provider, and the models that it found warm; until the first one there are none."""

    def __init__(self, way: str, address: str, seconds: float) -> None:
        self.way = way
        self.url = address.rstrip("/") + ("/api/ps" if way == "ollama" else "/models")
        self.source = Source(seconds)
        self.warm: frozenset[str] = frozenset()

    def says(self, model: str) -> bool:
        return model in self.warm or EVERY_MODEL in self.warm

    async def look(self) -> None:
        try:
            self.warm = await self.source.ask(self.url, loaded_models if self.way == "ollama" else living)
        except Exception:  # no answer in time, or whatever else kept it from us: not warm
            self.warm = frozenset()


class Warmth:
    """What the rules ask of warm candidates, and the checks of the providers that it concerns."""

    def __init__(self, tables: dict[str, Any]) -> None:
        settings = tables.get("warm", {})
        seconds = settings.get("timeout_ms", 100) / 1000
        self.first: bool = settings.get("first_request", False)
        self.checks = {
            provider: Check(way, text_from_environment(address), seconds)
            for provider, (way, address) in settings.get("providers", {}).items()
        }

    # -- for requests --

    def first_ones(self, decision: Any, order: list[int], state: Any) -> list[int]:
        """The order with warm candidates first, if the rule wants that, or this is a first request; weight 0 stays last."""
        candidates = decision.candidates
        if not (decision.prefer_warm or self.first and not any(lately(one, state) for one in candidates)):
            return order
        cold = [not (lately(one, state) or self.says(one)) for one in candidates]
        return sorted(order, key=lambda number: (candidates[number].weight == 0, cold[number]))

    def says(self, candidate: Any) -> bool:
        check = self.checks.get(candidate.provider)
        return check is None or check.says(candidate.model)

    # -- in the background --

    def tasks(self, state: Any) -> Iterable[Awaitable[None]]:
        """What is to run in the background."""
        return [self.run(state)] if self.checks else []

    async def run(self, state: Any) -> None:
        while True:
            serving = {place[0] for place in state.deployments if state.serves(*place, WARM_SECONDS)}
            due = []
            for provider, check in self.checks.items():
                if check.way != "ollama" and provider in serving:
                    check.warm = frozenset((EVERY_MODEL,))  # its requests say more than a check
                else:
                    due.append(check.look())
            await asyncio.gather(*due)
            await asyncio.sleep(CHECK_SECONDS * random.uniform(0.9, 1.1))

    def take_over(self, old: Any) -> None:
        for provider, check in self.checks.items():
            before = old.checks.get(provider)
            if before is not None and before.url == check.url:
                check.warm = before.warm


WATCHERS["warm"] = Warmth


def lately(candidate: Any, state: Any) -> bool:
    """Whether requests say that a candidate is warm."""
    served: bool = state.serves(candidate.provider, candidate.model, WARM_SECONDS)
    return served


def living(status: int, body: Callable[[], bytes]) -> frozenset[str]:
    """Any answer but a fault of the server itself is a sign of life."""
    return frozenset((EVERY_MODEL,)) if status < 500 else frozenset()


def loaded_models(status: int, body: Callable[[], bytes]) -> frozenset[str]:
    """The models that Ollama holds in memory, those of the tag `latest` also without it."""
    document = json_of(status, body)
    entries = document.get("models") if isinstance(document, dict) else None
    names = [one.get("name") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    known = [name for name in names if isinstance(name, str)]
    return frozenset((*known, *(name.removesuffix(":latest") for name in known)))
