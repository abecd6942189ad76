"""What the workers of a running proxy say of their deployments, put together."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rulec.proxy import CannotServe
from rulec.runtime.status import STATUS_PATH, STATUS_VERSION
from rulec.secrets import mask_secrets
from rulec.serving.client import Client

AT_ONCE = 8
MOST_ROUNDS = 8
LEVELS = ("healthy", "degraded", "cooling", "limited")
"""From the best to the worst."""
TROUBLED = frozenset(("cooling", "limited"))
"""Levels at which a deployment is `out`, where the rules have that follow."""

Answer = dict[str, Any]


def ask_workers(client: Client, workers: int | None = None) -> list[Answer]:
    """One answer of each worker. Nobody can choose who answers, so it asks until rounds bring nobody new.

    Each request has a connection of its own; those of a round go out together, so that no worker gets them all.
    """
    found: dict[tuple[Any, Any], Answer] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(MOST_ROUNDS):
            before = len(found)
            for one in pool.map(lambda _: ask(client), range(AT_ONCE)):
                found[one["worker"]["id"], one["worker"]["pid"]] = one
            if len(found) in (before, workers):
                break
    return list(found.values())


def ask(client: Client) -> Answer:
    """The answer of whichever worker takes the connection."""
    try:
        status, _, text = client.send("GET", STATUS_PATH)
    except (OSError, http.client.HTTPException) as error:
        raise CannotServe(f"nobody answers at {client.url}: {error}; is the proxy running?") from error
    if status == 404:
        raise CannotServe(
            f"the proxy at {client.url} has no {STATUS_PATH}: it runs without the module that rulec compiles, or with one "
            "of an older rulec; compile the rules again and restart it"
        )
    if status in (400, 401, 403):  # 400: LiteLLM without a database knows no key but the master key
        raise CannotServe(
            f"the proxy at {client.url} refuses the key ({status}): the status takes the master key or a key of a proxy admin; "
            "name its variable with --key-env"
        )
    if status >= 500:
        raise CannotServe(
            f"the proxy at {client.url} fails ({status}), its log says why; without Prisma LiteLLM answers so to a key that "
            "is no proxy admin's"
        )
    try:
        answer = json.loads(text)
        version = answer["version"]
        if version == STATUS_VERSION:
            answer["worker"]["id"], answer["worker"]["pid"], answer["deployments"]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotServe(f"{client.url}{STATUS_PATH} answers {status} with what is no status; see its log") from error
    if version != STATUS_VERSION:
        raise CannotServe(f"{client.url} runs a module of a newer rulec (status version {version}): update rulec here")
    return dict(answer)


def merge(answers: list[Answer]) -> Answer:
    """The answers of all workers as one: counts summed, the worst health, means weighted, percentiles of the slowest."""
    places: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        for one in answer["deployments"]:
            places.setdefault((one["provider"], one["model"]), []).append(one)
    workers = [
        {**one["worker"], **{key: one[key] for key in ("rulec", "rules", "under_way", "plans", "signals")}} for one in answers
    ]
    return {
        "version": STATUS_VERSION,
        "workers": sorted(workers, key=lambda one: (one["pid"], one["id"])),
        "deployments": sorted(map(_deployment, places.values()), key=_order),
    }


def is_troubled(deployment: Answer) -> bool:
    return bool(deployment["health"]["level"] in TROUBLED)


def _deployment(parts: list[Answer]) -> Answer:
    """One deployment as its workers see it together."""
    failed: dict[str, int] = {}
    for kind, count in (pair for one in parts for pair in one["failed"].items()):
        failed[kind] = failed.get(kind, 0) + count
    idle = [one["idle"] for one in parts if one["idle"] is not None]
    return {
        **parts[0],
        "model": mask_secrets(parts[0]["model"]),  # may be a name that a client made up
        "health": _health([one["health"] for one in parts]),
        "in_flight": sum(one["in_flight"] for one in parts),
        "served": sum(one["served"] for one in parts),
        "failed": failed,
        "error_rate": _weighted((one["error_rate"], _requests(one)) for one in parts),
        "idle": min(idle, default=None),
        "latency": _spread([(one["latency"], one["served"]) for one in parts]),
        "first_token": _spread([(one["first_token"], one["served"]) for one in parts]),
    }


def _health(parts: list[Answer]) -> Answer:
    """The worst health; it is out where any worker has it so."""
    worst = max(parts, key=lambda one: _severity(one["level"]))
    return {**worst, "out": any(one.get("out", False) for one in parts)}


def _severity(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _requests(part: Answer) -> int:
    return int(part["served"] + sum(part["failed"].values()))


def _weighted(values: Iterable[tuple[float | None, int]]) -> float | None:
    known = [(value, max(weight, 1)) for value, weight in values if value is not None]
    return sum(value * weight for value, weight in known) / sum(weight for _, weight in known) if known else None


def _spread(parts: list[tuple[Answer | None, int]]) -> Answer | None:
    known = [(spread, weight) for spread, weight in parts if spread is not None]
    if not known:
        return None
    slowest = {name: max(spread[name] for spread, _ in known) for name in ("p50", "p95")}
    return {"mean": _weighted((spread["mean"], weight) for spread, weight in known), **slowest}


def _order(deployment: Answer) -> tuple[bool, str, str, str]:
    """By model group, then by provider; what is known by pattern alone comes last."""
    groups = deployment["groups"]
    return (not groups, groups[0] if groups else deployment["model"], deployment["provider"], deployment["model"])
