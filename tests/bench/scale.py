"""Very large configs on the real proxy: what its start and its requests cost, and how much of that is LiteLLM's own.

The same config runs in two proxies, one of them without our callback. CPU is that of the whole proxy, so that other work
on the machine counts for less.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from tests.bench.estates import STRATEGIES, Estate, large_estate
from tests.bench.measure import Figure, Line, Note, machine, no_garbage_collection, once, seconds
from tests.bench.proxies import (
    CONFIG_NAME,
    Client,
    Proxy,
    cpu_seconds,
    fake_providers,
    got,
    megabytes,
    proxies_of,
    resident_bytes,
)
from tests.bench.workload import Sent, body

NAMES, DEPLOYMENTS = 10_000, 1_000
ADDRESSES = tuple(f"server{number}" for number in range(10))
START_SECONDS = 1_500  # so much work of others may slow down a start of two minutes
ROUNDS, REQUESTS = 12, 25


def lines(quick: bool) -> Iterator[Line | Note]:
    names, deployments = (300, 100) if quick else (NAMES, DEPLOYMENTS)
    rounds = 2 if quick else ROUNDS
    yield from measured(0, deployments, rounds)
    yield from measured(names, 0, rounds)


def measured(names: int, deployments: int, rounds: int) -> Iterator[Line | Note]:
    """One config: its compilation, its start, and requests by all its names."""
    with fake_providers(*ADDRESSES) as providers, tempfile.TemporaryDirectory() as folder:
        rules = large_estate([f"127.0.0.1:{port}" for port in providers.ports.values()], names, deployments)
        begin = time.process_time()
        compilation = rules.compiled(Path(folder))
        spent = time.process_time() - begin
        what = f"{names:,} names" if names else f"{deployments:,} deployments of a name"
        config = next(one.text for one in compilation.artifacts if one.path == CONFIG_NAME)
        size = f"{config.count('- model_name'):,} deployments, {megabytes(len(config))} of config"
        yield Note(f"{what}: compiled", f"{seconds(spent)} of CPU; {size}")
        with proxies_of(compilation.artifacts, {}, {}) as pair, no_garbage_collection():
            yield from started(what, pair)
            yield from asked(what, pair, rules, rounds)


def started(what: str, pair: Sequence[Proxy]) -> list[Note]:
    begin = time.monotonic()
    for one in pair:
        one.wait(START_SECONDS)
    passed = time.monotonic() - begin
    works = [cpu_seconds(one.process.pid) for one in pair]
    sizes = [megabytes(resident_bytes(one.process.pid)) for one in pair]
    listing = [once(lambda one=one: got(one, "/v1/models")) for one in pair]
    status = once(lambda: got(pair[0], "/rulec/status"))
    without = "without our callback"
    return [
        Note(
            f"{what}: CPU until it answers",
            f"{works[0]:.1f} s, {without} {works[1]:.1f} s ({passed:.0f} s, both at once)",
        ),
        Note(f"{what}: memory then", f"{sizes[0]}, {without} {sizes[1]}"),
        Note(f"{what}: the list of models", f"{seconds(listing[0])}, {without} {seconds(listing[1])}"),
        Note(f"{what}: the status", seconds(status)),
    ]


def asked(what: str, pair: Sequence[Proxy], rules: Estate, rounds: int) -> Iterator[Line | Note]:
    """Requests to both proxies alternately, by each kind of name; to ours alone where LiteLLM cannot tell who serves."""
    clients = [Client(one) for one in pair]
    kinds = {"a known name": rules.known} if rules.known else {name: (name,) for name in STRATEGIES}
    for kind, names in kinds.items():
        requests = requests_for(names, rounds * REQUESTS)
        samples: list[list[float]] = [[], []]
        works: list[list[float]] = [[], []]
        for number in range(-1, rounds):  # the first round warms up
            part = requests[number * REQUESTS :][:REQUESTS]
            for who in (0, 1) if number % 2 else (1, 0):
                work, times = sent(clients[who], pair[who], part, 200)
                if number >= 0:
                    works[who].append(work / len(part))
                    samples[who] += times
        ours, theirs = (Figure.of(one) for one in samples)
        cpu = ", without our callback ".join(seconds(median(one)) for one in works)
        yield Line(f"{what}: {kind}", ours, "without our callback", theirs)
        yield Note("  CPU of the proxy for it", cpu)
    if rules.matching:
        others = (("a name by pattern", filled(rules.matching), 200), ("a name of nobody", ("nobody",), 400))
        for kind, names, status in others:
            _, times = sent(clients[0], pair[0], requests_for(names, rounds * REQUESTS // 2), status)
            yield Line(f"{what}: {kind}", Figure.of(times))
    yield Note(f"{what}: measured with", machine())


def filled(shapes: Sequence[str]) -> list[str]:
    return [shape.format("7") for shape in shapes]


def requests_for(names: Sequence[str], count: int) -> list[Sent]:
    """By names from all over the rule set."""
    step = max(1, len(names) // count)
    return [(body(name), {}) for name in islice(cycle(names[::step]), count)]


def sent(client: Client, proxy: Proxy, requests: Sequence[Sent], status: int) -> tuple[float, list[float]]:
    """CPU seconds of the proxy for all of them, and how long each took; all must be answered with this status."""
    before, times = cpu_seconds(proxy.process.pid), []
    for one in requests:
        begin = time.perf_counter()
        answered = client.send(one)
        times.append(time.perf_counter() - begin)
        assert answered == status, (one, answered)
    return cpu_seconds(proxy.process.pid) - before, times
