"""`least_loaded`: the candidate with the fewest requests under way."""

from __future__ import annotations

from typing import Any

from rulec.runtime.strategies.ranking import STRATEGIES


class LeastLoaded:
    def __init__(self, settings: dict[str, Any]) -> None:
        pass

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[int]:
        return [state.in_flight(one.provider, one.model) for one in decision.candidates]


STRATEGIES["least_loaded"] = LeastLoaded
