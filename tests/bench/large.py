"""What 100,000 rules take: time and memory of a compile without and with its self-check, and the import of what it wrote."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import importing
from tests.bench.compiling import text_of
from tests.bench.measure import Line, Note, once, seconds
from tests.bench.processes import MAIN, environment
from tests.bench.workload import make_workload

RULES = 100_000


def lines(quick: bool) -> Iterator[Line | Note]:
    rules = 1_000 if quick else RULES
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rules.yaml")
        file.write_text(text_of(make_workload(rules)), encoding="utf-8")
        stages = [sys.executable, "-m", "tests.bench.compiling", "ours", str(file)]
        yield Note(f"compile without self-check, {rules:,} rules", used(stages)[0])
        command = [sys.executable, "-c", MAIN, "compile", "--verbose", "--out", str(Path(folder, "out")), str(file)]
        yield from checked(f"rulec compile, {rules:,} rules", *used(command))
        yield importing.of_size(rules, 3)


def checked(what: str, took: str, told: str) -> list[Note]:
    return [Note(what, took), *(Note("", line) for line in told.splitlines() if "self-check" in line or line.startswith("checked"))]


def used(command: list[str]) -> tuple[str, str]:
    """The time and the largest memory of a process, and what it told."""
    with tempfile.TemporaryFile() as told:
        running: list[int] = []

        def run() -> None:
            process = subprocess.Popen(command, env=environment(), stdout=told, stderr=told)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            running.append(usage.ru_maxrss)

        took = once(run)
        told.seek(0)
        return f"{seconds(took)}, at most {running[0] // 1024:,} MB", told.read().decode()
