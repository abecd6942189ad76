"""CPU time in our hooks for one proxied request: the generated module's adapter, called as LiteLLM calls it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path
from statistics import median

from rulec.backends.artifact import Artifact
from tests.bench.compiling import compiled, text_of
from tests.bench.driving import NOTHING, Driver, Spent
from tests.bench.everything import compiled_rules
from tests.bench.everything import requests as requests_for_everything
from tests.bench.measure import Figure, Line, Note, no_garbage_collection, seconds
from tests.bench.workload import Sent, Workload, make_workload

BARS = "bars: 50 µs, p99 200 µs"
BARS_OF_EVERYTHING = "bars: 100 µs, p99 400 µs"

Lines = list[Line | Note]


def lines(quick: bool) -> Lines:
    count = 300 if quick else 3_000
    found = of_everything(count)
    for rules in (100,) if quick else (100, 1_000, 10_000):
        workload = make_workload(rules)
        with no_garbage_collection():
            artifacts = compiled(text_of(workload), emit=True).artifacts
        kinds = kinds_of_requests(workload, 4 * count)
        found += measured(artifacts, {f"{rules:,} rules, {what}": sent for what, sent in kinds.items()}, count, BARS)
    return found


def of_everything(count: int) -> Lines:
    artifacts = compiled_rules().artifacts
    sent = requests_for_everything(4 * count, names=count // 4)
    return measured(artifacts, {"everything on": sent}, count, BARS_OF_EVERYTHING) + measured(
        artifacts, {"everything on, one failover": sent}, count, BARS_OF_EVERYTHING, [ConnectionError("refused")]
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


def measured(
    artifacts: Sequence[Artifact],
    kinds: dict[str, list[Sent]],
    count: int,
    bars: str,
    errors: Sequence[Exception] = (),
) -> Lines:
    """The last `count` requests of each kind; a proxy runs for days, and automata learn their states once."""
    with tempfile.TemporaryDirectory() as folder, no_garbage_collection():
        driver = Driver(artifacts, Path(folder))
        return asyncio.run(figures(driver, kinds, count, bars, errors))


async def figures(
    driver: Driver, kinds: dict[str, list[Sent]], count: int, bars: str, errors: Sequence[Exception]
) -> Lines:
    found: Lines = []
    for what, requests in kinds.items():
        samples = [by_hook(await driver.serve(sent, errors)) for sent in requests][-count:]
        timing = median(one.pop(NOTHING)[0] for one in samples)
        totals = [sum(taken - timing for hook in one.values() for taken in hook) for one in samples]
        figure = Figure.of(totals)
        shares = (f"{hook} {seconds(share_of(hook, samples, timing))}" for hook in samples[0])
        found.append(Line(f"hooks, {what}, CPU", figure, f"p99 {seconds(figure.p99)}; {bars}"))
        found.append(Note("  its hooks, medians", ", ".join(shares)))
    driver.stop()
    return found


def by_hook(spent: Spent) -> dict[str, list[float]]:
    """The seconds of one request by hook: some are called more than once."""
    found: dict[str, list[float]] = {}
    for hook, taken in spent:
        found.setdefault(hook, []).append(taken)
    return found


def share_of(hook: str, samples: list[dict[str, list[float]]], timing: float) -> float:
    return median(sum(taken - timing for taken in one[hook]) for one in samples)
