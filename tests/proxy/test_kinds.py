"""Every error kind moves on to the next step, to the same model and to another, on every endpoint."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from estate import KIND_OF_STEP, KINDS, MASTER_KEY
from harness import Providers, Proxy, Reply
from litellm_version import AT_LEAST_1_106

pytestmark = pytest.mark.proxy

ENDPOINTS: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("endpoints.yaml").read_text("utf-8"))
# routes -> suffix of the group, the failing provider, the one after it
ROUTES = {
    "openai": ("", "alpha", "beta"),
    "vllm": ("-vllm", "gamma", "epsilon"),
    "ollama": ("-ollama", "delta", "beta"),
}
SLOW = ("timeout",)  # takes the proxy's whole timeout: two endpoints suffice
REPEATED = ("rate_limit", "server_error", "bad_gateway", "overloaded", "gateway_timeout", "connection")
TELLING = ("context_window", "content_policy", "connection", "gateway_timeout", "insufficient_quota")


def form(model: str | None) -> tuple[bytes, dict[str, str]]:
    """A transcription request."""
    file = 'form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav'
    parts = [f"--X\r\nContent-Disposition: {file}\r\n\r\nRIFF\r\n"]
    if model is not None:
        parts.append(f'--X\r\nContent-Disposition: form-data; name="model"\r\n\r\n{model}\r\n')
    return "".join([*parts, "--X--\r\n"]).encode(), {"content-type": "multipart/form-data; boundary=X"}


def call(proxy: Proxy, name: str, model: str | None, **headers: str) -> Reply:
    endpoint = ENDPOINTS[name]
    if endpoint.get("form"):
        body, more = form(model)
        return proxy.send(endpoint["path"], body, MASTER_KEY, {**more, **headers})
    return proxy.send(endpoint["path"], endpoint["body"] | ({"model": model} if model else {}), MASTER_KEY, headers)


@pytest.mark.parametrize("name", ENDPOINTS)
def test_no_model(name: str, proxy: Proxy, providers: Providers) -> None:
    suffix, first, _ = ROUTES[ENDPOINTS[name].get("routes", "openai")]
    group = f"same{suffix}"
    reply = call(proxy, name, None, **{"X-Capability": group})
    assert (reply.status, providers.tried()) == (200, [first]), reply
    if ENDPOINTS[name].get("told", True):
        assert reply.headers["x-rulec-target"] == f"{first}/{group}"


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_error_moves_on(name: str, proxy: Proxy, providers: Providers) -> None:
    suffix, first, second = ROUTES[ENDPOINTS[name].get("routes", "openai")]
    steps = [step for step in KIND_OF_STEP if step not in SLOW or name in ("chat", "chat stream")]
    steps = ENDPOINTS[name].get("steps", steps)
    for step, route in product(steps, ("same", "change")):
        providers.reset()
        calls = ENDPOINTS[name].get("calls", 1) if step in REPEATED else 1
        providers.fail(first, *([step] * calls))
        reply = call(proxy, name, route + suffix)
        model = "n" if route == "change" else route + suffix
        tried = providers.tried()
        assert (reply.status, tried[-1], set(tried[:-1])) == (200, second, {first}), (step, route, reply)
        assert len(tried) <= calls + 1, (step, route)
        if ENDPOINTS[name].get("told", True):
            assert reply.headers["x-rulec-target"] == f"{second}/{model}", (step, route)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hop_for_one_kind_takes_exactly_that(kind: str, proxy: Proxy, providers: Providers) -> None:
    for step, route in product(KIND_OF_STEP, ("only", "onto")):
        if step in SLOW and kind not in ("timeout", "connection"):
            continue
        providers.reset()
        providers.fail("alpha", step)
        reply = call(proxy, "chat", f"{route}-{kind}")
        expected = "beta" if KIND_OF_STEP[step] == kind else "gamma"
        assert (reply.status, providers.tried()) == (200, ["alpha", expected]), (step, route, reply)


@pytest.mark.parametrize("step", TELLING)
@pytest.mark.parametrize("name", ["chat stream", "completions", "embeddings", "responses", "messages", "speech"])
def test_the_kind_is_known_on_other_endpoints(name: str, step: str, proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", step)
    reply = call(proxy, name, f"only-{KIND_OF_STEP[step]}")
    assert (reply.status, providers.tried()) == (200, ["alpha", "beta"]), reply


@pytest.mark.parametrize("name", ["chat stream", "responses stream", "messages stream"])
def test_a_stream_that_ends_before_its_first_content(name: str, proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", "empty_stream")
    reply = call(proxy, name, "same")
    if AT_LEAST_1_106:  # earlier versions have no failover once the provider answered 200
        assert (reply.status, providers.tried()) == (200, ["alpha", "beta"]), reply
    else:
        assert providers.tried() == ["alpha"]


@pytest.mark.parametrize("name", ["chat stream", "responses stream", "messages stream"])
def test_no_failover_after_the_first_content(name: str, proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", "broken_stream")
    reply = call(proxy, name, "same")
    assert (reply.status, providers.tried()) == (200, ["alpha"])
    if AT_LEAST_1_106 or name != "messages stream":  # earlier versions just end this one
        assert "error" in reply.text


def test_moderation_is_routed_but_has_one_attempt(proxy: Proxy, providers: Providers) -> None:
    body = {"input": "hi", "model": "same"}
    assert proxy.send("/v1/moderations", body, MASTER_KEY).status == 200
    providers.fail("alpha", "rate_limit")
    assert proxy.send("/v1/moderations", body, MASTER_KEY).status == 429
    assert providers.tried() == ["alpha", "alpha"]


def test_a_legacy_stream_of_an_openai_provider_has_one_attempt(proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", "rate_limit")
    body = {"prompt": "hi", "model": "same", "stream": True}
    assert proxy.send("/v1/completions", body, MASTER_KEY).status == 429
    assert providers.tried() == ["alpha"]


def test_one_request_after_another_finds_the_provider_again(proxy: Proxy, providers: Providers) -> None:
    """LiteLLM's cooldowns take no deployment away: what fails for one request is tried again for the next."""
    for _ in range(3):
        providers.reset()
        providers.fail("alpha", "rate_limit")
        assert call(proxy, "responses", "same").status == 200
        assert providers.tried() == ["alpha", "beta"]


def test_a_deployment_that_is_taken_away_is_a_failed_step(proxy: Proxy, providers: Providers) -> None:
    """Here with cooldowns on: after one error, the first step is gone for the next request."""
    providers.fail("alpha", "rate_limit")
    assert call(proxy, "chat", "cooled").status == 200
    assert providers.tried() == ["alpha", "gamma"]
    providers.reset()
    providers.fail("gamma", "rate_limit")
    assert call(proxy, "chat", "cooled").status == 200
    assert providers.tried() == ["gamma", "beta"]
