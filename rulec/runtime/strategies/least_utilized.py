"""`least_utilized`: the candidate that is utilised least by a signal; among equals, the one with the fewest requests under way.

One without a figure goes after those that have one; where none has a figure, this is `least_loaded`.
"""

from __future__ import annotations

from typing import Any

from rulec.runtime.strategies.ranking import STRATEGIES

DIGITS = 2  # smaller differences are noise


class LeastUtilized:
    def __init__(self, settings: dict[str, Any]) -> None:
        self.signal = settings.get("signal", "")

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[tuple[bool, float, int]]:
        return [
            self.rank(facts.figure(self.signal, one), state.in_flight(one.provider, one.model))
            for one in decision.candidates
        ]

    def rank(self, figure: float | None, in_flight: int) -> tuple[bool, float, int]:
        return figure is None, 0.0 if figure is None else round(figure, DIGITS), in_flight


STRATEGIES["least_utilized"] = LeastUtilized
