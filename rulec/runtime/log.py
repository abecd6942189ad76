"""Our lines in the proxy's log, one for each decision and each failover.

No request waits for the log, which may be a pipe that nobody reads: a thread of its own writes the lines, in their order.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import time
from queue import Empty, SimpleQueue
from threading import Thread

MOST_LINES = 10_000
PAUSE_SECONDS = 0.02  # between two looks for lines, so that a busy proxy wakes the thread for many at once

log = logging.getLogger("rulec")


def show_log() -> None:
    """Show our lines even where nobody configured logging."""
    if not log.handlers:
        shown = logging.StreamHandler()
        shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(shown)
        log.propagate = False
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)


class LineWriter:
    """Takes lines and writes them later; past `MOST_LINES` that wait, lines are lost."""

    def __init__(self) -> None:
        self.waiting: SimpleQueue[tuple[float, str, tuple[object, ...]]] = SimpleQueue()
        self.thread: Thread | None = None

    def wanted(self) -> bool:
        """Whether anybody reads our lines: who has to make one asks before."""
        return log.isEnabledFor(logging.INFO) and self.waiting.qsize() < MOST_LINES

    def line(self, text: str, *values: object) -> None:
        if self.wanted():
            self.write(text, *values)

    def write(self, text: str, *values: object) -> None:
        """Write a line that is wanted."""
        self.waiting.put((time.time(), text, values))
        if self.thread is None:
            self.thread = Thread(target=self.write_forever, name="rulec-log", daemon=True)
            self.thread.start()
            atexit.register(self.write_waiting)

    def write_forever(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # what a handler raises costs its line, not all later ones
                write_line(*self.waiting.get())
                self.write_waiting()
            time.sleep(PAUSE_SECONDS)

    def write_waiting(self) -> None:
        """Write what waits now."""
        try:
            while True:
                write_line(*self.waiting.get_nowait())
        except Empty:
            pass


def write_line(when: float, text: str, values: tuple[object, ...]) -> None:
    record = logging.LogRecord(log.name, logging.INFO, __name__, 0, f"[ROUTER] {text}", values, None)
    record.created, record.msecs = when, when % 1 * 1000
    log.handle(record)


log_writer = LineWriter()
