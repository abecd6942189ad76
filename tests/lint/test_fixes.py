"""Fixes: what is removed is one entry and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.commands.fixing import edited
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.lints.context import Context
from rulec.lints.removal import removal
from rulec.lints.safety import negated_absent_header
from rulec.source import Source, Span

REMOVALS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "removals.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", REMOVALS, ids=lambda case: case["what"])
def test_an_entry_is_removed(case: dict[str, Any]) -> None:
    text = case["before"]
    at = text.index(case["name"])
    edits = removal(Span(Source("rules/a.yaml", text), at, at + len(case["name"])))
    assert (edited(text, edits) if edits else None) == case["after"]


def test_presence_is_asked_for_where_a_comparison_is_negated() -> None:
    """In quotes, without, and in the DSL; not where other alternatives would need it, too, nor in a block of YAML."""
    yaml_text = """\
providers: {a: {litellm: "openai/{model}", accepts: "."}, gpu: {litellm: "openai/{model}", accepts: "."}}
request_metadata_routing:
  ops: {condition: 'team == "ops"', provider: gpu}
  one: {condition: 'header.x != "b" and tools', provider: gpu}
  two:
    condition: header.y != "b" and stream
    provider: gpu
  either: {condition: "header.z != 'b' and images or n == 2", provider: gpu}
default: {provider: a}
"""
    dsl_text = 'when three: metadata.m != "b" and n == 3 -> gpu\n'
    sources = [Source("rules/a.yaml", yaml_text), Source("rules/b.rules", dsl_text)]
    policy = compile_sources(sources, Diagnostics(), emit=False).policy
    found = list(negated_absent_header.check(Context(policy)))
    assert [len(one.edits) for one in found] == [1, 1, 0, 1]
    fixed = [edited(one.text, [edit for finding in found for edit in finding.edits if edit.span.source is one]) for one in sources]
    assert "condition: 'present(header.x) and header.x != \"b\" and tools'" in fixed[0]
    assert 'condition: present(header.y) and header.y != "b" and stream\n' in fixed[0]
    assert fixed[1] == 'when three: present(metadata.m) and metadata.m != "b" and n == 3 -> gpu\n'
