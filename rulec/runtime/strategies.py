"""Which candidate goes first: the order in which the candidates of a decision are tried."""

from __future__ import annotations

import hashlib
import random
from typing import Any

from rulec.runtime.records import Candidate, Decision

MOST_COUNTERS = 10_000

_turns: dict[str, int] = {}


def order_candidates(decision: Decision, identity: str | None = None, rng: Any = random) -> list[int]:
    """The candidates' numbers in the order to try them; `identity` is who a sticky decision sticks to."""
    count = len(decision.candidates)
    if count < 2:
        return list(range(count))
    if decision.strategy == "weighted":
        sticky = decision.sticky is not None and identity is not None
        share = stable_share(f"{decision.rule}\n{identity}") if sticky else None
        return weighted_order(decision.candidates, share, rng)
    if decision.strategy == "round_robin":
        return round_robin_order(decision.rule or "", count)
    return random_order(count, rng)


def random_order(count: int, rng: Any) -> list[int]:
    order = list(range(count))
    rng.shuffle(order)
    return order


def round_robin_order(name: str, count: int) -> list[int]:
    """The next candidate in turn, then those after it; each rule and worker keeps a turn of its own."""
    if len(_turns) >= MOST_COUNTERS:
        _turns.clear()
    turn = _turns.get(name, 0)
    _turns[name] = turn + 1
    return [(turn + step) % count for step in range(count)]


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
