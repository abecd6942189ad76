"""Lists of requests through the real proxy: `rulec send`, the OpenAI SDK, and what LiteLLM itself has for them."""

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
from rulec.source import Source

pytestmark = pytest.mark.proxy

KEY = "sk-send-test-master-key-0001"
COUNT = 200
RULES = """
providers:
  alpha: {litellm: "openai/{model}", api_base: "http://${ALPHA:-127.0.0.1:1}/v1", api_key: "${NO_KEY:-none}"}
  beta: {litellm: "openai/{model}", api_base: "http://${BETA:-127.0.0.1:1}/v1", api_key: "${NO_KEY:-none}"}
models:
  chat: {served_by: [alpha, beta]}
  vectors: {served_by: [alpha, beta]}
exact_matches:
  chat: {providers: [alpha, beta], routing_strategy: round_robin}
  vectors: {providers: [alpha, beta], routing_strategy: round_robin}
request_metadata_routing:
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
    addresses = {name.upper(): f"127.0.0.1:{all_providers.ports[name]}" for name in ("alpha", "beta")}
    running = Proxy(folder, {**addresses, "SEND_MASTER_KEY": KEY})
    try:
        yield running.wait()
    finally:
        running.stop()


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
        client = AsyncOpenAI(base_url=shared.url("/v1"), api_key=KEY, max_retries=0)
        room = asyncio.Semaphore(8)

        async def one(number: int) -> Any:
            async with room:
                return await client.embeddings.create(model="vectors", input=["x"] * (number + 1), encoding_format="float")

        return await asyncio.gather(*(one(number) for number in range(count)), return_exceptions=True)

    providers.fail("alpha", always="rate_limit")
    answers = asyncio.run(ask(10))
    assert [len(one.data) for one in answers] == list(range(1, 11))


@pytest.mark.parametrize(
    "body, status",
    [
        ({"model": "chat,vectors", "messages": MESSAGES}, 400),  # LiteLLM would ask each of the models
        ({"model": "chat", "messages": [MESSAGES, MESSAGES]}, None),  # nobody takes a list of conversations
    ],
)
def test_what_litellm_has_for_lists(body: Any, status: int | None, shared: Proxy, providers: Providers) -> None:
    reply = shared.send("/v1/chat/completions", body, KEY)
    assert reply.status == status if status else reply.status < 500 or providers.tried() == [], reply
    assert "routing failed" not in shared.output()
