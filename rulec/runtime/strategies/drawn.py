"""Orders by chance: all candidates alike, or by their weights, and the same ones for the same caller where that is asked."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Container
from typing import Any

from rulec.runtime.records import Candidate


def drawn_fairly(draw: Callable[[], list[int]], halved: Container[int], rng: Any) -> list[int]:
    """A draw in which these come first as if their weight were half: every second time that one does, it is drawn anew."""
    order = draw()
    while order[0] in halved and rng.random() < 0.5:
        order = draw()
    return order


def random_order(count: int, rng: Any) -> list[int]:
    order = list(range(count))
    rng.shuffle(order)
    return order


def weighted_order(candidates: tuple[Candidate, ...], share: float | None, rng: Any) -> list[int]:
    """The first by weight, the rest by weight among themselves; 0 only after all others.

    `share` (0 to below 1) picks the first one the same way every time.
    """
    largest = max((one.weight for one in candidates if one.weight is not None), default=0.0) or 1.0
    weights = [1.0 if one.weight is None else float(one.weight) / largest for one in candidates]  # no sum overflows
    drawn = [number for number, weight in enumerate(weights) if weight > 0]
    first = [] if share is None or not drawn else [picked_at(share, drawn, weights)]
    # Who arrives first of many that come by chance, each as often as it weighs: the same as drawing one after the other.
    arrival = [rng.expovariate(weight) if weight > 0 else math.inf for weight in weights]
    drawn = [number for number in drawn if number not in first]
    drawn.sort(key=arrival.__getitem__)
    return first + drawn + [number for number, weight in enumerate(weights) if weight <= 0]


def picked_at(share: float, numbers: list[int], weights: list[float]) -> int:
    """The number at this share of all weights, laid one after the other."""
    at = share * sum(weights[one] for one in numbers)
    for number in numbers:
        at -= weights[number]
        if at < 0:
            return number
    return numbers[-1]


def stable_share(text: str) -> float:
    """A text as a number from 0 to below 1, the same in every process (the first 53 bits of its BLAKE2b hash)."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)
