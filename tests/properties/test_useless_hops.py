"""Hops of which lints say that they are never taken: without them every request goes the same way."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from drawn_requests import Sent, requests, to_virtual_models
from drawn_rules import rule_sets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import PROFILE
from three_ways import ThreeWays, as_yaml, compiled

from rulec.lints.run import lint
from rulec.policy import meaning
from rulec.policy.model import Chain, Policy, Rule
from rulec.records import replace
from rulec.source import Span

USELESS = frozenset(("chain-loop", "repeated-hop", "unreachable-hop", "impossible-hop"))
OF_ALL_CANDIDATES = frozenset(("chain-loop", "impossible-hop"))
"""Lints that know that all candidates are tried before the hops; the meaning lists what the one that is picked leaves open."""
REQUESTS_EACH = 20


@pytest.mark.slow
def test_hops_that_are_never_taken_can_be_removed() -> None:
    tally: Counter[str] = Counter()

    @settings(PROFILE, max_examples=PROFILE.max_examples // 12)
    @given(rule_sets(), st.lists(requests(), min_size=REQUESTS_EACH, max_size=REQUESTS_EACH))
    def agree_on(document: dict[str, Any], sent: list[Sent]) -> None:
        compilation = compiled(as_yaml(document))
        assume(not compilation.failed)
        policy = compilation.policy
        found = [one for one in lint(policy) if one.code in USELESS]
        tally.update(one.code for one in found)
        ways = ThreeWays(compilation)
        asked = [ways.request(*one) for one in (*sent, *to_virtual_models(document, sent))] if found else []
        for finding in found:
            assert finding.span is not None
            shorter = without(policy, finding.span)
            for request in asked:
                answer = meaning.decide(policy, request)
                several = finding.code in OF_ALL_CANDIDATES and len(answer.candidates) > 1  # which the proxy alone drops
                assert several or answer == meaning.decide(shorter, request), finding.message

    agree_on()
    print(tally)
    assert all(tally[one] for one in USELESS)


def without(policy: Policy, span: Span) -> Policy:
    """The policy without the hop at a place."""

    def shortened(rule: Rule) -> Rule:
        chain: Chain = rule.chain
        return replace(rule, chain=replace(chain, hops=tuple(hop for hop in chain.hops if hop.span != span)))

    return replace(policy, rules=tuple(map(shortened, policy.rules)))
