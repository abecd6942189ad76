"""The rules as tables hold them, phase by phase, and the rows that decisions are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

EXACT = "exact"


class RuleRows(dict[int, tuple[Any, ...]]):
    """By its number in the order that counts each rule: (name, phase, target, chain, strategy, sticky, prefer_warm).

    `phases` list the rules as (name, route), the exact ones by the model that they are for, which most are called after.
    `routes` are the rest of a row, and many rules share one. A row is made when it is first asked for.
    """

    def __init__(self, phases: Mapping[str, Any], routes: Sequence[Sequence[Any]]) -> None:
        super().__init__()
        self.phases = phases
        self.routes = routes
        *firsts, self.count = accumulate(map(len, phases.values()), initial=0)
        self.firsts = dict(zip(phases, firsts))  # noqa: B905 - as many
        self.exact: Mapping[str, int | tuple[str, int]] = phases.get(EXACT, {})

    def __missing__(self, number: int) -> tuple[Any, ...]:
        for phase, first in self.firsts.items():
            if number < first + len(self.phases[phase]):
                rules = self.models if phase == EXACT else self.phases[phase]
                row = self[number] = self.row(phase, rules[number - first])
                return row
        raise KeyError(number)

    def row(self, phase: str, rule: Any) -> tuple[Any, ...]:
        """The row of a rule as its phase lists it."""
        if phase == EXACT:
            told = self.exact[rule]
            rule = (f"{EXACT}:{rule}", told) if isinstance(told, int) else told
        name, route = rule
        return (name, phase, *self.routes[route])

    def by_number(self, phase: str, told: Iterable[Any]) -> dict[int, Any]:
        """What is told of each rule of a phase, in order, by the number of the rule."""
        return dict(enumerate(told, self.firsts.get(phase, 0)))

    def numbered(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """All rules with their numbers; none is remembered."""
        return enumerate(self.row(phase, rule) for phase, rules in self.phases.items() for rule in rules)

    @cached_property
    def models(self) -> Sequence[str]:
        """The models of the exact rules, in order."""
        return tuple(self.exact)

    @cached_property
    def exact_numbers(self) -> Mapping[str, int]:
        """The numbers of the exact rules, by model."""
        return {model: number for number, model in self.by_number(EXACT, self.models).items()}
