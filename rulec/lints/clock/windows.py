"""Rules that divide a day or a week among them: alike but for the times at which they hold, as the minutes of a week."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import combinations

from rulec.analysis.asked import atoms
from rulec.lints.context import Context
from rulec.lints.outcomes import is_meant, outcome
from rulec.policy.model import Rule
from rulec.records import record
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition
from rulec.syntax.fields import WEEKDAYS

DAY = 24 * 60
WEEK = 7 * DAY
ALWAYS = (1 << WEEK) - 1
DAYS = tuple(((1 << DAY) - 1) << start for start in range(0, WEEK, DAY))
"""The minutes of each day, from Monday on."""
_EVERY_DAY = sum(1 << DAY * number for number in range(7))
"""The first minute of each day; times a set of minutes of one day, it is these minutes of every day."""


@record
class Window:
    """When a rule holds: a bit for each minute of the week, and its conditions on the time, those on weekdays apart."""

    rule: Rule
    minutes: int
    times: tuple[Condition, ...]
    days: tuple[Condition, ...]


@record
class Division:
    """Rules with windows in one zone that ask for the same besides."""

    zone: str
    rest: tuple[Condition, ...]
    windows: list[Window]


class Divisions:
    """All divisions of a policy, of one window or of several."""

    def __init__(self, context: Context) -> None:
        found: dict[tuple[str, frozenset[str]], Division] = {}
        for rule in context.rules:
            if isinstance(rule.match, ast.When):
                self._add(rule, rule.match.condition.condition, found)
        self.all = list(found.values())

    @staticmethod
    def _add(rule: Rule, condition: Condition, found: dict[tuple[str, frozenset[str]], Division]) -> None:
        items = condition.items if isinstance(condition, when.And) else (condition,)
        times = tuple(one for one in items if _is_timed(one))
        zones = {atom.zone for one in times for atom in atoms(one) if isinstance(atom, (when.Between, when.OnDays))}
        if len(zones) != 1:
            return
        zone, rest = zones.pop(), tuple(one for one in items if not _is_timed(one))
        minutes = ALWAYS
        for one in times:
            minutes &= minutes_of(one)
        days = tuple(one for one in times if all(isinstance(atom, when.OnDays) for atom in atoms(one)))
        division = found.setdefault((zone, frozenset(map(when.show, rest))), Division(zone, rest, []))
        division.windows.append(Window(rule, minutes, times, days))


LONGEST_SLIP = 3 * 60
"""A longer time for which two windows hold is hardly an oversight."""
MOST_WINDOWS = 100
"""So many windows of a division are compared with each other."""


@record
class Slip:
    """Two windows of rules that do different things, and the few minutes at which both hold; the first of the two decides."""

    zone: str
    one: Window
    other: Window
    both: int


class Slips:
    """The windows of a policy that overlap a little."""

    def __init__(self, context: Context) -> None:
        self.all: list[Slip] = []
        for division in context.shared(Divisions).all:
            for one, other in combinations(division.windows[:MOST_WINDOWS], 2):
                both = one.minutes & other.minutes
                if both and _is_slip(one, other, both) and _differ(one.rule, other.rule):
                    self.all.append(Slip(division.zone, one, other, both))

    @cached_property
    def pairs(self) -> frozenset[tuple[int, int]]:
        """The positions of the two rules of each."""
        return frozenset((one.one.rule.position, one.other.rule.position) for one in self.all)


def _is_slip(one: Window, other: Window, both: int) -> bool:
    """Whether two windows hold together for a short part of what each of them holds, or for one of the days that they name."""
    shorter = min(one.minutes.bit_count(), other.minutes.bit_count())
    if both in (one.minutes, other.minutes) or 2 * both.bit_count() > shorter:
        return False
    if one.days == one.times and other.days == other.times:
        return both.bit_count() == DAY
    return all(end - start <= LONGEST_SLIP for start, end in runs(both))


def _differ(one: Rule, other: Rule) -> bool:
    return outcome(one) != outcome(other) and not is_meant(one, other)


def _is_timed(condition: Condition) -> bool:
    """Whether a condition asks for nothing but the time."""
    return all(isinstance(one, (when.Between, when.OnDays)) for one in atoms(condition))


@lru_cache(maxsize=4096)
def minutes_of(condition: Condition) -> int:
    """The minutes of the week at which a condition on the time holds."""
    if isinstance(condition, when.Not):
        return ALWAYS & ~minutes_of(condition.item)
    if isinstance(condition, (when.And, when.Or)):
        minutes = ALWAYS if isinstance(condition, when.And) else 0
        for item in condition.items:
            minutes = minutes & minutes_of(item) if isinstance(condition, when.And) else minutes | minutes_of(item)
        return minutes
    if isinstance(condition, when.OnDays):
        return sum(minutes for minutes, day in zip(DAYS, WEEKDAYS, strict=True) if day in condition.days)
    assert isinstance(condition, when.Between)
    until_end, until_start = (1 << condition.end) - 1, (1 << condition.start) - 1
    if condition.start < condition.end:
        return (until_end & ~until_start) * _EVERY_DAY
    return (until_end | ((1 << DAY) - 1) & ~until_start) * _EVERY_DAY


def runs(minutes: int) -> Iterator[tuple[int, int]]:
    """The stretches of a set of minutes, as (start, end), the one over the end of the week as one."""
    if minutes == ALWAYS:
        yield 0, WEEK
        return
    found, start = [], 0
    while minutes:
        skipped = (minutes & -minutes).bit_length() - 1
        minutes >>= skipped
        length = (~minutes & minutes + 1).bit_length() - 1
        found.append((start + skipped, start + skipped + length))
        minutes >>= length
        start += skipped + length
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == WEEK:
        found[-1] = found[-1][0], WEEK + found.pop(0)[1]
    yield from found


def shown(start: int, end: int) -> str:
    """A stretch within a day, as `22:00 to 22:30`, or a whole day."""
    if end - start == DAY:
        return WEEKDAYS[start // DAY]
    return f"{_clock(start)} to {_clock(end)}"


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"
