"""The conditions of rules and hops, and the parts that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rulec.policy.model import Rule
from rulec.records import record
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax.conditions import And, Condition, Not, Or, ParsedCondition

if TYPE_CHECKING:
    from rulec.lints.context import Context


@record
class Asked:
    """A condition and whose it is; `rule` is None for a hop."""

    parsed: ParsedCondition
    owner: str
    rule: Rule | None

    @property
    def condition(self) -> Condition:
        return self.parsed.condition

    @property
    def span(self) -> Span:
        return self.parsed.span

    @property
    def rule_name(self) -> str | None:
        return None if self.rule is None else self.rule.name


def conditions_of(context: Context) -> Iterator[Asked]:
    """Every condition of a rule, then of every hop that a rule uses, each once."""
    for rule in context.rules:
        if isinstance(rule.match, ast.When):
            yield Asked(rule.match.condition, f"`{rule.name}`", rule)
    for chain, rules in context.chains:
        if not rules:
            continue  # of which `unused-chain` tells
        owner = f"the chain `{chain.name}`" if chain.name is not None else f"the fallback of `{rules[0].name}`"
        for hop in chain.hops:
            if hop.when is not None:
                yield Asked(hop.when, f"a hop of {owner}", None)


@record
class Part:
    """An item of an `and` or an `or` somewhere in a condition, and the whole condition without it."""

    item: Condition
    conjoined: bool
    without: Condition


def parts(condition: Condition) -> Iterator[Part]:
    """Every item of every `and` and `or` in a condition, the outer ones first."""
    if isinstance(condition, Not):
        for one in parts(condition.item):
            yield Part(one.item, one.conjoined, Not(one.without))
    if not isinstance(condition, (And, Or)):
        return
    for number, item in enumerate(condition.items):
        rest = condition.items[:number] + condition.items[number + 1 :]
        yield Part(item, isinstance(condition, And), rest[0] if len(rest) == 1 else type(condition)(rest))
    for number, item in enumerate(condition.items):
        for one in parts(item):
            items = (*condition.items[:number], one.without, *condition.items[number + 1 :])
            yield Part(one.item, one.conjoined, type(condition)(items))
