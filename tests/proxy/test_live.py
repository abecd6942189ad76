"""Cases on a real proxy: the errors that `rulec test` plays by the runtime's plan end there as they do here."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulec.demo.stage import HOST
from rulec.ir.lower import lower
from rulec.policy.model import NO_CHAIN, Policy
from rulec.proxy import CannotServe
from rulec.records import replace
from rulec.serving.client import Client
from rulec.testing.cases import case_files
from rulec.testing.collection import collect
from rulec.testing.judge import Asker
from rulec.testing.live import play_all
from rulec.testing.playground import RunningProxy, playground

pytestmark = [pytest.mark.proxy, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"


def without_chains(policy: Policy) -> Policy:
    return replace(policy, rules=tuple(replace(one, chain=NO_CHAIN) for one in policy.rules))


def test_the_shipped_cases_hold_on_a_real_proxy() -> None:
    group = collect(case_files(RULES), RULES).shared
    assert group is not None
    policy = group.compilation.policy
    asker = Asker(lower(policy))
    with playground(policy) as proxy:
        live = play_all(asker, group.cases, proxy)
        assert not live.failures and not live.left_out, live
        assert len(live.played) == len(group.cases)

        failing = [one for one in group.cases if one.errors.providers][:3]
        wrong = play_all(Asker(lower(without_chains(policy))), failing, proxy)
        assert [one.case for one in wrong.failures] == failing
        assert [what for one in wrong.failures for what, _, _ in one.differences] == ["tried"] * 3

        plain = [one for one in group.cases if one.name in ("another priority changes nothing", "an unknown model gets the default model")]
        client = Client(f"http://{HOST}:{proxy.client.url.rpartition(':')[2]}", proxy.client.key)
        version = client.send("POST", "/v1/chat/completions", {"model": "gpt-4o", "messages": []})[1]["x-rulec-version"]
        seen = play_all(asker, [*plain, *failing], RunningProxy(client, version))
        assert (seen.played, seen.failures, [one for one, _ in seen.left_out]) == (plain, [], failing)
        with pytest.raises(CannotServe, match="compile and reload"):
            play_all(asker, plain, RunningProxy(client, policy.fingerprint()))


def test_conformance_cases_with_errors_hold_on_a_real_proxy() -> None:
    """Hops by kind, and deployments that are out."""
    for group in collect([ROOT / "tests" / "conformance" / "errors.cases.yaml"], RULES).groups[::2]:
        policy = group.compilation.policy
        with playground(policy) as proxy:
            live = play_all(Asker(lower(policy)), group.cases, proxy)
        assert not live.failures, live.failures
        assert not live.left_out, live.left_out
