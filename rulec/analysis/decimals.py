"""Plain decimal numbers as languages: `007.50` is read digit by digit and compared with bounds on the way.

A comparison walks beside the digits: how many significant digits the whole part has (one more than the bound has is
enough), how the first of them compare, and then the fraction. Zeros in front and behind change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rulec.analysis.language import Graph

_DIGITS = "0123456789"
State = tuple[Any, ...]


class _Bound:
    """A bound that digits are compared with: its whole digits and its fraction's, without idle zeros."""

    def __init__(self, value: Decimal) -> None:
        whole, _, fraction = format(value, "f").partition(".")
        self.whole = whole.lstrip("0")
        self.fraction = fraction.rstrip("0")

    def whole_digit(self, state: State, digit: str) -> State:
        count, order = state
        if count == 0 and digit == "0":
            return state
        if count < len(self.whole) and order == 0:
            order = (digit > self.whole[count]) - (digit < self.whole[count])
        return min(count + 1, len(self.whole) + 1), order

    def at_point(self, state: State) -> State:
        count, order = state
        if count != len(self.whole):
            order = 1 if count > len(self.whole) else -1
        return (0 if order == 0 else -1), order

    def fraction_digit(self, state: State, digit: str) -> State:
        at, order = state
        if order != 0:
            return state
        wanted = self.fraction[at] if at < len(self.fraction) else "0"
        order = (digit > wanted) - (digit < wanted)
        return (min(at + 1, len(self.fraction)) if order == 0 else -1), order

    def order(self, state: State) -> int:
        """How the number, all of it read, compares with the bound: -1, 0 or 1."""
        at, order = state
        if order != 0:
            return int(order)
        return -1 if at < len(self.fraction) else 0


def add_decimal(
    graph: Graph, following: int, bounds: tuple[Decimal, ...], wanted: Callable[[tuple[int, ...]], bool]
) -> int | None:
    """The state that reads a decimal and goes on to `following`, if how it compares with the bounds is `wanted`.

    None where no decimal is.
    """
    walkers = tuple(map(_Bound, bounds))
    places: dict[tuple[str, tuple[State, ...]], int] = {}

    def place(part: str, states: tuple[State, ...]) -> int:
        key = (part, states)
        if key in places:
            return places[key]
        number = places[key] = graph.split()
        step = _Bound.fraction_digit if part in ("point", "fraction") else _Bound.whole_digit
        after = "fraction" if part in ("point", "fraction") else "whole"
        targets: dict[tuple[State, ...], str] = {}
        for digit in _DIGITS:
            reached = tuple(step(walker, state, digit) for walker, state in zip(walkers, states, strict=True))
            targets[reached] = targets.get(reached, "") + digit
        nexts = [graph.chars(graph.alphabet.letters(digits), place(after, one)) for one, digits in targets.items()]
        if part == "whole":
            pointed = tuple(walker.at_point(state) for walker, state in zip(walkers, states, strict=True))
            nexts.append(graph.text(".", place("point", pointed)))
            states = pointed
        if part in ("whole", "fraction") and wanted(
            tuple(walker.order(state) for walker, state in zip(walkers, states, strict=True))
        ):
            nexts.append(following)
        graph.states[number] = ("split", tuple(nexts))
        return number

    return place("begin", tuple((0, 0) for _ in walkers))
