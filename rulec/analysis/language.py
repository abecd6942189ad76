"""Compiled patterns as position automata (Glushkov's): each state but the first is a place in the pattern that reads a letter.

They are built from the matcher's own data, so that what is proved is about what runs. A pattern searches: what stands
before a match is read by `LOOP` positions, what stands after it by `DONE` positions. Where `\\b` or `(?m)` looks at the
kinds of neighbouring characters, each position is split by the kind that it reads.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from rulec.analysis.alphabet import Alphabet
from rulec.patterns.compiled import Spec

NEVER = 1 << 30
BEFORE = -1
"""The place before the first letter."""
_START, _END = "start", "end"
_LOOP, _DONE = -1, -2

State = tuple[Any, ...]
"""("chars", letters, next), ("split", nexts), ("assert", kind, next) or ("match",)."""


class Language:
    """The words of one pattern. Sets of positions are bits; `distance` is how many letters a position is from acceptance."""

    __slots__ = ("letters", "follow", "first", "accepting", "empty", "done", "distance", "_steps")

    def __init__(
        self, letters: list[int], follow: list[int], first: int, accepting: int, empty: bool, done: int
    ) -> None:
        self.letters = letters
        self.follow = follow
        self.first = first
        self.accepting = accepting
        self.empty = empty
        self.done = done
        self._steps: dict[int, list[tuple[int, int, int]]] = {}
        self.distance = self._distances()
        live = sum(1 << number for number, far in enumerate(self.distance) if far < NEVER)
        self.first &= live
        self.follow = [one & live for one in follow]

    def _distances(self) -> list[int]:
        before: list[list[int]] = [[] for _ in self.letters]
        for number, following in enumerate(self.follow):
            for one in positions(following):
                before[one].append(number)
        distance = [NEVER] * len(self.letters)
        reached = [one for one in positions(self.accepting) if self.letters[one]]
        for far in range(len(self.letters) + 1):
            for one in reached:
                distance[one] = far
            closer = {one for number in reached for one in before[number]}
            reached = [one for one in closer if distance[one] == NEVER and self.letters[one]]
            if not reached:
                break
        return distance

    def steps(self, at: int) -> list[tuple[int, int, int]]:
        """The positions that may follow one, or `BEFORE` all, each with the letters it reads and its distance."""
        found = self._steps.get(at)
        if found is None:
            following = self.first if at == BEFORE else self.follow[at]
            found = [(one, self.letters[one], self.distance[one]) for one in positions(following)]
            self._steps[at] = found
        return found

    def accepts(self, letters: list[int]) -> bool:
        """Whether a word, one set of a single letter after the other, is in the language."""
        if not letters:
            return self.empty
        reached, following = 0, self.first
        for letter in letters:
            reached = 0
            for one in positions(following):
                if self.letters[one] & letter:
                    reached |= 1 << one
            following = 0
            for one in positions(reached):
                following |= self.follow[one]
        return bool(reached & self.accepting)


def positions(found: int) -> list[int]:
    """The numbers in a bit set."""
    numbers = []
    while found:
        lowest = found & -found
        found ^= lowest
        numbers.append(lowest.bit_length() - 1)
    return numbers


def language_of(spec: Spec, alphabet: Alphabet) -> Language:
    """The language of a compiled pattern."""
    graph = Graph(alphabet)
    return graph.language(graph.search(spec))


class Graph:
    """States before they are positions: Thompson's, built backwards, each part given the state that follows it."""

    def __init__(self, alphabet: Alphabet) -> None:
        self.alphabet = alphabet
        self.states: list[State] = [("match",)]
        self.match = 0

    def add(self, *state: Any) -> int:
        self.states.append(state)
        return len(self.states) - 1

    def chars(self, letters: int, following: int) -> int:
        return self.add("chars", letters, following)

    def text(self, text: str, following: int) -> int:
        for character in reversed(text):
            following = self.add("chars", self.alphabet.letter(character), following)
        return following

    def split(self, *nexts: int) -> int:
        return self.add("split", nexts)

    def at_start(self, following: int) -> int:
        return self.add("assert", "text_start", following)

    def at_end(self, following: int) -> int:
        return self.add("assert", "text_end", following)

    def search(self, spec: Spec) -> int:
        """The state from which a matcher's data is searched (see `runtime.matching`)."""
        kind = spec[0]
        if kind == "any":
            return self.match
        if kind == "or":
            return self.split(*map(self.search, spec[1:]))
        if kind == "automaton":
            return self._automaton(spec[2], self.match)
        if kind == "between":
            return self._between(*spec[1:])
        if kind == "set":
            return self.split(*(self.at_start(self.text(one, self.at_end(self.match))) for one in spec[1]))
        if kind == "glob":
            return self._glob(*spec[1:])
        following = self.at_end(self.match) if kind == "suffix" else self.match
        begin = self.text(spec[1], following)
        return self.at_start(begin) if kind == "prefix" else begin

    def _glob(self, start: bool, parts: tuple[str, ...], end: bool) -> int:
        following = self.at_end(self.match) if end else self.match
        for number, part in enumerate(reversed(parts)):
            if number:
                gap = self.split()
                inner = self.chars(self.alphabet.everything & ~self.alphabet.newline, gap)
                self.states[gap] = ("split", (inner, following))
                following = gap
            following = self.text(part, following)
        return self.at_start(following) if start else following

    def _between(self, start: bool, head: str, middle: Any, tail: str, end: bool) -> int:
        following = self.text(tail, self.at_end(self.match) if end else self.match)
        begin = self.text(head, self._automaton(middle, following))
        return self.at_start(begin) if start else begin

    def _automaton(self, row: Any, following: int) -> int:
        states, classes = row[0], row[2]
        start: int = row[1]
        ranges = [one.partition(":") for one in classes.split()]
        starts = [int(first, 16) for first, _, _ in ranges]
        members: dict[int, int] = {}
        for number, code in enumerate(self.alphabet.codes):
            found = int(ranges[bisect_right(starts, code) - 1][2])
            members[found] = members.get(found, 0) | 1 << number
        base = len(self.states)
        for state in states:
            if state[0] == "chars":
                letters = 0
                for one in positions(state[1]):
                    letters |= members.get(one, 0)
                self.add("chars", letters, state[2] + base)
            elif state[0] == "split":
                self.add("split", tuple(one + base for one in state[1]))
            elif state[0] == "assert":
                self.add("assert", state[1], state[2] + base)
            else:
                self.add("split", (following,))
        return start + base

    # States to positions

    def language(self, start: int) -> Language:
        """The language of words in which a path from `start` to the match is found."""
        kinds = self._kinds()
        closures: dict[tuple[int, str, str], tuple[list[int], bool]] = {}

        def closure(state: int, before: str, following: str) -> tuple[list[int], bool]:
            if self.states[state][0] == "chars":
                return [state], False
            key = (state, before, following)
            if key not in closures:
                closures[key] = self._closure(*key)
            return closures[key]

        numbers: dict[tuple[int, str], int] = {}
        letters: list[int] = []
        for state in (_LOOP, _DONE, *(n for n, one in enumerate(self.states) if one[0] == "chars")):
            for kind, members in kinds.items():
                read = members & (self.alphabet.everything if state < 0 else self.states[state][1])
                if read:
                    numbers[state, kind] = len(letters)
                    letters.append(read)

        def following(state: int, before: str) -> int:
            found, matched_always = 0, True
            for kind in kinds:
                targets, matched = closure(state, before, kind)
                found |= sum(1 << numbers[one, kind] for one in targets if (one, kind) in numbers)
                if matched:
                    found |= 1 << numbers[_DONE, kind]
                matched_always = matched_always and matched
            return done if matched_always else found

        done = sum(1 << numbers[_DONE, kind] for kind in kinds)
        loops = sum(1 << numbers[_LOOP, kind] for kind in kinds)
        follow, accepting = [], done
        for (state, kind), number in numbers.items():
            if state == _DONE:
                follow.append(done)
                continue
            after = start if state == _LOOP else self.states[state][2]
            further = following(after, kind)
            follow.append(further | loops if state == _LOOP and further != done else further)
            if closure(after, kind, _END)[1]:
                accepting |= 1 << number
        first = following(start, _START)
        first = first if first == done else first | loops
        return Language(letters, follow, first, accepting, closure(start, _START, _END)[1], done)

    def _kinds(self) -> dict[str, int]:
        """The kinds of characters that an assertion of these states looks at, each with its letters."""
        everything, newline, word = self.alphabet.everything, self.alphabet.newline, self.alphabet.word
        asked = {state[1] for state in self.states if state[0] == "assert"}
        if not asked & {"line_start", "line_end", "word_boundary", "no_word_boundary"}:
            return {"other": everything}
        kinds = {"newline": newline, "word": word, "other": everything & ~newline & ~word}
        return {kind: letters for kind, letters in kinds.items() if letters}

    def _closure(self, state: int, before: str, following: str) -> tuple[list[int], bool]:
        """The reading states that are reached between two characters of these kinds, and whether the match is."""
        seen, waiting = {state}, [state]
        reading, matched = [], False
        while waiting:
            number = waiting.pop()
            one = self.states[number]
            if one[0] == "chars":
                reading.append(number)
                continue
            if one[0] == "match":
                matched = True
                continue
            nexts = one[1] if one[0] == "split" else (one[2],) if _holds(one[1], before, following) else ()
            waiting += {target for target in nexts if target not in seen}
            seen.update(nexts)
        return reading, matched


def _holds(kind: str, before: str, following: str) -> bool:
    if kind == "text_start":
        return before == _START
    if kind == "text_end":
        return following == _END
    if kind == "line_start":
        return before in (_START, "newline")
    if kind == "line_end":
        return following in (_END, "newline")
    return ((before == "word") != (following == "word")) == (kind == "word_boundary")
