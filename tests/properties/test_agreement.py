"""The meaning, the tree and the emitted module decide alike: thousands of rule sets over the whole language."""

from __future__ import annotations

from typing import Any

import pytest
from drawn_requests import Sent, requests, to_virtual_models
from drawn_rules import rule_sets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import PROFILE
from tally import Tally, in_request, in_rule_set
from three_ways import ThreeWays, as_yaml, compiled

REQUESTS_EACH = 10
QUICK = 300


@pytest.mark.parametrize("count", [QUICK, pytest.param(PROFILE.max_examples, marks=pytest.mark.slow)])
def test_meaning_tree_and_module_agree(count: int) -> None:
    tally = Tally()

    @settings(PROFILE, max_examples=count)
    @given(rule_sets(), st.lists(requests(), min_size=REQUESTS_EACH, max_size=REQUESTS_EACH))
    def agree_on(document: dict[str, Any], sent: list[Sent]) -> None:
        compilation = compiled(as_yaml(document))
        if compilation.failed:
            tally.discarded += 1
            assume(False)
        ways = ThreeWays(compilation)
        tally.rule_sets += 1
        tally.rules.update(in_rule_set(document, ways.policy))
        for one in (*sent, *to_virtual_models(document, sent)):
            answer = ways.compare(*one)
            rule = ways.rules.get(answer.rule or "")
            request = ways.request(*one)
            tally.requests += 1
            tally.sent.update(
                in_request(one, request, answer, rule, ways.size(request) is not None)
            )

    agree_on()
    print(f"{tally.rule_sets} rule sets, {tally.discarded} discarded, {tally.requests} requests")
    assert tally.rule_sets >= count - count // 40
    assert tally.requests >= REQUESTS_EACH * tally.rule_sets
    assert tally.discarded <= tally.rule_sets // 50
    if count > QUICK:
        assert tally.rule_sets >= 2_000
        assert tally.rare() == {}
