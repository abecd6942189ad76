"""Windows of the day as minutes of the week, and the day by which a rule has expired."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from rulec.analysis.replay import Replay
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.lints.clock.windows import ALWAYS, DAY, WEEK, minutes_of, runs
from rulec.lints.run import lint
from rulec.lints.settings import Settings
from rulec.policy.model import Policy
from rulec.runtime.request import Request
from rulec.source import Located, Source, Span
from rulec.syntax.condition_parser import parse_condition
from rulec.syntax.conditions import Condition

MONDAY = 1_780_272_000  # 2026-06-01T00:00:00Z
CONDITIONS = (
    'time in 08:00-18:00 "UTC"',
    'time in 22:30-06:15 "UTC"',
    'time not in 00:00-23:59 "UTC"',
    'time in 23:59-24:00 "UTC"',
    'weekday in [mon, sun] "UTC"',
    'weekday not in [sat, sun] "UTC" and time in 12:00-13:00 "UTC"',
    'not (weekday in [fri] "UTC" or time in 20:00-04:00 "UTC") or time in 21:00-22:00 "UTC"',
)


def parsed(text: str) -> Condition:
    return parse_condition(Located(text, Span(Source("", text), 0, len(text)))).condition


@pytest.mark.parametrize("text", CONDITIONS)
def test_minutes_are_those_of_the_runtime(text: str) -> None:
    condition = parsed(text)
    replay = Replay(Policy({}, {}, (), {}, "x-capability", {}, {}))
    minutes = minutes_of(condition)
    for minute in range(0, WEEK, 7):
        now = datetime.fromtimestamp(MONDAY + 60 * minute, timezone.utc).isoformat()
        assert replay.holds(condition, Request({}, {}, {"now": now})) == bool(minutes >> minute & 1), now


@pytest.mark.parametrize("text", CONDITIONS)
def test_runs_are_the_minutes_again(text: str) -> None:
    minutes = minutes_of(parsed(text))
    again = 0
    for start, end in runs(minutes):
        assert 0 <= start < WEEK and start < end <= start + WEEK
        for minute in range(start, end):
            again |= 1 << minute % WEEK
    assert again == minutes
    assert list(runs(ALWAYS)) == [(0, WEEK)]
    assert list(runs(minutes_of(parsed('time in 22:00-06:00 "UTC"'))))[-1] == (6 * DAY + 22 * 60, 7 * DAY + 6 * 60)


@pytest.mark.parametrize(("today", "found"), [("2026-12-31", 0), ("2027-01-01", 1)])
def test_a_rule_stands_to_the_end_of_its_day(today: str, found: int) -> None:
    rules = 'providers: {a: {litellm: "openai/{model}", accepts: "."}}\ndefault: {provider: a, until: 2026-12-31}\n'
    policy = compile_sources([Source("a.yaml", rules)], Diagnostics(), emit=False).policy
    told = lint(policy, Settings(today=date.fromisoformat(today)))
    assert sum(one.code == "expired-rule" for one in told) == found
