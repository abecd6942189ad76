"""Texts that a pattern is likely to take, made without a search; whether it does, its matcher says.

Most witnesses are found this way: a rule that is live is so, more often than not, for the plainest text of its pattern.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

from rulec.analysis.alphabet import NICE
from rulec.patterns.compiled import Spec

_FRAGMENTS = ("model", "my-model")
_SHORT = 5


def specimens(spec: Spec) -> Iterator[str]:
    """Short texts that a matcher is likely to take."""
    kind = spec[0]
    if kind == "set":
        yield from spec[1]
    elif kind == "glob":
        yield "".join(spec[2])
    elif kind == "or":
        for one in spec[1:]:
            yield from specimens(one)
    elif kind == "automaton":
        yield from _read(spec[2])
    elif kind == "between":
        yield from (spec[2] + text + spec[4] for text in _read(spec[3]))
    elif kind != "any":
        yield spec[1]


def dressed(name: str) -> Iterator[str]:
    """A name with a word at each place between other characters than letters and digits."""
    for at in range(len(name) + 1):
        before, after = name[at - 1 : at] if at else "", name[at : at + 1]
        if not before.isalnum() and not after.isalnum():
            yield from (name[:at] + word + name[at:] for word in _FRAGMENTS)
    if name[:1].isalnum() and len(name) < _SHORT:
        yield f"{_FRAGMENTS[0]}-{name}"


def _read(row: Any) -> Iterator[str]:
    """The first text that leads an automaton to its match, whatever its assertions say."""
    states, start, classes = row[:3]
    ranges = [one.partition(":") for one in classes.split()]
    firsts = [int(first, 16) for first, _, _ in ranges]
    nicest: dict[int, str] = {}
    for character in NICE:
        nicest.setdefault(int(ranges[bisect_right(firsts, ord(character)) - 1][2]), character)
    reached = {start: ""}
    waiting = [start]
    for number in waiting:  # which grows meanwhile
        state, text = states[number], reached[number]
        if state[0] == "match":
            yield text
            return
        if state[0] == "chars":
            character = next((one for number, one in nicest.items() if state[1] >> number & 1), "")
            text += character
            nexts = (state[2],) if character else ()
        else:
            nexts = state[1] if state[0] == "split" else (state[2],)
        for one in nexts:
            if one not in reached:
                reached[one] = text
                waiting.append(one)
