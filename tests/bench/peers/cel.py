"""CEL: a compiled program for each rule, asked one after another in one context."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, HEADERS, Comparison, Rules, facts


def build(rules: Rules) -> Engine:
    from cel import Context, compile

    compiled = [(compile(" && ".join(map(text, rule.comparisons))), rule.provider) for rule in rules.rules]

    def decide(known: dict[str, Any]) -> str:
        context = Context(known)
        for program, provider in compiled:
            if program.execute(context):
                return provider
        return DEFAULT

    return InProcess(decide, prepared)


def prepared(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    """An undefined name is an error in CEL, so an absent header is null."""
    return dict.fromkeys(HEADERS) | facts(body, headers)


def text(one: Comparison) -> str:
    if one.operator != "like":
        return f"{one.field} {one.operator} {json.dumps(one.value)}"
    return " && ".join(one.glob.calls("model.startsWith({})", "model.endsWith({})", "model.contains({})", "size(model) >= {}"))


PEER = Peer(
    "CEL", "a program for each rule, in a loop over one Context", lambda: version("common-expression-language"), build
)
