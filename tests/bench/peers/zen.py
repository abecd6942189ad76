"""GoRules Zen: one decision table that takes the first row, compiled when it is loaded."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, HEADERS, Comparison, Rules, facts

COLUMNS = ("model", "stream", "max_tokens", *HEADERS)


def build(rules: Rules) -> Engine:
    from zen import ZenEngine

    engine = ZenEngine({"loader": {"type": "static", "content": {"rules": decision(rules)}}})

    def decide(known: dict[str, Any]) -> str:
        return str(engine.evaluate("rules", known)["result"]["provider"])

    return InProcess(decide, facts)


def decision(rules: Rules) -> dict[str, Any]:
    table = {
        "hitPolicy": "first",
        "inputs": [{"id": name, "name": name, "field": name} for name in COLUMNS],
        "outputs": [{"id": "provider", "name": "provider", "field": "provider"}],
        "rules": [row(rule.comparisons, rule.provider, number) for number, rule in enumerate(rules.rules)]
        + [row((), DEFAULT, -1)],
    }
    nodes = [
        {"id": "request", "name": "request", "type": "inputNode"},
        {"id": "table", "name": "table", "type": "decisionTableNode", "content": table},
        {"id": "answer", "name": "answer", "type": "outputNode"},
    ]
    edges = [("request", "table"), ("table", "answer")]
    return {
        "nodes": nodes,
        "edges": [{"id": f"{one} {other}", "sourceId": one, "targetId": other, "type": "edge"} for one, other in edges],
    }


def row(comparisons: tuple[Comparison, ...], provider: str, number: int) -> dict[str, str]:
    cells = {one.field: cell(one) for one in comparisons}
    return dict.fromkeys(COLUMNS, "") | cells | {"_id": str(number), "provider": json.dumps(provider)}


def cell(one: Comparison) -> str:
    if one.operator == "==":
        return json.dumps(one.value)
    if one.operator == ">=":
        return f">= {one.value}"
    return " and ".join(one.glob.calls("startsWith($, {})", "endsWith($, {})", "contains($, {})", "len($) >= {}"))


PEER = Peer("zen-engine", "one decision table, first row, static loader", lambda: version("zen-engine"), build)
