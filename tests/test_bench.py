"""The measurements run; what they measure is for people to read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.source import Source
from tests.bench.compiling import text_of
from tests.bench.dsl import dsl_text
from tests.bench.workload import make_workload


def test_a_workload_is_the_same_rules_on_both_surfaces() -> None:
    workload = make_workload(300)
    sources = Source("rules.yaml", text_of(workload)), Source("rules.rules", dsl_text(workload.document))
    policies = [compile_sources([one], Diagnostics(), emit=False).policy for one in sources]
    assert policies[0].fingerprint() == policies[1].fingerprint()
    assert len(policies[1].rules) == 300


@pytest.mark.slow
def test_the_table_is_printed() -> None:
    command = [sys.executable, "-m", "tests.bench", "--quick"]
    root = Path(__file__).parent.parent
    table = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=600).stdout
    for what in (
        "decide, 100 rules, hostile names",
        "reading, 1,000 rules, DSL",
        "compile without self-check, 1,000 rules",
        "rulec compile, 1,000 rules",
        "import, 1,000 rules",
        "explain, cold, shipped rules, from the cache",
        "plan for 1,000 candidates, usage_based",
        "hooks, everything on, one failover",
        "hooks, 100 rules",
        "fmt, 1,000 rules in the DSL",
        "score, a greeting",
        "do two of 1,000 rules overlap",
        "which of 1,000 rules can match",
        "lint, cold, 100 rules",
    ):
        assert what in table
