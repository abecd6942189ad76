"""What an engine looks like to the measurement: requests in, answers and the time of each out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.bench.peers.rules import Rules
from tests.bench.workload import Sent


class Engine(Protocol):
    """A rule set in the form of one engine."""

    def run(self, requests: list[Sent]) -> tuple[list[str], list[float]]:
        """The answers, and the seconds that each took."""


@dataclass(frozen=True)
class InProcess:
    """An engine that is called from Python. Making its input of a request is not timed, which favours the peers."""

    decide: Callable[[Any], str]
    prepare: Callable[[dict[str, Any], dict[str, str]], Any]

    def run(self, requests: list[Sent]) -> tuple[list[str], list[float]]:
        decide, clock = self.decide, time.perf_counter
        answers, seconds = [], []
        for one in [self.prepare(*sent) for sent in requests]:
            begin = clock()
            answer = decide(one)
            seconds.append(clock() - begin)
            answers.append(answer)
        return answers, seconds


class Missing(Exception):
    """An engine that is not installed here; the text says what is missing."""


@dataclass(frozen=True)
class Peer:
    """An engine by name, and the form that rules have in it. Building raises Missing or ModuleNotFoundError where it is not installed."""

    name: str
    form: str
    version: Callable[[], str]
    build: Callable[[Rules], Engine]
