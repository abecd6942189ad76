"""The shortest word in all of some languages and in none of others, or proof that there is none.

A node is a position in each language that must hold, and the set of positions in the union of those that must not; of
two nodes in the same positions the one with the smaller set can do all that the other can, so the larger is dropped
(antichains: De Wulf, Doyen, Henzinger, Raskin, CAV 2006). Nodes are taken by length so far plus the least that is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from rulec.analysis.alphabet import Alphabet
from rulec.analysis.budget import Budget
from rulec.analysis.language import BEFORE, NEVER, Language, positions

Groups = list[tuple[int, int]]
"""Letters, and the positions that read them, as bits."""


class Union:
    """Languages none of which may hold the word, walked as one set of positions."""

    def __init__(self, languages: Sequence[Language]) -> None:
        self.letters: list[int] = []
        self.follow: list[int] = []
        self.first = self.accepting = self.done = 0
        self.empty = False
        for one in languages:
            offset = len(self.letters)
            self.letters += one.letters
            self.follow += [following << offset for following in one.follow] if offset else one.follow
            self.first |= one.first << offset
            self.accepting |= one.accepting << offset
            self.done |= one.done << offset
            self.empty = self.empty or one.empty
        self._groups: dict[int, Groups] = {}

    def after(self, members: int) -> Groups:
        """The positions that may follow a set of them, by the letters that they read."""
        found = self._groups.get(members)
        if found is None:
            following = 0
            for one in positions(members):
                following |= self.follow[one]
            found = self._groups[members] = self.grouped(following)
        return found

    def grouped(self, members: int) -> Groups:
        groups: dict[int, int] = {}
        for one in positions(members):
            letters = self.letters[one]
            groups[letters] = groups.get(letters, 0) | 1 << one
        return list(groups.items())


def shortest_word(
    alls: Sequence[Language],
    nones: Sequence[Language],
    alphabet: Alphabet,
    budget: Budget,
    least: int = 0,
    most: int | None = None,
) -> str | None:
    """The shortest word of `least` to `most` letters in all of `alls` and none of `nones`; raises OutOfBudget."""
    union = Union(nones)
    if least == 0 and not union.empty and all(one.empty for one in alls):
        return ""
    longest = NEVER - 1 if most is None else most
    letters: list[int] = []
    parents: list[int] = []
    ranks: list[int] = []  # how far from nice the letters are, so that of words of one length a nice one comes first
    heap: list[tuple[int, int, int, int, tuple[int, ...], int]] = []
    visited: dict[tuple[int, ...], list[int]] = {}

    def push(parent: int, depth: int, places: tuple[int, ...], groups: Groups) -> None:
        rank = ranks[parent] if depth > 1 else 0
        for reached, readable, missing in _steps(alls, places, alphabet):
            if depth + missing > longest:
                continue
            seen = visited.get(reached, ())
            for part, members in _refined(readable, groups) if groups else ((readable, 0),):
                if not members & union.done and not _dominated(members, seen):
                    letters.append(part)
                    parents.append(parent)
                    ranks.append(rank + (part & -part).bit_length())
                    heappush(heap, (depth + missing, missing, ranks[-1], len(ranks) - 1, reached, members))

    push(-1, 1, (BEFORE,) * len(alls), union.grouped(union.first))
    while heap:
        total, missing, _, node, places, members = heappop(heap)
        budget.spend()
        depth = total - missing
        if not missing and not members & union.accepting and depth >= least:
            return _spelled(node, letters, parents, alphabet)
        seen = visited.setdefault(places, [])
        if not _dominated(members, seen):
            seen.append(members)
            push(node, depth + 1, places, union.after(members))
    return None


def _dominated(members: int, seen: Sequence[int]) -> bool:
    """Whether one of the sets that were seen lies within this one."""
    for one in seen:  # noqa: SIM110 - this is asked most of all, and a loop is faster
        if one & members == one:
            return True
    return False


def _steps(
    alls: Sequence[Language], places: tuple[int, ...], alphabet: Alphabet
) -> list[tuple[tuple[int, ...], int, int]]:
    """The places that may follow, one in each language, with the letters that all of them read, and how many are missing then."""
    found: list[tuple[tuple[int, ...], int, int]] = [((), alphabet.everything, 0)]
    for language, at in zip(alls, places, strict=True):
        found = [
            ((*reached, place), readable & letters, missing if missing > far else far)
            for reached, readable, missing in found
            for place, letters, far in language.steps(at)
            if readable & letters
        ]
    return found


def _refined(readable: int, groups: Groups) -> Groups:
    """The letters, parted by who else reads them."""
    parts = [(readable, 0)]
    for letters, members in groups:
        divided = []
        for part, found in parts:
            inside, outside = part & letters, part & ~letters
            if inside:
                divided.append((inside, found | members))
            if outside:
                divided.append((outside, found))
        parts = divided
    return parts


def _spelled(node: int, letters: list[int], parents: list[int], alphabet: Alphabet) -> str:
    found = []
    while node >= 0:
        found.append(alphabet.nicest(letters[node]))
        node = parents[node]
    return "".join(reversed(found))
