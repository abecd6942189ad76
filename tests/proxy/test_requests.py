"""Requests through the real proxy, as `requests.yaml` says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from estate import FINGERPRINT, MASTER_KEY
from harness import Providers, Proxy

pytestmark = pytest.mark.proxy

CASES = yaml.safe_load(Path(__file__).with_name("requests.yaml").read_text("utf-8"))
CHAT = {"messages": [{"role": "user", "content": "hello"}]}


def send(proxy: Proxy, request: dict[str, Any]) -> Any:
    body: Any = {**CHAT, **({"model": request["model"]} if "model" in request else {}), **request.get("body", {})}
    if "raw" in request:
        body = request["raw"].encode()
    path = request.get("path", "/v1/chat/completions")
    return proxy.send(path, body, request.get("key", MASTER_KEY), request.get("headers"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_request(case: dict[str, Any], proxy: Proxy, providers: Providers) -> None:
    for provider, steps in case.get("fail", {}).items():
        providers.fail(provider, *steps)
    reply = send(proxy, case["send"])
    seen = {
        "status": reply.status,
        "tried": providers.tried(),
        "served": reply.headers.get("x-rulec-target"),
        "rule": reply.headers.get("x-rulec-rule"),
    }
    expected = {name: case[name] for name in seen if name in case}
    assert {name: seen[name] for name in expected} == expected, reply
    assert case.get("text", "") in reply.text
    if seen["rule"] is not None:
        assert reply.headers["x-rulec-version"] == FINGERPRINT


def test_a_model_name_of_a_megabyte_is_refused_and_not_logged(proxy: Proxy, providers: Providers) -> None:
    reply = send(proxy, {"model": "x" * 1_000_000})
    assert reply.status == 400
    ours = [line for line in proxy.output().splitlines() if "[ROUTER]" in line]
    assert max(map(len, ours)) < 2000


def test_upstreams_see_nothing_of_ours(proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", "auth")
    send(proxy, {"model": "m", "body": {"user": "u"}})
    for request in providers.requests():
        assert set(request["keys"]) <= {"messages", "model", "user", "stream", "temperature", "max_tokens"}
        assert not [name for name in request["headers"] if "rulec" in name]


def test_models_are_the_names_of_clients(proxy: Proxy) -> None:
    from estate import CLIENT_NAMES
    from litellm_version import AT_LEAST_1_106

    wildcards = [] if AT_LEAST_1_106 else ["*", "pat*"]  # earlier versions list wildcard groups by their pattern
    assert proxy.models(MASTER_KEY) == sorted([*CLIENT_NAMES, *wildcards])
    assert proxy.models("sk-only-m") == ["m"]


def test_a_limit_on_the_clients_name_holds(proxy: Proxy, providers: Providers) -> None:
    first, second = (send(proxy, {"model": "m", "key": "sk-limited"}).status for _ in range(2))
    assert (first, second) == (200, 429)
    assert providers.tried() == ["alpha"]


def test_hops_do_not_count_against_a_limit(proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", always="rate_limit")
    assert send(proxy, {"model": "same", "key": "sk-limited"}).status == 200
    assert providers.tried() == ["alpha", "beta"]


DEFAULTS = (
    ("/v1/chat/completions", CHAT, {"temperature": 0.7, "max_tokens": 99}),
    ("/v1/chat/completions", {**CHAT, "temperature": 0}, {"temperature": 0, "max_tokens": 99}),
    ("/v1/chat/completions", {**CHAT, "max_completion_tokens": 5}, {"temperature": 0.7, "max_completion_tokens": 5}),
    ("/v1/completions", {"prompt": "hi"}, {"temperature": 0.7, "max_tokens": 99}),
    ("/v1/responses", {"input": "hi"}, {"temperature": 0.7, "max_output_tokens": 99}),
    ("/v1/messages", {**CHAT, "max_tokens": 50}, {"temperature": 0.7, "max_output_tokens": 50}),
    ("/v1/embeddings", {"input": "hi"}, {}),
)


@pytest.mark.parametrize(("path", "body", "numbers"), DEFAULTS)
def test_defaults_fill_in_what_the_client_left_out(
    path: str, body: dict[str, Any], numbers: dict[str, Any], proxy: Proxy, providers: Providers
) -> None:
    assert proxy.send(path, {**body, "model": "m"}, MASTER_KEY).status == 200
    seen = providers.requests()[0]["numbers"]
    assert {name: value for name, value in seen.items() if not isinstance(value, bool)} == numbers
