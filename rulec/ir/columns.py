"""What clauses ask of single fields, as the columns of `runtime.index`: by value, by number, by what a text holds.

The columns follow the bit-vector scheme of packet classifiers (Lakshman and Stiliadis, SIGCOMM 1998).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from typing import Any

from rulec.ir.literals import make_literal_index
from rulec.ir.rows import Row
from rulec.patterns.compiled import CompiledPattern
from rulec.records import field, record
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition

Literal = tuple[Condition, bool]
"""An atomic condition, and whether it is wanted true."""
Clause = tuple[Literal, ...]
Columns = dict[tuple[str, str, "str | None"], "Column"]
"""By kind, field and argument."""

_NUMERIC = frozenset(("size", "number"))


def place(clause: Clause, number: int, columns: Columns) -> list[Literal]:
    """Puts a clause into the columns of the fields it asks about; what no column decides comes back."""
    rest: list[Literal] = []
    asked: dict[tuple[str, str, str | None], list[Literal]] = {}
    for literal in clause:
        key = _column_key(literal[0])
        if key is None:
            rest.append(literal)
        else:
            asked.setdefault(key, []).append(literal)
    for key, literals in asked.items():
        columns.setdefault(key, Column(*key)).add(number, literals)
    for atom, wanted in rest:
        key = _text_key(atom) if wanted else None
        if key is not None and number not in columns.setdefault(key, Column(*key)).asked:
            columns[key].add(number, [(atom, True)])
    return rest


def _column_key(atom: Condition) -> tuple[str, str, str | None] | None:
    """The column that an atom belongs to: (kind, field, argument); the score is made only if all else lets a rule match."""
    if getattr(getattr(atom, "field", None), "name", None) == "complexity":
        return None
    if isinstance(atom, when.Flag):
        return ("values", atom.field.name, atom.field.argument)
    if isinstance(atom, when.Present):
        name = atom.field.name
        kind = "numbers" if atom.field.type in _NUMERIC else "values"
        return None if atom.field.type in ("tags", "time", "weekday", "metadata") else (kind, name, atom.field.argument)
    if isinstance(atom, when.Among):
        literals: tuple[Any, ...] = atom.literals
    elif isinstance(atom, when.Compare):
        if atom.operator in ("contains", "starts_with", "ends_with"):
            return None
        literals = (atom.literal,)
    else:
        return None
    numeric = all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in literals)
    return ("numbers" if numeric else "values", atom.field.name, atom.field.argument)


_SEARCHED = {"contains": "contains", "starts_with": "prefix", "ends_with": "suffix"}


def _text_key(atom: Condition) -> tuple[str, str, str | None] | None:
    """The column that knows where an atom that searches a text is possible."""
    if isinstance(atom, when.Matches) or (isinstance(atom, when.Compare) and atom.operator in _SEARCHED):
        return ("texts", atom.field.name, atom.field.argument)
    return None


def _pattern(atom: Condition) -> CompiledPattern:
    if isinstance(atom, when.Matches):
        return atom.pattern
    assert isinstance(atom, when.Compare)
    literal = str(atom.literal)
    return CompiledPattern(literal, (_SEARCHED[atom.operator], literal), (literal,) if literal else None)


_OTHER = object()
_ABSENT = object()


@record(frozen=False)
class Column:
    """What clauses ask of one field."""

    kind: str
    name: str
    argument: str | None
    asked: dict[int, list[Literal]] = field(default_factory=dict)

    def add(self, number: int, literals: list[Literal]) -> None:
        self.asked[number] = literals

    def row(self, count: int) -> Row:
        free = [number for number in range(count) if number not in self.asked]
        if self.kind == "texts":
            return self.text_row(free)
        absent = sorted(free + [n for n, literals in self.asked.items() if _satisfied(literals, _ABSENT)])
        if self.kind == "values":
            return self.value_row(free, absent)
        return self.number_row(free, absent)

    def text_row(self, free: list[int]) -> Row:
        arms = [((_pattern(atom),), number) for number, ((atom, _),) in self.asked.items()]
        return ("texts", self.name, self.argument, tuple(self.asked), tuple(free), *make_literal_index(arms))

    def value_row(self, free: list[int], absent: list[int]) -> Row:
        other = {number: _satisfied(literals, _OTHER) for number, literals in self.asked.items()}
        table: dict[Any, list[int]] = {}
        for number, literals in self.asked.items():
            for value in dict.fromkeys(one for atom, _ in literals for one in _named(atom)):
                if _satisfied(literals, value) != other[number]:
                    key = ("bool", value) if isinstance(value, bool) else value
                    table.setdefault(key, []).append(number)
        otherwise = sorted(free + [number for number, held in other.items() if held])
        return ("values", self.name, self.argument, tuple(otherwise), tuple(absent), _tuples(table))

    def number_row(self, free: list[int], absent: list[int]) -> Row:
        every = [one for literals in self.asked.values() for atom, _ in literals for one in _named(atom)]
        cuts = sorted(set(every))
        changes: list[list[int]] = [[] for _ in range(2 * len(cuts) + 1)]
        changes[0] += free
        for number, literals in self.asked.items():
            before = False
            for place in self.places(literals, cuts):
                held = _satisfied(literals, _sample(place, cuts))
                if held != before:
                    changes[place].append(number)
                before = held
        return ("numbers", self.name, self.argument, (), tuple(absent), tuple(cuts), tuple(map(tuple, changes)))

    def places(self, literals: list[Literal], cuts: list[Any]) -> list[int]:
        """The places where these literals can change: the first, and on and behind each number they name."""
        places = {0}
        for value in {one for atom, _ in literals for one in _named(atom)}:
            at = bisect_left(cuts, value)
            places.update((2 * at + 1, 2 * at + 2))
        return sorted(places)


def _tuples(table: dict[Any, list[int]]) -> dict[Any, tuple[int, ...]]:
    return {key: tuple(numbers) for key, numbers in table.items()}


def _named(atom: Condition) -> tuple[Any, ...]:
    if isinstance(atom, when.Among):
        return atom.literals
    if isinstance(atom, when.Compare):
        return (atom.literal,)
    return (True, False) if isinstance(atom, when.Flag) else ()


class _Between:
    """A number that lies between two neighbouring cuts (or outside them all), for comparing with the cuts."""

    def __init__(self, below: Any, above: Any) -> None:
        self.below = below
        self.above = above

    def less(self, literal: Any) -> bool:
        return self.above is not None and bool(self.above <= literal)


def _sample(place: int, cuts: list[Any]) -> Any:
    if place % 2:
        return cuts[place // 2]
    at = place // 2
    return _Between(cuts[at - 1] if at > 0 else None, cuts[at] if at < len(cuts) else None)


def _satisfied(literals: list[Literal], value: Any) -> bool:
    return all(_holds(atom, value) == wanted for atom, wanted in literals)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _holds(atom: Condition, value: Any) -> bool:
    if value is _ABSENT:
        return False
    if isinstance(atom, when.Present):
        return True
    if isinstance(atom, when.Flag):
        return value is True
    if isinstance(atom, when.Among):
        return any(_equal(one, value) for one in atom.literals)
    assert isinstance(atom, when.Compare)
    if atom.operator == "==":
        return _equal(atom.literal, value)
    if isinstance(value, _Between):
        less = value.less(atom.literal)
        return less if atom.operator in ("<", "<=") else not less
    return value is not _OTHER and bool(_ORDER[atom.operator](value, atom.literal))


def _equal(literal: Any, value: Any) -> bool:
    if value is _OTHER or isinstance(value, _Between):
        return False
    return isinstance(literal, bool) == isinstance(value, bool) and bool(literal == value)
