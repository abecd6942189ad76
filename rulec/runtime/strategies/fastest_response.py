"""`fastest_response`: the candidate whose recent answers, or their first tokens, came fastest at a high percentile."""

from __future__ import annotations

import math
from typing import Any

from rulec.runtime.strategies.ranking import STRATEGIES, Rankings, is_due, percentile_of

PERCENTILE = 95.0
REEVALUATE_SECONDS = 60.0
WINDOW_SECONDS = 300.0


class FastestResponse:
    """Ranks are made anew after `reevaluate_seconds`, and at once for a deployment that is due for a trial."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.measure = settings.get("measure", "time_to_first_token")
        self.percentile = float(settings.get("percentile", PERCENTILE))
        self.period = float(settings.get("reevaluate_seconds", REEVALUATE_SECONDS))
        self.window = float(settings.get("window_seconds", WINDOW_SECONDS))
        self.rankings = Rankings()

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[float]:
        now = state.clock()
        kept = self.rankings.of(decision)
        candidates = decision.candidates
        if not kept or now >= kept[0] or self.learned(kept[1], candidates, state, now):
            kept[:] = [now + self.period, self.figures(candidates, state, now)]
        figures: list[float | None] = kept[1]
        return [
            figure if figure is not None else self.unknown(state.get(one.provider, one.model), now)
            for figure, one in zip(figures, candidates, strict=True)
        ]

    def unknown(self, deployment: Any, now: float) -> float:
        """Without a figure: first when it is due for a trial, else last."""
        return -1.0 if is_due(deployment, now) else math.inf

    def learned(self, figures: list[float | None], candidates: Any, state: Any, now: float) -> bool:
        """Whether a candidate without a figure has one now: it should not wait for the period."""
        return any(
            figure is None and self.figure(state.get(one.provider, one.model), now) is not None
            for figure, one in zip(figures, candidates, strict=True)
        )

    def figures(self, candidates: Any, state: Any, now: float) -> list[float | None]:
        return [self.figure(state.get(one.provider, one.model), now) for one in candidates]

    def figure(self, deployment: Any, now: float) -> float | None:
        if deployment is None:
            return None
        recent = deployment.first_tokens if self.measure == "time_to_first_token" else deployment.latencies
        samples = [value for at, value in recent if now - at <= self.window]
        return percentile_of(samples, self.percentile) if samples else None


STRATEGIES["fastest_response"] = FastestResponse
