"""A cold `rulec lint` with all lints, against libyaml reading the same file in a process of its own start."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml

from tests.bench.compiling import text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.processes import cold
from tests.bench.workload import make_workload

SIZES = (100, 1_000, 10_000)


def lines(quick: bool) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        return [of_size(count, Path(folder), 1 if quick else 3) for count in (SIZES[:1] if quick else SIZES)]


def of_size(count: int, folder: Path, rounds: int) -> Line:
    rules = folder / f"{count}.yaml"
    rules.write_text(text_of(make_workload(count)), encoding="utf-8")
    text = rules.read_text(encoding="utf-8")
    lint = cold("lint", "--no-cache", "--format", "json", str(rules))
    ours, theirs = alternately(rounds, lint, lambda: once(lambda: yaml.load(text, yaml.CSafeLoader)))
    return Line(f"lint, cold, {count:,} rules, all lints", ours, "CSafeLoader", theirs)

