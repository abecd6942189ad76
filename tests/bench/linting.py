"""A cold `rulec lint` with all lints, against libyaml reading the same file in a process of its own start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from tests.bench.cold import COMMAND, ROOT
from tests.bench.compiling import text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.workload import make_workload

SIZES = (100, 1_000, 10_000)


def lines(quick: bool) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        return [of_size(count, Path(folder), 1 if quick else 3) for count in (SIZES[:1] if quick else SIZES)]


def of_size(count: int, folder: Path, rounds: int) -> Line:
    rules = folder / f"{count}.yaml"
    rules.write_text(text_of(make_workload(count)), encoding="utf-8")
    text = rules.read_text(encoding="utf-8")
    ours, theirs = alternately(rounds, linted(rules), lambda: once(lambda: yaml.load(text, yaml.CSafeLoader)))
    return Line(f"lint, cold, {count:,} rules, all lints", ours, "CSafeLoader", theirs)


def linted(rules: Path) -> Callable[[], float]:
    switches = ("RULEC_CACHE", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in switches} | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", COMMAND, "lint", "--no-cache", "--format", "json", str(rules)]
    return lambda: once(lambda: subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL))
