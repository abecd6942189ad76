"""Conditions as trees: their nodes, and how a tree is written as text."""

from __future__ import annotations

import re

from rulec.patterns.compiled import CompiledPattern
from rulec.records import record
from rulec.source import Located, Span
from rulec.syntax.fields import FIELDS, FieldType

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*")
"""A name that needs no quotes."""
Literal = str | int | float | bool


@record
class Field:
    """A request field; `argument` is the lower-case header name or the metadata key."""

    name: str
    argument: str | None = None

    @property
    def type(self) -> FieldType:
        return FIELDS[self.name].type

    def __str__(self) -> str:
        return self.name if self.argument is None else f"{self.name}.{self.argument}"


@record
class Always:
    """True for every request."""


@record
class And:
    items: tuple[Condition, ...]


@record
class Or:
    items: tuple[Condition, ...]


@record
class Not:
    item: Condition


@record
class Compare:
    """`field operator literal`; `!=` is written as Not of `==`. Sizes are whole numbers of parameters."""

    field: Field
    operator: str
    literal: Literal


@record
class Among:
    field: Field
    literals: tuple[Literal, ...]


@record
class Matches:
    field: Field
    pattern: CompiledPattern


@record
class Tagged:
    tag: str


@record
class Present:
    field: Field


@record
class Flag:
    """A bool field standing alone."""

    field: Field


@record
class Unavailable:
    provider: str


@record
class Between:
    """The minute of the day in a half-open window that may cross midnight."""

    start: int
    end: int
    zone: str


@record
class OnDays:
    days: tuple[str, ...]
    zone: str


Condition = (
    Always | And | Or | Not | Compare | Among | Matches | Tagged | Present | Flag | Unavailable | Between | OnDays
)


@record
class ParsedCondition:
    """A condition with its source text; `providers` are the names in `unavailable(…)` with their places."""

    text: str
    condition: Condition
    span: Span
    providers: tuple[Located, ...] = ()


def show(condition: Condition) -> str:
    """A condition as text that reads back to the same tree."""
    return _show(condition, 0)


_BINDING = {Or: 1, And: 2, Not: 3}


def _show(condition: Condition, outer: int) -> str:
    inner = _BINDING.get(type(condition), 4)
    text = _show_bare(condition, inner)
    return f"({text})" if inner < outer else text


def _show_bare(condition: Condition, inner: int) -> str:
    if isinstance(condition, (And, Or)):
        word = " and " if isinstance(condition, And) else " or "
        return word.join(_show(item, inner + 1) for item in condition.items)
    if isinstance(condition, Not):
        return _show_negated(condition.item)
    if isinstance(condition, Always):
        return "always"
    if isinstance(condition, Unavailable):
        plain = PLAIN_NAME.fullmatch(condition.provider) is not None
        return f"unavailable({condition.provider if plain else _quote(condition.provider)})"
    if isinstance(condition, Tagged):
        return f"tag contains {_quote(condition.tag)}"
    if isinstance(condition, Between):
        return f'time in {_clock(condition.start)}-{_clock(condition.end)} "{condition.zone}"'
    if isinstance(condition, OnDays):
        return f'weekday in [{", ".join(condition.days)}] "{condition.zone}"'
    if isinstance(condition, Present):
        return f"present({condition.field})"
    if isinstance(condition, Flag):
        return str(condition.field)
    if isinstance(condition, Matches):
        return f"{condition.field} matches {_quote(condition.pattern.text)}"
    if isinstance(condition, Among):
        return f"{condition.field} in [{', '.join(_show_literal(condition.field, one) for one in condition.literals)}]"
    return f"{condition.field} {condition.operator} {_show_literal(condition.field, condition.literal)}"


def _show_negated(item: Condition) -> str:
    if isinstance(item, Compare) and item.operator == "==":
        return f"{item.field} != {_show_literal(item.field, item.literal)}"
    if isinstance(item, (Among, Between, OnDays)):
        return _show(item, 4).replace(" in ", " not in ", 1)
    return f"not {_show(item, 4)}"


def _show_literal(field: Field, literal: Literal) -> str:
    if isinstance(literal, bool):
        return "true" if literal else "false"
    if isinstance(literal, str):
        return _quote(literal)
    if field.type == "size":
        for unit, exponent in (("B", 9), ("M", 6)):
            whole, rest = divmod(int(literal), 10**exponent)
            if whole or unit == "M":
                fraction = f"{rest:0{exponent}d}".rstrip("0")
                return f"{whole}{'.' + fraction if fraction else ''}{unit}"
    return repr(literal)


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
