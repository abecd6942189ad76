"""A pattern keeps its text through the formatter: from YAML to the DSL, in the DSL, and back."""

from __future__ import annotations

from random import Random

import pytest
import yaml
from drawn_patterns import Patterns
from pattern_ways import PROVIDERS, compiled

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics, Rejected, render_text
from rulec.source import Source
from rulec.syntax import ast
from rulec.syntax.conditions import Matches
from rulec.syntax.formatter.format import format_source

WITH_SLASHES = (
    "/", "//", r"\/", r"\\/", r"a\/b/c", r"\\\/", r"/\Q/\E/", "\\Q\\", r"\\", r"[/]", r"[\/]", "^meta-llama/.*", r"x\Q\/", '"', "'", r"\"",
    r"a\'b", "a#b", " # ", "a\nb", "a\\\nb", "\t", "\\\t", "\0", "\x85", "\u2028", "{", "}", "a,b", "->", "(?i)x/Y",
)  # fmt: skip


def drawn_texts() -> list[str]:
    """Patterns that compile, many with slashes and quotes somewhere."""
    patterns, random = Patterns(99), Random(99)
    texts = dict.fromkeys(WITH_SLASHES)
    while len(texts) < 400:
        text = patterns.pattern().text
        at = random.randint(0, len(text))
        texts[text[:at] + random.choice(("", "/", r"\/", '"', "'", "#", r"\\", "//")) + text[at:]] = None
    return [text for text in texts if text.strip() and compiles(text) and "${" not in text]


def compiles(text: str) -> bool:
    try:
        compiled(text)
    except Rejected:
        return False
    return True


TEXTS = drawn_texts()


def read(text: str, surface: str) -> list[str]:
    """The patterns of a rule set, those of rules and then those of conditions."""
    rules = compile_sources([Source(f"a.{surface}", text)], Diagnostics(), False).policy.rules
    in_rules = [one.text for rule in rules if isinstance(rule.match, ast.Patterns) for one in rule.match.patterns]
    conditions = [rule.match.condition.condition for rule in rules if isinstance(rule.match, ast.When)]
    return in_rules + [one.pattern.text for one in conditions if isinstance(one, Matches)]


def formatted(text: str, surface: str, to: str) -> str:
    diagnostics = Diagnostics()
    made = format_source(Source(f"a.{surface}", text), surface, to, diagnostics)
    assert made is not None, render_text(diagnostics.items)
    return made


@pytest.mark.parametrize("way", [("yaml",), ("rules", "rules", "yaml", "rules")], ids="-".join)
def test_every_pattern_keeps_its_text(way: tuple[str, ...]) -> None:
    conditions = {
        f"c{number}": {
            "provider": "p",
            "condition": 'header.x matches "' + text.replace("\\", "\\\\").replace('"', '\\"') + '"',
        }
        for number, text in enumerate(TEXTS)
        if text.isprintable()
    }
    document = {
        "providers": PROVIDERS,
        "request_metadata_routing": conditions,
        "patterns": [{"pattern": text, "name": f"r{number}", "provider": "p"} for number, text in enumerate(TEXTS)],
        "default": "pass",
    }
    text, surface = yaml.dump(document, sort_keys=False), "yaml"
    wanted = TEXTS + [one for one in TEXTS if one.isprintable()]
    assert len(wanted) > 600
    for to in way:
        text, surface = formatted(text, surface, to), to
        assert read(text, surface) == wanted
    assert surface == "yaml" or text.count("/,") + text.count("/ ->") > 200, "most stand between slashes"
