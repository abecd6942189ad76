"""Whole answers to single requests: the module's against the meaning's."""

from __future__ import annotations

from typing import Any

from rulec.analysis.draft import Witness
from rulec.analysis.replay import Replay, Tables
from rulec.policy import meaning
from rulec.policy.model import Policy, Rule
from rulec.selfcheck.emitted import plain_answer, plain_decision
from rulec.selfcheck.shown import Evidence


class ModuleDisagrees(Exception):
    """The emitted module does something else than the policy means: a bug of rulec."""

    def __init__(
        self, what: str, rule: Rule | None = None, witness: Witness | None = None, expected: Any = None, got: Any = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.rule = rule
        self.witness = witness
        self.expected = expected
        self.got = got
        self.report = ""
        """What goes into the file that is to be sent to the maintainers."""


class Answers:
    """A policy and the engine that was emitted for it."""

    def __init__(self, engine: Any, policy: Policy) -> None:
        self.policy = policy
        self.tables = Tables(engine, policy)
        self.replay = Replay(policy)
        self.requests = 0

    def compare(self, witness: Witness) -> Rule | None:
        """The rule that decides a request, by a walk through all; raises ModuleDisagrees where the module answers otherwise."""
        self.requests += 1
        answer = meaning.decide(self.policy, self.replay.request(witness))
        return self._agreed(witness, answer)

    def compare_as(self, rule: Rule, witness: Witness) -> Any:
        """The answer; raises ModuleDisagrees where the module does not do with a request what this rule means."""
        self.requests += 1
        answer = meaning.answer_of(self.policy, rule, self.replay.request(witness))
        self._agreed(witness, answer)
        return None if answer is None else plain_answer(answer)

    def repeat(self, evidence: Evidence) -> bool:
        """Whether the module still does with a request what it did."""
        self.requests += 1
        return bool(plain_decision(self.tables.decision(evidence.witness)) == evidence.answer)

    def _agreed(self, witness: Witness, answer: meaning.Answer | None) -> Rule | None:
        expected = None if answer is None else plain_answer(answer)
        decision = self.tables.decision(witness)
        got = plain_decision(decision)
        rule = self.tables.named(None if answer is None else answer.rule)
        if expected != got:
            raise ModuleDisagrees("the decision", rule, witness, expected, got)
        return rule
