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
    if kind == "between":
        return between_matcher(*spec[1:])
    if kind == "or":
        return any_of([build_matcher(one) for one in spec[1:]])
    automaton = Automaton(*spec[2])
    return partial(automaton.search_behind, literal) if literal else automaton.search


def between_matcher(start: bool, head: str, middle: Sequence[Any], tail: str, end: bool) -> Callable[[str], bool]:
    """The test for two literals with an automaton between them; `start` and `end` anchor the literals.

    Where the head is not anchored, the automaton must read some character of it nowhere: so what it reads from one place
    ends before it has read over the next, and time stays linear.
    """
    automaton = shared_automaton(middle)

    def matches(text: str) -> bool:
        if tail not in text:
            return False
        place = text.find(head)
        while place >= 0:
            if automaton.reaches(text, place + len(head), tail, end):
                return True
            place = text.find(head, place + 1)
        return False

    def matches_at_start(text: str) -> bool:
        return text.startswith(head) and automaton.reaches(text, len(head), tail, end)

    return matches_at_start if start else matches


def any_of(tests: Sequence[Callable[[str], bool]]) -> Callable[[str], bool]:
    return lambda text: any(test(text) for test in tests)


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
    `word` are the classes of those, as bits. A step that is not yet known costs at most one walk over `states`, so time is
    linear. What all automata of the process remember is bounded together: past `MOST_STEPS` everything is forgotten.
    """

    MOST_STEPS = 100_000  # of at most some 500 bytes: what thousands of patterns need at work, and all that hostile texts get
    made = 0
    remembering: set[Automaton] = set()

    def __init__(
        self, states: Sequence[Sequence[Any]], start: int, classes: str, newline: int, word: int, between: bool = False
    ) -> None:
        self.states = states
        self.start = 1 << start
        self.restart = 0 if between else self.start
        self.between = between
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
        self.cache: dict[tuple[int, int], _State] = {}

    def search(self, text: str) -> bool:
        """Whether the pattern matches somewhere in a text."""
        state = self.state(self.start, _AT_START)
        for character in text:
            state = state[character]
            if state.verdict is not None:
                return state.verdict
        return self.accepts(state)

    def search_behind(self, head: str, text: str) -> bool:
        """The same for a pattern that begins with a literal: where no match has begun, the next one begins with that."""
        size = len(text)
        place = text.find(head)
        while place >= 0:
            state = self.state(self.start, _AT_START)
            while place < size:
                state = state[text[place]]
                place += 1
                if state.verdict is not None:
                    return state.verdict
                if not state.members:
                    break
            else:
                return self.accepts(state)
            place = text.find(head, place)
        return False

    def reaches(self, text: str, place: int, tail: str, end: bool) -> bool:
        """Whether what begins at a place is matched, and a literal follows, and behind that the text ends if `end`."""
        state = self.state(self.start, _AT_START)
        if end:
            stop = len(text) - len(tail)
            if stop < place or not text.endswith(tail):
                return False
            while place < stop:
                state = state[text[place]]
                place += 1
                if state is _FAILED:
                    return False
            return self.accepts(state)
        while not (self.accepts(state) and text.startswith(tail, place)):
            if place == len(text):
                return False
            state = state[text[place]]
            place += 1
            if state is _FAILED:
                return False
        return True

    def accepts(self, state: _State) -> bool:
        """Whether a match ends in this state, at the end of the text or where the caller looks on."""
        if state.accepts is None:
            state.accepts = self.closure(state, _AT_END)[1]
        return state.accepts

    def state(self, members: int, before: int) -> _State:
        """The deterministic state with these members, as bits, after a character of this kind."""
        key = (members, before)
        found = self.cache.get(key)
        if found is None:
            found = self.cache[key] = _State(members, before, self)
            Automaton.remembering.add(self)
        return found

    def step(self, state: _State, character: str) -> _State:
        """The state after a character, from now on remembered."""
        Automaton.made += 1
        if Automaton.made > Automaton.MOST_STEPS:
            Automaton.forget()
        number = self.classes[bisect_right(self.starts, ord(character)) - 1]
        kind = self.kinds[number]
        reading, matched = self.closure(state, kind)
        if matched and not self.between:
            following = _MATCHED
        else:
            members = 0
            for one in reading:
                if self.states[one][1] >> number & 1:
                    members |= 1 << self.states[one][2]
            following = self.state(members, kind) if members or self.restart else _FAILED
        state[character] = following
        return following

    @classmethod
    def forget(cls) -> None:
        """Empties what every automaton remembers."""
        for one in list(cls.remembering):
            for state in list(one.cache.values()):
                state.clear()  # they point at each other
            one.cache.clear()
        cls.remembering.clear()
        cls.made = 0

    def closure(self, state: _State, following: int) -> tuple[list[int], bool]:
        """The states that read a character next, given what stands before and after, and whether the pattern has matched."""
        reading = []
        matched = False
        members = state.members | self.restart
        waiting = [number for number in range(members.bit_length()) if members >> number & 1]
        seen = set(waiting)
        while waiting:
            number = waiting.pop()
            one = self.states[number]
            kind = one[0]
            if kind == "match":
                matched = True
                continue
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
        return reading, matched


class _State(dict[str, "_State"]):
    """The members of a state as bits, the kind of character before it, and the states that follow known characters.

    `verdict` is what a search comes to here, whatever follows.
    """

    __slots__ = ("accepts", "automaton", "before", "members", "verdict")

    def __init__(self, members: int, before: int, automaton: Automaton | None, verdict: bool | None = None) -> None:
        self.members = members
        self.before = before
        self.automaton = automaton
        self.accepts: bool | None = None
        self.verdict = verdict

    def __missing__(self, character: str) -> _State:
        assert self.automaton is not None  # nothing follows a verdict
        return self.automaton.step(self, character)


_MATCHED = _State(0, _AT_START, None, True)
_FAILED = _State(0, _AT_START, None, False)


@lru_cache(maxsize=4096)
def shared_automaton(row: Sequence[Any]) -> Automaton:
    """The automaton that stands between two literals; patterns that differ in the literals alone share it."""
    states, start, classes, newline, word = row
    return Automaton(states, start, classes, newline, word, between=True)


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
