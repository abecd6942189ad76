"""CPU time in our hooks for one proxied request: the generated module's adapter, called as LiteLLM calls it."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import repeat
from pathlib import Path
from typing import Any

import yaml

from tests.bench.compiling import compiled, text_of
from tests.bench.measure import Figure, Line, no_garbage_collection
from tests.bench.workload import Sent, Workload, make_workload

BAR = "bar: 100 µs"
MODULE, CONFIG = "routing_strategy.py", "litellm_config.yaml"


def lines(quick: bool) -> list[Line]:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    found = []
    for rules in (100,) if quick else (100, 1_000, 10_000):
        workload = make_workload(rules)
        with no_garbage_collection():
            artifacts = {one.path: one.text for one in compiled(text_of(workload), emit=True).artifacts}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, MODULE)
            path.write_text(artifacts[MODULE], encoding="utf-8")
            with no_garbage_collection():
                deployments = Deployments(yaml.load(artifacts[CONFIG], yaml.CSafeLoader)["model_list"])
                found += asyncio.run(measured(load(path), deployments, workload, rules, 300 if quick else 3_000))
    return found


def load(path: Path) -> Any:
    """The generated module as the proxy imports it; its log goes where it costs a write and shows nothing."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    log = logging.getLogger("rulec")
    shown = logging.StreamHandler(Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    shown.setFormatter(log.handlers[0].formatter if log.handlers else None)
    log.handlers, log.propagate = [shown], False
    return module


class Deployments:
    """The deployments that LiteLLM hands to the filter hook for a model."""

    def __init__(self, model_list: list[dict[str, Any]]) -> None:
        self.groups: dict[str, list[dict[str, Any]]] = {}
        for one in model_list:
            self.groups.setdefault(one["model_name"], []).append(one)

    def of(self, model: str) -> list[dict[str, Any]]:
        found = self.groups.get(model)
        if found is not None:
            return found
        prefixes = [name for name in self.groups if name.endswith("*") and model.startswith(name[:-1])]
        return self.groups[max(prefixes, key=len)]


async def measured(module: Any, deployments: Deployments, workload: Workload, rules: int, count: int) -> list[Line]:
    warm = 3 * count
    """Requests before the measured ones: a proxy runs for days, and automata learn their states once."""
    kinds: dict[str, list[Sent]] = {
        "known names": workload.requests(workload.known_names(), warm + count),
        "mixed names": workload.requests(workload.names(), warm + count),
    }
    capability = next(iter(workload.document["capabilities"]), None)
    if capability is not None:
        sent = workload.requests(repeat(""), warm + count)
        kinds["another model"] = [(body, {**headers, "x-capability": capability}) for body, headers in sent]
    found = []
    for what, requests in kinds.items():
        await of_requests(module.handler, deployments, requests[:warm])
        figure = Figure.of(await of_requests(module.handler, deployments, requests[warm:]))
        found.append(Line(f"hooks, {rules:,} rules, {what}, CPU", figure, BAR))
    if module.handler.watcher is not None:
        module.handler.watcher.cancel()
    return found


async def of_requests(handler: Any, deployments: Deployments, requests: list[Sent]) -> list[float]:
    from litellm.proxy._types import UserAPIKeyAuth

    auth = UserAPIKeyAuth(api_key="sk-0", user_id="ada", key_alias="search", team_alias="research")
    return [await of_request(handler, deployments, auth, *sent) for sent in requests]


async def of_request(handler: Any, deployments: Deployments, auth: Any, body: Any, headers: Any) -> float:
    """CPU seconds in all hooks of one request that is served by its first target."""
    data = {
        **body,
        "metadata": {"tags": [], "user_api_key_alias": "search", "headers": headers},
        "proxy_server_request": {"url": "/v1/chat/completions", "method": "POST", "headers": headers, "body": {**body}},
    }
    spent, data = await timed(lambda: handler.async_pre_call_hook(auth, None, data, "acompletion"))
    model = data["model"]
    group = deployments.of(model)
    took, chosen = await timed(lambda: handler.async_filter_deployments(model, group, data.get("messages"), data))
    assert len(chosen) == 1, f"{model}: {len(chosen)} deployments left"
    spent += took
    response = object()
    took, told = await timed(lambda: handler.async_post_call_response_headers_hook(data, auth, response))
    assert told, model
    spent += took
    took, _ = await timed(lambda: handler.async_log_success_event({"litellm_params": data}, response, None, None))
    return spent + took


async def timed(hook: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    begin = time.thread_time_ns()
    result = await hook()
    return (time.thread_time_ns() - begin) / 1e9, result
