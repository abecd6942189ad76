"""What stands twice: a surface that allows a key to be repeated hands it over as it is, and it is told as declared twice."""

from __future__ import annotations

import pytest

from rulec.diagnostics import Diagnostics
from rulec.policy.bind import bind
from rulec.source import Source
from rulec.syntax.ast import RuleSet
from rulec.syntax.nodes import Mapping, read_documents
from rulec.syntax.shapes import SECTIONS
from rulec.syntax.yaml import read_rule_document

RULES = """
version: 1
providers: {p: {litellm: "openai/{model}", accepts: '.*'}}
models: {m: {served_by: [p]}}
exact_matches: {e: {provider: p}}
patterns: [{pattern: '^a', provider: p}]
capabilities: {c: {provider: p}}
redundant_models: {r: {providers: [p]}}
model_size_routing: [{size: < 8B, provider: p}]
request_metadata_routing: {w: {provider: p, condition: stream}}
virtual_models: {v: {complexity: {simple: m, complex: m}}}
fallback_chains: {f: {chain: [p]}}
load_balancing: {random: {}}
signals: {s: {kind: utilization, url: "https://example.com"}}
first_request_routing: {strategy: prefer_warm_providers}
rate_limited_fallback: {enabled: true}
error_based_routing: {enabled: true}
defaults: {temperature: 1}
request: {capability_header: X-Task}
default: {provider: p}
litellm: {router_settings: {timeout: 1}}
complexity: {weights: {length: 1}}
"""
LISTS = ("patterns", "model_size_routing")
OF_NAMES = (
    "providers",
    "models",
    "exact_matches",
    "capabilities",
    "redundant_models",
    "request_metadata_routing",
    "virtual_models",
    "fallback_chains",
    "load_balancing",
    "signals",
)


@pytest.mark.parametrize("name", SECTIONS)
def test_what_stands_twice(name: str) -> None:
    diagnostics = Diagnostics()
    document = read_documents(Source("rules.yaml", RULES), diagnostics)[0]
    assert isinstance(document, Mapping)
    key, section = document.key(name), document.get(name)
    if name in LISTS:
        section.items.append(section.items[0])  # type: ignore[union-attr]
    elif name in OF_NAMES:
        section.pairs.append(section.pairs[0])  # type: ignore[union-attr]
    else:
        document.pairs.append((key, section))  # type: ignore[arg-type]
    rules = RuleSet()
    read_rule_document(document, rules, diagnostics)
    bind(rules, diagnostics)
    assert [one.code for one in diagnostics.items] == ([] if name == "version" else ["declared-twice"])
