"""The measurements run; what they measure is for people to read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_the_table_is_printed() -> None:
    command = [sys.executable, "-m", "tests.bench", "--quick"]
    root = Path(__file__).parent.parent
    table = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=600).stdout
    for what in ("decide, 10 rules", "compile, 1,000 rules", "explain, cold", "hooks, 100 rules"):
        assert what in table
