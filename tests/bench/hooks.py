"""CPU time in our hooks for one proxied request: the generated module's adapter, called as LiteLLM calls it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path

from tests.bench.compiling import compiled, text_of
from tests.bench.driving import Driver
from tests.bench.everything import compiled_rules
from tests.bench.everything import requests as requests_for_everything
from tests.bench.measure import Figure, Line, no_garbage_collection, seconds
from tests.bench.workload import Sent, Workload, make_workload

BARS = "bars: 100 µs, p99 400 µs"


def lines(quick: bool) -> list[Line]:
    count = 300 if quick else 3_000
    found = of_everything(count)
    for rules in (100,) if quick else (100, 1_000, 10_000):
        workload = make_workload(rules)
        with no_garbage_collection():
            artifacts = compiled(text_of(workload), emit=True).artifacts
        kinds = kinds_of_requests(workload, 4 * count)
        found += measured(artifacts, {f"{rules:,} rules, {what}": sent for what, sent in kinds.items()}, count)
    return found


def of_everything(count: int) -> list[Line]:
    artifacts = compiled_rules().artifacts
    sent = requests_for_everything(4 * count, names=count // 4)
    return measured(artifacts, {"everything on": sent}, count) + measured(
        artifacts, {"everything on, one failover": sent}, count, [ConnectionError("refused")]
    )


def kinds_of_requests(workload: Workload, count: int) -> dict[str, list[Sent]]:
    kinds = {
        "known names": workload.requests(workload.known_names(), count),
        "mixed names": workload.requests(workload.names(), count),
    }
    capability = next(iter(workload.document["capabilities"]), None)
    if capability is not None:
        sent = workload.requests(repeat(""), count)
        kinds["another model"] = [(body, {**headers, "x-capability": capability}) for body, headers in sent]
    return kinds


def measured(artifacts, kinds: dict[str, list[Sent]], count: int, errors: Sequence[Exception] = ()) -> list[Line]:
    """The last `count` requests of each kind; a proxy runs for days, and automata learn their states once."""
    with tempfile.TemporaryDirectory() as folder, no_garbage_collection():
        driver = Driver(artifacts, Path(folder))
        return asyncio.run(figures(driver, kinds, count, errors))


async def figures(driver: Driver, kinds: dict[str, list[Sent]], count: int, errors: Sequence[Exception]) -> list[Line]:
    found = []
    for what, requests in kinds.items():
        samples = [await driver.serve(sent, errors) for sent in requests]
        figure = Figure.of(samples[-count:])
        found.append(Line(f"hooks, {what}, CPU", figure, f"p99 {seconds(figure.p99)}; {BARS}"))
    driver.stop()
    return found
