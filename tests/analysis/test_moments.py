"""Moments: whatever real time is asked, one with the same answers is among those that are looked at."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from random import Random

from rulec.analysis.times import TimeTest, moments, shown
from rulec.ir.rows import zone_offsets
from rulec.runtime.request import Request
from rulec.syntax.conditions import Between, OnDays

TESTS: tuple[TimeTest, ...] = (
    Between(22 * 60, 6 * 60, "Europe/Berlin"),
    Between(9 * 60, 17 * 60, "America/New_York"),
    Between(15 * 60, 15 * 60 + 30, "Europe/Berlin"),
    OnDays(("sat", "sun"), "Europe/Berlin"),
    OnDays(("mon",), "Pacific/Auckland"),
    Between(0, 5 * 60 + 30, "Asia/Kolkata"),
)


def held(at: str) -> frozenset[TimeTest]:
    """The tests that hold, by the runtime's own clock."""
    found = set()
    for test in TESTS:
        minute, day = Request({}, {}, {"now": at}).local_time(zone_offsets(test.zone))
        if isinstance(test, OnDays):
            holds = day in test.days
        elif test.start < test.end:
            holds = test.start <= minute < test.end
        else:
            holds = minute >= test.start or minute < test.end
        if holds:
            found.add(test)
    return frozenset(found)


def test_every_time_is_like_one_of_the_moments() -> None:
    known = moments(TESTS)
    assert len(known) == len({tests for _, tests in known})
    assert all(held(shown(at)) == tests for at, tests in known)
    every, random = {tests for _, tests in known}, Random(1)
    begin = datetime(2020, 1, 1, tzinfo=timezone.utc)
    for _ in range(3_000):
        at = begin + timedelta(minutes=random.randrange(40 * 365 * 1440))
        assert held(at.isoformat()) in every, at
