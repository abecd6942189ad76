"""What `rulec explain` says about an example: the rule, and who may serve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Step = tuple[str, str]


@dataclass(frozen=True)
class Prediction:
    """The rule's name and the (provider, upstream model) pairs of which one serves; none where all have failed."""

    rule: str | None
    steps: tuple[Step, ...]
    strategy: str | None

    def text(self) -> str:
        """The prediction in a table's cell."""
        if not self.steps:
            return "nobody"
        providers = " | ".join(dict.fromkeys(provider for provider, _ in self.steps))
        return providers if len(self.steps) == 1 else f"{providers} ({self.strategy})"


def predict(explained: dict[str, Any], failing: dict[str, str]) -> Prediction:
    """Read a prediction off explain's JSON object, given how providers fail.

    A request is served by one of the candidates that work, else by the first hop that works and takes the error.
    """
    working = [_step(one) for one in explained["candidates"] if one["provider"] not in failing]
    if not working:
        hops = (hop for hop in explained["fallbacks"] if hop["provider"] not in failing)
        working = [_step(hop) for hop in hops if _takes(hop, set(failing.values()))][:1]
    rule = explained["rule"]["name"] if explained["rule"] else None
    return Prediction(rule, tuple(working), explained["strategy"])


def _step(target: dict[str, Any]) -> Step:
    return target["provider"], target["model"]


def _takes(hop: dict[str, Any], kinds: set[str]) -> bool:
    return not hop.get("on_error") or kinds <= set(hop["on_error"])
