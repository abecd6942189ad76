"""Conditions to clauses and the ways to them: the tables of `runtime.index.ConditionIndex`.

A condition becomes a union of clauses, each an intersection of literals on single fields. Every clause is reached in one
way. Where it asks for a value that few others ask for, that value leads to it, and the rest of it is tested alone: such
access predicates are how publish/subscribe systems match (Fabret and others, SIGMOD 2001). Else it stands in columns
together with the clauses that need the same header or metadata key, or in those for every request.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rulec.ir.columns import Clause, Columns, Literal, place
from rulec.ir.rows import Row, Rows
from rulec.records import field, record
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, ParsedCondition

MAX_CLAUSES = 64
"""Above this a condition is one clause that is tested whole."""

MOST_SHARING = 16
"""A value leads to at most so many clauses; what more of them ask for is better judged for all of them at once."""

Key = tuple[str, "str | None", str]
"""Field, argument and value."""
Guard = tuple[str, "str | None"]
"""The header or metadata key without which a clause is false, as field and argument."""

_GUARDED = frozenset(("header", "metadata"))
_KEYED = _GUARDED | {"capability", "endpoint", "key", "model", "tag", "team", "user"}


def make_when_tables(arms: list[tuple[ParsedCondition, int]], rows: Rows) -> tuple[tuple[Row, ...], ...]:
    """The clauses of conditions in order, each with its rule's number; the values that lead to some; the others in groups."""
    found = [(rule, clause) for parsed, rule in arms for clause in clauses_of(parsed.condition)]
    shared = Counter(key for _, clause in found for key in {key for literal in clause for key in _keys(literal)})
    keyed: dict[tuple[str, str | None], dict[str, list[int]]] = {}
    groups: dict[Guard | None, _Group] = {}
    clauses = []
    for number, (rule, clause) in enumerate(found):
        literal = _leading(clause, shared)
        if literal is not None:
            for name, argument, value in _keys(literal):
                keyed.setdefault((name, argument), {}).setdefault(value, []).append(number)
            rest = [one for one in clause if one is not literal]
        else:
            guard = next(filter(None, map(_guard, clause)), None)
            rest = groups.setdefault(guard, _Group(guard)).add(number, clause)
        clauses.append((rule, rows.condition(_joined(rest)) if rest else None))
    keys = [(*at, {value: tuple(numbers) for value, numbers in table.items()}) for at, table in keyed.items()]
    return tuple(clauses), tuple(keys), tuple(one.row() for one in groups.values())


@record(frozen=False)
class _Group:
    """Clauses that are judged together, by columns that number them anew."""

    guard: Guard | None
    members: list[int] = field(default_factory=list)
    columns: Columns = field(default_factory=dict)

    def add(self, number: int, clause: Clause) -> list[Literal]:
        """Takes a clause; what no column decides comes back."""
        self.members.append(number)
        return place(clause, len(self.members) - 1, self.columns)

    def row(self) -> Row:
        """The columns that let the fewest pass where a field is absent come first: most requests end there."""
        columns = [one.row(len(self.members)) for one in self.columns.values()]
        return self.guard, tuple(self.members), tuple(sorted(columns, key=lambda row: len(row[4])))


def _leading(clause: Clause, shared: Counter[Key]) -> Literal | None:
    """The literal whose values lead to the fewest clauses, if they are few."""
    found: list[tuple[int, Literal]] = []
    for literal in clause:
        counts = [shared[key] for key in _keys(literal)]
        if counts and max(counts) <= MOST_SHARING:
            found.append((max(counts), literal))
    return min(found, key=lambda one: one[0])[1] if found else None


def _keys(literal: Literal) -> Sequence[Key]:
    """The values of a field one of which a request must have for this literal; none where it is no such literal."""
    atom, wanted = literal
    if not wanted:
        return ()
    if isinstance(atom, when.Tagged):
        return (("tag", None, atom.tag),)
    if isinstance(atom, when.Compare) and atom.operator == "==":
        values: tuple[Any, ...] = (atom.literal,)
    elif isinstance(atom, when.Among):
        values = tuple(dict.fromkeys(atom.literals))
    else:
        return ()
    if atom.field.name not in _KEYED or not all(isinstance(one, str) for one in values):
        return ()
    return [(atom.field.name, atom.field.argument, one) for one in values]


def _guard(literal: Literal) -> Guard | None:
    atom, wanted = literal
    if wanted and isinstance(atom, (when.Among, when.Compare, when.Matches, when.Present)):
        return (atom.field.name, atom.field.argument) if atom.field.name in _GUARDED else None
    return None


def clauses_of(condition: Condition) -> list[Clause]:
    """The condition as a union of clauses; one clause of the whole where they would be too many."""
    clauses = _expand(condition, True)
    return [((condition, True),)] if clauses is None else clauses


def _expand(condition: Condition, wanted: bool) -> list[Clause] | None:
    if isinstance(condition, when.Not):
        return _expand(condition.item, not wanted)
    if isinstance(condition, when.Always):
        return [()] if wanted else []
    if not isinstance(condition, (when.And, when.Or)):
        return [((condition, wanted),)]
    parts = [_expand(item, wanted) for item in condition.items]
    if isinstance(condition, when.Or) == wanted:
        union: list[Clause] = []
        for part in parts:
            if part is None or len(union) + len(part) > MAX_CLAUSES:
                return None
            union += part
        return union
    product: list[Clause] = [()]
    for part in parts:
        if part is None or len(product) * len(part) > MAX_CLAUSES:
            return None
        product = [left + right for left in product for right in part]
    return product


def _joined(literals: list[Literal]) -> Condition:
    items = tuple(atom if wanted else when.Not(atom) for atom, wanted in literals)
    return items[0] if len(items) == 1 else when.And(items)
