"""Sentences of the DSL and the YAML that says the same compile to the same config and module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.compiler import Compilation, compile_sources
from rulec.diagnostics import Diagnostics, render_text
from rulec.source import Source

BASE = """\
provider a { litellm "openai/{model}"  accepts /.*/  default_model m  context 10 }
provider b { litellm "azure/{model}"  accepts /.*/ }
provider c { litellm "gemini/{model}"  accepts /.*/ }
model m { served by a, b as "up/m"  size 3B }
model n { served by a, b  size 4B }
default -> a
"""


def pairs() -> list[dict[str, Any]]:
    class Texts(yaml.SafeLoader):
        """Reads numbers and dates of the pairs as they are written."""

    Texts.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in found if "timestamp" not in tag]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    found: list[dict[str, Any]] = yaml.load((Path(__file__).parent / "pairs.yaml").read_text(encoding="utf-8"), Texts)
    return found


def compiled(*sources: Source) -> Compilation:
    return compile_sources(sources, Diagnostics())


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: str(pair["says"])[:60])
def test_both_surfaces_say_the_same(pair: dict[str, Any]) -> None:
    base = Source("a.rules", BASE)
    found = compiled(base, Source("b.rules", pair["says"]))
    wanted = compiled(base, Source("b.yaml", json.dumps(pair["yaml"])))
    assert found.artifacts, render_text(found.diagnostics)
    assert wanted.artifacts, render_text(wanted.diagnostics)
    for ours, theirs in zip(found.artifacts, wanted.artifacts, strict=True):
        assert ours.text.replace("b.rules", "b.yaml") == theirs.text


def test_different_rules_differ() -> None:
    texts = {compiled(Source("a.rules", BASE), Source("b.rules", pair["says"])).artifacts[1].text for pair in pairs()}
    assert len(texts) > 25, "most pairs say something that a request can tell"
