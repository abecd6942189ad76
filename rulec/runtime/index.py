"""Indexes that find the few rules that can match, so that a decision does not walk through all of them.

Sets of clauses and patterns are ints used as bit sets: the lowest bit that stays is the first in order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from rulec.runtime.catalogue import Catalogue
from rulec.runtime.conditions import Test, Zones, build_test, field_reader
from rulec.runtime.request import Request

MOST_VALUES = 4096
LONGEST_INDEXED = 512


class ConditionIndex:
    """Finds the `when` rules that match a request.

    A condition is a union of clauses, a clause an intersection of what it asks of each field. For each field a column
    knows which clauses a value satisfies or, where texts are searched, may satisfy; what remains after all columns is
    tested for its `rest`, if it has one.
    `clauses` are (rule, rest) in order; `columns` are (kind, field, argument, otherwise, absent, table), where
    `otherwise` and `absent` list the clauses satisfied by a value that no clause names and by an absent one.
    """

    def __init__(
        self, clauses: Sequence[Sequence[Any]], columns: Sequence[Sequence[Any]], catalogue: Catalogue, zones: Zones
    ) -> None:
        self.rules = [rule for rule, _ in clauses]
        self.rests: list[Test | None] = [
            None if rest is None else build_test(rest, catalogue, zones) for _, rest in clauses
        ]
        self.everything = (1 << len(clauses)) - 1
        self.columns = [_make_column(row, catalogue) for row in columns]

    def matching(self, request: Request) -> Iterator[int]:
        """The rules whose condition holds, in order, each once."""
        remaining = self.everything
        for column in self.columns:
            remaining &= column.satisfied(request)
            if not remaining:
                return
        last = -1
        for number in numbers_of(remaining):
            rule = self.rules[number]
            if rule == last:
                continue
            rest = self.rests[number]
            if rest is None or rest(request, request.unavailable):
                last = rule
                yield rule


class ValueColumn:
    """What the clauses ask of a field by equality: `table` lists for each named value the clauses it changes."""

    def __init__(self, read: Any, otherwise: int, absent: int, table: dict[Any, Sequence[int]]) -> None:
        self.read = read
        self.otherwise = otherwise
        self.absent = absent
        self.table = table
        self.known: dict[Any, int] = {}

    def satisfied(self, request: Request) -> int:
        value = self.read(request)
        if value is None:
            return self.absent
        if value is True or value is False:
            value = ("bool", value)
        elif type(value) is not str:
            return self.otherwise
        found = self.known.get(value)
        if found is not None:
            return found
        changed = self.table.get(value)
        if changed is None:
            return self.otherwise
        found = self.known[value] = self.otherwise ^ bits(changed)
        return found


class NumberColumn:
    """What the clauses ask of a number: between and on its `cuts` the same clauses are satisfied.

    `table` lists for each of the 2n+1 places (below the first cut, on it, above it, …) the clauses that change there.
    """

    def __init__(self, read: Any, absent: int, cuts: Sequence[Any], table: Sequence[Sequence[int]]) -> None:
        self.read = read
        self.absent = absent
        self.cuts = cuts
        self.table = table
        self.known: dict[int, int] = {}

    def satisfied(self, request: Request) -> int:
        value = self.read(request)
        if value is None or type(value) is bool or not isinstance(value, (int, float)):
            return self.absent
        return self.at(value)

    def at(self, value: float | int) -> int:
        at = bisect_left(self.cuts, value)
        place = 2 * at + (1 if at < len(self.cuts) and self.cuts[at] == value else 0)
        found = self.known.get(place)
        if found is None:
            found = 0
            for changed in self.table[: place + 1]:
                found ^= bits(changed)
            self.known[place] = found
        return found


class TextColumn:
    """What the clauses search for in a text; the clauses found are possible, and their rest tests them exactly."""

    def __init__(self, read: Any, asked: int, others: int, index: LiteralIndex) -> None:
        self.read = read
        self.asked = asked
        self.others = others
        self.index = index
        self.known: dict[str, int] = {}

    def satisfied(self, request: Request) -> int:
        value = self.read(request)
        if type(value) is not str:
            return self.others
        if len(value) > LONGEST_INDEXED:
            return self.others | self.asked
        found = self.known.get(value)
        if found is None:
            if len(self.known) >= MOST_VALUES:
                self.known.clear()
            found = self.known[value] = self.others | bits(self.index.possible(value))
        return found


def _make_column(row: Sequence[Any], catalogue: Catalogue) -> ValueColumn | NumberColumn | TextColumn:
    kind, name, argument, otherwise, absent, *table = row
    if kind == "values":
        return ValueColumn(field_reader(name, argument, catalogue), bits(otherwise), bits(absent), table[0])
    if kind == "texts":
        return TextColumn(field_reader(name, argument, catalogue), bits(otherwise), bits(absent), LiteralIndex(*table))
    if name == "header":
        name = "header_number"
    return NumberColumn(field_reader(name, argument, catalogue), bits(absent), table[0], table[1])


def bits(numbers: Sequence[int]) -> int:
    """The numbers as a bit set."""
    if not numbers:
        return 0
    octets = bytearray(max(numbers) // 8 + 1)
    for number in numbers:
        octets[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")


def numbers_of(found: int) -> Iterator[int]:
    """The numbers in a bit set, the lowest first."""
    while found:
        lowest = found & -found
        found ^= lowest
        yield lowest.bit_length() - 1


class LiteralIndex:
    """Finds the rules (or clauses) whose patterns can match a text, by literals that every match must hold.

    `names`, `prefixes` and `suffixes` list rules by literal; `grams` by a few characters of a literal that may stand
    anywhere; `others` have no such literal. What is found is only possible: the matcher decides.
    """

    def __init__(
        self,
        names: dict[str, Sequence[int]],
        prefixes: dict[str, Sequence[int]],
        suffixes: dict[str, Sequence[int]],
        grams: dict[str, Sequence[int]],
        others: Sequence[int],
    ) -> None:
        self.names = names
        self.prefixes = prefixes
        self.suffixes = suffixes
        self.grams = grams
        self.others = others
        self.prefix_lengths = sorted({len(one) for one in prefixes})
        self.suffix_lengths = sorted({len(one) for one in suffixes})
        self.gram_lengths = sorted({len(one) for one in grams})

    def possible(self, name: str) -> list[int]:
        """The rules that can match, in order."""
        found = set(self.others)
        found.update(self.names.get(name, ()))
        for length in self.prefix_lengths:
            found.update(self.prefixes.get(name[:length], ()))
        for length in self.suffix_lengths:
            if length <= len(name):
                found.update(self.suffixes.get(name[len(name) - length :], ()))
        for length in self.gram_lengths:
            grams = self.grams
            for at in range(len(name) - length + 1):
                rules = grams.get(name[at : at + length])
                if rules is not None:
                    found.update(rules)
        return sorted(found)
