"""What lints claim of drawn rule sets, against the differences of the rule sets."""

from __future__ import annotations

from typing import Any

import pytest
from drawn_rules import rule_sets
from hypothesis import assume, given, settings
from profiles import PROFILE
from three_ways import as_yaml, compiled

from rulec.analysis.differences import differences
from rulec.lints.context import Context
from rulec.lints.reachability import redundant_rule
from rulec.policy.model import Policy
from rulec.records import replace


@pytest.mark.slow
def test_without_a_redundant_rule_nothing_changes() -> None:
    told = []

    @settings(PROFILE, max_examples=PROFILE.max_examples // 12)
    @given(rule_sets())
    def nothing_changes(document: dict[str, Any]) -> None:
        compilation = compiled(as_yaml(document))
        assume(not compilation.failed)
        context = Context(compilation.policy)
        for finding in redundant_rule.check(context):
            told.append(finding.message)
            changed = differences(context.policy, without(context.policy, finding.rule))
            assert not [one for one in changed if one.grade in ("target", "chain", "strategy")], finding.message

    nothing_changes()
    assert told


def without(policy: Policy, name: str | None) -> Policy:
    """A policy without one of its rules."""
    rules = [rule for rule in policy.rules if rule.name != name]
    return replace(policy, rules=tuple(replace(rule, position=at) for at, rule in enumerate(rules, 1)))
