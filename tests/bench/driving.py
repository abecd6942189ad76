"""The hooks of a compiled pair, called in this process as LiteLLM calls them; no provider is asked."""

from __future__ import annotations

import importlib.util
import logging
import os
import time
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from rulec.backends.artifact import Artifact
from tests.bench.measure import no_garbage_collection
from tests.bench.workload import Sent

MODULE, CONFIG = "routing_strategy.py", "litellm_config.yaml"
NOTHING = "nothing"

Spent = list[tuple[str, float]]
"""Hooks in the order of their calls, each with its CPU seconds, which are more than it took by those of `NOTHING`."""


class Driver:
    """Plays whole requests through the hooks, and measures the CPU time that each takes."""

    def __init__(self, artifacts: Sequence[Artifact], folder: Path) -> None:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        texts = {one.path: one.text for one in artifacts}
        path = folder / MODULE
        path.write_text(texts[MODULE], encoding="utf-8")
        with no_garbage_collection():
            self.module = load(path)
            self.groups: dict[str, list[dict[str, Any]]] = {}
            for one in yaml.load(texts[CONFIG], yaml.CSafeLoader)["model_list"]:
                self.groups.setdefault(one["model_name"], []).append(one)
        from litellm.proxy._types import UserAPIKeyAuth

        self.handler = self.module.handler
        self.auth = UserAPIKeyAuth(api_key="sk-0", user_id="ada", key_alias="search", team_alias="research")

    def deployments(self, model: str) -> list[dict[str, Any]]:
        """What LiteLLM hands to the filter hook for a model."""
        found = self.groups.get(model)
        if found is not None:
            return found
        prefixes = [name for name in self.groups if name.endswith("*") and model.startswith(name[:-1])]
        return self.groups[max(prefixes, key=len)]

    async def serve(self, sent: Sent, errors: Sequence[Exception] = ()) -> Spent:
        """CPU seconds in each hook of one request whose first attempts fail with these errors, and the next one serves."""
        body, headers = sent
        data = {
            **body,
            "metadata": {"tags": [], "user_api_key_alias": "search", "headers": headers},
            "proxy_server_request": {"url": "/v1/chat/completions", "method": "POST", "headers": headers, "body": {**body}},
        }
        spent: Spent = []
        await timed(spent, NOTHING, nothing())
        data = await timed(spent, "pre-call", self.handler.async_pre_call_hook(self.auth, None, data, "acompletion"))
        left = [{}, *data["fallbacks"]]
        for error in errors:
            await self.attempt(spent, data, left)
            hook = self.handler.async_post_call_failure_deployment_hook(data, error, "acompletion")
            await timed(spent, "failure", hook)
        await self.attempt(spent, data, left)
        hook = self.handler.async_post_call_response_headers_hook(data, self.auth, data)
        told = await timed(spent, "headers", hook)
        assert told and "x-rulec-target" in told, data
        now = datetime.now()
        event = {"litellm_params": data, "stream": data.get("stream"), "completion_start_time": now}
        begin, end = now - timedelta(seconds=1), now + timedelta(seconds=1)
        await timed(spent, "success", self.handler.async_log_success_event(event, data, begin, end))
        return spent

    async def attempt(self, spent: Spent, data: dict[str, Any], left: list[dict[str, Any]]) -> None:
        """Go on to the next step that the filter hook lets pass, as LiteLLM goes through the fallbacks."""
        while True:
            data.update(left.pop(0))
            model = data["model"]
            group, messages = self.deployments(model), data.get("messages")
            hook = self.handler.async_filter_deployments(model, group, messages, data)
            chosen = await timed(spent, "filter", hook)
            if not isinstance(chosen, self.module.StepSkipped):
                assert len(chosen) == 1, f"{model}: {len(chosen)} deployments left"
                return

    def stop(self) -> None:
        if self.handler.watcher is not None:
            self.handler.watcher.cancel()


async def nothing() -> None:
    """A hook that does nothing: what its timing takes is no work of ours."""


async def timed(spent: Spent, name: str, hook: Awaitable[Any]) -> Any:
    """What a hook returned or raised; its CPU seconds are added under the name."""
    begin = time.thread_time_ns()
    try:
        result = await hook
    except Exception as error:
        result = error
    spent.append((name, (time.thread_time_ns() - begin) / 1e9))
    if isinstance(result, Exception) and type(result).__name__ != "StepSkipped":
        raise result
    return result


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
