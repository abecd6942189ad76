"""`usage_based`: the candidate with the best score from latency, success rate and cost.

score = latency factor * (lowest latency / latency) * success rate + success factor * success rate + cost factor *
(lowest price / price). The ratios make latency and price comparable; a fast failure is no merit.
"""

from __future__ import annotations

from typing import Any

from rulec.runtime.strategies.ranking import STRATEGIES, Rankings

FACTORS = {"latency": 0.4, "success_rate": 0.4, "cost": 0.2}
REFRESH_EVERY = 10


class UsageBased:
    """Scores are made anew after `refresh_every_requests` requests of the same candidates."""

    def __init__(self, settings: dict[str, Any]) -> None:
        factors = settings.get("weight_factors") or FACTORS
        self.latency, self.success, self.cost = (float(factors.get(name, 0.0)) for name in FACTORS)
        self.every = int(settings.get("refresh_every_requests", REFRESH_EVERY))
        self.rankings = Rankings()

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[float]:
        kept = self.rankings.of(decision)
        if not kept or kept[0] <= 0:
            kept[:] = [self.every, [-one for one in self.scores(decision.candidates, state, facts)]]
        kept[0] -= 1
        ranks: list[float] = kept[1]
        return ranks

    def scores(self, candidates: Any, state: Any, facts: Any) -> list[float]:
        now = state.clock()
        found = [state.get(one.provider, one.model) for one in candidates]
        latencies = [None if one is None else one.latency.mean(now) for one in found]
        successes = [1.0 if one is None else one.successes.trusting_mean(now) for one in found]
        prices = [facts.price(one) for one in candidates]
        dearest = max((price for price in prices if price is not None), default=None)
        quick = ratios(latencies)  # the unknown is taken for the quickest, so that it is tried
        cheap = ratios([dearest if price is None else price for price in prices])
        return [
            round(self.latency * speed * rate + self.success * rate + self.cost * saving, 9)
            for speed, rate, saving in zip(quick, successes, cheap, strict=True)
        ]


def ratios(values: list[float | None]) -> list[float]:
    """The lowest value divided by each one, from 0 to 1; 1 where nothing is known."""
    lowest = min((value for value in values if value is not None), default=0.0)
    return [1.0 if value is None or value <= lowest else lowest / value for value in values]


STRATEGIES["usage_based"] = UsageBased
