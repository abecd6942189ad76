"""The whole check of a module: order, every rule proved and sent through the module with a request, names of the catalogue."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from rulec.analysis.analysis import Analysis
from rulec.analysis.draft import NOON, Witness
from rulec.analysis.question import Verdict
from rulec.analysis.space import Space
from rulec.backends.artifact import Artifact
from rulec.policy.model import Policy, Rule
from rulec.records import record
from rulec.selfcheck.answers import Answers, ModuleDisagrees
from rulec.selfcheck.emitted import load_module
from rulec.selfcheck.proof import Proof
from rulec.selfcheck.readback import ReadBack
from rulec.selfcheck.report import report_of
from rulec.selfcheck.shown import Evidence, Shown

SECONDS = 120.0
"""How long the check may take; what is not decided by then is told."""
MOST_STEPS = 200_000
"""About how many rules the meaning, a plain loop, may look at in all."""


@record
class Checked:
    """What was shown: `live` rules have a request that went through the module, `dead` ones none; the rest is `undecided`."""

    live: int
    dead: int
    requests: int
    undecided: tuple[str, ...]


def check_module(module: Artifact, policy: Policy, shown: Shown | None = None) -> Checked:
    """Shows that a module decides as the policy means, as far as time allows; raises ModuleDisagrees where it does not.

    What was `shown` before is not shown again where it still holds; what is shown now is added to it.
    """
    try:
        return _Check(module, policy, shown).run()
    except Exception as error:  # what breaks the check is a bug like any other, and is told with the rules
        disagrees = error if isinstance(error, ModuleDisagrees) else ModuleDisagrees(f"{type(error).__name__}: {error}")
        disagrees.report = report_of(disagrees, policy)
        raise disagrees from error


class _Check:
    def __init__(self, module: Artifact, policy: Policy, shown: Shown | None) -> None:
        self.ends = time.perf_counter() + SECONDS
        self.policy = policy
        namespace = load_module(module.text)
        self.answers = Answers(namespace["ENGINE"], policy)
        read = ReadBack(namespace["TABLES"], policy)
        emitted = read.emitted()
        self.analysis = Analysis(policy, decide=self.answers.tables.rule, space=Space([policy, emitted]))
        self.proof = Proof(read, emitted, self.analysis, self.answers)
        self.sent: list[Witness] = []
        self.shown = shown
        self.before = {} if shown is None else shown.among(repr(read.settings()))

    def run(self) -> Checked:
        self.proof.catalogue()
        self.proof.order()
        self.proof.names()
        dead = 0
        undecided: list[str] = []
        for rule in self.policy.rules:
            verdicts = self.judged(rule) if time.perf_counter() < self.ends else [Verdict.UNDECIDED]
            if Verdict.UNDECIDED in verdicts:
                undecided.append(rule.name)
            elif verdicts[-1] is Verdict.NONE:
                dead += 1
        for one in _some([*self.sent, *_others(self.policy)], len(self.policy.rules)):
            self.answers.compare(one)
        return Checked(len(self.sent), dead, self.answers.requests, tuple(undecided))

    def judged(self, rule: Rule) -> list[Verdict | Witness]:
        """Whether a rule was emitted as it means, and a request that it decides."""
        before = self.before.get(rule.name)
        if before is not None and before.holds_for(rule, self.proof.emitted_of(rule)) and self.answers.repeat(before):
            # Not the rule of before, which would hold on to the text that it stood in.
            self.keep(Evidence(rule, before.emitted, before.witness, before.answer))
            return [Verdict.NONE, before.witness]
        proved, found = self.proof.rule(rule), self.analysis.reached(rule)
        if isinstance(found, Witness):
            answer = self.answers.compare_as(rule, found)
            if self.shown is not None and proved is Verdict.NONE and not self.proof.leaned:
                self.keep(Evidence(rule, self.proof.emitted_of(rule), found, answer))
            else:
                self.sent.append(found)
        return [proved, found]

    def keep(self, evidence: Evidence) -> None:
        assert self.shown is not None
        self.shown.rules[evidence.rule.name] = evidence
        self.sent.append(evidence.witness)


def _others(policy: Policy) -> Iterator[Witness]:
    """Requests that are for no rule in particular."""
    yield Witness({}, {}, {"now": NOON})
    for name in ("no-such-model", *policy.models):
        yield Witness({"model": name}, {}, {"now": NOON})


def _some(witnesses: list[Witness], rules: int) -> Iterator[Witness]:
    """As many requests, evenly chosen, as may be walked through all rules."""
    affordable = max(20, MOST_STEPS // max(1, rules))
    return islice(witnesses, 0, None, max(1, -(-len(witnesses) // affordable)))
