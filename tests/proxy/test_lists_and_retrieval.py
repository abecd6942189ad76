"""Embeddings and reranks with a default model and failover, and lists of requests: `rulec send`, the OpenAI SDK."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness import Providers, Proxy

from rulec.cli import main
from rulec.compiler import compile_sources, write
from rulec.diagnostics import Diagnostics
from rulec.serving.check import check
from rulec.serving.client import Client
from rulec.source import Source

pytestmark = [pytest.mark.proxy, pytest.mark.slow]

KEY = "sk-send-test-master-key-0001"
COUNT = 80
RULES = """
providers:
  alpha: {litellm: "openai/{model}", api_base: "http://${ALPHA:-127.0.0.1:1}/v1", api_key: "${NO_KEY:-none}"}
  beta: {litellm: "openai/{model}", api_base: "http://${BETA:-127.0.0.1:1}/v1", api_key: "${NO_KEY:-none}"}
  vllm: {litellm: "hosted_vllm/{model}", api_base: "http://${GAMMA:-127.0.0.1:1}"}
  cohere: {litellm: "cohere/{model}", api_base: "http://${DELTA:-127.0.0.1:1}", api_key: "${NO_KEY:-none}"}
  jina: {litellm: "jina_ai/{model}", api_base: "http://${EPSILON:-127.0.0.1:1}", api_key: "${NO_KEY:-none}"}
  infinity: {litellm: "infinity/{model}", api_base: "http://${ALPHA:-127.0.0.1:1}", api_key: "${NO_KEY:-none}"}
models:
  chat: {served_by: [alpha, beta]}
  vectors: {served_by: [alpha, beta], model_info: {mode: embedding}}
  ranks: {served_by: [vllm, cohere, jina, infinity], model_info: {mode: rerank}}
exact_matches:
  ranks: {providers: [vllm, cohere, jina, infinity]}
  chat: {providers: [alpha, beta], routing_strategy: round_robin}
  vectors: {providers: [alpha, beta], routing_strategy: round_robin}
request_metadata_routing:
  embeddings: {model: vectors, condition: 'endpoint == "embedding" and not present(model)'}
  reranks: {model: ranks, condition: 'endpoint == "rerank" and not present(model)'}
  only_beta: {provider: beta, condition: 'header.x-only == "beta"'}
litellm: {general_settings: {master_key: "${SEND_MASTER_KEY}"}}
"""
MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def shared(all_providers: Providers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    compilation = compile_sources([Source("rules.yaml", RULES)], Diagnostics())
    assert not compilation.failed, compilation.diagnostics
    folder = tmp_path_factory.mktemp("send")
    write(compilation.artifacts, folder)
    addresses = {name.upper(): f"127.0.0.1:{port}" for name, port in all_providers.ports.items()}
    running = Proxy(folder, {**addresses, "SEND_MASTER_KEY": KEY})
    try:
        yield running.wait()
    finally:
        running.stop()


STEPS = ("rate_limit", "server_error", "connection", "auth", "not_found")
RERANK = {"query": "a", "documents": ["b", "c"]}


@pytest.mark.parametrize("named", [{}, {"model": "vectors"}, {"model": ""}, {"model": None}])
def test_embeddings_have_a_default_model(named: Any, shared: Proxy, providers: Providers) -> None:
    reply = shared.send("/v1/embeddings", {**named, "input": ["a", "b"]}, KEY)
    rule = "exact:vectors" if named.get("model") else "embeddings"
    assert (reply.status, reply.headers.get("x-rulec-rule")) == (200, rule)
    assert len(reply.json["data"]) == 2
    assert [one["model"] for one in providers.requests()] == ["vectors"]


@pytest.mark.parametrize("step", STEPS)
def test_embeddings_fail_over_with_one_call_for_each_attempt(step: str, shared: Proxy, providers: Providers) -> None:
    providers.fail("alpha", always=step)
    replies = [shared.send("/v1/embeddings", {"model": "vectors", "input": "a"}, KEY) for _ in range(2)]
    assert [one.status for one in replies] == [200, 200]
    assert sorted(providers.tried()) == ["alpha", "beta", "beta"], "they take turns: one of the two began at alpha"


@pytest.mark.parametrize("named", [{}, {"model": "ranks"}])
@pytest.mark.parametrize("working", ["gamma", "delta", "epsilon", "alpha"])
def test_reranks_fail_over_between_services_of_four_kinds(
    working: str, named: Any, shared: Proxy, providers: Providers
) -> None:
    for name, step in zip(("gamma", "delta", "epsilon", "alpha"), STEPS, strict=False):
        if name != working:
            providers.fail(name, always=step)
    reply = shared.send("/v1/rerank", {**named, **RERANK}, KEY)
    assert reply.status == 200, reply
    assert [one["index"] for one in reply.json["results"]] == [0, 1]
    tried = providers.tried()
    assert tried[-1] == working
    assert max(Counter(tried).values()) == 1, tried
    assert {one["model"] for one in providers.requests()} == {"ranks"}


def test_serve_check_sends_what_a_model_is_for(shared: Proxy, providers: Providers) -> None:
    results = [one for one in check(Client(shared.url(""), KEY)) if one.name in ("vectors", "ranks", "chat")]
    assert [(one.request, one.name, one.failed) for one in results] == [
        ("chat", "chat", False),
        ("embedding", "vectors", False),
        ("rerank", "ranks", False),
        ("stream", "chat", False),
        ("openai SDK", "chat", False),
    ]


def sent(lines: list[Any], shared: Proxy, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[Any]]:
    """What `rulec send` exits with, and the answers that it prints."""
    requests, environment = tmp_path / "requests.jsonl", tmp_path / "env"
    requests.write_text("\n\n".join(one if isinstance(one, str) else json.dumps(one) for one in lines), "utf-8")
    environment.write_text(f"SEND_KEY={KEY}\n", "utf-8")
    options = ["--proxy", shared.url(""), "--parallel", "16", "--key-env", "SEND_KEY", "--env-file", str(environment)]
    code = main(["send", str(requests), *options])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def a_list(count: int) -> list[Any]:
    """Chats, and embeddings of as many texts as tell which one it is."""
    chat = {"model": "chat", "messages": MESSAGES}
    return [chat if at % 2 else {"custom_id": f"r{at}", "url": "/v1/embeddings", "method": "POST",
                                 "body": {"model": "vectors", "input": ["x"] * (at % 14 + 1)}}
            for at in range(count)]  # fmt: skip


@pytest.mark.parametrize("failing", [None, "alpha"])
def test_a_list_keeps_its_order_is_shared_and_fails_over(
    failing: str | None, shared: Proxy, providers: Providers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if failing:
        providers.fail(failing, always="server_error")
    code, answers = sent(a_list(COUNT), shared, tmp_path, capsys)
    assert (code, len(answers), {one["status"] for one in answers}) == (0, COUNT, {200})
    for at, one in enumerate(answers):
        if at % 2:
            assert one["body"]["choices"] and one["rule"] == "exact:chat"
        else:
            assert (one["custom_id"], len(one["body"]["data"])) == (f"r{at}", at % 14 + 1)
    served = Counter(one["target"] for one in answers)
    shares = {f"{name}/{model}": COUNT // 4 for name in ("alpha", "beta") for model in ("chat", "vectors")}
    if failing:
        assert set(served) == {"beta/chat", "beta/vectors"}
    else:
        assert served == shares


def test_a_request_that_fails_is_told_in_its_place(
    shared: Proxy, providers: Providers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chat = {"model": "chat", "messages": MESSAGES}
    lines = [
        chat,
        "no JSON",
        {"body": {"model": "no-such-model", "messages": MESSAGES}, "custom_id": 7},
        {"body": chat, "headers": {"X-Only": "beta", "Authorization": "Bearer other"}},
        {"input": "x"},
        {**chat, "stream": True},
    ]
    code, answers = sent(lines, shared, tmp_path, capsys)
    assert (code, [one["status"] for one in answers]) == (1, [200, None, 400, 200, None, 200])
    assert answers[1]["error"] == "this line is no JSON"
    assert answers[2]["custom_id"] == 7
    assert (answers[3]["rule"], answers[3]["target"]) == ("only_beta", "beta/chat")
    assert "endpoint" in answers[4]["error"]
    assert answers[5]["body"].rstrip().endswith("data: [DONE]")


def test_a_list_through_the_openai_sdk(shared: Proxy, providers: Providers) -> None:
    """The example of the documentation."""
    from openai import AsyncOpenAI

    async def ask(count: int) -> list[Any]:
        room = asyncio.Semaphore(8)
        async with AsyncOpenAI(base_url=shared.url("/v1"), api_key=KEY, max_retries=0) as client:

            async def one(number: int) -> Any:
                async with room:
                    return await client.embeddings.create(
                        model="vectors", input=["x"] * (number + 1), encoding_format="float"
                    )

            return await asyncio.gather(*(one(number) for number in range(count)), return_exceptions=True)

    providers.fail("alpha", always="rate_limit")
    answers = asyncio.run(ask(10))
    assert [len(one.data) for one in answers] == list(range(1, 11))


@pytest.mark.parametrize(
    "body",
    [
        {"model": "chat,vectors", "messages": MESSAGES},  # LiteLLM would ask each of the models
        {"model": "chat", "messages": [MESSAGES, MESSAGES]},
    ],
)
def test_what_litellm_has_for_lists_is_refused(body: Any, shared: Proxy, providers: Providers) -> None:
    reply = shared.send("/v1/chat/completions", body, KEY)
    assert (reply.status, providers.tried()) == (400, []), reply
    assert "routing failed" not in shared.output()
