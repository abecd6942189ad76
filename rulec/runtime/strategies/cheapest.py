"""`cheapest`: the candidate with the lowest price; one without a known price goes last."""

from __future__ import annotations

import math
from typing import Any

from rulec.runtime.strategies.ranking import STRATEGIES


class Cheapest:
    def __init__(self, settings: dict[str, Any]) -> None:
        pass

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[float]:
        prices = [facts.price(one) for one in decision.candidates]
        return [math.inf if price is None else price for price in prices]


STRATEGIES["cheapest"] = Cheapest
