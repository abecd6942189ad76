"""Lines of the log: in their order, with the time at which they were said, and never more than the queue holds."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest

from rulec.runtime import log


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler, level = Kept(), log.log.level
    log.log.addHandler(handler)
    log.log.setLevel("INFO")
    yield handler
    log.log.removeHandler(handler)
    log.log.setLevel(level)


def test_lines_come_in_order_with_their_time(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log.Thread, "start", lambda thread: None)
    writer = log.LineWriter()
    before = time.time()
    for number in range(3):
        writer.line("%s of %s", number, 3)
    after = time.time()
    assert kept.records == []
    writer.write_waiting()
    assert [record.getMessage() for record in kept.records] == [f"[ROUTER] {number} of 3" for number in range(3)]
    assert all(before <= record.created <= after for record in kept.records)


def test_a_log_that_stands_still_costs_no_memory(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log.Thread, "start", lambda thread: None)
    monkeypatch.setattr(log, "MOST_LINES", 10)
    writer = log.LineWriter()
    for number in range(100):
        writer.line("%s", number)
    writer.write_waiting()
    assert len(kept.records) == 10


def test_a_log_that_nobody_wants_starts_no_thread(kept: Kept) -> None:
    log.log.setLevel("WARNING")
    writer = log.LineWriter()
    writer.line("nothing")
    assert writer.thread is None and writer.waiting.empty()
