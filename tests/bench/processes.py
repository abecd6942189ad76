"""Samples in processes of their own: a piece of Python that prints its seconds, or a command of rulec as it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench.measure import once

ROOT = Path(__file__).parents[2]
MAIN = "import sys; from rulec.cli import main; sys.exit(main())"
"""What the script that pip installs runs."""
_SWITCHES = ("RULEC_CACHE", "PYTHONDONTWRITEBYTECODE")


def environment() -> dict[str, str]:
    """That of this process, but that bytecode is kept and rulec is the one that stands here."""
    return {name: value for name, value in os.environ.items() if name not in _SWITCHES} | {"PYTHONPATH": str(ROOT)}


def printed(module: str, *arguments: str) -> Callable[[], float]:
    """The seconds that a module of the benches prints."""
    command = [sys.executable, "-m", f"tests.bench.{module}", *arguments]

    def sample() -> float:
        done = subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True, text=True)
        return float(done.stdout)

    return sample


def cold(*arguments: str) -> Callable[[], float]:
    """The seconds that `rulec …` takes, without its cache of parsed rules."""
    command = [sys.executable, "-c", MAIN, *arguments]
    return lambda: once(lambda: subprocess.run(command, env=environment(), check=False, **_SILENT))


_SILENT = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
