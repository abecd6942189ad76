"""A pattern asked in three ways: our matcher, the emitted module, and RE2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import re2
import yaml

from rulec.backends.python import generate_module
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.patterns.compile import compile_pattern
from rulec.patterns.compiled import CompiledPattern
from rulec.runtime import matching
from rulec.selfcheck.emitted import load_module
from rulec.source import Located, Source, Span

PROVIDERS = {"p": {"litellm": "openai/{model}", "accepts": ".*"}}


def compiled(text: str) -> CompiledPattern:
    """Our matcher for a pattern; raises Rejected."""
    return compile_pattern(Located(text, Span(Source("", text), 0, len(text))))


def judge(text: str) -> Any:
    """RE2's pattern, None where RE2 refuses it."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error:
        return None


def holds_inside_characters(matches: Callable[[str], bool]) -> bool:
    """Whether a matcher takes the empty text between two characters that are neither words nor newlines.

    RE2 looks at bytes, and finds such a place inside of `é`, so `\\B` matches there: its one difference from us. No
    pattern can go on from there, as no character begins in the middle of another.
    """
    automaton = getattr(getattr(matches, "func", matches), "__self__", None)
    if not isinstance(automaton, matching.Automaton):
        return False
    return automaton.closure(matching._State(0, matching._AFTER_OTHER, automaton), matching._AFTER_OTHER)[1]


def emitted(document: dict[str, Any]) -> dict[str, Any]:
    """The names of the module that a rule set becomes."""
    text = yaml.dump(document, Dumper=yaml.CSafeDumper, allow_unicode=True, width=100_000)
    compilation = compile_sources([Source("rules.yaml", text)], Diagnostics(), False)
    assert compilation.tree is not None, [one.message for one in compilation.diagnostics][:3]
    return load_module(generate_module(compilation.tree).text)


def conditions_module(patterns: list[str]) -> dict[str, Any]:
    """A module with one rule for each pattern: it holds where the header `number` names it and a text matches."""
    rules = {}
    for number, pattern in enumerate(patterns):
        field = "metadata.text" if number % 2 else "header.x-text"
        quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
        rules[f"r{number}"] = {
            "condition": f'header.x-number == "{number}" and {field} matches "{quoted}"',
            "provider": "p",
        }
    return emitted({"providers": PROVIDERS, "request_metadata_routing": rules, "default": "pass"})


def condition_holds(module: dict[str, Any], number: int, text: str) -> bool:
    """Whether the rule of this number holds for a text."""
    body = {"model": "m", "metadata": {"text": text if number % 2 else ""}}
    decision = module["decide"](body, {"x-number": str(number), "x-text": "" if number % 2 else text})
    return bool(decision.rule == f"r{number}")
