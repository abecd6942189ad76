"""Emitted data back to conditions: rows of conditions, and what columns know of clauses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rulec.patterns.compiled import CompiledPattern
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, Field

NEVER = when.Or(())
_NUMERIC = ("size", "number")


class Unreadable(Exception):
    """Emitted data that stands for nothing that rules can say: a bug of rulec."""


def condition_of(
    row: Sequence[Any], pattern: Callable[[int], CompiledPattern], zone: Callable[[int], str]
) -> Condition:
    """The condition that a row of `runtime.conditions` tests."""
    kind = row[0]
    if kind == "always":
        return when.Always()
    if kind == "not":
        return when.Not(condition_of(row[1], pattern, zone))
    if kind in ("and", "or"):
        items = tuple(condition_of(one, pattern, zone) for one in row[1])
        return when.And(items) if kind == "and" else when.Or(items)
    if kind == "unavailable":
        return when.Unavailable(row[1])
    if kind == "between":
        return when.Between(row[1], row[2], zone(row[3]))
    if kind == "days":
        return when.OnDays(row[1], zone(row[2]))
    if kind == "tag":
        return when.Tagged(row[1])
    field = Field(row[1], row[2])
    if kind == "present":
        return when.Present(field)
    if kind == "flag":
        return when.Flag(field)
    if kind == "matches":
        return when.Matches(field, pattern(row[3]))
    if kind == "among":
        return when.Among(field, row[3])
    if kind == "compare":
        return when.Compare(field, row[3], row[4])
    raise Unreadable(f"a condition of the kind {kind!r}")


def bare(condition: Condition) -> Condition:
    """A condition whose patterns are equal where their matchers are."""
    if isinstance(condition, (when.And, when.Or)):
        return type(condition)(tuple(map(bare, condition.items)))
    if isinstance(condition, when.Not):
        return when.Not(bare(condition.item))
    if isinstance(condition, when.Matches):
        return when.Matches(condition.field, CompiledPattern("", condition.pattern.spec, None))
    return condition


def key_conditions(
    name: str, argument: str | None, table: dict[str, Sequence[int]]
) -> Iterator[tuple[int, Condition]]:
    """For each clause that values of a field lead to, that the field has one of them."""
    values: dict[int, list[str]] = {}
    for value, numbers in table.items():
        for number in numbers:
            values.setdefault(number, []).append(value)
    for number, found in values.items():
        if name == "tag":
            yield number, when.Or(tuple(map(when.Tagged, found)))
        else:
            yield number, when.Among(Field(name, argument), tuple(found))


def column_conditions(row: Sequence[Any], count: int) -> Iterator[tuple[int, Condition]]:
    """What a column of `runtime.index.Group` asks of each clause, where it does not let every request pass."""
    kind, name, argument, otherwise, absent, *table = row
    field = Field(name, argument)
    if kind == "values":
        yield from _values(field, frozenset(otherwise), frozenset(absent), table[0], count)
    elif kind == "numbers":
        yield from numbers(field, frozenset(absent), table[0], table[1], count)
    elif kind == "texts":
        yield from _texts(field, frozenset(otherwise), frozenset(absent), table, count)
    else:
        raise Unreadable(f"a column of the kind {kind!r}")


def _values(
    field: Field, otherwise: frozenset[int], absent: frozenset[int], table: dict[Any, Sequence[int]], count: int
) -> Iterator[tuple[int, Condition]]:
    changed: dict[int, list[Any]] = {}
    for key, numbers in table.items():
        for number in numbers:
            changed.setdefault(number, []).append(key)
    for number in range(count):
        keys = changed.get(number, [])
        if not keys and number in otherwise and number in absent:
            continue
        texts = tuple(key for key in keys if isinstance(key, str))
        truths = [when.Compare(field, "==", key[1]) for key in keys if isinstance(key, tuple)]
        named = when.Or((*((when.Among(field, texts),) if texts else ()), *truths))
        held: Condition = when.Not(named) if number in otherwise else named
        if number in otherwise and number not in absent:
            held = when.And((when.Present(field), held))
        elif number not in otherwise and number in absent:
            held = when.Or((when.Not(when.Present(field)), held))
        yield number, held


def numbers(
    field: Field, absent: frozenset[int], cuts: Sequence[Any], changes: Sequence[Sequence[int]], count: int
) -> Iterator[tuple[int, Condition]]:
    """What a column of numbers asks: clauses change at places below, on and above its cuts."""
    if len(changes) != 2 * len(cuts) + 1:
        raise Unreadable(f"{len(cuts)} cuts with {len(changes)} places")
    changed: dict[int, list[int]] = {}
    for place, found in enumerate(changes):
        for number in found:
            changed.setdefault(number, []).append(place)
    given: Condition = when.Present(field)
    if field.type not in _NUMERIC:  # a text may be given that is no number
        given = when.Or((when.Compare(field, "<=", 0), when.Compare(field, ">", 0)))
    for number in range(count):
        places = changed.get(number, [])
        if places == [0] and number in absent:
            continue
        bounds = [*places, None] if len(places) % 2 else places
        runs = [
            when.And((given, *_from(field, cuts, low), *_until(field, cuts, high)))
            for low, high in zip(bounds[::2], bounds[1::2], strict=True)
        ]
        yield number, when.Or((when.Not(given), *runs) if number in absent else tuple(runs))


def _from(field: Field, cuts: Sequence[Any], place: int | None) -> list[Condition]:
    if not place:
        return []
    at, on = divmod(place, 2)
    return [when.Compare(field, ">=", cuts[at]) if on else when.Compare(field, ">", cuts[at - 1])]


def _until(field: Field, cuts: Sequence[Any], place: int | None) -> list[Condition]:
    if place is None:
        return []
    at, on = divmod(place, 2)
    return [when.Compare(field, "<", cuts[at]) if on else when.Compare(field, "<=", cuts[at - 1])]


def _texts(
    field: Field, asked: frozenset[int], free: frozenset[int], table: Sequence[Any], count: int
) -> Iterator[tuple[int, Condition]]:
    literals = literals_by_number(table)
    for number in range(count):
        if number in free:
            continue
        found = literals.get(number, []) if number in asked else []
        if None not in found:
            yield number, when.Or(tuple(_literals(field, *one) for one in found if one is not None))


Literals = dict[int, "list[tuple[str, str, str] | None]"]
"""For each number its literals, as (kind of matcher, text, text that must be there, too); None is for no literal at all."""


def literals_by_number(table: Sequence[Any]) -> Literals:
    """The tables of a `runtime.index.LiteralIndex` by what they lead to."""
    found: Literals = {}
    for kind, texts in zip(("set", "prefix", "suffix"), table, strict=False):
        for text, numbers in texts.items():
            for number in numbers:
                found.setdefault(number, []).append((kind, text, ""))
    for gram, literals in table[3].items():
        for literal, second, numbers in literals:
            if gram not in literal:
                raise Unreadable(f"{gram!r} is to lead to {literal!r}")
            for number in numbers:
                found.setdefault(number, []).append(("contains", literal, second))
    for number in table[4]:
        found.setdefault(number, []).append(None)
    return found


_OPERATORS = {"set": "==", "prefix": "starts_with", "suffix": "ends_with", "contains": "contains"}


def _literals(field: Field, kind: str, text: str, second: str) -> Condition:
    first = when.Compare(field, _OPERATORS[kind], text)
    return when.And((first, when.Compare(field, "contains", second))) if second else first
