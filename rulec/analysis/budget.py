"""How long a question may take: what is not decided by then is said to be so."""

from __future__ import annotations

import time

NODES_BETWEEN_LOOKS = 64


class OutOfBudget(Exception):
    """The time or the work that a question may take is used up."""


class Budget:
    """Seconds and search nodes for one question; the worst case of an inclusion of patterns is exponential."""

    def __init__(self, seconds: float = 1.0, nodes: int = 200_000) -> None:
        self.ends = time.perf_counter() + seconds
        self.nodes = nodes

    def spend(self) -> None:
        """One more node; raises OutOfBudget where that is one too many."""
        self.nodes -= 1
        if self.nodes < 0 or (self.nodes % NODES_BETWEEN_LOOKS == 0 and time.perf_counter() > self.ends):
            raise OutOfBudget
