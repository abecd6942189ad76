"""A cold `rulec explain`, against an interpreter that does nothing; bytecode is there for both."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.compiling import text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.workload import make_workload


def lines(quick: bool) -> list[Line]:
    found = []
    nothing = started("-c", "pass")
    with tempfile.TemporaryDirectory() as folder:
        for rules in (10,) if quick else (10, 1_000):
            workload = make_workload(rules)
            Path(folder, "rules.yaml").write_text(text_of(workload), encoding="utf-8")
            explain = started("-m", "rulec.cli", "explain", "--rules", folder, "--model", workload.exact[0])
            explain()
            ours, theirs = alternately(3 if quick else 11, explain, nothing)
            found.append(Line(f"explain, cold, {rules:,} rules", ours, "python -c pass", theirs))
    return found


def started(*arguments: str) -> Callable[[], float]:
    command = [sys.executable, *arguments]
    return lambda: once(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
