"""The analyser against the meaning, over the whole language: a live rule's witness reaches it, a dead rule is reached by nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from drawn_requests import Sent, requests, to_virtual_models
from drawn_rules import rule_sets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import PROFILE
from three_ways import ThreeWays, as_yaml, compiled

from rulec.analysis.analysis import Analysis, Dead
from rulec.analysis.draft import Witness
from rulec.analysis.question import Verdict
from rulec.policy import meaning
from rulec.policy.model import Policy
from rulec.runtime.complexity import Part
from rulec.runtime.request import Request

REQUESTS_EACH = 10


def test_live_and_dead_rules_are_what_they_are_said_to_be() -> None:
    tally: Counter[str] = Counter()

    @settings(PROFILE, max_examples=PROFILE.max_examples // 12)
    @given(rule_sets(), st.lists(requests(), min_size=REQUESTS_EACH, max_size=REQUESTS_EACH))
    def agree_on(document: dict[str, Any], sent: list[Sent]) -> None:
        compilation = compiled(as_yaml(document))
        assume(not compilation.failed)
        policy = compilation.policy
        analysis = Analysis(policy)
        dead = set()
        for rule in policy.rules:
            answer = analysis.live(rule)
            if isinstance(answer, Witness):
                assert decided(policy, answer) == rule.name
            elif isinstance(answer, Dead):
                dead.add(rule.name)
                assert all(cover.position < rule.position for cover in answer.covers)
            tally[kind(answer)] += 1
        gap = analysis.gap()
        if isinstance(gap, Witness):
            assert decided(policy, gap) is None
        tally[f"gap {kind(gap)}"] += 1
        ways = ThreeWays(compilation)
        for one in (*sent, *to_virtual_models(document, sent)):
            reached = meaning.decide(policy, ways.request(*one)).rule
            assert reached not in dead
            assert reached is not None or gap is not Verdict.NONE

    agree_on()
    print(tally)
    assert tally["Dead"] > 100 < tally["Witness"]
    assert tally["UNDECIDED"] * 100 < tally["Witness"]


def kind(answer: Witness | Dead | Verdict) -> str:
    return answer.name if isinstance(answer, Verdict) else type(answer).__name__


def decided(policy: Policy, witness: Witness) -> str | None:
    """The rule that a witness reaches by the meaning, which shares nothing with the analysis."""
    request = Request(witness.body, witness.headers, witness.caller, policy.capability_header)
    if witness.complexity is not None:
        request.score = (Part("assumed", 0, witness.complexity),)
    return meaning.decide(policy, request).rule
