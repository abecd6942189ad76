"""rule-engine: a `Rule` for each rule, asked one after another."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, Comparison, Rules, facts


def build(rules: Rules) -> Engine:
    from rule_engine import Context, Rule

    context = Context(default_value=None)
    compiled = [(Rule(" and ".join(map(text, rule.comparisons)), context=context), rule.provider) for rule in rules.rules]

    def decide(known: dict[str, Any]) -> str:
        for rule, provider in compiled:
            if rule.matches(known):
                return provider
        return DEFAULT

    return InProcess(decide, facts)


def text(one: Comparison) -> str:
    if one.operator == "like":
        return f"model =~~ {json.dumps(one.glob.expression)}"
    return f"{one.field} {one.operator} {json.dumps(one.value)}"


PEER = Peer("rule-engine", "a Rule for each rule, in a loop", lambda: version("rule-engine"), build)
