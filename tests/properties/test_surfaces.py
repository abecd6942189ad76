"""There and back: a rule set keeps its meaning and its comments in either surface, and what is formatted stays so."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml
from drawn_rules import rule_sets
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from profiles import PROFILE
from three_ways import as_yaml

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.source import Source
from rulec.syntax.formatter.dsl_comments import dsl_comments
from rulec.syntax.formatter.format import Surface, format_source
from rulec.syntax.formatter.yaml_comments import yaml_comments
from rulec.syntax.formatter.yaml_text import read_yaml

SETTINGS = settings(PROFILE, max_examples=PROFILE.max_examples // 80)


def fingerprint(text: str, surface: Surface) -> str | None:
    compilation = compile_sources([Source(f"a.{surface}", text)], Diagnostics(), emit=False)
    return None if compilation.failed else compilation.policy.fingerprint()


def formatted(text: str, surface: Surface, to: Surface) -> str:
    diagnostics = Diagnostics()
    made = format_source(Source(f"a.{surface}", text), surface, to, diagnostics)
    assert made is not None, [one.message for one in diagnostics.items]
    return made


def comments(text: str, surface: Surface) -> Counter[str]:
    if surface == "rules":
        return Counter(one.text for one in dsl_comments(text))
    root = read_yaml(Source("a.yaml", text), Diagnostics())
    assert root is not None
    return Counter(one.text for one in yaml_comments(text, root))


def check_there_and_back(text: str) -> None:
    meant = fingerprint(text, "yaml")
    assume(meant is not None)
    written = comments(text, "yaml")
    surface: Surface = "yaml"
    for to in ("yaml", "rules", "yaml", "rules"):
        text = formatted(text, surface, to)
        surface = to
        assert fingerprint(text, surface) == meant
        assert comments(text, surface) == written
        assert formatted(text, surface, surface) == text


@SETTINGS
@given(rule_sets())
def test_rule_sets_keep_their_meaning(document: dict[str, Any]) -> None:
    check_there_and_back(as_yaml(document))


@SETTINGS
@given(rule_sets())
def test_flow_style_keeps_its_meaning(document: dict[str, Any]) -> None:
    check_there_and_back(yaml.safe_dump(document, default_flow_style=True, width=40, sort_keys=False, allow_unicode=True))


@SETTINGS
@given(rule_sets(), st.binary(min_size=64, max_size=64))
def test_comments_stay(document: dict[str, Any], choices: bytes) -> None:
    """Comments and blank lines wherever a line begins or ends, in each surface."""
    plain = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1_000_000)
    text = sprinkled(plain, choices)
    assume(fingerprint(text, "yaml") == fingerprint(plain, "yaml"))  # a text over several lines takes no comment
    check_there_and_back(text)
    sentences = formatted(plain, "yaml", "rules")
    scattered = sprinkled(sentences, choices[::-1])
    written = comments(scattered, "rules")
    again = formatted(scattered, "rules", "rules")
    assert comments(again, "rules") == written
    assert formatted(again, "rules", "rules") == again
    assert comments(formatted(scattered, "rules", "yaml"), "yaml") == written


def sprinkled(text: str, choices: bytes) -> str:
    lines = []
    for number, line in enumerate(text.splitlines()):
        choice = choices[number % len(choices)]
        indent = line[: len(line) - len(line.lstrip(" -"))].replace("-", " ")
        if choice % 8 == 1:
            lines.append("")
        if choice % 8 in (2, 3):
            lines.append(f"{indent[choice % 3 :]}# above {number}")
        lines.append(line + (f"  # behind {number}" if choice % 5 == 0 else ""))
    return "\n".join(lines) + "\n# the end\n"
