"""Witnesses through the runtime itself: nothing is claimed of a request that does not go where it is said to go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from rulec.analysis.draft import Witness
from rulec.ir.lower import lower
from rulec.ir.rows import Rows
from rulec.ir.tables import decision_tables
from rulec.policy.model import Policy, Rule, matcher
from rulec.runtime.catalogue import Catalogue
from rulec.runtime.complexity import Part, Scoring
from rulec.runtime.conditions import Test, build_test
from rulec.runtime.engine import BuiltChain, Engine, make_leaf
from rulec.runtime.request import Request
from rulec.runtime.sizes import is_regular_name
from rulec.syntax import ast
from rulec.syntax.conditions import Condition

Decide = Callable[[Witness], "Rule | None"]
"""The rule that takes a request, by whatever runs the policy; it must assume the witness's complexity, where that has one."""


class Replay:
    """One policy at work: rule by rule, and by the tables that find the rule without a walk through all."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.scoring = Scoring(policy.sections.get("complexity", {}))
        self._tests: dict[int, tuple[Condition, Test]] = {}
        self._last: tuple[Witness, Request] | None = None

    @cached_property
    def rows(self) -> Rows:
        return Rows(self.policy)

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.rows.providers, self.rows.models, self.rows.patterns, self.rows.deployments)

    @cached_property
    def chains(self) -> list[BuiltChain]:
        """The chains without their hops, which decide nothing here."""
        return [BuiltChain(name, (), attempts, delay) for name, _, attempts, delay in self.rows.chains]

    def request(self, witness: Witness) -> Request:
        """The request of a witness; it is asked for by one region after the other."""
        if self._last is None or self._last[0] is not witness:
            self._last = witness, self._request(witness)
        return self._last[1]

    def _request(self, witness: Witness) -> Request:
        header = self.policy.capability_header
        request = Request(witness.body, witness.headers, witness.caller, header, self.scoring)
        if witness.complexity is not None:
            request.score = Assumed(witness.complexity).parts(witness.body)
        return request

    def takes(self, rule: Rule, request: Request) -> bool:
        """Whether a rule matches a request and applies to it."""
        if not self.matches(rule, request):
            return False
        return make_leaf(self.rows.rules[rule.position - 1], request.model, self.catalogue, self.chains) is not None

    def matches(self, rule: Rule, request: Request) -> bool:
        match, model = rule.match, request.model
        if isinstance(match, ast.When):
            return self.holds(match.condition.condition, request)
        if isinstance(match, ast.Exact):
            return model == match.model.text
        if isinstance(match, ast.Patterns):
            regular = model is not None and is_regular_name(model)
            return regular and any(matcher(one.spec)(model or "") for one in match.patterns)
        if isinstance(match, ast.Capability):
            return request.capability == match.name
        if isinstance(match, ast.SizeTier):
            size = self.catalogue.size(model)
            return size is not None and match.holds(size)
        return True

    def holds(self, condition: Condition, request: Request) -> bool:
        found = self._tests.get(id(condition))
        if found is None:
            row = self.rows.condition(condition)
            self.catalogue.matchers += [None] * (len(self.rows.patterns) - len(self.catalogue.matchers))
            # It is kept, else another condition might get its id.
            found = self._tests[id(condition)] = condition, build_test(row, self.catalogue, self.rows.zones)
        return found[1](request, request.unavailable)

    @cached_property
    def engine(self) -> Engine:
        """The tables that are emitted, at work."""
        return Engine(decision_tables(lower(self.policy), "", self.rows))

    @cached_property
    def decide(self) -> Decide:
        """The rule that takes a request, by the tables that are emitted."""
        return Tables(self.engine, self.policy).rule

    def takers(self, witness: Witness) -> Iterator[Rule]:
        """The rules that take a request, in order: the first of them decides, without it the second would."""
        request, engine = self.request(witness), self.engine
        for number in _matching(engine, request):
            if engine.leaf(number, request.model) is not None:
                yield self.policy.rules[number]


def _matching(engine: Engine, request: Request) -> Iterator[int]:
    """The rules that match a request, in order, by the indexes of their phases."""
    model, capability = request.model, request.capability
    if engine.when is not None:
        yield from engine.when.matching(request)
    if model is not None:
        if model in engine.exact:
            yield engine.rules.exact_numbers[model]
        yield from engine.matching_patterns(model)
    if capability is not None and capability in engine.capabilities:
        yield engine.capabilities[capability]
    if model is not None:
        yield from engine.matching_sizes(model)
    if engine.default is not None:
        yield engine.default


class Tables:
    """An engine, one of ours or of a generated module, at work on witnesses."""

    def __init__(self, engine: Any, policy: Policy) -> None:
        self.engine = engine
        self._scoring = engine.scoring
        self._last: tuple[Witness, Any] | None = None
        self._rules = {rule.name: rule for rule in policy.rules}

    def decision(self, witness: Witness) -> Any:
        """All that the engine says, remembered for the witness asked last; it assumes the witness's complexity."""
        if self._last is None or self._last[0] is not witness:
            score = witness.complexity
            self.engine.scoring = self._scoring if score is None else Assumed(score)
            self._last = witness, self.engine.decide(witness.body, witness.headers, witness.caller)
        return self._last[1]

    def rule(self, witness: Witness) -> Rule | None:
        return self.named(self.decision(witness).rule)

    def named(self, name: str | None) -> Rule | None:
        return None if name is None else self._rules[name]


class Assumed:
    """A score that is not made but assumed, in place of `Scoring`."""

    def __init__(self, score: float) -> None:
        self.score = score

    def parts(self, body: Any) -> tuple[Part, ...]:
        return (Part("assumed", 0, self.score),)
