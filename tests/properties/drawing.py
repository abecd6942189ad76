"""Short words for drawing with Hypothesis: everything shrinks towards the first item, `False` and few.

A rule set takes hundreds of small choices, so they are drawn in blocks of bytes, one byte for each choice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

Item = TypeVar("Item")

_BLOCK = st.binary(min_size=32, max_size=32)


class Hand:
    """Makes the choices of one example."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self.draw = draw
        self.left: list[int] = []

    def number(self, low: int, high: int) -> int:
        """A number from `low` to `high`, both included, at most 256 of them."""
        if low == high:
            return low
        if not self.left:
            self.left = list(self.draw(_BLOCK))
        return low + self.left.pop() * (high - low + 1) // 256

    def chance(self, percent: int) -> bool:
        return self.number(0, 99) >= 100 - percent

    def one(self, items: Sequence[Item]) -> Item:
        return items[self.number(0, len(items) - 1)]

    def some(self, items: Sequence[Item], low: int, high: int) -> list[Item]:
        """Between `low` and `high` different items, in any order."""
        left = list(items)
        count = self.number(min(low, len(left)), min(high, len(left)))
        return [left.pop(self.number(0, len(left) - 1)) for _ in range(count)]
