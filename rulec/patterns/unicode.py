"""Unicode's classes (`\\p{Greek}`, `\\pL`) and letters that differ only in case, as RE2 has them; the data is unicode.txt.

Python's own tables would make a pattern mean something else with each version of Python.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import cache, lru_cache

from rulec.patterns.syntax import ANY, Ranges, normalise, union

Orbits = dict[int, tuple[int, ...]]
"""For each letter that has another case: all letters that `(?i)` takes for it, itself included."""

_CATEGORIES = "CLMNPSZ"

# Patterns over ASCII, nearly all there are, need no table: the Kelvin sign and the long s are folded with k and s.
_ASCII_ORBITS: Orbits = {
    ord(one): tuple(map(ord, (letter.upper(), letter, *{"k": "\u212a", "s": "\u017f"}.get(letter, ""))))
    for letter in "abcdefghijklmnopqrstuvwxyz"
    for one in (letter, letter.upper())
}


@cache
def unicode_class(name: str) -> Ranges | None:
    """The characters of a script or a general category; None if there is none of this name."""
    if name == "Any":
        return ANY
    if len(name) == 1 and name in _CATEGORIES:
        return union(*(_ranges(known) for known in _table() if len(known) == 2 and known[0] == name))
    return _ranges(name) if name in _table() and name != "fold" else None


def class_names() -> list[str]:
    """Every name that `\\p{…}` takes."""
    return ["Any", *_CATEGORIES, *(name for name in _table() if name != "fold")]


@lru_cache(maxsize=1024)
def fold_case(ranges: Ranges) -> Ranges:
    """The set with the other cases of each letter in it."""
    ascii_only = not ranges or ranges[-1][1] < 128
    codes, orbits = _sorted(_ASCII_ORBITS) if ascii_only else _orbits()
    folded = list(ranges)
    for low, high in ranges:
        for code in codes[bisect_left(codes, low) : bisect_right(codes, high)]:
            folded += [(other, other) for other in orbits[code]]
    return normalise(folded)


@cache
def _table() -> dict[str, list[str]]:
    """The words of each entry of the data file."""
    entries: dict[str, list[str]] = {}
    with open(os.path.join(os.path.dirname(__file__), "unicode.txt"), encoding="utf-8") as file:
        text = " ".join(line for line in file if not line.startswith("#"))
    for word in text.split():
        if word.endswith(":"):
            words = entries[word[:-1]] = []
        else:
            words.append(word)
    return entries


def _ranges(name: str) -> Ranges:
    pairs = (word.partition("-") for word in _table()[name])
    return normalise((int(low, 16), int(high or low, 16)) for low, _, high in pairs)


@cache
def _orbits() -> tuple[list[int], Orbits]:
    """All letters with another case; the data chains each to the next one of its orbit."""
    chains: dict[int, list[int]] = {}
    for low, high in sorted(_fold_pairs()):
        chain = chains[high] = chains.setdefault(low, [low])
        chain.append(high)
    return _sorted({code: tuple(chain) for code, chain in chains.items()})


def _fold_pairs() -> Iterable[tuple[int, int]]:
    for word in _table()["fold"]:
        run, _, distance = word.partition("+")
        run, _, step = run.partition("/")
        first, _, last = run.partition("-")
        for code in range(int(first, 16), int(last, 16) + 1, int(step or 1)):
            yield code, code + int(distance, 16)


def _sorted(orbits: Orbits) -> tuple[list[int], Orbits]:
    return sorted(orbits), orbits
