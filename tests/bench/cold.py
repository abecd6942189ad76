"""A cold `rulec explain`, from source and from the cache, against an interpreter that does nothing.

It starts as the installed command does. Bytecode is there for all of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.bench.compiling import text_of
from tests.bench.measure import Line, alternately, once
from tests.bench.workload import make_workload

ROOT = Path(__file__).parents[2]
COMMAND = "import sys; from rulec.cli import main; sys.exit(main())"
"""What the script that pip installs runs."""


def lines(quick: bool) -> list[Line]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        found += of_rules("shipped rules", ROOT / "rules", "llama3.1:8b", folder, 3 if quick else 21)
        for count in () if quick else (1_000, 10_000):
            workload = make_workload(count)
            rules = Path(folder, f"{count}.yaml")
            rules.write_text(text_of(workload), encoding="utf-8")
            found += of_rules(f"{count:,} rules", rules, workload.exact[0], folder, 5)
    return found


def of_rules(what: str, rules: Path, model: str, home: str, rounds: int) -> list[Line]:
    arguments = ["-c", COMMAND, "explain", "--rules", str(rules), "--model", model]
    source, kept, nothing = (started(one, home) for one in ([*arguments, "--no-cache"], arguments, ["-c", "pass"]))
    kept()  # it fills the cache
    from_source, from_cache, theirs = alternately(rounds, source, kept, nothing)
    return [
        Line(f"explain, cold, {what}, from source", from_source, "python -c pass", theirs),
        Line(f"explain, cold, {what}, from the cache", from_cache, "python -c pass", theirs),
    ]


def started(arguments: list[str], home: str) -> Callable[[], float]:
    ours = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": home}
    switches = ("RULEC_CACHE", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if name not in switches} | ours
    command = [sys.executable, *arguments]
    return lambda: once(lambda: subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL))
