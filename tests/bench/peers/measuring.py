"""The same requests through every engine: answers first, then times.

Engines take turns within each round, in another order each time, so that a busy moment meets all of them. All get the
same requests; a slow engine gets fewer. Each call is timed by itself, with the clock's own cost in the figure.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from statistics import median
from typing import NamedTuple

from tests.bench.measure import Figure, no_garbage_collection
from tests.bench.peers.engine import Engine, InProcess, Peer
from tests.bench.peers.results import Result
from tests.bench.peers.rules import Rules, facts
from tests.bench.workload import Sent


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    turn: float
    """Seconds for one engine in one round."""
    checks: int
    """Answers that are compared with what they must be."""

    def calls(self, seconds: float) -> int:
        """How many calls of so many seconds fit into a turn."""
        return max(1, min(200, int(self.turn / seconds)))


QUICK = Effort(rounds=3, turn=0.002, checks=50)
WHOLE = Effort(rounds=25, turn=0.02, checks=1_000)


class Built(NamedTuple):
    """An engine with a rule set, and the seconds that it took to build."""

    peer: Peer
    engine: Engine
    seconds: float


def overheads(rules: Rules) -> tuple[float, float]:
    """The seconds of a call that does nothing, and those of making an engine's input of a request."""
    requests = list(islice(rules.never_seen(), 1_000))
    nothing = InProcess(lambda sent: "", lambda *sent: sent)
    preparing = InProcess(lambda sent: str(facts(*sent)["model"]), lambda *sent: sent)
    empty, prepared = (median(one.run(requests)[1]) for one in (nothing, preparing))
    return empty, prepared - empty


@dataclass
class Running:
    """An engine, and what has been found of it so far."""

    built: Built
    requests: Iterator[Sent]
    checked: int = 0
    wrong: int = 0
    call: float = 0.0
    """The seconds that one call takes, about."""
    seconds: list[float] = field(default_factory=list)

    def check(self, expected: list[str], effort: Effort) -> None:
        """Compares answers with what they must be: as many as there is time for, at least ten."""
        taken: list[float] = []
        while self.checked < len(expected) and sum(taken) < effort.turn * 50:
            part = expected[self.checked : self.checked + 10]
            answers, seconds = self.built.engine.run(list(islice(self.requests, len(part))))
            self.wrong += sum(one != other for one, other in zip(answers, part, strict=True))
            self.checked += len(part)
            taken += seconds
        self.call = median(taken)

    def take_turn(self, effort: Effort) -> None:
        requests = list(islice(self.requests, effort.calls(self.call)))
        self.seconds += self.built.engine.run(requests)[1]

    def result(self, rules: int, requests: str) -> Result:
        name, figure = self.built.peer.name, Figure.of(self.seconds)
        return Result(name, rules, requests, self.built.seconds, self.checked, self.wrong, len(self.seconds), figure)


def measured(
    engines: list[Built], rules: Rules, requests: str, make: Callable[[Rules], Iterator[Sent]], effort: Effort
) -> list[Result]:
    """All these engines with one kind of requests."""
    expected = [rules.expected(sent) for sent in islice(make(rules), effort.checks)]
    running = [Running(one, make(rules)) for one in engines]
    for one in running:
        one.check(expected, effort)
    order = random.Random(0)
    with no_garbage_collection():
        for _ in range(effort.rounds):
            for one in order.sample(running, len(running)):
                one.take_turn(effort)
    return [one.result(len(rules.rules), requests) for one in running]
