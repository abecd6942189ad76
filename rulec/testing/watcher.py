"""What one request covers: the rules, branches and hops that it meets."""

from __future__ import annotations

from rulec.ir.rows import Rows
from rulec.policy.model import Hop, Policy, Rule, VirtualTarget, matcher
from rulec.runtime.catalogue import Catalogue
from rulec.runtime.conditions import Test, build_test
from rulec.runtime.request import Request
from rulec.runtime.sizes import is_regular_name
from rulec.syntax import ast
from rulec.syntax.conditions import Condition
from rulec.testing.errors import Attempt, Run
from rulec.testing.goals import Key, atoms, chain_key, outcomes
from rulec.testing.judge import Asked

Part = tuple[int, tuple[tuple[Condition, ...], list[tuple[bool | str, Condition]]]]
"""A comparison by its number, with what must hold for it to be asked, and its outcomes."""


class Watcher:
    """Sees what requests to one policy cover."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.rows = Rows(policy)
        self.catalogue = Catalogue(self.rows.providers, self.rows.models, self.rows.patterns, self.rows.deployments)
        self.tests: dict[int, tuple[Condition, Test]] = {}  # which keeps a condition whose number is its key
        self.parts: dict[int, list[Part]] = {}

    def seen(self, asked: Asked) -> set[Key]:
        """The keys of all goals that a request reached."""
        found: set[Key] = set()
        request, rule = asked.request, asked.outcome.rule
        for one in asked.outcome.trace:
            found |= self._considered(one.rule, request)
            if one.matched and not one.applies:
                found.add(("inapplicable", one.rule.position))
        if rule is None:
            return found
        found.add(("rule", rule.position))
        if isinstance(rule.target, VirtualTarget):
            side = "simple" if request.complexity < rule.target.threshold else "complex"
            found.add(("side", rule.position, side))
        found |= self._lines(rule, request, request.unavailable)
        for run in asked.runs:
            found |= self._run(rule, request, run)
        return found

    def _considered(self, rule: Rule, request: Request) -> set[Key]:
        match = rule.match
        if isinstance(match, ast.When):
            condition = match.condition.condition
            return {("when", rule.position, *one) for one in self.asked(condition, request, request.unavailable)}
        if isinstance(match, ast.Patterns) and request.model is not None:
            regular = is_regular_name(request.model)
            hits: list[int | None] = [n for n, one in enumerate(match.patterns) if regular and matcher(one.spec)(request.model)]
            return {("pattern", rule.position, one) for one in hits or [None]}
        if isinstance(match, ast.SizeTier):
            size = self.catalogue.size(request.model)
            bounds = [one for one in (match.low, match.high) if one is not None and size is not None]
            return {("size", rule.position, one, _compared(size or 0, one)) for one in bounds}
        return set()

    def _lines(self, rule: Rule, request: Request, down: frozenset[str]) -> set[Key]:
        """What the conditions of a chain's hops are asked while these providers are down."""
        owner = chain_key(rule)
        return {
            ("when", *owner, line, *one)
            for line, hop in enumerate(rule.chain.hops)
            if hop.when is not None
            for one in self.asked(hop.when.condition, request, down)
        }

    def _run(self, rule: Rule, request: Request, run: Run) -> set[Key]:
        found: set[Key] = set()
        down, last = frozenset(request.unavailable), -1
        for attempt in run.attempts:
            if attempt.step.hop is not None:
                last = self.line(rule, attempt, request, down, last)
                found.add(("hop", *chain_key(rule), last))
            if attempt.error is not None:
                down |= {attempt.step.provider}
                found |= self._lines(rule, request, down)
        return found

    def line(self, rule: Rule, attempt: Attempt, request: Request, down: frozenset[str], last: int) -> int:
        """The number of the hop in the rule's chain that an attempt stands for: a retry of the `last` one, or one behind it."""
        if attempt.step.again and last >= 0:
            return last
        lines = range(max(last, 0), len(rule.chain.hops))
        return next(one for one in lines if self._stands_for(attempt, rule.chain.hops[one], request, down))

    def _stands_for(self, attempt: Attempt, hop: Hop, request: Request, down: frozenset[str]) -> bool:
        target = attempt.step.hop
        if hop.provider not in (None, target.provider) or hop.model not in (None, target.group):
            return False
        if hop.on_error != target.on_error:
            return False
        return hop.when is None or self.holds(hop.when.condition, request, down)

    # Conditions

    def holds(self, condition: Condition, request: Request, down: frozenset[str]) -> bool:
        """Whether a condition holds while these providers are down."""
        if id(condition) not in self.tests:
            row = self.rows.condition(condition)
            self.catalogue.matchers += [None] * (len(self.rows.patterns) - len(self.catalogue.matchers))
            self.tests[id(condition)] = condition, build_test(row, self.catalogue, self.rows.zones)
        return self.tests[id(condition)][1](request, down)

    def asked(self, condition: Condition, request: Request, down: frozenset[str]) -> set[tuple[int, bool | str]]:
        """The outcomes of the comparisons that a condition asks."""
        return {
            (number, outcome)
            for number, parts in self._parts(condition)
            if all(self.holds(one, request, down) for one in parts[0])
            for outcome, holds in parts[1]
            if self.holds(holds, request, down)
        }

    def _parts(self, condition: Condition) -> list[Part]:
        """The comparisons of a condition; made once, as tests are kept by identity."""
        if id(condition) not in self.parts:
            self.parts[id(condition)] = [
                (number, (before, list(outcomes(atom)))) for number, atom, before in atoms(condition)
            ]
        return self.parts[id(condition)]


def _compared(size: int, bound: int) -> str:
    return "<" if size < bound else ">" if size > bound else "=="
