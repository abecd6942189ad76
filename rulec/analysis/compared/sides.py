"""One of two policies that are compared."""

from __future__ import annotations

from functools import cached_property

from rulec.analysis.analysis import Analysis
from rulec.analysis.compared.outcomes import Outcomes
from rulec.analysis.draft import Witness
from rulec.analysis.formulas import TRUE
from rulec.analysis.pairs import Parts, parts_of
from rulec.analysis.question import Region
from rulec.analysis.space import Space
from rulec.policy.model import Policy, Rule

MOST_BEFORE = 64
_ANYTHING = Region(TRUE, lambda witness: True)


class Side:
    """A policy with its rules' regions and outcomes; no rule is None.

    `partners` are the rules of the other side that stand for its own, `unsteady` those that requests may leave or join.
    """

    def __init__(self, policy: Policy, space: Space, seconds: float) -> None:
        self.policy = policy
        self.analysis = Analysis(policy, space=space, seconds=seconds)
        self.outcomes = Outcomes(self.analysis)
        self.partners: dict[int, Rule] = {}
        self.unsteady: set[int] = set()
        self._parts: dict[int, Parts] = {}

    def parts(self, rule: Rule) -> Parts:
        """What a rule admits, for a look at whether it overlaps another."""
        found = self._parts.get(rule.position)
        if found is None:
            found = self._parts[rule.position] = parts_of(self.region(rule).formula)
        return found

    @cached_property
    def last_exact(self) -> int:
        return max((rule.position for rule in self.policy.rules if rule.phase == "exact"), default=0)

    def decide(self, witness: Witness) -> Rule | None:
        return self.analysis.decide(witness)

    def region(self, rule: Rule | None) -> Region:
        return _ANYTHING if rule is None else self.analysis.region(rule)

    def all_before(self, rule: Rule | None) -> list[Region]:
        """All that is taken before a rule, one by one; of many rules, none."""
        last = len(self.policy.rules) + 1 if rule is None else rule.position
        found = [one for one in self.policy.rules[: last - 1] if one.phase != "exact"]
        return [self.region(one) for one in found] if len(found) <= MOST_BEFORE else []

    def before(self, rule: Rule | None) -> list[Region]:
        """What is certainly taken before a rule: exact names may be thousands."""
        return [self.analysis.exact_rules] if rule is None or rule.phase not in ("when", "exact") else []
