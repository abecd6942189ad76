"""What an operator may ask a worker: how each deployment does. No key, no address, nothing of any request.

The route is added to the proxy's own application and authenticates by LiteLLM's own dependency; only proxy admins pass.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rulec.runtime.caller import printable

STATUS_PATH = "/rulec/status"
STATUS_VERSION = 1
ADMIN = "proxy_admin"
ANY_MODEL = "*"  # stands for what a provider serves by pattern and nobody has asked for yet
MOST_NAMED_RULES = 20
DEPLOYMENTS_AT_ONCE = 50


class Status:
    """Answers for one handler."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler
        self.worker = secrets.token_hex(6)
        self.since = time.time()
        self.engine: Any = None
        self.known: dict[tuple[str, str], Known] = {}

    async def answer(self) -> str:
        """All that this worker knows of itself and its deployments, as JSON; made in pieces, so that no request waits for it."""
        rules, state = self.handler.rules, self.handler.state
        if rules.engine is not self.engine:
            self.known = await asyncio.to_thread(known_deployments, rules.engine)
            self.engine = rules.engine
        signals = rules.balancer.watchers.get("signals")
        deployments = []
        for number, place in enumerate(list(dict.fromkeys((*self.known, *state.deployments)))):
            if number % DEPLOYMENTS_AT_ONCE == 0:
                await asyncio.sleep(0)
            deployments.append(json.dumps(self.deployment(place)))
        worker = {
            "version": STATUS_VERSION,
            "worker": {"id": self.worker, "pid": os.getpid(), "since": self.since, "uptime": time.time() - self.since},
            "rulec": rules.version,
            "rules": {"module": rules.fingerprint, "config": config_fingerprint()},
            "under_way": len(state.attempts) + len(state.reserved),
            "plans": len(self.handler.plans),
            "signals": [] if signals is None else signals.view(),
        }
        return f'{json.dumps(worker)[:-1]}, "deployments": [{", ".join(deployments)}]}}'

    def deployment(self, place: tuple[str, str]) -> dict[str, Any]:
        provider, model = place
        known = self.known.get(place)
        strategies = known or self.known.get((provider, ANY_MODEL))
        groups = [] if known is None else list(known.groups)
        return {
            "provider": printable(provider),
            "model": printable(model),
            "groups": groups,
            "strategies": {} if strategies is None else strategies.strategies,
            "health": self.handler.health.view(place, groups),
            **figures(self.handler.state, place),
        }


def figures(state: Any, place: tuple[str, str]) -> dict[str, Any]:
    """What this worker measured at a deployment; times in seconds, None where nothing is known (any more)."""
    found, now = state.deployments.get(place), state.clock()
    if found is None:
        return {
            "in_flight": 0,
            "served": 0,
            "failed": {},
            "error_rate": None,
            "idle": None,
            "latency": None,
            "first_token": None,
        }
    successes = found.successes.mean(now)
    return {
        "in_flight": len(found.open),
        "served": found.served,
        "failed": dict(found.failed),
        "error_rate": None if successes is None else round(1 - successes, 4),
        "idle": None if found.tried_at is None else round(now - found.tried_at, 3),
        "latency": spread(found.latencies, found.latency.mean(now)),
        "first_token": spread(found.first_tokens, None),
    }


def spread(samples: Iterable[tuple[float, float]], mean: float | None) -> dict[str, float] | None:
    """Mean (that of the samples where none is given), median and 95th percentile of what was measured last."""
    values = sorted(value for _, value in samples)
    if not values:
        return None
    p50, p95 = (values[math.ceil(share * len(values)) - 1] for share in (0.5, 0.95))
    found = {"mean": sum(values) / len(values) if mean is None else mean, "p50": p50, "p95": p95}
    return {name: round(seconds, 6) for name, seconds in found.items()}


class Known:
    """A deployment of the rules: the names by which clients reach it, and by strategy the rules that choose it so."""

    __slots__ = ("groups", "strategies")

    def __init__(self) -> None:
        self.groups: dict[str, None] = {}
        self.strategies: dict[str, list[str]] = {}

    def chosen(self, rule: Sequence[Any], strategy: str) -> None:
        rules = self.strategies.setdefault(strategy, [])
        if len(rules) < MOST_NAMED_RULES and rule[0] not in rules:
            rules.append(rule[0])

    def add(self, other: Known) -> None:
        for strategy, rules in other.strategies.items():
            own = self.strategies.get(strategy, [])
            self.strategies[strategy] = [*dict.fromkeys((*own, *rules))][:MOST_NAMED_RULES]


def known_deployments(engine: Any) -> dict[tuple[str, str], Known]:
    """The deployments that the rules can choose, in the order of the catalogue; those known by pattern as `*`."""
    found: dict[tuple[str, str], Known] = {}
    if engine is None:
        return found
    catalogue = engine.catalogue
    for name in dict.fromkeys(known_names(engine)):
        for provider in dict.fromkeys((*catalogue.serving(name), *catalogue.accepts(name))):
            place = catalogue.candidate(provider, name)
            found.setdefault((place.provider, place.model), Known()).groups[name] = None
        early, late = engine.outcomes(name)
        for place, rule, strategy in candidates_of(early or late):
            found.setdefault((place.provider, place.model), Known()).chosen(rule, strategy)
    for provider, (_, accepts, default, _) in catalogue.providers.items():
        if default is not None:
            place = catalogue.stand_in(provider)
            found.setdefault((place.provider, place.model), Known()).groups[place.group] = None
        if accepts:
            found[provider, ANY_MODEL] = Known()
    add_rules_of_any_name(engine, found)
    return found


def known_names(engine: Any) -> Iterator[str]:
    """The models that catalogue and rules spell out."""
    yield from engine.catalogue.models
    yield from engine.exact
    for route in engine.rules.routes:
        target = route[0]
        if target[0] == "models":
            yield from target[1]
        elif target[0] in ("virtual", "native"):
            yield from target[1:3]
    for chain in engine.chains:
        yield from (hop[1] for hop in chain.hops if hop[1] is not None)


def candidates_of(leaf: Any) -> Iterator[tuple[Any, Sequence[Any], str]]:
    """The candidates of a rule, each with rule and strategy, where one has to choose; of a virtual model both sides.

    Where LiteLLM's router splits, a strategy of ours chooses on the complex side only.
    """
    sides = [getattr(leaf, side) for side in ("simple", "complex") if hasattr(leaf, side)]
    for one in sides or (leaf,):
        if one is not None and len(one.places) > 1:
            yield from ((place, one.rule, one.strategy) for place in one.places)


def add_rules_of_any_name(engine: Any, found: dict[tuple[str, str], Known]) -> None:
    """What is chosen by other things than the name: by conditions and capabilities, and for names of a pattern."""
    whole: dict[str, Known] = {}  # what holds for all deployments of a provider
    for number, rule in engine.rules.numbered():
        phase, target = rule[1], rule[2]
        any_name = phase in ("when", "capability")
        if target[0] in ("models", "virtual") and any_name:
            for place, _, strategy in candidates_of(engine.leaf(number, None)):
                found[place.provider, place.model].chosen(rule, strategy)
        elif target[0] == "providers" and len(target[1]) > 1 and phase != "exact":
            catalogue = engine.catalogue
            places = tuple(catalogue.place(provider, ANY_MODEL, ANY_MODEL, weight) for provider, weight in target[1])
            strategy = catalogue.arranged(places, rule[4])[1]
            for provider, _ in target[1]:
                if any_name:
                    whole.setdefault(provider, Known()).chosen(rule, strategy)
                elif (provider, ANY_MODEL) in found:
                    found[provider, ANY_MODEL].chosen(rule, strategy)
    for (provider, _), known in found.items():
        if provider in whole:
            known.add(whole[provider])


def config_fingerprint() -> str | None:
    """The rules of which the running config was compiled, as its deployments tell."""
    server = sys.modules.get("litellm.proxy.proxy_server")
    for one in getattr(server, "llm_model_list", None) or ():
        ours = (one.get("model_info") or {}).get("rulec") if isinstance(one, dict) else None
        if isinstance(ours, dict) and ours.get("fingerprint"):
            return printable(ours["fingerprint"])
    return None


def publish_status(handler: Any) -> None:
    """Add the route to the proxy that this process runs, if it runs one; one of an earlier import gives way."""
    app = getattr(sys.modules.get("litellm.proxy.proxy_server"), "app", None)
    if app is None:
        return
    try:
        from fastapi import Depends
        from fastapi.responses import Response
        from litellm.proxy._types import ProxyException
        from litellm.proxy.auth.user_api_key_auth import user_api_key_auth

        status = Status(handler)

        async def tell(auth: Any = Depends(user_api_key_auth)) -> Any:  # noqa: B008 - FastAPI's way
            role = getattr(auth, "user_role", None)
            if getattr(role, "value", role) != ADMIN:
                raise ProxyException("only a proxy admin may see the status", "permission_error", None, 403)
            try:
                text = await status.answer()
                return Response(text, media_type="application/json", headers={"cache-control": "no-store"})
            except Exception as error:
                handler.say_once("the status cannot be told", error)
                raise ProxyException("the status cannot be told, the log says why", "server_error", None, 500) from None

        app.router.routes[:] = [one for one in app.router.routes if getattr(one, "path", None) != STATUS_PATH]
        app.add_api_route(STATUS_PATH, tell, methods=["GET"], include_in_schema=False)
    except Exception as error:
        handler.say_once("no status is served", error)
