"""rulec: the module that it generates, asked with whole requests."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any

import yaml

from rulec.backends.python import generate_module
from rulec.selfcheck.emitted import load_module
from tests.bench.compiling import compiled
from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.rules import DEFAULT, HEADERS, PROVIDERS, Comparison, Rules


def build(rules: Rules) -> Engine:
    text = yaml.dump(document(rules), Dumper=yaml.CSafeDumper, sort_keys=False)
    decide = load_module(generate_module(compiled(text).tree).text)["decide"]

    def provider(sent: tuple[dict[str, Any], dict[str, str]]) -> str:
        answer: str = decide(sent[0], sent[1], key="ada", team="search", endpoint="chat").candidates[0].provider
        return answer

    return InProcess(provider, lambda body, headers: (body, headers))


def document(rules: Rules) -> dict[str, Any]:
    """The rules as rulec reads them."""
    served = {
        name: {"litellm": f"{name}/{{model}}", "accepts": ".*", "default_model": "any"}
        for name in (*PROVIDERS, DEFAULT)
    }
    return {
        "version": 1,
        "providers": served,
        "request_metadata_routing": {
            f"when_{number}": {"provider": rule.provider, "condition": " and ".join(map(condition, rule.comparisons))}
            for number, rule in enumerate(rules.rules)
            if rule.kind == "condition"
        },
        "exact_matches": {
            rule.comparisons[0].value: {"provider": rule.provider} for rule in rules.rules if rule.kind == "exact"
        },
        "patterns": [{"pattern": rule.comparisons[0].glob.expression, "provider": rule.provider} for rule in rules.patterns],
        "default": {"provider": DEFAULT},
    }


def condition(one: Comparison) -> str:
    field = f"header.{HEADERS[one.field]}" if one.field in HEADERS else one.field
    return f"{field} {one.operator} {json.dumps(one.value)}"


PEER = Peer("rulec", "`decide` of the generated module", lambda: version("rulec"), build)
