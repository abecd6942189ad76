"""`most_capacity`: the candidate with the largest context; among equals, the one with the fewest requests under way."""

from __future__ import annotations

from typing import Any

from rulec.runtime.strategies.ranking import STRATEGIES


class MostCapacity:
    def __init__(self, settings: dict[str, Any]) -> None:
        pass

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[tuple[int, int]]:
        return [(-(facts.context(one) or 0), state.in_flight(one.provider, one.model)) for one in decision.candidates]


STRATEGIES["most_capacity"] = MostCapacity
