"""Matchers for patterns: string tests, and an automaton that reads each character once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any


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
        return glob_matcher(*spec[1:])
    if kind == "head":
        rest = shared_automaton(*spec[2:])
        return lambda text: text.startswith(literal) and rest.search(text[len(literal) :])
    if kind == "or":
        tests = [build_matcher(one) for one in spec[1:]]
        return lambda text: any(test(text) for test in tests)
    automaton = Automaton(*spec[2:])
    return partial(automaton.search_behind, literal) if literal else automaton.search


def glob_matcher(start: bool, parts: Sequence[str], end: bool) -> Callable[[str], bool]:
    """The test whether literal parts stand in a text in order; `start` and `end` anchor the first and the last one.

    What lies between two parts never holds a newline, so each line is looked at alone.
    """
    first, *middle, last = parts

    def matches(text: str) -> bool:
        if "\n" in text:
            return any(map(matches, lines_between(text)))
        if not start:
            position = text.find(first)
            if position < 0:
                return False
            position += len(first)
        elif text.startswith(first):
            position = len(first)
        else:
            return False
        for part in middle:
            position = text.find(part, position)
            if position < 0:
                return False
            position += len(part)
        if end:
            return len(text) - len(last) >= position and text.endswith(last)
        return text.find(last, position) >= 0

    def lines_between(text: str) -> Sequence[str]:
        lines = text.split("\n")
        if start and end:
            return ()
        return lines[:1] if start else lines[-1:] if end else lines

    return matches


_AT_START, _AFTER_NEWLINE, _AFTER_WORD, _AFTER_OTHER = range(4)
_AT_END = 0


class Automaton:
    """A nondeterministic automaton whose deterministic states are made when they are first reached.

    `states` are ("chars", classes as bits, next), ("split", nexts), ("assert", kind, next) or ("match",); `classes` has
    the first code point of each range of characters, in hexadecimal, and its class, such as `0:0 30:1 3a:0`; `newline` and
    `word` are the classes of those, as bits. A match begins anywhere in a text, or only at its beginning if `anchored`. A
    step that is not yet known costs at most one walk over `states`, so time is linear. What all automata of the process
    remember is bounded together: past `MOST_STATES` everything is forgotten.
    """

    MOST_STATES = 100_000  # of some 400 bytes: what thousands of patterns need at work, and all that hostile texts get
    made = 0
    remembering: set[Automaton] = set()

    def __init__(
        self,
        states: Sequence[Sequence[Any]],
        start: int,
        classes: str,
        newline: int,
        word: int,
        anchored: bool = False,
    ) -> None:
        self.states = states
        self.start = 1 << start
        self.restart = 0 if anchored else self.start
        ranges = [one.partition(":") for one in classes.split()]
        self.starts = [int(first, 16) for first, _, _ in ranges]
        self.classes = [int(number) for _, _, number in ranges]
        looks_behind = any(one[0] == "assert" and one[1] not in ("text_start", "text_end") for one in states)
        self.kinds = [
            _AFTER_OTHER
            if not looks_behind
            else _AFTER_NEWLINE
            if newline >> number & 1
            else _AFTER_WORD
            if word >> number & 1
            else _AFTER_OTHER
            for number in range(max(self.classes) + 1)
        ]
        self.ascii = bytes(self.class_of(chr(code)) for code in range(128)) + bytes(128)
        self.cache: dict[tuple[int, int], _State] = {}

    def class_of(self, character: str) -> int:
        return self.classes[bisect_right(self.starts, ord(character)) - 1]

    def search(self, text: str) -> bool:
        """Whether the pattern matches."""
        state = self.state(self.start, _AT_START)
        for number in text.encode().translate(self.ascii) if text.isascii() else map(self.class_of, text):
            state = state.after[number] or self.step(state, number)
            if state.verdict is not None:
                return state.verdict
        return self.matched_at_end(state)

    def search_behind(self, head: str, text: str) -> bool:
        """The same for a pattern that begins with a literal: where no match has begun, the next one begins with that."""
        if not text.isascii():
            return self.search(text)
        numbers = memoryview(text.encode().translate(self.ascii))
        position = text.find(head)
        while position >= 0:
            state = self.state(self.start, _AT_START)
            for number in numbers[position:]:
                position += 1
                state = state.after[number] or self.step(state, number)
                if state.verdict is not None:
                    return state.verdict
                if not state.members:
                    break
            else:
                return self.matched_at_end(state)
            position = text.find(head, position)
        return False

    def matched_at_end(self, state: _State) -> bool:
        if state.at_end is None:
            state.at_end = self.closure(state, _AT_END) is None
        return state.at_end

    def state(self, members: int, before: int) -> _State:
        """The deterministic state with these members, as bits, after a character of this kind."""
        key = (members, before)
        found = self.cache.get(key)
        if found is None:
            Automaton.made += 1
            if Automaton.made > Automaton.MOST_STATES:
                Automaton.forget()
            found = self.cache[key] = _State(members, before, len(self.kinds))
            Automaton.remembering.add(self)
        return found

    def step(self, state: _State, number: int) -> _State:
        """The state after a character of this class."""
        kind = self.kinds[number]
        reached = self.closure(state, kind)
        if reached is None:
            following = _MATCHED
        else:
            members = 0
            for one in reached:
                if self.states[one][1] >> number & 1:
                    members |= 1 << self.states[one][2]
            following = self.state(members, kind) if members or self.restart else _FAILED
        state.after[number] = following
        return following

    @classmethod
    def forget(cls) -> None:
        """Empties what every automaton remembers."""
        for one in list(cls.remembering):
            for state in list(one.cache.values()):
                state.after[:] = [None] * len(state.after)  # they point at each other
            one.cache.clear()
        cls.remembering.clear()
        cls.made = 0

    def closure(self, state: _State, following: int) -> list[int] | None:
        """The states that read a character next, given what stands before and after; None if the pattern has matched."""
        reading = []
        members = state.members | self.restart
        waiting = [number for number in range(members.bit_length()) if members >> number & 1]
        seen = set(waiting)
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
    """The members of a state as bits, the kind of character before it, and for each class the state that follows, if known.

    `verdict` is what the search comes to here, whatever follows.
    """

    __slots__ = ("after", "at_end", "before", "members", "verdict")

    def __init__(self, members: int, before: int, classes: int, verdict: bool | None = None) -> None:
        self.members = members
        self.before = before
        self.after: list[_State | None] = [None] * classes
        self.at_end: bool | None = None
        self.verdict = verdict


_MATCHED = _State(0, _AT_START, 0, True)
_FAILED = _State(0, _AT_START, 0, False)


@lru_cache(maxsize=4096)
def shared_automaton(states: Sequence[Sequence[Any]], start: int, classes: str, newline: int, word: int) -> Automaton:
    """The anchored automaton for what stands behind a literal; patterns that differ in the literal alone share it."""
    return Automaton(states, start, classes, newline, word, anchored=True)


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
