"""What is under way comes back to nothing however a request ends, and strategies learn from real answers."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable

import estate
import pytest
from harness import Providers, Proxy, Reply, eventually

pytestmark = pytest.mark.proxy

CHAT = {"messages": [{"role": "user", "content": "hello"}]}


def send(proxy: Proxy, model: str, stream: bool = False) -> Reply:
    return proxy.send("/v1/chat/completions", {**CHAT, "model": model, "stream": stream}, estate.MASTER_KEY)


def in_flight(proxy: Proxy) -> int:
    return int(send(proxy, "in-flight").json["error"]["message"])


def hang_up(proxy: Proxy, model: str, stream: bool = True) -> None:
    """Leave in the middle of a stream, or before the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    headers = {"authorization": f"Bearer {estate.MASTER_KEY}", "content-type": "application/json"}
    body = json.dumps({**CHAT, "model": model, "stream": stream})
    connection.request("POST", "/v1/chat/completions", body, headers)
    if stream:
        answer = connection.getresponse()
        answer.read(20)
        assert in_flight(proxy) == 1
        answer.close()
    else:
        assert eventually(lambda: in_flight(proxy) > 0)
    connection.close()


ENDS: dict[str, Callable[[Proxy, Providers], object]] = {
    "success": lambda proxy, providers: send(proxy, "m"),
    "stream": lambda proxy, providers: send(proxy, "m", True),
    "retry": lambda proxy, providers: (providers.fail("alpha", "server_error"), send(proxy, "retried")),
    "hop": lambda proxy, providers: (providers.fail("alpha", "rate_limit"), send(proxy, "m", True)),
    "failure": lambda proxy, providers: (providers.fail("beta", always="server_error"), send(proxy, "n")),
    "broken stream": lambda proxy, providers: (providers.fail("beta", "broken_stream"), send(proxy, "n", True)),
    "broken stream after a hop": lambda proxy, providers: (
        providers.fail("alpha", "server_error"),
        providers.fail("beta", "broken_stream"),
        send(proxy, "m", True),
    ),
    "timeout": lambda proxy, providers: (providers.fail("beta", always="timeout"), send(proxy, "n")),
    "refusal": lambda proxy, providers: send(proxy, "refused"),
    "disconnect": lambda proxy, providers: (providers.fail("beta", "slow_stream"), hang_up(proxy, "n")),
    "disconnect before the answer": lambda proxy, providers: (
        providers.fail("beta", "timeout"),
        hang_up(proxy, "n", False),
    ),
    "disconnect on a hop": lambda proxy, providers: (
        providers.fail("alpha", "server_error"),
        providers.fail("beta", "timeout"),
        hang_up(proxy, "m", False),
    ),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_stays_under_way(end: str, proxy: Proxy, providers: Providers) -> None:
    ENDS[end](proxy, providers)
    assert eventually(lambda: in_flight(proxy) == 0), f"{in_flight(proxy)} under way"


def test_least_loaded_leaves_who_holds_a_stream(proxy: Proxy, providers: Providers) -> None:
    for name in ("alpha", "beta"):
        providers.fail(name, "slow_stream", model="least_loaded")
    holding = threading.Thread(target=send, args=(proxy, "least_loaded", True))
    holding.start()
    assert eventually(lambda: bool(providers.tried()))
    holder = providers.tried()[0]
    other = {"alpha": "beta", "beta": "alpha"}[holder]
    providers.fail(other)
    for _ in range(5):
        send(proxy, "least_loaded")
    assert providers.tried() == [holder] + [other] * 5
    holding.join()
    assert eventually(lambda: in_flight(proxy) == 0)


@pytest.mark.parametrize("stream", [True, False])
def test_usage_based_leaves_the_failing_and_the_slow(stream: bool, proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", always="slow" if stream else "server_error", model="usage_based")
    for _ in range(8):
        assert send(proxy, "usage_based", stream).status == 200
        time.sleep(0.02)
    providers.requests()
    before = len(providers.tried())
    for _ in range(4):
        send(proxy, "usage_based", stream)
    assert set(providers.tried()[before:]) == {"beta"}


def test_fastest_response_learns_from_streams(proxy: Proxy, providers: Providers) -> None:
    providers.fail("alpha", always="slow", model="fastest_response")
    for _ in range(4):
        send(proxy, "fastest_response", True)
        time.sleep(0.1)
    before = len(providers.tried())
    for _ in range(5):
        send(proxy, "fastest_response", True)
    assert providers.tried()[before:] == ["beta"] * 5
    assert set(providers.tried()[:before]) == {"alpha", "beta"}, "both were tried"


def test_a_hundred_candidates(proxy: Proxy, providers: Providers) -> None:
    assert [send(proxy, "large").status for _ in range(10)] == [200] * 10
    used = Counter(request["model"] for request in providers.requests())
    assert max(used.values()) == 1, "equal ones take turns"
