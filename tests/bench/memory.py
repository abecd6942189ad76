"""Memory over very many requests, with everything on: of the hooks alone, and of a real proxy with and without them."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.driving import Driver
from tests.bench.everything import compiled_rules, requests
from tests.bench.measure import Note
from tests.bench.proxies import Client, Proxy, curve, megabytes, named, pair_of_proxies, resident_bytes

NAMES = 5_000
THROUGH_HOOKS, THROUGH_PROXY = 2_000_000, 20_000
ERRORS = ([], [], [], [], [ConnectionError("refused")], [], [TimeoutError("late")], [])


def lines(quick: bool) -> list[Note]:
    return [*of_hooks(20_000 if quick else THROUGH_HOOKS), *of_proxies(400 if quick else THROUGH_PROXY)]


def of_hooks(total: int) -> list[Note]:
    """This process, sampled twenty times; the requests are made once, so that all growth is of the hooks."""
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(compiled_rules().artifacts, Path(folder))
        driver.module.log_writer.wanted = lambda: False  # two million lines take minutes, and no memory
        samples = asyncio.run(through_hooks(driver, total))
    return growth(f"{total:,} requests through the hooks", samples)


async def through_hooks(driver: Driver, total: int) -> list[tuple[int, int]]:
    sent = requests(min(total, 4 * NAMES), NAMES)
    samples = []
    for number in range(total + 1):
        if number % (total // 20) == 0:
            gc.collect()
            samples.append((number, resident_bytes(os.getpid())))
        await driver.serve(sent[number % len(sent)], ERRORS[number % len(ERRORS)])
    driver.stop()
    return samples


def of_proxies(total: int) -> list[Note]:
    with pair_of_proxies() as proxies, ThreadPoolExecutor() as pool:
        ours, theirs = pool.map(lambda proxy: through_proxy(proxy, total), proxies)
    return [
        *growth(f"{total:,} requests through a proxy", ours),
        *growth(f"{total:,} through a proxy without our callback", theirs),
    ]


def through_proxy(proxy: Proxy, total: int) -> list[tuple[int, int]]:
    client, samples = Client(proxy), []
    sent = named(requests(total, NAMES))
    for number in range(total + 1):
        if number % (total // 20) == 0:
            samples.append((number, resident_bytes(proxy.process.pid)))
        if number < total:
            client.send(sent[number])
    return samples


def growth(what: str, samples: list[tuple[int, int]]) -> list[Note]:
    """The curve, and what came to it in its second half."""
    half = samples[len(samples) // 2][1]
    added = megabytes(samples[-1][1] - half)
    return [Note(f"memory, {what}", f"{megabytes(samples[-1][1])}, {added} of it since half-way"), Note("", curve(samples))]
