"""Whole compiles: without the self-check against libyaml reading the same text, with it against `rulec lint`.

Each sample is a process of its own, so that no pattern or condition has been seen before. Without the self-check, what
is imported is there when the clock starts; the commands are timed from their start to their end.
"""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from rulec.compiler import Compilation, check_settings_of, compile_sources, generate
from rulec.diagnostics import Diagnostics
from rulec.source import Source
from tests.bench.measure import Line, alternately, once
from tests.bench.processes import cold, printed
from tests.bench.workload import Workload, make_workload

SIZES = (1_000, 10_000)
SMALL = "providers: {one: {litellm: 'openai/{model}', accepts: 'a+b'}}\ndefault: {provider: one}\n"


def text_of(workload: Workload) -> str:
    text: str = yaml.dump(workload.document, Dumper=yaml.CSafeDumper, sort_keys=False, width=120)
    return text


def compiled(text: str, emit: bool = False) -> Compilation:
    compilation = compile_sources([Source("rules.yaml", text)], Diagnostics(), emit)
    if compilation.failed:
        raise SystemExit(f"the workload does not compile: {compilation.diagnostics[0].message}")
    return compilation


def lines(quick: bool) -> Iterator[Line]:
    for rules in SIZES[:1] if quick else SIZES:
        yield from of_size(rules, 1 if quick else 3)


def of_size(rules: int, rounds: int) -> list[Line]:
    text = text_of(make_workload(rules))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rules.yaml")
        file.write_text(text, encoding="utf-8")
        unchecked, theirs, checked, lint = alternately(
            rounds,
            printed("compiling", "ours", str(file)),
            printed("compiling", "theirs", str(file)),
            cold("compile", "--out", str(Path(folder, "out")), str(file)),
            cold("lint", "--no-cache", "--format", "json", str(file)),
        )
    what = f"{rules:,} rules, {len(text) // 1000:,} kB"
    return [
        Line(f"compile without self-check, {what}", unchecked, "CSafeLoader", theirs),
        Line(f"rulec compile, {what}", checked, "rulec lint", lint),
    ]


def emitted(text: str) -> None:
    """All of a compile but the self-check."""
    diagnostics = Diagnostics()
    tree = compile_sources([Source("rules.yaml", text)], diagnostics, emit=False).tree
    assert tree is not None
    check_settings_of(tree.policy, diagnostics)
    if diagnostics.failed:
        raise SystemExit("the workload does not compile")
    generate(tree)


def measured(whose: str, text: str) -> float:
    emitted(SMALL)
    gc.collect()
    gc.disable()
    return once(lambda: yaml.load(text, yaml.CSafeLoader) if whose == "theirs" else emitted(text))


if __name__ == "__main__":
    print(measured(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8")))
