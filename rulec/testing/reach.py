"""A case that reaches a goal, by a request that the analysis finds and errors that the runtime's plan follows; or proof of none."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

from rulec.analysis.analysis import Analysis
from rulec.analysis.budget import Budget
from rulec.analysis.draft import Witness
from rulec.analysis.question import Region, Verdict, find
from rulec.analysis.readable import readable
from rulec.commands.requests import BadRequest
from rulec.ir.lower import lower
from rulec.lints.requests import described
from rulec.policy.model import Policy, Rule
from rulec.records import replace
from rulec.runtime.health import KINDS_OF_PROVIDERS
from rulec.runtime.plan import KINDS_OF_THE_REQUEST, KINDS_THAT_PASS
from rulec.source import Source, Span
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.fields import ERROR_KINDS
from rulec.testing.cases import Case
from rulec.testing.errors import Attempt, Errors, NeverPicked, first_order
from rulec.testing.goals import MODEL, Goal, Key, atoms
from rulec.testing.judge import Asked, Asker
from rulec.testing.watcher import Watcher

MOST_PLAYS = 2_000
MOST_SUBSETS = 64
HOP_TIMES = 15
"""How many times as long as another question one about a hop may take: it is many of them."""
NOWHERE = Span(Source("", ""), 0, 0)
TEXTS = (
    "Say hello",
    "Explain how a hash table works, and implement it step by step",
    "Design, analyze and implement an algorithm for scheduling; prove that it is optimal, then compare and refactor it.\n"
    "```python\ndef schedule(jobs):\n    return sorted(jobs)\n```\n" * 8,
)
"""What a user may write, from simple to complex; there is no other way to a score."""


class Reach:
    """Finds cases for one policy; no question takes longer than `seconds`."""

    def __init__(self, policy: Policy, names: Iterable[str] = (), seconds: float = 1.0) -> None:
        self.policy = policy
        self.seconds = seconds
        self.analysis = Analysis(policy, names, seconds=seconds)
        self.asker = Asker(lower(policy))
        self.watcher = Watcher(policy)

    def case(self, goal: Goal) -> Case | Verdict:
        """A case that reaches the goal, without expectations; NONE where no request does."""
        verdict = Verdict.NONE
        for rule in goal.rules:
            found = self._hop(goal, rule) if goal.kind == "hop" else self._request(goal, rule)
            if isinstance(found, Case):
                return found
            if found is Verdict.UNDECIDED:
                verdict = found
        return verdict

    # Requests

    def _request(self, goal: Goal, rule: Rule) -> Case | Verdict:
        wanted = [self.analysis.condition(goal.holds)]
        unwanted: list[Region] = []
        if goal.decided:
            wanted.append(self.analysis.region(rule))
        if goal.key[0] == "inapplicable":
            wanted, unwanted = [self.matched(rule)], [self.analysis.region(rule)]
        witness = self.witness(rule, wanted, unwanted)
        if isinstance(witness, Verdict):
            return witness
        return next((one for one in requests(witness) if goal.key in self.seen(one)), Verdict.UNDECIDED)

    def seen(self, case: Case) -> set[Key]:
        """What a case covers; nothing where it cannot be asked."""
        try:
            return self.watcher.seen(self.asker.ask(case))
        except BadRequest:
            return set()

    def matched(self, rule: Rule) -> Region:
        """The requests that a rule matches, whether it applies to them or not."""
        replay = self.analysis.replay
        formula = self.analysis.regions.match(rule.match)
        return Region(formula, lambda witness: replay.matches(rule, replay.request(witness)))

    def witness(self, rule: Rule, wanted: list[Region], unwanted: list[Region]) -> Witness | Verdict:
        """A request in some regions and not in others that no rule before this one takes."""
        analysis, budget = self.analysis, Budget(self.seconds)
        missed = [*unwanted, *([] if rule.phase in ("when", "exact") else [analysis.exact_rules])]

        def stays(better: Witness) -> bool:
            inside = all(one.holds(better) for one in wanted) and not any(one.holds(better) for one in unwanted)
            return inside and self._gets_to(rule, better)

        while True:
            found = find(wanted, missed, budget)
            if isinstance(found, Verdict):
                return found
            taker = analysis.decide(found)
            if taker is None or taker.position >= rule.position:
                return readable(found, analysis.space, stays)
            missed.append(analysis.region(taker))

    def _gets_to(self, rule: Rule, witness: Witness) -> bool:
        taker = self.analysis.decide(witness)
        return taker is None or taker.position >= rule.position

    # Hops

    def _hop(self, goal: Goal, rule: Rule) -> Case | Verdict:
        """A request for each kind of request that chains tell apart, until errors lead one of them to the hop."""
        seen_alike: list[Region] = []
        verdict = Verdict.UNDECIDED if self._health_decides else Verdict.NONE
        ends = time.perf_counter() + HOP_TIMES * self.seconds
        while time.perf_counter() < ends:
            witness = self.witness(rule, [self.analysis.region(rule)], seen_alike)
            if isinstance(witness, Verdict):
                return verdict if witness is Verdict.NONE else witness
            plain = next((one for one in requests(witness) if self.asker.ask(one).outcome.rule is rule), None)
            if plain is None:  # no text has the complexity that is assumed
                verdict = Verdict.UNDECIDED
            for case in self._with_providers_down(plain, rule) if plain is not None else ():
                found = self._errors_to(goal, rule, case)
                if found is not None:
                    return found
            seen_alike.append(self.analysis.condition(self.alike(rule, witness)))
        return Verdict.UNDECIDED

    @property
    def _health_decides(self) -> bool:
        """Whether a rule asks who is unavailable: then it is not free who is."""
        conditions = [one.match.condition.condition for one in self.policy.rules if isinstance(one.match, ast.When)]
        return any(isinstance(atom, when.Unavailable) for one in conditions for _, atom, _ in atoms(one))

    def alike(self, rule: Rule, witness: Witness) -> when.Condition:
        """The requests for which the chain of a rule is what it is for this one, whoever is unavailable."""
        request = self.analysis.replay.request(witness)
        parts = [self._model_alike(request.model)]
        for hop in rule.chain.hops:
            for _, atom, _ in atoms(hop.when.condition) if hop.when is not None else ():
                if not isinstance(atom, when.Unavailable):
                    held = self.watcher.holds(atom, request, request.unavailable)
                    parts.append(atom if held else when.Not(atom))
        return when.And(tuple(parts))

    def _model_alike(self, model: str | None) -> when.Condition:
        """This name, where the catalogue or a rule knows it; else all names that the same providers accept."""
        if model is None:
            return when.Not(when.Present(MODEL))
        known = tuple(self.analysis.space.model.known)
        if model in known:
            return when.Compare(MODEL, "==", model)
        patterns = {one.spec: one for provider in self.policy.providers.values() for one in provider.accepts}
        tests = [when.Matches(MODEL, one) for one in patterns.values()]
        regular = self.asker.walker.request({"model": model}, {})
        found = [one if self.watcher.holds(one, regular, frozenset()) else when.Not(one) for one in tests]
        return when.And((when.Present(MODEL), when.Not(when.Among(MODEL, known)), *found))

    def _with_providers_down(self, case: Case, rule: Rule) -> Iterator[Case]:
        """The case itself, and with providers unavailable of which the chain asks it."""
        yield case
        names = dict.fromkeys(one.text for hop in rule.chain.hops if hop.when for one in hop.when.providers)
        subsets = (some for size in range(1, len(names) + 1) for some in combinations(names, size))
        for _, some in zip(range(MOST_SUBSETS), subsets, strict=False):
            down = list(dict.fromkeys([*case.request.get("unavailable", ()), *some]))
            changed = replace(case, request={**case.request, "unavailable": down})
            if self.asker.ask(changed).outcome.rule is rule:
                yield changed

    def _errors_to(self, goal: Goal, rule: Rule, case: Case) -> Case | None:
        """The case with the fewest errors that lead to the hop."""
        asked = self.asker.ask(case)
        candidates = asked.outcome.decision.candidates
        kinds = representative_kinds(rule)
        waiting: deque[tuple[tuple[str, ...], int]] = deque(((), first) for first in range(len(candidates)))
        seen: set[Any] = set()
        for _ in range(MOST_PLAYS):
            if not waiting:
                return None
            row, first = waiting.popleft()
            try:
                order = first_order(asked.outcome.decision, [first])
            except NeverPicked:
                continue
            run = self.asker.player.run(asked.outcome.decision, order, Errors(row), frozenset(asked.request.unavailable))
            if len(run.attempts) <= len(row) or (first, path := _path(run.attempts)) in seen:
                continue
            seen.add((first, path))
            if run.attempts[-1].step.hop is not None and self._line(rule, asked, run.attempts) == goal.line:
                picked = tuple(place(candidates[one]) for one in order) if len(order) > 1 else ()
                return replace(case, errors=Errors(row), picked=picked)
            waiting.extend(((*row, kind), first) for kind in kinds)
        return None

    def _line(self, rule: Rule, asked: Asked, attempts: tuple[Attempt, ...]) -> int:
        """The number of the hop that the last attempt stands for."""
        down, last = frozenset(asked.request.unavailable), -1
        for one in attempts:
            if one.step.hop is not None:
                last = self.watcher.line(rule, one, asked.request, down, last)
            down |= {one.step.provider}
        return last


def requests(witness: Witness) -> Iterator[Case]:
    """Cases for a witness: as it is, unless a complexity is assumed; then with texts that may have it."""
    request = described(witness)
    if witness.complexity is None:
        yield Case("", request, {}, NOWHERE)
    for text in TEXTS:
        body = {**request.get("body", {}), "messages": [{"role": "user", "content": text}]}
        yield Case("", {**request, "body": body}, {}, NOWHERE)


def representative_kinds(rule: Rule) -> list[str]:
    """One of all kinds of error that the chain of a rule does not tell apart."""
    found: dict[tuple[bool, ...], str] = {}
    for kind in ERROR_KINDS:
        sets = [KINDS_THAT_PASS, KINDS_OF_THE_REQUEST, KINDS_OF_PROVIDERS, *(one.kinds for one in rule.chain.hops)]
        found.setdefault((*(kind in one for one in sets), kind == "rate_limit"), kind)
    return list(found.values())


def _path(attempts: tuple[Attempt, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((one.step.provider, one.step.model) for one in attempts)


def place(candidate: Any) -> dict[str, str]:
    """A candidate as `picked` names it."""
    return {"provider": candidate.provider, "model": candidate.model}
