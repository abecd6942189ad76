"""The hooks of a generated module, called as LiteLLM calls them: what they pick, and what they keep."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import weakref
from collections import Counter
from typing import Any

import pytest

from rulec.backends.python import generate_module
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.source import Source

RULES = r"""
providers:
  a: {litellm: "openai/{model}", accepts: '^.'}
  b: {litellm: "openai/{model}", accepts: '^.'}
models:
  kept: {cache_ttl: 60, served_by: [a]}
exact_matches:
  kept: {provider: a}
  alone: {provider: a, fallback: {provider: b, when: 'unavailable(b) and messages > 3 or not unavailable(b)'}}
  weighted: {providers: [{provider: a, weight: 0.7}, {provider: b, weight: 0.3}]}
  watched: {provider: a, fallback: b}
capabilities:
  any: {preferred_models: [MANY], provider: a}
patterns:
  - {pattern: '^least', providers: [a, b], routing_strategy: least_loaded}
  - {pattern: '^usage', providers: [a, b], routing_strategy: usage_based}
  - {pattern: '^fast', providers: [a, b], routing_strategy: fastest_response}
  - {pattern: '^cheap', providers: [a, b], routing_strategy: cheapest}
  - {pattern: '^most', providers: [a, b], routing_strategy: most_capacity}
  - {pattern: '^turn', providers: [a, b], routing_strategy: round_robin}
""".replace("MANY", ", ".join(f"m{number}" for number in range(40)))
KINDS = ("least", "usage", "fast", "cheap", "most", "turn")
NAMES = 5_000


@pytest.fixture
def handler(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    pytest.importorskip("litellm")
    tree = compile_sources([Source("rules.yaml", RULES)], Diagnostics(), emit=True).tree
    namespace: dict[str, Any] = {"__name__": "rulec_under_test"}
    exec(compile(generate_module(tree).text, "routing_strategy.py", "exec"), namespace)
    namespace["MAX_PLANS"] = 1_000  # plans of failed requests are kept up to this number; reached soon here,
    namespace["MOST_DEPLOYMENTS"] = 2_000  # and so is this one
    found = namespace["handler"]
    found.start_background = lambda: None
    namespace["log"].setLevel("ERROR")
    return found


def deployments(model: str) -> list[dict[str, Any]]:
    return [
        {"litellm_params": {"model": model}, "model_info": {"rulec": {"provider": name, "model": None}}}
        for name in "ab"
    ]


async def serve(handler: Any, model: str, fails: bool = False) -> str:
    """One request through the hooks; the provider that it went to."""
    auth = object()
    data: dict[str, Any] = {"model": model, "messages": [], "metadata": {}}
    await handler.async_pre_call_hook(auth, None, data, "acompletion")
    [chosen] = await handler.async_filter_deployments(model, deployments(model), [], data)
    if fails:
        await handler.async_post_call_failure_deployment_hook(data, TimeoutError(), "acompletion")
        await handler.async_post_call_failure_hook(data, TimeoutError(), auth)
    else:
        await handler.async_log_success_event({"litellm_params": data, "stream": True}, None, None, None)
    return str(chosen["model_info"]["rulec"]["provider"])


def test_weights_hold_over_many_requests(handler: Any) -> None:
    handler.random.seed(1)

    async def many() -> Counter[str]:
        return Counter([await serve(handler, "weighted") for _ in range(2_000)])

    picked = asyncio.run(many())
    assert abs(picked["a"] - 1_400) < 4 * (2_000 * 0.7 * 0.3) ** 0.5


@pytest.mark.parametrize(
    ("model", "call", "sent", "asked"),
    [
        ("kept", "acompletion", {}, {"use-cache": True, "ttl": 60}),
        ("kept", "atext_completion", {"cache": {"no-cache": True}}, {"use-cache": True, "ttl": 60, "no-cache": True}),
        ("kept", "aembedding", {}, None),
        ("alone", "acompletion", {"cache": {"use-cache": True, "ttl": 9}}, {}),
        ("alone", "acompletion", {}, None),
    ],
)
def test_what_is_asked_of_the_cache(handler: Any, model: str, call: str, sent: dict[str, Any], asked: Any) -> None:
    data: dict[str, Any] = {"model": model, "messages": [], "metadata": {}, **sent}
    asyncio.run(handler.async_pre_call_hook(object(), None, data, call))
    assert data.get("cache") == asked


def test_an_answer_of_the_cache_teaches_nothing(handler: Any) -> None:
    async def hit() -> None:
        data: dict[str, Any] = {"model": "kept", "messages": [], "metadata": {}}
        await handler.async_pre_call_hook(object(), None, data, "acompletion")
        await handler.async_filter_deployments("kept", deployments("kept"), [], data)
        assert handler.state.in_flight("a", "kept") == 1
        await handler.async_log_success_event({"litellm_params": data, "cache_hit": True}, None, None, None)

    asyncio.run(hit())
    state = handler.state.get("a", "kept")
    assert (len(state.open), state.successes.weight, len(state.latencies)) == (0, 0, 0)


def test_a_key_gets_the_one_candidate_of_many_that_it_may_call(handler: Any) -> None:
    async def may_call(auth: object, group: str) -> bool:
        return group == "m7"

    handler.may_call = may_call

    async def many() -> set[str]:
        sent = [{"messages": [], "metadata": {"capability": "any"}} for _ in range(50)]
        return {(await handler.async_pre_call_hook(object(), None, data, "acompletion"))["model"] for data in sent}

    assert asyncio.run(many()) == {"m7"}


def test_a_client_that_brings_its_own_time_out_teaches_nothing(handler: Any) -> None:
    async def many() -> None:
        for _ in range(5):
            data: dict[str, Any] = {"model": "watched", "messages": [], "metadata": {}, "timeout": 0.001}
            await handler.async_pre_call_hook(object(), None, data, "acompletion")
            await handler.async_filter_deployments("watched", deployments("watched"), [], data)
            await handler.async_post_call_failure_deployment_hook(data, TimeoutError(), "acompletion")
            await handler.async_post_call_failure_hook(data, TimeoutError(), object())

    asyncio.run(many())
    found = handler.state.get("a", "watched")
    assert (len(found.open), found.successes.weight, found.failed) == (0, 0.0, {})
    assert not handler.health.troubled


def test_a_trial_that_never_reaches_the_provider_is_over(handler: Any) -> None:
    """LiteLLM's own limits may refuse a request behind our first hook."""
    handler.health.terms.threshold, handler.health.terms.errors_count = 1, True

    async def story() -> list[str]:
        asked = []
        for turned_away in (False, False, True, True):
            data: dict[str, Any] = {"model": "watched", "messages": [], "metadata": {}}
            await handler.async_pre_call_hook(object(), None, data, "acompletion")
            asked.append(handler.plans[data["metadata"]["rulec"]["id"]].steps[0].provider)
            if not turned_away:
                await handler.async_filter_deployments("watched", deployments("watched"), [], data)
                await handler.async_post_call_failure_deployment_hook(data, RuntimeError(), "acompletion")
            await handler.async_post_call_failure_hook(data, RuntimeError(), object())
            if len(asked) == 2:  # as after the cooldown
                for breaker in handler.health.breakers.values():
                    breaker.until = 0.0
        return asked

    assert asyncio.run(story()) == ["a"] * 4
    assert handler.plans and not any(plan.open for plan in handler.plans.values())


class Messages(list[Any]):
    """A prompt that can be watched."""


def test_a_failed_request_is_not_kept(handler: Any) -> None:
    async def fail() -> Any:
        body = {"model": "alone", "messages": Messages()}
        data = {**body, "metadata": {}, "proxy_server_request": {"body": body, "headers": {}}}
        await handler.async_pre_call_hook(object(), None, data, "acompletion")
        assert len(data["fallbacks"]) == 1
        assert len(await handler.async_filter_deployments("alone", deployments("alone"), [], data)) == 1
        await handler.async_post_call_failure_deployment_hook(data, TimeoutError(), "acompletion")
        await handler.async_post_call_failure_hook(data, TimeoutError(), object())
        return weakref.ref(body["messages"])

    kept = asyncio.run(fail())
    gc.collect()
    assert handler.plans and kept() is None


@pytest.mark.slow
def test_memory_stays_flat(handler: Any) -> None:
    async def many(count: int) -> None:
        for number in range(count):
            name = number % NAMES
            await serve(handler, f"{KINDS[name % 6]}-{name}", fails=number % 7 == 0)

    sizes = []
    asyncio.run(many(6_000))
    tracemalloc.start()
    for _ in range(4):
        asyncio.run(many(6_000))
        gc.collect()
        sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    state = handler.state
    assert not state.attempts and not state.reserved
    assert not any(one.open for one in state.deployments.values())
    assert sizes[-1] - sizes[1] < 1_000_000, sizes
