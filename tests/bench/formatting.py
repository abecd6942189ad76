"""Formatting, against libyaml reading the same text (the bar: 8 times for YAML, 10 times for the DSL)."""

from __future__ import annotations

import yaml

from rulec.diagnostics import Diagnostics
from rulec.source import Source
from rulec.syntax.formatter.format import Surface, format_source
from tests.bench.compiling import text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.workload import make_workload


def formatted(text: str, surface: Surface, to: Surface) -> str:
    diagnostics = Diagnostics()
    made = format_source(Source(f"rules.{surface}", text), surface, to, diagnostics)
    if made is None:
        raise SystemExit(f"the workload cannot be formatted: {diagnostics.items[0].message}")
    return made


def lines(quick: bool) -> list[Line]:
    rules = 1_000 if quick else 10_000
    written = text_of(make_workload(rules))
    sentences = formatted(written, "yaml", "rules")
    of_yaml, of_dsl, theirs = alternately(
        3,
        lambda: once(lambda: formatted(written, "yaml", "yaml")),
        lambda: once(lambda: formatted(sentences, "rules", "rules")),
        lambda: once(lambda: yaml.load(written, yaml.CSafeLoader)),
    )
    return [
        Line(f"fmt, {rules:,} rules in YAML", of_yaml, "CSafeLoader", theirs),
        Line(f"fmt, {rules:,} rules in the DSL", of_dsl, "CSafeLoader", theirs),
    ]
