"""What a compiled module watches in the background: what travels for it, and when its tasks begin and end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hostile_feed import Feed

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.runtime.signals import Signal
from rulec.source import Source

PROVIDERS = """
providers:
  chutes: {litellm: "openai/{model}", api_base: "http://127.0.0.1:9/v1", accepts: '^x', model_info: {chute_id: all-of-them}}
  gpus: {litellm: "ollama_chat/{model}", api_base: "${GPUS:-http://127.0.0.1:9}", accepts: '^x'}
  cloud: {litellm: "openai/{model}", accepts: '^x'}
models:
  m: {served_by: {chutes: {model: up, model_info: {chute_id: chute-1, gpu: 7}}, gpus: m}}
"""
SIGNAL = 'signals: {load: {kind: utilization, url: "http://${FEED}/u", api_key: "${KEY}", ttl_seconds: 0.1, timeout_seconds: 60}}\n'
LEAST = "default: {providers: [chutes, gpus], routing_strategy: least_utilized}\n"


def module(rules: str) -> str:
    diagnostics = Diagnostics()
    artifacts = compile_sources([Source("rules.yaml", PROVIDERS + rules)], diagnostics, emit=True).artifacts
    assert artifacts, diagnostics.items
    return artifacts[1].text


def namespace(text: str, path: str = "routing_strategy.py") -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "rulec_under_test", "__file__": path}
    exec(compile(text, path, "exec"), found)
    return found


TRAVELS = {
    "nothing": ("default: {providers: [chutes, gpus]}", set()),
    "a signal that nobody uses": (SIGNAL + "default: {provider: gpus}", set()),
    "a signal in use": (SIGNAL + LEAST, {"fetch", "signals"}),
    "warm": ("default: {providers: [chutes, cloud], prefer_warm: true}", {"fetch", "warm"}),
    "warm, with nobody to ask": ("default: {providers: [cloud], prefer_warm: true}", set()),
    "warm, with one candidate": ("default: {provider: gpus, prefer_warm: true}", set()),
    "the first request": (
        "first_request_routing: {strategy: prefer_warm_providers}\ndefault: {model: m}",
        {"fetch", "warm"},
    ),
}


@pytest.mark.parametrize("name", TRAVELS)
def test_what_is_watched_travels(name: str) -> None:
    rules, modules = TRAVELS[name]
    text = module(rules)
    assert {one for one in ("fetch", "signals", "warm") if f"# {'-' * 20} {one} {'-' * 20}" in text} == modules


def test_ids_of_deployments_come_from_model_info() -> None:
    tables = namespace(module(SIGNAL + LEAST))["TABLES"]
    assert tables["deployments"][("m", "chutes")]["signal_id"] == "chute-1"
    assert tables["deployments"][("*", "chutes")]["signal_id"] == "all-of-them"
    assert ("m", "gpus") not in tables["deployments"]
    other = namespace(module(SIGNAL.replace("}}", ", id_key: gpu}}") + LEAST))["TABLES"]
    assert other["deployments"] == {("m", "chutes"): {"signal_id": "7"}}


def test_who_is_checked_and_how() -> None:
    rules = "first_request_routing: {strategy: prefer_warm_providers, warm_check_timeout_ms: 50}\n"
    warm = namespace(module(rules + "default: {providers: [chutes, gpus, cloud]}"))["TABLES"]["warm"]
    assert warm["timeout_ms"] == 50
    assert {name: way for name, (way, _) in warm["providers"].items()} == {"chutes": "models", "gpus": "ollama"}


# Tasks


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    running = Feed()
    monkeypatch.setenv("FEED", running.address)
    monkeypatch.setenv("KEY", "the-key")
    yield running
    running.stop()


def tasks() -> list[str]:
    """What runs in the background now."""
    running = [str(getattr(task.get_coro(), "__qualname__", "")) for task in asyncio.all_tasks()]
    return sorted(one for one in running if one in ("RulecHandler.follow_file", "Signal.run"))


FOLLOWED, BOTH = ["RulecHandler.follow_file"], ["RulecHandler.follow_file", "Signal.run"]


def figure(handler: Any) -> float | None:
    found: float | None = handler.rules.balancer.watchers["signals"].figure("load", "a")
    return found


async def until(holds: Any) -> None:
    for _ in range(3000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never was")


def test_tasks_begin_where_a_loop_runs_and_end_with_it(feed: Feed) -> None:
    text = module(SIGNAL + LEAST)
    feed.says({"a": 0.5})

    async def imported_in_a_loop() -> None:
        handler = namespace(text)["handler"]
        assert tasks() == BOTH
        await until(lambda: figure(handler) == 0.5)
        handler.start_background()
        assert tasks() == BOTH

    async def asked_later(handler: Any) -> None:
        await handler.async_pre_call_hook(object(), None, {"model": "x"}, "acompletion")
        assert tasks() == BOTH

    asyncio.run(imported_in_a_loop())
    handler = namespace(text)["handler"]
    asyncio.run(asked_later(handler))
    assert all(task.done() for task in (handler.watcher, *handler.background)), "nothing is left"
    asyncio.run(asked_later(handler))


def test_a_reload_ends_the_tasks_and_keeps_the_figures(feed: Feed, tmp_path: Path) -> None:
    path = tmp_path / "routing_strategy.py"
    path.write_text(module(SIGNAL + LEAST), "utf-8")
    feed.says({"a": 0.5})

    async def reload(rules: str, handler: Any) -> None:
        before, version = list(handler.background), handler.rules.fingerprint
        (tmp_path / "new").write_text(module(rules), "utf-8")
        os.replace(tmp_path / "new", path)
        await until(lambda: handler.rules.fingerprint != version)
        await until(lambda: all(task.done() for task in before))

    async def run() -> None:
        found = namespace(path.read_text("utf-8"), str(path))
        found["RELOAD_SECONDS"] = 0.02
        handler = found["handler"]
        await until(lambda: figure(handler) == 0.5)
        feed.says(b"", "hang")
        await asyncio.to_thread(feed.wait_for_requests, 1)
        await reload(SIGNAL.replace("0.1", "0.2") + LEAST, handler)
        assert figure(handler) == 0.5, "the source is the same"
        assert tasks() == BOTH
        await reload("default: {provider: gpus}", handler)
        assert tasks() == FOLLOWED, "there is nothing left to watch"
        assert handler.rules.balancer.watchers == {}

    asyncio.run(run())
    feed.release()


def test_a_file_that_changed_before_anybody_followed_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "routing_strategy.py"
    path.write_text(module("default: {provider: gpus}"), "utf-8")
    found = namespace(path.read_text("utf-8"), str(path))
    found["RELOAD_SECONDS"] = 0.02
    handler = found["handler"]
    version = handler.rules.fingerprint
    path.write_text(module("default: {provider: cloud}"), "utf-8")

    async def run() -> None:
        handler.start_background()
        await until(lambda: handler.rules.fingerprint != version)

    asyncio.run(run())


def test_each_id_is_fetched_by_itself_once_somebody_asks(feed: Feed) -> None:
    feed.says({"utilization": 0.5})
    signal = Signal("load", {"url": (f"http://{feed.address}/u/{{id}}",), "ttl_seconds": 60})

    async def run() -> None:
        running = asyncio.ensure_future(signal.run())
        await asyncio.sleep(0)
        assert signal.figure("a/b?") is None
        await until(lambda: signal.figure("a/b?") == 0.5)
        assert signal.figure("c") is None
        await until(lambda: signal.figure("c") == 0.5)
        running.cancel()

    asyncio.run(run())
    assert feed.paths == ["/u/a%2Fb%3F", "/u/c"], "a fresh figure is not fetched again"
