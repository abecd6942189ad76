"""What a run has found, as it is written to a file, and the factors that it comes to."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from tests.bench.measure import Figure, machine

PATH = Path(__file__).parents[3] / ".bench" / "peers.json"
"""Where a whole run leaves its results."""


class Result(NamedTuple):
    """What was found of one engine with one rule set and one kind of requests."""

    engine: str
    rules: int
    requests: str
    build: float
    checked: int
    wrong: int
    calls: int
    figure: Figure


@dataclass
class Run:
    """The results of one run, and on what they were found."""

    date: str
    machine: str
    versions: dict[str, str] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    load_after: str = ""
    empty: float = 0.0
    """The seconds that an engine takes which does nothing: the clock's own cost, in every figure."""
    preparing: float = 0.0
    """The seconds that it takes to make most engines' input of a request; not in their figures."""

    @classmethod
    def begun(cls) -> Run:
        return cls(time.strftime("%Y-%m-%d"), machine())

    @classmethod
    def read(cls, path: Path) -> Run:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        results = [Result(**{**one, "figure": Figure(**one["figure"])}) for one in told.pop("results")]
        return cls(**told, results=results)

    def write(self, path: Path) -> None:
        self.load_after = " ".join(f"{one:.2f}" for one in os.getloadavg())
        told = asdict(self) | {"results": [one._asdict() | {"figure": asdict(one.figure)} for one in self.results]}
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")

    def get(self, engine: str, rules: int, requests: str) -> Result | None:
        asked = (engine, rules, requests)
        return next((one for one in self.results if (one.engine, one.rules, one.requests) == asked), None)

    def times(self, engine: str, rules: int, requests: str) -> str:
        """How many times rulec is as fast with the same rules and requests."""
        ours, theirs = self.get("rulec", rules, requests), self.get(engine, rules, requests)
        if ours is None or theirs is None:
            return ""
        factor = float(f"{theirs.figure.middle / ours.figure.middle:.2g}")
        return f"{factor:,.0f}" if factor >= 10 else f"{factor:g}"

    def fastest(self, rules: int, requests: str, without: tuple[str, ...]) -> list[str]:
        """The engine with the lowest median, none where none of them is installed."""
        asked = [one for one in self.results if (one.rules, one.requests) == (rules, requests)]
        others = sorted((one for one in asked if one.engine not in without), key=lambda one: one.figure.middle)
        return [one.engine for one in others[:1]]

    @property
    def wrong(self) -> int:
        return sum(one.wrong for one in self.results)
