"""The syntax tree of a pattern, and sets of characters as sorted ranges of code points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rulec.records import field, record

LAST = 0x10FFFF
Ranges = tuple[tuple[int, int], ...]
"""Sorted, disjoint, closed ranges of code points."""

AssertionKind = Literal["text_start", "text_end", "line_start", "line_end", "word_boundary", "no_word_boundary"]


@record
class Chars:
    """One character out of a set."""

    ranges: Ranges


@record
class Concat:
    items: tuple[Pattern, ...]


@record
class Alternate:
    branches: tuple[Pattern, ...]


@record
class Repeat:
    """`body` at least `low` times and at most `high` times (None: without end); `place` is where the pattern says so."""

    body: Pattern
    low: int
    high: int | None
    place: tuple[int, int] = field(default=(0, 0), compare=False)


@record
class Assertion:
    kind: AssertionKind


Pattern = Chars | Concat | Alternate | Repeat | Assertion
EMPTY = Concat(())


def union(*sets: Ranges) -> Ranges:
    return normalise([one for ranges in sets for one in ranges])


def normalise(ranges: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    result = []
    start = 0
    for low, high in ranges:
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        result.append((start, LAST))
    return tuple(result)


def chars(text: str) -> Ranges:
    return normalise((ord(c), ord(c)) for c in text)


NEWLINE = chars("\n")
NOT_NEWLINE = complement(NEWLINE)
ANY: Ranges = ((0, LAST),)
DIGIT: Ranges = ((48, 57),)
WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE = chars("\t\n\f\r ")

_LOWER: Ranges = ((97, 122),)
_UPPER: Ranges = ((65, 90),)
POSIX: dict[str, Ranges] = {
    "alnum": union(DIGIT, _LOWER, _UPPER),
    "alpha": union(_LOWER, _UPPER),
    "ascii": ((0, 127),),
    "blank": chars("\t "),
    "cntrl": ((0, 31), (127, 127)),
    "digit": DIGIT,
    "graph": ((33, 126),),
    "lower": _LOWER,
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": chars("\t\n\v\f\r "),
    "upper": _UPPER,
    "word": WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
