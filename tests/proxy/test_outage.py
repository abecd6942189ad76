"""No request is lost while providers die, limit, fail, hang and return, as long as a chain covers it."""

from __future__ import annotations

from pathlib import Path

import pytest
from outage import run_outage

pytestmark = [pytest.mark.proxy, pytest.mark.slow]


@pytest.mark.parametrize("health", [True, False], ids=["health watched", "health not watched"])
def test_nothing_is_lost(health: bool, tmp_path: Path) -> None:
    report = run_outage(tmp_path, 30, health)
    print(*report.lines(), sep="\n")
    assert report.troubles and report.failovers
    assert report.lost == []
