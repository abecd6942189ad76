"""A request through a real proxy with our callback, against one without: ratios of time and of CPU, and how sure they are.

Without the callback LiteLLM picks at random; what is asked and who answers is the same. CPU is that of the whole proxy.
"""

from __future__ import annotations

import time
from statistics import median

from tests.bench.everything import requests
from tests.bench.measure import Figure, Line, Note, no_garbage_collection
from tests.bench.proxies import Client, cpu_seconds, named, pair_of_proxies
from tests.bench.workload import Sent

ROUNDS, REQUESTS = 40, 30


def lines(quick: bool) -> list[Line | Note]:
    rounds = 4 if quick else ROUNDS
    sent = named(requests(rounds * REQUESTS, 500))
    with pair_of_proxies() as proxies, no_garbage_collection():
        clients = [Client(one) for one in proxies]
        for client in clients:
            measured(client, sent)  # every name once before the clock counts
        samples: list[list[float]] = [[], []]
        times: list[float] = []
        works: list[float] = []
        for number in range(rounds):
            part = sent[number * REQUESTS : (number + 1) * REQUESTS]
            spent, work = [0.0, 0.0], [0.0, 0.0]
            for who in (0, 1) if number % 2 else (1, 0):
                before = cpu_seconds(proxies[who].process.pid)
                found = measured(clients[who], part)
                work[who] = cpu_seconds(proxies[who].process.pid) - before
                spent[who] = median(found)
                samples[who] += found
            times.append(spent[0] / spent[1])
            works.append(work[0] / work[1])
    return [
        Line("a request, end to end", Figure.of(samples[0]), "without our callback", Figure.of(samples[1])),
        Note(f"ratio of medians, {rounds} rounds of {REQUESTS} each", told(times)),
        Note("ratio of the proxies' CPU, the same rounds", told(works)),
    ]


def told(ratios: list[float]) -> str:
    low, high = interval(ratios)
    return f"{median(ratios):.3f}, 95 % sure from {low:.3f} to {high:.3f}; single rounds {min(ratios):.2f} to {max(ratios):.2f}"


def measured(client: Client, sent: list[Sent]) -> list[float]:
    found = []
    for one in sent:
        begin = time.perf_counter()
        status = client.send(one)
        found.append(time.perf_counter() - begin)
        assert status == 200, (one, status)
    return found


def interval(ratios: list[float]) -> tuple[float, float]:
    """Where the median of all rounds lies, 95 times of 100: between two of the sorted ones, whatever their distribution."""
    ordered, count = sorted(ratios), len(ratios)
    away = int(0.98 * count**0.5) + 1
    return ordered[max(0, count // 2 - away)], ordered[min(count - 1, count // 2 + away)]
