"""The table of a zone's offsets, which the module carries, says what the zone's own rules say."""

from __future__ import annotations

import random
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import pytest

from rulec.ir.rows import zone_offsets
from rulec.runtime.request import Request

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()) for year in (2020, 2060))


@pytest.mark.parametrize("name", ZONES)
def test_local_time(name: str) -> None:
    offsets = zone_offsets(name)
    chosen = random.Random(name)
    changes = [since + beside for since, _ in offsets[1:] for beside in (-60, -1, 0, 1, 60)]
    for seconds in [*changes, *(chosen.randrange(FIRST, LAST) for _ in range(2000))]:
        moment = datetime.fromtimestamp(seconds, timezone.utc)
        local = moment.astimezone(ZoneInfo(name))
        meant = (local.hour * 60 + local.minute, DAYS[local.weekday()])
        assert Request({}, {}, {"now": moment}).local_time(offsets) == meant, moment
