"""Numbers, cut at everything that they are compared with: one cell on each cut and one between each two, where numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import ceil, floor

Number = int | float


def between(low: Number | None, high: Number | None) -> Number | None:
    """A number strictly between two, a whole one if there is one; None is no bound, and the answer where none lies there."""
    if low is None:
        return 0 if high is None else (0 if high > 0 else floor(high) - 1)
    if high is None:
        found: Number = max(0, floor(low) + 1)
        return found if found > low else None
    whole = floor(low) + 1
    if whole < high:
        return 0 if low < 0 < high else whole
    middle = (low + high) / 2
    return middle if low < middle < high else None


def samples(cuts: Iterable[Number]) -> list[Number]:
    """A number on each cut and one in each gap, by size."""
    ordered = sorted(set(cuts))
    bounds: list[Number | None] = [None, *ordered, None]
    found = []
    for number, high in enumerate(bounds[1:], 1):
        inner = between(bounds[number - 1], high)
        found += [one for one in (inner, high) if one is not None]
    return found


def whole_intervals(cuts: Iterable[Number], least: int = 0) -> list[tuple[int, int | None]]:
    """The runs of whole numbers from `least` on that the cuts do not part, as (first, last); None is no end."""
    edges = {least}
    for cut in cuts:
        edges.update(one for one in (ceil(cut), floor(cut) + 1) if one > least)
    ordered = sorted(edges)
    return [(low, high - 1) for low, high in pairwise(ordered)] + [(ordered[-1], None)]


def texts_by_size(
    characters: Sequence[tuple[int, int | None]], tokens: Sequence[tuple[int, int | None]]
) -> list[tuple[int, int]]:
    """Characters and bytes of a text for each pair of intervals that some text is in: a character takes one to four bytes,
    and three bytes count as a token."""
    found = []
    for few, many in characters:
        for least, most in tokens:
            fewest_octets = max(0, 3 * least - 2)
            most_octets = None if most is None else 3 * most
            plain = max(few, fewest_octets)
            if (many is None or plain <= many) and (most_octets is None or plain <= most_octets):
                found.append((plain, plain))
                continue
            count = max(few, -(-fewest_octets // 4))
            if (many is None or count <= many) and (most_octets is None or count <= most_octets):
                found.append((count, max(count, fewest_octets)))
    return found
