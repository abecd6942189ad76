"""What strategies that rank have in common: the registry of them, and when a deployment is due for a trial."""

from __future__ import annotations

import math
from typing import Any

TRIAL_SECONDS = 15.0
MOST_RANKINGS = 2_000

STRATEGIES: dict[str, Any] = {}
"""Strategies by name: made from their settings, they give each candidate a rank; the lowest goes first."""
WATCHERS: dict[str, Any] = {}
"""What looks at the world in the background so that requests need not, by name: made from the tables of the rules."""


def is_due(deployment: Any, now: float) -> bool:
    """Whether a deployment without fresh figures may get one request, so that there are some."""
    return deployment is None or deployment.tried_at is None or now - deployment.tried_at > TRIAL_SECONDS


def percentile_of(samples: list[float], percentile: float) -> float:
    """The smallest sample that is at least as large as this percentage of all."""
    ordered = sorted(samples)
    return ordered[min(len(ordered), max(1, math.ceil(len(ordered) * percentile / 100))) - 1]


class Rankings:
    """The last ranking of each set of candidates, which counts until its time is over."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: dict[Any, list[Any]] = {}

    def of(self, decision: Any) -> list[Any]:
        """[what says when it ends, the ranking], empty where none is known; to be changed in place."""
        candidates = decision.candidates
        key = (decision.rule, candidates[0].group, len(candidates))
        found = self.kept.get(key)
        if found is None:
            if len(self.kept) >= MOST_RANKINGS:
                self.kept.clear()
            found = self.kept[key] = []
        return found
