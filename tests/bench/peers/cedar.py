"""Cedar: a policy for each rule. Cedar has no order, it names all policies that permit; the first of them counts."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, HEADERS, Comparison, Rules, facts


def build(rules: Rules) -> Engine:
    from cedarpy import Entities, PolicySet, is_authorized

    policies = PolicySet.from_str("\n".join(policy(rule.comparisons) for rule in rules.rules))
    entities = Entities.from_json_str("[]")

    def decide(request: dict[str, Any]) -> str:
        matched = is_authorized(request, policies, entities).diagnostics.reasons
        return rules.rules[min(int(one.removeprefix("policy")) for one in matched)].provider if matched else DEFAULT

    return InProcess(decide, prepared)


def prepared(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    asked = {"principal": 'Client::"any"', "action": 'Action::"route"', "resource": 'Gateway::"any"'}
    return asked | {"context": facts(body, headers)}


def policy(comparisons: tuple[Comparison, ...]) -> str:
    return f"permit(principal, action, resource) when {{ {' && '.join(map(text, comparisons))} }};"


def text(one: Comparison) -> str:
    compared = f"context.{one.field} {one.operator} {json.dumps(one.value)}"
    return f"context has {one.field} && {compared}" if one.field in HEADERS else compared


PEER = Peer("cedarpy", "a policy for each rule, in one PolicySet", lambda: version("cedarpy"), build)
