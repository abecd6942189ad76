"""Conditions that say one thing otherwise than a given one."""

from __future__ import annotations

from collections.abc import Iterator

from rulec.records import replace
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, ParsedCondition, show

OTHER_BOUND = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
DAY = 24 * 60


def variants(parsed: ParsedCondition) -> Iterator[tuple[str, ParsedCondition]]:
    """Each variant with what it says now."""
    for condition in _variants(parsed.condition):
        text = show(condition)
        yield f"`{text}` instead of `{show(parsed.condition)}`", replace(parsed, condition=condition, text=text)


def _variants(condition: Condition) -> Iterator[Condition]:
    """The condition with a part left out, an operator flipped, a bound moved or a comparison turned round."""
    if isinstance(condition, (when.And, when.Or)):
        items = condition.items
        yield when.Or(items) if isinstance(condition, when.And) else when.And(items)
        for number, item in enumerate(items):
            before, after = items[:number], items[number + 1 :]
            rest = (*before, *after)
            yield rest[0] if len(rest) == 1 else type(condition)(rest)
            for changed in _variants(item):
                yield type(condition)((*before, changed, *after))
    elif isinstance(condition, when.Not):
        yield condition.item
        yield from (when.Not(one) for one in _variants(condition.item) if not isinstance(one, when.Not))
    elif not isinstance(condition, when.Always):
        yield when.Not(condition)
        yield from _shifted(condition)


def _shifted(atom: Condition) -> Iterator[Condition]:
    if isinstance(atom, when.Compare) and atom.operator in OTHER_BOUND:
        yield replace(atom, operator=OTHER_BOUND[atom.operator])
    if isinstance(atom, when.Among) and len(atom.literals) > 1:
        for number in range(len(atom.literals)):
            yield replace(atom, literals=(*atom.literals[:number], *atom.literals[number + 1 :]))
    if isinstance(atom, when.OnDays) and len(atom.days) > 1:
        for number in range(len(atom.days)):
            yield replace(atom, days=(*atom.days[:number], *atom.days[number + 1 :]))
    if isinstance(atom, when.Between):
        yield replace(atom, start=(atom.start + 1) % DAY)
        yield replace(atom, end=(atom.end - 1) % DAY)
