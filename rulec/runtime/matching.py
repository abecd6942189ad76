"""Matchers for patterns: string tests, and an automaton that reads each character once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

MAX_CACHED_STATES = 500


def build_matcher(spec: Sequence[Any]) -> Callable[[str], bool]:
    """The test for one compiled pattern: a function from a text to a bool; linear in the text for every pattern."""
    kind = spec[0]
    if kind == "any":
        return lambda text: True
    if kind == "set":
        return frozenset(spec[1]).__contains__
    literal = spec[1]
    if kind == "prefix":
        return lambda text: text.startswith(literal)
    if kind == "suffix":
        return lambda text: text.endswith(literal)
    if kind == "contains":
        return lambda text: literal in text
    if kind == "glob":
        start, parts, end = spec[1:]
        return lambda text: match_glob(text, start, parts, end)
    if kind == "or":
        tests = [build_matcher(one) for one in spec[1:]]
        return lambda text: any(test(text) for test in tests)
    return Automaton(*spec[1:]).search


def match_glob(text: str, start: bool, parts: Sequence[str], end: bool) -> bool:
    """Whether the literal parts stand in the text in order; `start` and `end` anchor the first and the last one.

    What lies between two parts never holds a newline, so each line is looked at alone.
    """
    if "\n" not in text:
        return _match_line(text, start, parts, end)
    lines = text.split("\n")
    if start and end:
        return False
    if start:
        lines = lines[:1]
    elif end:
        lines = lines[-1:]
    return any(_match_line(line, start, parts, end) for line in lines)


def _match_line(text: str, start: bool, parts: Sequence[str], end: bool) -> bool:
    first, last = parts[0], parts[-1]
    if start:
        if not text.startswith(first):
            return False
        position = len(first)
    else:
        position = text.find(first)
        if position < 0:
            return False
        position += len(first)
    for part in parts[1:-1]:
        position = text.find(part, position)
        if position < 0:
            return False
        position += len(part)
    if end:
        return len(text) - len(last) >= position and text.endswith(last)
    return text.find(last, position) >= 0


_AT_START, _AFTER_NEWLINE, _AFTER_WORD, _AFTER_OTHER = range(4)
_AT_END = 0


class Automaton:
    """A nondeterministic automaton whose deterministic states are made when they are first reached.

    `states` are ("chars", classes as bits, next), ("split", nexts), ("assert", kind, next) or ("match",); `cuts` are the
    code points at which a new class of characters begins; `newline` and `word` are the classes of those, as bits.
    The cache of deterministic states is bounded, and a state costs at most one walk over `states`, so time is linear.
    """

    def __init__(
        self, states: Sequence[Sequence[Any]], start: int, cuts: Sequence[int], newline: int, word: int
    ) -> None:
        self.states = states
        self.start = start
        self.cuts = cuts
        self.kinds = [
            _AFTER_NEWLINE if newline >> number & 1 else _AFTER_WORD if word >> number & 1 else _AFTER_OTHER
            for number in range(len(cuts))
        ]
        self.ascii = [bisect_right(cuts, code) - 1 for code in range(128)]
        self.cache: dict[tuple[frozenset[int], int], _State] = {}

    def search(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the text."""
        state = self.state(frozenset(), _AT_START)
        for character in text:
            code = ord(character)
            number = self.ascii[code] if code < 128 else bisect_right(self.cuts, code) - 1
            following = state.after.get(number)
            if following is None:
                following = self.step(state, number)
            if following is MATCHED:
                return True
            state = following
        if state.at_end is None:
            state.at_end = self.closure(state, _AT_END) is None
        return state.at_end

    def state(self, members: frozenset[int], before: int) -> _State:
        key = (members, before)
        found = self.cache.get(key)
        if found is None:
            if len(self.cache) >= MAX_CACHED_STATES:
                self.cache.clear()
            found = self.cache[key] = _State(members, before)
        return found

    def step(self, state: _State, number: int) -> _State:
        kind = self.kinds[number]
        reached = self.closure(state, kind)
        if reached is None:
            following = MATCHED
        else:
            bit = 1 << number
            members = frozenset(self.states[one][2] for one in reached if self.states[one][1] & bit)
            following = self.state(members, kind)
        state.after[number] = following
        return following

    def closure(self, state: _State, following: int) -> list[int] | None:
        """The states that read a character next, given what stands before and after; None if the pattern has matched."""
        reading = []
        seen = set(state.members)
        seen.add(self.start)
        waiting = list(seen)
        while waiting:
            number = waiting.pop()
            one = self.states[number]
            kind = one[0]
            if kind == "match":
                return None
            if kind == "chars":
                reading.append(number)
                continue
            if kind == "assert":
                nexts = (one[2],) if _holds(one[1], state.before, following) else ()
            else:
                nexts = one[1]
            for target in nexts:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return reading


class _State:
    __slots__ = ("members", "before", "after", "at_end")

    def __init__(self, members: frozenset[int], before: int) -> None:
        self.members = members
        self.before = before
        self.after: dict[int, _State] = {}
        self.at_end: bool | None = None


MATCHED = _State(frozenset(), _AT_START)


def _holds(kind: str, before: int, following: int) -> bool:
    if kind == "text_start":
        return before == _AT_START
    if kind == "text_end":
        return following == _AT_END
    if kind == "line_start":
        return before in (_AT_START, _AFTER_NEWLINE)
    if kind == "line_end":
        return following in (_AT_END, _AFTER_NEWLINE)
    return ((before == _AFTER_WORD) != (following == _AFTER_WORD)) == (kind == "word_boundary")
