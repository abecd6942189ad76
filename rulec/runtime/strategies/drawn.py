"""Orders by chance: all candidates alike, or by their weights, and the same ones for the same caller where that is asked."""

from __future__ import annotations

import hashlib
from typing import Any

from rulec.runtime.records import Candidate


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
    left = [number for number, weight in enumerate(weights) if weight > 0]
    order: list[int] = []
    while left:
        at = (rng.random() if share is None or order else share) * sum(weights[one] for one in left)
        chosen = left[-1]
        for number in left:
            at -= weights[number]
            if at < 0:
                chosen = number
                break
        order.append(chosen)
        left.remove(chosen)
    return order + [number for number, weight in enumerate(weights) if weight <= 0]


def stable_share(text: str) -> float:
    """A text as a number from 0 to below 1, the same in every process (the first 53 bits of its BLAKE2b hash)."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)
