"""A cold `rulec diff` of two files, one or a hundred patterns moved between them, against a cold `rulec lint` of one of them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from tests.bench.cold import COMMAND, ROOT
from tests.bench.compiling import text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.workload import Workload, make_workload


def lines(quick: bool) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        if quick:
            return [moved(100, 1, 1, Path(folder))]
        return [moved(10_000, 1, 3, Path(folder)), moved(10_000, 100, 1, Path(folder))]


def moved(rules: int, count: int, rounds: int, folder: Path) -> Line:
    old, new = folder / "old.yaml", folder / "new.yaml"
    workload = make_workload(rules)
    old.write_text(text_of(workload), encoding="utf-8")
    new.write_text(text_of(with_moved_patterns(workload, count)), encoding="utf-8")
    ours, linting = alternately(rounds, run("diff", str(old), str(new)), run("lint", "--no-cache", str(old)))
    return Line(f"diff, cold, {rules:,} rules, {count} moved", ours, "lint of one", linting)


def with_moved_patterns(workload: Workload, count: int) -> Workload:
    """The rule set with patterns of the second half moved into the first."""
    chosen = random.Random(3)
    document = deepcopy(workload.document)
    patterns: list[Any] = document["patterns"]
    for _ in range(count):
        one = patterns.pop(chosen.randrange(len(patterns) // 2, len(patterns)))
        patterns.insert(chosen.randrange(len(patterns) // 2), one)
    return Workload(document, workload.exact, workload.matching)


def run(*words: str) -> Callable[[], float]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "RULEC_CACHE": "off", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", COMMAND, *words, "--format", "json"]
    return lambda: once(lambda: subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL))
