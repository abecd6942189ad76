"""Settings of deployments in the real proxy: limits, priorities, weights, retries, and answers that are kept."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from harness import Providers, Proxy, Reply, http

from rulec.compiler import compile_sources, write
from rulec.demo.providers import SLOW_SECONDS
from rulec.diagnostics import Diagnostics
from rulec.source import Source

pytestmark = [pytest.mark.proxy, pytest.mark.slow]

RULES = (Path(__file__).parent / "deployments" / "rules.yaml").read_text("utf-8")
SHARED = """
  router_settings: {redis_host: 127.0.0.1, redis_port: "${REDIS_AT}"}
  litellm_settings: {cache_params: {type: redis, host: 127.0.0.1, port: "${REDIS_AT}"}}
"""
MASTER_KEY = "sk-deployments-test-key-0001"
KEYS = {name: f"none-{name}" for name in ("EAST_KEY", "WEST_KEY", "OPENAI_KEY")}
EAST, WEST, OPENAI = "alpha", "beta", "gamma"


@contextmanager
def proxy_of(rules: str, folder: Path, providers: Providers, **environment: str) -> Iterator[Proxy]:
    compilation = compile_sources([Source("rules.yaml", rules)], Diagnostics())
    assert not compilation.failed, compilation.diagnostics
    write(compilation.artifacts, folder)
    addresses = {name.upper(): f"127.0.0.1:{providers.ports[name]}" for name in (EAST, WEST, OPENAI)}
    running = Proxy(folder, {**addresses, **KEYS, "DEPLOYMENTS_MASTER_KEY": MASTER_KEY, **environment})
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def deployed(all_providers: Providers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with proxy_of(RULES, tmp_path_factory.mktemp("deployed"), all_providers) as running:
        yield running.wait()


def chat(proxy: Proxy, model: str, text: str = "hello", **more: Any) -> Reply:
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    return proxy.send("/v1/chat/completions", body, MASTER_KEY)


def wait_for_room_in_this_minute() -> None:
    """Limits count by the minute of the clock; what counts together should not stand on both sides of its end."""
    left = 60 - time.time() % 60
    if left < 15:
        time.sleep(left + 0.1)


def test_over_the_limit_of_one_deployment_the_next_one_serves(deployed: Proxy, providers: Providers) -> None:
    wait_for_room_in_this_minute()
    replies = [chat(deployed, "gpt-4o") for _ in range(7)]
    assert providers.tried() == [EAST] * 2 + [WEST] + [OPENAI] * 3
    assert [one.status for one in replies] == [200] * 6 + [429]
    assert "openai/gpt-4o" in replies[5].headers["x-rulec-target"]


def test_tokens_are_limited_too(deployed: Proxy, providers: Providers) -> None:
    wait_for_room_in_this_minute()
    for _ in range(4):
        assert chat(deployed, "tokens").status == 200
        time.sleep(0.3)  # tokens are counted behind the answer
    assert providers.tried()[0] == EAST
    assert providers.tried()[-1] == WEST


ENDPOINTS: dict[str, dict[str, Any]] = {
    "/v1/completions": {"prompt": "hello"},
    "/v1/embeddings": {"input": "hello"},
    "/v1/responses": {"input": "hello"},
    "/v1/messages": {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 9},
}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_limits_hold_on_every_endpoint(path: str, deployed: Proxy, providers: Providers) -> None:
    wait_for_room_in_this_minute()
    for _ in range(2):
        assert deployed.send(path, {**ENDPOINTS[path], "model": f"limited{path}"}, MASTER_KEY).status == 200
    assert providers.tried() == [EAST, WEST]


def level(proxy: Proxy, model: str) -> str:
    told = http("GET", proxy.url("/rulec/status"), None, {"authorization": f"Bearer {MASTER_KEY}"}).json["deployments"]
    return str(next(one["health"]["level"] for one in told if (one["provider"], one["model"]) == ("azure_east", model)))


def test_no_more_requests_at_once_than_allowed(deployed: Proxy, providers: Providers) -> None:
    """LiteLLM 1.100 lets them wait; from 1.106 on they go to the hop."""
    providers.fail(EAST, always="slow")
    with ThreadPoolExecutor(6) as pool:
        assert {one.status for one in pool.map(lambda _: chat(deployed, "one-by-one"), range(6))} == {200}
    arrived = [one["time"] for one in providers.requests() if one["provider"] == EAST]
    assert all(one - before >= SLOW_SECONDS * 1e9 for before, one in pairwise(arrived))
    assert level(deployed, "one-by-one") == "healthy"


def test_what_is_over_the_limit_takes_the_hop_for_that(deployed: Proxy, providers: Providers) -> None:
    wait_for_room_in_this_minute()
    for _ in range(3):
        assert chat(deployed, "limited/hop").status == 200
    assert providers.tried() == [EAST, OPENAI, OPENAI]
    assert level(deployed, "limited/hop") == "healthy", "a limit of LiteLLM's own is no trouble of the provider"


def test_the_order_of_priorities_with_failover(deployed: Proxy, providers: Providers) -> None:
    for _ in range(4):
        chat(deployed, "first")
    assert Counter(providers.tried()) == {WEST: 2, OPENAI: 2}, "equal ones take turns"
    for name in (WEST, OPENAI):
        providers.fail(name, always="server_error")
    assert chat(deployed, "first").headers["x-rulec-target"] == "azure_east/first"
    assert providers.tried()[-1] == EAST


def test_weights_of_deployments(deployed: Proxy, providers: Providers) -> None:
    for _ in range(120):
        chat(deployed, "weighed")
    used = Counter(providers.tried())
    assert set(used) == {EAST, OPENAI}
    assert 70 <= used[EAST] <= 108, used  # 90 on average; 4.2 standard deviations


def test_a_deployment_says_how_often_it_is_tried(deployed: Proxy, providers: Providers) -> None:
    for name in (EAST, WEST, OPENAI):
        providers.fail(name, always="server_error")
    assert chat(deployed, "repeated").status == 500
    assert providers.tried() == [EAST] * 3 + [WEST] + [OPENAI] * 2


def test_secrets_come_from_the_environment(deployed: Proxy, providers: Providers) -> None:
    chat(deployed, "other")
    assert providers.requests()[0]["headers"]["authorization"] == f"Bearer {KEYS['WEST_KEY']}"


def test_an_embedding_fails_over(deployed: Proxy, providers: Providers) -> None:
    providers.fail(EAST, always="server_error")
    reply = deployed.send("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}, MASTER_KEY)
    assert reply.status == 200
    assert providers.tried()[-1] == OPENAI


# What is kept


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_kept(stream: bool, deployed: Proxy, providers: Providers) -> None:
    text = f"kept, stream {stream}"
    replies = [chat(deployed, "kept", text, stream=stream) for _ in range(3)]
    assert [one.status for one in replies] == [200] * 3
    assert len(providers.tried()) == 1
    assert all("x-litellm-cache-key" in one.headers for one in replies[1:])


ASKED_OTHERWISE: dict[str, dict[str, Any]] = {
    "a parameter": {"temperature": 0.3},
    "a parameter of the provider alone": {"guided_choice": ["yes"]},
    "no-cache": {"cache": {"no-cache": True}},
    "s-maxage": {"cache": {"s-maxage": 0.000001}},
}


@pytest.mark.parametrize("case", ASKED_OTHERWISE)
def test_another_request_has_an_answer_of_its_own(case: str, deployed: Proxy, providers: Providers) -> None:
    chat(deployed, "kept", case)
    chat(deployed, "kept", case, **ASKED_OTHERWISE[case])
    assert len(providers.tried()) == 2


def test_only_what_the_rules_say_is_kept(deployed: Proxy, providers: Providers) -> None:
    for _ in range(2):
        chat(deployed, "other", cache={"use-cache": True, "ttl": 600})
    assert len(providers.tried()) == 2


def test_a_client_cannot_write_what_others_read(deployed: Proxy, providers: Providers) -> None:
    chat(deployed, "kept", "poison", cache_key="kept-hop", metadata={"caching_groups": ["kept-hop"]})
    chat(deployed, "kept-hop", "poison")
    chat(deployed, "kept-hop", "else", cache_key="kept-hop")
    assert [one["model"] for one in providers.requests()] == ["kept", "kept-hop", "kept-hop"]


def test_the_answer_of_another_model_is_not_kept_for_this_one(deployed: Proxy, providers: Providers) -> None:
    providers.fail(EAST, "server_error")
    served = [chat(deployed, "kept-hop", "who").headers["x-rulec-target"] for _ in range(3)]
    assert served == ["azure_west/other", "azure_east/kept-hop", "azure_east/kept-hop"]
    assert providers.tried() == [EAST, WEST, EAST]


# With Redis


@pytest.fixture(scope="module")
def redis_port() -> Iterator[int]:
    binary = shutil.which("redis-server")
    if binary is None:
        assert "RULEC_NEEDS_REDIS" not in os.environ, "redis-server is missing"
        pytest.skip("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        running.terminate()
        running.wait(30)


@pytest.fixture(scope="module")
def pair_of_proxies(
    redis_port: int, all_providers: Providers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Proxy]]:
    with ExitStack() as stack:
        started = [
            stack.enter_context(
                proxy_of(RULES + SHARED, tmp_path_factory.mktemp("shared"), all_providers, REDIS_AT=str(redis_port))
            )
            for _ in range(2)
        ]
        yield [one.wait() for one in started]


def test_proxies_that_share_a_redis_count_together(pair_of_proxies: list[Proxy], providers: Providers) -> None:
    wait_for_room_in_this_minute()
    replies = [chat(pair_of_proxies[number % 2], "gpt-4o") for number in range(8)]
    assert Counter(providers.tried()) == {EAST: 2, WEST: 1, OPENAI: 3}
    assert Counter(one.status for one in replies) == {200: 6, 429: 2}


def test_proxies_that_share_a_redis_keep_answers_together(pair_of_proxies: list[Proxy], providers: Providers) -> None:
    for number in range(4):
        assert chat(pair_of_proxies[number % 2], "kept", "for both").status == 200
        time.sleep(0.5)  # an answer is written behind it
    assert len(providers.tried()) == 1
