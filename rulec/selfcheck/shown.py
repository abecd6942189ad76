"""What earlier checks showed, so that it need not be shown again of rules that did not change."""

from __future__ import annotations

from typing import Any

from rulec.analysis.draft import Witness
from rulec.policy.canonical import canonical
from rulec.policy.model import Rule
from rulec.records import field, record, replace


@record
class Evidence:
    """A rule that was shown to be emitted as it means, and a request that it decided, with the answer."""

    rule: Rule
    emitted: str
    """What was emitted of its matching, by `repr`, for which 1, 1.0 and true are not the same."""
    witness: Witness
    answer: Any

    def holds_for(self, rule: Rule, emitted: str) -> bool:
        """Whether nothing changed but where the rule stands, among the others and in its file."""
        before = self.rule
        if before.position != rule.position:
            before = replace(before, position=rule.position)
        return self.emitted == emitted and (before == rule or canonical(before) == canonical(rule))


@record(frozen=False)
class Shown:
    """The evidence of one check after the other, by the names of rules.

    It holds only among the same providers, models and settings of the decision: else the whole of it goes.
    """

    world: str = ""
    rules: dict[str, Evidence] = field(default_factory=dict)

    def among(self, world: str) -> dict[str, Evidence]:
        """The evidence that holds in a world; from now on others are gathered."""
        before = self.rules if self.world == world else {}
        self.world, self.rules = world, {}
        return before
