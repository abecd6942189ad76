"""Moments, cut where any window of any zone begins or ends: one of each kind that the rules tell apart.

Two zones drift against each other when one of them changes its clock, so real moments are looked at: a week of each
combination of offsets that occurs in the years that zones are known for (`ir.rows.zone_offsets`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from rulec.analysis.draft import NOON
from rulec.ir.rows import zone_offsets
from rulec.syntax.conditions import Between, OnDays
from rulec.syntax.fields import WEEKDAYS

TimeTest = Between | OnDays
_DAY = 86_400
_WEEK = 7 * _DAY
_LAST = int(datetime(2060, 1, 1, tzinfo=timezone.utc).timestamp())
_NOON = int(datetime.fromisoformat(NOON).timestamp())


def moments(tests: Iterable[TimeTest]) -> list[tuple[int, frozenset[TimeTest]]]:
    """A moment for each set of tests that hold together at some time, as seconds since 1970, with that set."""
    asked = list(dict.fromkeys(tests))
    zones = list(dict.fromkeys(one.zone for one in asked))
    found: dict[frozenset[TimeTest], int] = {}
    for begin, end, offsets in _weeks(zones):
        places = {begin}
        for test in asked:
            for minute in (test.start, test.end) if isinstance(test, Between) else (0,):
                first = begin + (minute * 60 - offsets[test.zone] - begin) % _DAY
                places.update(range(first, end, _DAY))
        for at in sorted(places):
            held = frozenset(one for one in asked if holds_at(one, at + offsets[one.zone]))
            found.setdefault(held, at)
    return [(at, held) for held, at in found.items()]


def _weeks(zones: list[str]) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Stretches of time with the zones' offsets in them, a week at most; the one around `NOON` first."""
    changes = sorted({_NOON, *(since for zone in zones for since, _ in zone_offsets(zone) if since)})
    seen = set()
    for begin in sorted(changes, key=lambda one: one != _NOON):
        number = bisect_right(changes, begin)
        end = min(changes[number] if number < len(changes) else _LAST, begin + _WEEK)
        offsets = {zone: offset_at(zone, begin) for zone in zones}
        key = tuple(offsets.values())
        if key in seen:
            continue
        if end - begin >= _WEEK:
            seen.add(key)
        yield begin, end, offsets
    if changes[0] != _NOON:
        begin = min(zone_offsets(zone)[1][0] for zone in zones if len(zone_offsets(zone)) > 1) - _WEEK
        yield begin, begin + _WEEK, {zone: offset_at(zone, begin) for zone in zones}


def offset_at(zone: str, at: int) -> int:
    offsets = zone_offsets(zone)
    return offsets[max(bisect_right(offsets, (at, 1 << 30)) - 1, 0)][1]


def holds_at(test: TimeTest, local: int) -> bool:
    """Whether a test holds at a local time, in seconds since 1970."""
    if isinstance(test, OnDays):
        return WEEKDAYS[(local // _DAY + 3) % 7] in test.days
    minute = local // 60 % 1440
    if test.start < test.end:
        return test.start <= minute < test.end
    return minute >= test.start or minute < test.end


def shown(at: int) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat()
