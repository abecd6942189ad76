"""Compile time, against libyaml reading the same text."""

from __future__ import annotations

import yaml

from rulec.compiler import Compilation, compile_sources
from rulec.diagnostics import Diagnostics
from rulec.source import Source
from tests.bench.measure import Line, alternately, once
from tests.bench.workload import Workload, make_workload

SIZES = (1_000, 10_000)


def text_of(workload: Workload) -> str:
    text: str = yaml.dump(workload.document, Dumper=yaml.CSafeDumper, sort_keys=False, width=120)
    return text


def compiled(text: str, emit: bool = False) -> Compilation:
    compilation = compile_sources([Source("rules.yaml", text)], Diagnostics(), emit)
    if compilation.failed:
        raise SystemExit(f"the workload does not compile: {compilation.diagnostics[0].message}")
    return compilation


def lines(quick: bool) -> list[Line]:
    return [of_size(rules) for rules in (SIZES[:1] if quick else SIZES)]


def of_size(rules: int) -> Line:
    text = text_of(make_workload(rules))
    ours, theirs = alternately(
        3, lambda: once(lambda: compiled(text, emit=True)), lambda: once(lambda: yaml.load(text, yaml.CSafeLoader))
    )
    return Line(f"compile, {rules:,} rules, {len(text) // 1000:,} kB", ours, "CSafeLoader", theirs)
