"""Virtual models in the real proxy: listed, callable by restricted keys, simple or complex on every endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from estate import AUTH
from harness import Providers, Proxy, Reply

from rulec.compiler import compile_sources, write
from rulec.diagnostics import Diagnostics
from rulec.source import Source

pytestmark = pytest.mark.proxy

MASTER_KEY = "sk-virtual-test-master-key-0001"
KEYS: dict[str, dict[str, Any]] = {
    MASTER_KEY: {},
    "sk-both": {"models": ["auto", "native", "small", "large"]},
    "sk-simple": {"models": ["auto", "native", "small"]},
    "sk-target": {"models": ["small", "large", "spare"]},
}
RULES = """
providers:
  alpha: {litellm: "openai/{model}", api_base: "http://${ALPHA:-127.0.0.1:1}/v1", api_key: "${NO_KEY:-none}"}
  beta: {litellm: "openai/{model}", api_base: "http://${BETA:-127.0.0.1:1}/v1", api_key: "${NO_KEY:-none}"}
models:
  small: {served_by: {alpha: upstream-small}}
  large: {served_by: {alpha: upstream-large}}
  spare: {served_by: {beta: upstream-spare}}
complexity: {add_complex_words: [lemma]}
request_metadata_routing: {deep: {model: large, condition: 'header.x-deep == "yes" and complexity > 30'}}
virtual_models:
  auto:
    complexity: {simple: small, complex: large, threshold: 40}
    fallback: [{model: spare, on_error: [rate_limit]}]
  native: {complexity: {scored_by: litellm, simple: small, complex: large, threshold: 15}}
litellm:
  litellm_settings: {enable_post_custom_auth_checks: true}
  general_settings: {master_key: "${VIRTUAL_MASTER_KEY}", custom_auth: keys.check, custom_auth_run_common_checks: true}
"""
SIMPLE, COMPLEX = "hi, what time is it?", "Implement an algorithm: prove the lemma."


@pytest.fixture(scope="module")
def virtual(all_providers: Providers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    compilation = compile_sources([Source("rules.yaml", RULES)], Diagnostics())
    assert not compilation.diagnostics, compilation.diagnostics
    folder = tmp_path_factory.mktemp("virtual")
    write(compilation.artifacts, folder)
    (folder / "keys.py").write_text(AUTH.format(keys=KEYS), "utf-8")
    addresses = {name.upper(): f"127.0.0.1:{all_providers.ports[name]}" for name in ("alpha", "beta")}
    running = Proxy(folder, {**addresses, "VIRTUAL_MASTER_KEY": MASTER_KEY})
    try:
        yield running.wait()
    finally:
        running.stop()


def chat(text: Any) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}]}


def turns(text: str) -> list[dict[str, Any]]:
    """A conversation whose last message is the result of a tool, which is no text of the user."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    result = {"role": "tool", "tool_call_id": "c1", "content": "implement prove theorem refactor design"}
    return [{"role": "user", "content": text}, {"role": "assistant", "content": None, "tool_calls": [call]}, result]


ENDPOINTS: dict[str, Any] = {
    "chat": lambda text: ("/v1/chat/completions", chat(text)),
    "chat, in parts": lambda text: ("/v1/chat/completions", chat([{"type": "text", "text": text}])),
    "chat, after a tool": lambda text: ("/v1/chat/completions", {"model": "auto", "messages": turns(text)}),
    "chat, as a stream": lambda text: ("/v1/chat/completions", {**chat(text), "stream": True}),
    "completions": lambda text: ("/v1/completions", {"model": "auto", "prompt": text}),
    "responses": lambda text: ("/v1/responses", {"model": "auto", "input": text}),
    "responses, a list": lambda text: (
        "/v1/responses",
        {"model": "auto", "input": [{"role": "user", "content": [{"type": "input_text", "text": text}]}]},
    ),
    "messages": lambda text: ("/v1/messages", {**chat(text), "max_tokens": 9, "system": "prove implement design"}),
    "messages, in blocks": lambda text: (
        "/v1/messages",
        {**chat([{"type": "text", "text": text}]), "max_tokens": 9},
    ),
}


def served(providers: Providers) -> list[str]:
    return [request["model"] for request in providers.requests()]


@pytest.mark.parametrize("text, upstream", [(SIMPLE, "upstream-small"), (COMPLEX, "upstream-large")])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_the_score_chooses_on_every_endpoint(
    endpoint: str, text: str, upstream: str, virtual: Proxy, providers: Providers
) -> None:
    reply = virtual.send(*ENDPOINTS[endpoint](text), MASTER_KEY)
    assert reply.status == 200, reply
    assert served(providers) == [upstream]
    assert reply.headers["x-rulec-rule"] == "exact:auto"


def test_a_condition_on_the_score(virtual: Proxy, providers: Providers) -> None:
    for text, rule in ((COMPLEX, "deep"), (SIMPLE, "exact:auto")):
        reply = virtual.send("/v1/chat/completions", chat(text), MASTER_KEY, {"x-deep": "yes"})
        assert (reply.status, reply.headers.get("x-rulec-rule")) == (200, rule)


@pytest.mark.parametrize("text, first", [(SIMPLE, "upstream-small"), (COMPLEX, "upstream-large")])
def test_a_rate_limit_takes_the_fallback(text: str, first: str, virtual: Proxy, providers: Providers) -> None:
    providers.fail("alpha", "rate_limit", model=first)
    reply = virtual.send("/v1/chat/completions", chat(text), MASTER_KEY)
    assert reply.status == 200, reply
    assert served(providers) == [first, "upstream-spare"]


def test_virtual_models_are_listed(virtual: Proxy) -> None:
    assert "auto" in virtual.models(MASTER_KEY)
    assert "auto" in virtual.models("sk-simple")
    assert "auto" not in virtual.models("sk-target")
    assert "native" in virtual.models("sk-both")


@pytest.mark.parametrize(
    "key, text, status",
    [
        ("sk-both", SIMPLE, 200),
        ("sk-both", COMPLEX, 200),
        ("sk-simple", SIMPLE, 200),
        ("sk-simple", COMPLEX, 403),
        ("sk-target", SIMPLE, 403),
    ],
)
def test_a_key_needs_the_name_and_the_target(
    key: str, text: str, status: int, virtual: Proxy, providers: Providers
) -> None:
    reply: Reply = virtual.send("/v1/chat/completions", chat(text), key)
    assert reply.status == status, reply
    assert len(served(providers)) == (status == 200)


# What LiteLLM's own complexity router splits


@pytest.mark.parametrize(
    "text, upstream",
    [("hi", "upstream-small"), ("Implement a distributed algorithm for concurrent data processing", "upstream-large")],
)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_litellm_chooses_on_every_endpoint_with_a_text(
    endpoint: str, text: str, upstream: str, virtual: Proxy, providers: Providers
) -> None:
    path, body = ENDPOINTS[endpoint](text)
    reply = virtual.send(path, {**body, "model": "native"}, MASTER_KEY)
    assert reply.status == 200, reply
    assert served(providers) == [upstream]


@pytest.mark.parametrize("key, status", [("sk-both", 200), ("sk-simple", 403), ("sk-target", 403)])
@pytest.mark.parametrize("text", [SIMPLE, COMPLEX])
def test_a_key_needs_both_targets_where_litellm_chooses(
    text: str, key: str, status: int, virtual: Proxy, providers: Providers
) -> None:
    reply = virtual.send("/v1/chat/completions", {**chat(text), "model": "native"}, key)
    assert reply.status == status, reply
    assert len(served(providers)) == (status == 200)


def test_where_litellm_chooses_there_is_one_attempt(virtual: Proxy, providers: Providers) -> None:
    providers.fail("alpha", "server_error")
    reply = virtual.send("/v1/chat/completions", {**chat(SIMPLE), "model": "native"}, MASTER_KEY)
    assert (reply.status, served(providers)) == (500, ["upstream-small"])


def test_litellm_splits_no_embeddings(virtual: Proxy, providers: Providers) -> None:
    reply = virtual.send("/v1/embeddings", {"model": "native", "input": "hi"}, MASTER_KEY)
    assert (reply.status, served(providers)) == (400, [])


def test_a_rule_goes_before_litellm(virtual: Proxy, providers: Providers) -> None:
    body = {**chat(COMPLEX), "model": "native"}
    reply = virtual.send("/v1/chat/completions", body, MASTER_KEY, {"x-deep": "yes"})
    assert (reply.status, reply.headers.get("x-rulec-rule"), served(providers)) == (200, "deep", ["upstream-large"])


HOSTILE: dict[str, Any] = {
    "text that is a number": chat(5),
    "text that is an object": chat({"text": COMPLEX}),
    "parts of wrong types": chat([None, 5, {"type": ["text"], "text": COMPLEX}, {"type": "text", "text": 7}]),
    "nothing but nesting": chat([[[[[[COMPLEX]]]]]]),
    "a role that is a list": {"model": "auto", "messages": [{"role": ["user"], "content": COMPLEX}]},
    "messages of wrong types": {"model": "auto", "messages": [None, 5, "x"]},
    "messages that are an object": {"model": "auto", "messages": {"role": "user", "content": "x"}},
    "no messages": {"model": "auto"},
    "one megabyte": chat("first " * 170_000),
    "many messages": {"model": "auto", "messages": [{"role": "user", "content": "first"}] * 10_000},
    "many parts": chat([{"type": "text", "text": "first"}] * 10_000),
    "a lone surrogate": chat("\ud800 prove"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_no_body_stops_the_decision(what: str, virtual: Proxy, providers: Providers) -> None:
    reply = virtual.send("/v1/chat/completions", HOSTILE[what], MASTER_KEY)
    assert "routing failed" not in virtual.output()
    assert "rulec" not in reply.text.lower() or reply.status == 200, reply
    assert all(model in ("upstream-small", "upstream-large") for model in served(providers))
    native = virtual.send("/v1/chat/completions", {**HOSTILE[what], "model": "native"}, MASTER_KEY)
    assert "rulec" not in native.text.lower() or native.status == 200, native
    again = virtual.send("/v1/chat/completions", chat(SIMPLE), MASTER_KEY)
    assert again.status == 200
