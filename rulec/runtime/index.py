"""Indexes that find the few rules that can match, so that a decision does not walk through all of them.

Sets of clauses and patterns are ints used as bit sets: the lowest bit that stays is the first in order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import merge
from typing import Any, Literal

from rulec.runtime.catalogue import Catalogue
from rulec.runtime.conditions import Test, Zones, build_test, field_reader
from rulec.runtime.request import Request, text_or_none

MOST_VALUES = 4096
LONGEST_INDEXED = 512
CALLER_FIELDS = frozenset(("endpoint", "key", "team", "user"))


class ConditionIndex:
    """Finds the `when` rules that match a request.

    A condition is a union of clauses, each of which is reached in one way: by a value that it asks for, or in a group.
    `clauses` are (rule, rest) in order, and what is reached is tested for its `rest`, if it has one. `keys` are (field,
    argument, table), where the table lists the clauses by value; `groups` are (guard, members, columns). So a request costs
    what it says itself: headers and metadata that nobody asks for, and rules whose values it does not name, cost nothing.
    """

    def __init__(
        self,
        clauses: Sequence[Sequence[Any]],
        keys: Sequence[Sequence[Any]],
        groups: Sequence[Sequence[Any]],
        catalogue: Catalogue,
        zones: Zones,
    ) -> None:
        self.rules = [rule for rule, _ in clauses]
        self.rows = [rest for _, rest in clauses]
        self.rests: dict[int, Test] = {}
        self.catalogue = catalogue
        self.zones = zones
        self.headers: dict[str, Entrance] = {}
        self.metadata: dict[str, Entrance] = {}
        self.fields: list[tuple[Callable[[Request], Any], dict[str, Sequence[int]]]] = []
        self.tags: dict[str, Sequence[int]] = {}
        self.unguarded: list[Group] = []
        named = {"header": self.headers, "metadata": self.metadata}
        for name, argument, table in keys:
            if name in named:
                named[name].setdefault(argument, Entrance()).table = table
            elif name == "tag":
                self.tags = table
            else:
                self.fields.append((field_reader(name, argument, catalogue), table))
        for guard, members, columns in groups:
            group = Group(members, columns, catalogue)
            if guard is None:
                self.unguarded.append(group)
            else:
                named[guard[0]].setdefault(guard[1], Entrance()).group = group
        self.header_names = frozenset(self.headers)
        self.known_of_caller = [(name, table) for name, _, table in keys if name in CALLER_FIELDS]
        plain = {*named, *CALLER_FIELDS}
        self.asks_more = bool(self.unguarded) or any(name not in plain for name, _, _ in keys)
        self.headers_only = not (self.asks_more or self.metadata or self.known_of_caller)

    def is_passed_by(self, body: dict[Any, Any], headers: dict[Any, Any], caller: Mapping[str, Any]) -> bool:
        """Whether a request surely reaches no clause, as most do; raises what values raise that no table can hold."""
        if not self.header_names.isdisjoint(headers):
            for name in self.header_names.intersection(headers):
                entrance = self.headers[name]
                if entrance.group is not None or headers[name] in entrance.table:
                    return False
        if self.headers_only:
            return True
        if self.asks_more or (self.metadata and "metadata" in body):
            return False
        return not any(caller.get(name) in table for name, table in self.known_of_caller)

    def matching(self, request: Request) -> Iterable[int]:
        """The rules whose condition holds, in order, each once."""
        found = self.reached(request)
        return self.confirmed(found[0] if len(found) == 1 else merge(*found), request) if found else ()

    def reached(self, request: Request) -> list[Iterable[int]]:
        """The clauses that a request may satisfy, each list in order."""
        found: list[Iterable[int]] = []
        headers = request.headers
        if not self.header_names.isdisjoint(headers):
            for name in self.header_names.intersection(headers):
                self.headers[name].reached(headers[name], request, found)
        if self.metadata:
            metadata = request.metadata
            for name in self.metadata.keys() & metadata.keys():
                self.metadata[name].reached(metadata[name], request, found)
        for read, table in self.fields:
            numbers = table.get(read(request))
            if numbers is not None:
                found.append(numbers)
        if self.tags:
            for tag in self.tags.keys() & request.tags:
                found.append(self.tags[tag])
        for group in self.unguarded:
            group.reached(request, found)
        return found

    def confirmed(self, clauses: Iterable[int], request: Request) -> Iterator[int]:
        """Of clauses in order the rules of those whose rest holds, each once."""
        last = -1
        for number in clauses:
            rule = self.rules[number]
            if rule != last and (self.rows[number] is None or self.rest(number)(request, request.unavailable)):
                last = rule
                yield rule

    def rest(self, number: int) -> Test:
        """The test for what no index decides of a clause, built when it is first needed."""
        found = self.rests.get(number)
        if found is None:
            found = self.rests[number] = build_test(self.rows[number], self.catalogue, self.zones)
        return found


class Entrance:
    """What a header or metadata key leads to: clauses by its value, and a group of those that need it."""

    __slots__ = ("group", "table")

    def __init__(self) -> None:
        self.table: dict[str | None, Sequence[int]] = {}
        self.group: Group | None = None

    def reached(self, value: Any, request: Request, found: list[Iterable[int]]) -> None:
        """Adds the clauses that a request with this value may satisfy."""
        text = text_or_none(value)
        if text in self.table:
            found.append(self.table[text])
        if self.group is not None:
            self.group.reached(request, found)


class Group:
    """Clauses that are judged together: for each field a column knows which of them a value satisfies, or may satisfy."""

    def __init__(self, members: Sequence[int], columns: Sequence[Sequence[Any]], catalogue: Catalogue) -> None:
        self.members = members
        self.everything = (1 << len(members)) - 1
        self.rows = columns
        self.catalogue = catalogue

    @cached_property
    def columns(self) -> list[ValueColumn | NumberColumn | TextColumn]:
        """Made for the first request that must ask them."""
        return [_make_column(row, self.catalogue) for row in self.rows]

    def reached(self, request: Request, found: list[Iterable[int]]) -> None:
        """Adds the members that a request may satisfy."""
        remaining = self.everything
        for column in self.columns:
            remaining &= column.satisfied(request)
            if not remaining:
                return
        found.append(map(self.members.__getitem__, numbers_of(remaining)))


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


Literals = tuple[str, str, "Sequence[int]"]
"""Two literals, of which the second may be empty, and whose they are."""


class LiteralIndex:
    """Finds the rules (or clauses) whose patterns can match a text, by literals that every match must hold.

    `names`, `prefixes` and `suffixes` list rules by literal; `grams` list them by a few characters of a literal that may
    stand anywhere, as (literal, second literal, rules); `others` have no such literal. What is found is only possible: the
    matcher decides.
    """

    def __init__(
        self,
        names: dict[str, Sequence[int]],
        prefixes: dict[str, Sequence[int]],
        suffixes: dict[str, Sequence[int]],
        grams: dict[str, Sequence[Literals]],
        others: Sequence[int],
    ) -> None:
        self.names = names
        self.prefixes = prefixes
        self.suffixes = suffixes
        self.others = others
        self.grams = grams

    @cached_property
    def first(self) -> int:
        """The length of the shortest prefix; like all that follows it is made for the first text, not at the start."""
        return min(map(len, self.prefixes), default=0)

    @cached_property
    def last(self) -> int:
        return min(map(len, self.suffixes), default=0)

    @cached_property
    def beginnings(self) -> dict[str, list[int]]:
        """The lengths of prefixes by what they begin with."""
        return _lengths_by((one[: self.first], len(one)) for one in self.prefixes)

    @cached_property
    def ends(self) -> dict[str, list[int]]:
        return _lengths_by((one[len(one) - self.last :], len(one)) for one in self.suffixes)

    @cached_property
    def words(self) -> dict[int, dict[int, list[Literals]]]:
        """By size the words that grams begin with, each with the literals that hold it."""
        found: dict[int, dict[int, list[Literals]]] = {}
        for gram, literals in self.grams.items():
            octets = octets_of(gram)
            size = next((size for size in WORDS if len(octets) >= size), None)
            if size is not None:
                found.setdefault(size, {}).setdefault(words_of(octets[:size], size)[0], []).extend(literals)
        return found

    @cached_property
    def known_words(self) -> list[tuple[int, dict[int, list[Literals]], frozenset[int]]]:
        return [(size, words, frozenset(words)) for size, words in self.words.items()]

    @cached_property
    def short(self) -> list[Literals]:
        """The literals that are shorter than any word."""
        few = min(WORDS)
        return [one for gram, literals in self.grams.items() if len(octets_of(gram)) < few for one in literals]

    def possible(self, text: str) -> Sequence[int]:
        """The rules that can match, in order."""
        found = [self.others] if self.others else []
        if text in self.names:
            found.append(self.names[text])
        for length in self.beginnings.get(text[: self.first], ()):
            rules = self.prefixes.get(text[:length])
            if rules is not None:
                found.append(rules)
        size = len(text)
        for length in self.ends.get(text[size - self.last :], ()) if size >= self.last else ():
            rules = self.suffixes.get(text[size - length :]) if length <= size else None
            if rules is not None:
                found.append(rules)
        if self.known_words:
            octets = octets_of(text)
            for length, literals_of, known in self.known_words:
                for word in known.intersection(words_of(octets, length)):
                    for literal, second, rules in literals_of[word]:
                        if literal in text and second in text:
                            found.append(rules)
        if self.short:
            found += [rules for literal, second, rules in self.short if literal in text and second in text]
        if len(found) < 2:
            return found[0] if found else ()
        return sorted(set().union(*found))


def _lengths_by(found: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """The lengths of literals by what all of them begin or end with."""
    lengths: dict[str, set[int]] = {}
    for key, length in found:
        lengths.setdefault(key, set()).add(length)
    return {key: sorted(one) for key, one in lengths.items()}


WORDS: dict[int, Literal["Q", "I"]] = {8: "Q", 4: "I"}
"""How many bytes are looked up as one number, and what numbers of so many are called."""


def octets_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def words_of(octets: bytes, size: int) -> memoryview:
    """Every run of so many bytes as a number, first those that begin at the first byte or whole runs behind it."""
    count = len(octets)
    shifted = [octets[at : count - (count - at) % size] for at in range(min(size, count))]
    return memoryview(b"".join(shifted)).cast(WORDS[size])
