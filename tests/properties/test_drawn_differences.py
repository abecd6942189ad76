"""Differences against the meaning: each one is there, and no request differs between two rules that are not told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from drawn_changes import changed
from drawn_requests import Sent, requests, to_virtual_models
from drawn_rules import rule_sets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import PROFILE
from three_ways import as_yaml, compiled

from rulec.analysis.compared.difference import Difference, gravity
from rulec.analysis.compared.grades import GRADES, grade_of
from rulec.analysis.differences import Comparison, differences
from rulec.analysis.draft import Witness
from rulec.policy import meaning
from rulec.policy.model import NativeTarget, Policy
from rulec.runtime.complexity import Part, Scoring
from rulec.runtime.request import Request
from rulec.selfcheck.emitted import plain_answer

REQUESTS_EACH = 20
SETTINGS = ("provider", "model", "section", "strategy")


@pytest.mark.slow
def test_every_difference_is_there_and_no_other() -> None:
    tally: Counter[str] = Counter()

    @settings(PROFILE, max_examples=PROFILE.max_examples // 12)
    @given(st.data(), rule_sets(), st.lists(requests(), min_size=REQUESTS_EACH, max_size=REQUESTS_EACH))
    def agree_on(data: Any, document: dict[str, Any], sent: list[Sent]) -> None:
        old = compiled(as_yaml(document))
        assume(not old.failed)
        again = data.draw(changed(document))
        new = compiled(as_yaml(again))
        assume(not new.failed)
        comparison = Comparison(old.policy, new.policy)
        found = list(comparison.differences())
        for one in found:
            tally[str(one.grade)] += 1
            if one.grade is not None:
                check(old.policy, new.policy, one)
        told = {(name(one.old_rule), name(one.new_rule)): one.grade for one in sorted(found, key=gravity, reverse=True)}
        undecided = any(one.grade is None for one in found)
        for request in (*sent, *to_virtual_models(document, sent)):
            answers = [decided(policy, request) for policy in (old.policy, new.policy)]
            if plain_answer(answers[0]) != plain_answer(answers[1]) and not undecided and not comparison.cut:
                tally["requests"] += 1
                assert (answers[0].rule, answers[1].rule) in told, f"{request} {answers}"

    agree_on()
    print(tally)
    assert all(tally[grade] > 4 for grade in GRADES), tally
    assert tally["requests"] > 100
    assert tally["None"] * 5 < tally["target"]


def test_a_rule_set_does_not_differ_from_itself() -> None:
    @settings(PROFILE, max_examples=PROFILE.max_examples // 40)
    @given(rule_sets())
    def same(document: dict[str, Any]) -> None:
        policies = [compiled(as_yaml(document)).policy for _ in range(2)]
        comparison = Comparison(policies[0], policies[1])
        comparison.same = False  # so that it is not the fingerprint that says so
        assert list(comparison.differences()) == []
        assert list(differences(*policies)) == []

    same()


def name(rule: Any) -> str | None:
    return None if rule is None else rule.name


def check(old: Policy, new: Policy, difference: Difference) -> None:
    """A witness is decided by both policies, as they mean it, as the difference says."""
    witness = difference.witness
    assert witness is not None
    assert difference.old is not None
    assert difference.new is not None
    answers = [of_witness(policy, witness) for policy in (old, new)]
    assert [one.rule for one in answers] == [name(difference.old_rule), name(difference.new_rule)]
    assert difference.grade is not None
    if any(isinstance(rule and rule.target, NativeTarget) for rule in (difference.old_rule, difference.new_rule)):
        return  # between whose models LiteLLM decides
    asked = [*old.providers, *new.providers]
    if difference.cause.kind not in SETTINGS:  # which no decision shows
        assert grade_of(difference.old, difference.new, asked) in GRADES[: GRADES.index(difference.grade) + 1]
    if difference.grade != "target" and difference.cause.kind not in SETTINGS:
        assert goes_to(answers[0]) == goes_to(answers[1])


def goes_to(answer: meaning.Answer) -> Any:
    return answer.action, answer.status, {(one.provider, one.upstream, one.model) for one in answer.candidates}


def of_witness(policy: Policy, witness: Witness) -> meaning.Answer:
    request = Request(witness.body, witness.headers, witness.caller, policy.capability_header)
    request.scoring = Scoring(policy.sections.get("complexity", {}))
    if witness.complexity is not None:
        request.score = (Part("assumed", 0, witness.complexity),)
    return meaning.decide(policy, request)


def decided(policy: Policy, sent: Sent) -> meaning.Answer:
    body, headers, caller = sent
    scoring = Scoring(policy.sections.get("complexity", {}))
    return meaning.decide(policy, Request(body, headers, caller, policy.capability_header, scoring))
