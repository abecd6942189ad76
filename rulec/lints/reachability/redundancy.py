"""Whether the rules after a rule decide all of its requests as it does.

Most rules are found needed by one request that the next rule decides otherwise. For the others two things are proved: that
rules which decide alike take all that the rule decides, and that none which decides otherwise stands before these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from rulec.analysis.draft import Witness
from rulec.analysis.formulas import Formula, all_of, any_of, negation
from rulec.analysis.language import positions
from rulec.analysis.pairs import Pairs
from rulec.analysis.question import Region, Verdict
from rulec.lints.context import Context
from rulec.lints.outcomes import outcome
from rulec.policy.model import Rule

Question = Callable[[], tuple[list[Region], list[Rule]]]
"""Regions that a request must be in, and rules that must not take it; both grow while the question is asked."""
MOST_STEPS = 100
"""Rules that take a part of what one rule asks for, before it is given up."""
MOST_PROBES = 4
"""Rules for capabilities and sizes that are looked at first: they take a part of what almost any other rule does."""


class Redundancy:
    """The rules of a policy, and what would take their requests without them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.region = context.analysis.region
        numbers: dict[Any, int] = {}
        self._outcomes = [numbers.setdefault(outcome(rule), len(numbers)) for rule in context.rules]

    def is_alike(self, one: Rule, other: Rule) -> bool:
        """Whether two rules do the same with what both take."""
        return self._outcomes[one.position - 1] == self._outcomes[other.position - 1]

    def successor(self, rule: Rule, witness: Witness) -> Rule | None:
        """The rule that would decide a request if the one that does were not there."""
        takers = self.context.analysis.replay.takers(witness)
        first = next(takers, None)
        assert first is rule, "who asks knows that it decides the request"
        return next(takers, None)

    def is_proved(self, rule: Rule) -> bool:
        """Whether all that a rule decides is decided alike without it; False also where that was not decided, which is told."""
        earlier: list[Rule] = []
        alike: list[Rule] = []
        if not self._is_decided_alike(rule, lambda: ([self.region(rule)], [*earlier, *alike]), earlier, alike):
            return False
        for others in self._between(rule, alike):

            def not_before(others: list[Rule] = others) -> tuple[list[Region], list[Rule]]:
                formula = any_of(self._before(one, alike) for one in others)
                return [self.region(rule), Region(formula, lambda witness: True)], earlier

            if not self._is_decided_alike(rule, not_before, earlier, alike):
                return False
        return True

    def _is_decided_alike(self, rule: Rule, asked: Question, earlier: list[Rule], alike: list[Rule]) -> bool:
        """Whether none of the requests that are asked for is decided otherwise without a rule; who takes them is noted."""
        question = f"whether `{rule.name}` changes a decision"
        exact = [self.context.analysis.exact_rules] if rule.phase not in ("when", "exact") else []
        for _ in range(MOST_STEPS):
            wanted, others = asked()
            found = self.context.ask(question, rule.span, wanted, [*map(self.region, others), *exact])
            if isinstance(found, Verdict):
                return found is Verdict.NONE
            taker = self._other_taker(rule, found)
            if taker is None or not (taker.position < rule.position or self.is_alike(rule, taker)):
                return False
            (earlier if taker.position < rule.position else alike).append(taker)
        self.context.not_decided(question, rule.span)
        return False

    def _other_taker(self, rule: Rule, witness: Witness) -> Rule | None:
        """Who decides a request without a rule."""
        return next((one for one in self.context.analysis.replay.takers(witness) if one is not rule), None)

    def _between(self, rule: Rule, alike: list[Rule]) -> Iterator[list[Rule]]:
        """The rules that do otherwise and stand before the last that does alike: first a few, then all that may overlap."""
        last = max((one.position for one in alike), default=0)

        def unlike(rules: Iterable[Rule]) -> Iterator[Rule]:
            return (one for one in rules if rule.position < one.position < last and not self.is_alike(rule, one))

        yield from ([one] for one in islice(unlike(self._probes), MOST_PROBES))
        others = list(unlike(self.context.rules[number] for number in positions(self._pairs.partners(rule.position - 1))))
        if others:
            yield others

    def _before(self, other: Rule, alike: list[Rule]) -> Formula:
        """What a rule takes of what rules before it leave, which decide as the one in question does."""
        before = (negation(self.region(one).formula) for one in alike if one.position < other.position)
        return all_of((self.region(other).formula, *before))

    @cached_property
    def _probes(self) -> list[Rule]:
        return [rule for rule in self.context.rules if rule.phase in ("capability", "size")]

    @cached_property
    def _pairs(self) -> Pairs:
        return Pairs([self.region(rule).formula for rule in self.context.rules])
