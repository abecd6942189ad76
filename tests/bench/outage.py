"""Requests that are lost while providers die and return at full load, with and without watching their health: none."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.bench import proxies  # noqa: F401  it finds the harness
from tests.bench.measure import Note

SECONDS = 180


def lines(quick: bool) -> list[Note]:
    from outage import run_outage

    found = []
    for health in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            first, *more = run_outage(Path(folder), 20 if quick else SECONDS, health).lines()
        found += [Note(f"outage, health {'watched' if health else 'not watched'}", first), *(Note("", one) for one in more)]
    return found
