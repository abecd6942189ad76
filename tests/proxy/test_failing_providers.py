"""What is in trouble is passed over in the real proxy, and comes back."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import estate
import pytest
from harness import Providers, Proxy, Reply
from litellm_version import AT_LEAST_1_106
from test_balancing import hang_up

pytestmark = pytest.mark.proxy

CHAT = {"messages": [{"role": "user", "content": "hello"}]}


def send(proxy: Proxy, model: str, **more: Any) -> Reply:
    return proxy.send("/v1/chat/completions", {**CHAT, "model": model, **more}, estate.MASTER_KEY)


def level(proxy: Proxy, model: str) -> str:
    reply = proxy.send("/v1/chat/completions", {**CHAT, "model": "health"}, estate.MASTER_KEY, {"x-ward": model})
    return str(reply.json["error"]["message"])


def unavailable(proxy: Proxy) -> str:
    return str(send(proxy, "unavailable").json["error"]["message"])


def until(what: Callable[[], bool]) -> None:
    for _ in range(200):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("stream", [True, False])
def test_a_rate_limit_takes_the_chain_at_once(stream: bool, proxy: Proxy, providers: Providers) -> None:
    providers.fail("zeta", always="rate_limit", model="limited")
    assert [send(proxy, "limited", stream=stream).status for _ in range(4)] == [200] * 4
    assert providers.tried() == ["zeta", "eta", "eta", "eta", "eta"], "no retry, and no other request"
    assert level(proxy, "limited") == "limited"
    providers.fail("zeta", model="limited")
    send(proxy, "recover")
    assert send(proxy, "limited").headers["x-rulec-target"] == "zeta/limited"


def test_retry_after_goes_before_the_cooldown(proxy: Proxy, providers: Providers) -> None:
    providers.fail("zeta", "rate_limit+1", model="patient")
    assert send(proxy, "patient").status == 200
    assert level(proxy, "patient") == "limited"
    until(lambda: level(proxy, "patient") == "healthy")
    assert send(proxy, "patient").headers["x-rulec-target"] == "zeta/patient"


def test_without_another_way_it_is_tried_all_the_same(proxy: Proxy, providers: Providers) -> None:
    providers.fail("zeta", "rate_limit", model="alone")
    assert send(proxy, "alone").status == 429
    assert level(proxy, "alone") == "limited"
    assert send(proxy, "alone").status == 200
    assert providers.tried() == ["zeta", "zeta"]


def test_errors_take_it_out_and_successes_bring_it_back(proxy: Proxy, providers: Providers) -> None:
    providers.fail("zeta", always="server_error", model="sick")
    levels = []
    for _ in range(7):
        assert send(proxy, "sick").status == 200
        levels.append(level(proxy, "sick"))
    assert levels == ["healthy", "healthy", "degraded", "degraded", "degraded", "cooling", "cooling"]
    assert providers.tried() == ["zeta", "eta"] * 6 + ["eta"]
    providers.fail("zeta", model="sick")
    until(lambda: level(proxy, "sick") == "degraded")
    until(lambda: send(proxy, "sick").status == 200 and level(proxy, "sick") == "healthy")
    assert send(proxy, "sick").headers["x-rulec-target"] == "zeta/sick"


def test_a_rule_goes_elsewhere_while_a_provider_is_unavailable(proxy: Proxy, providers: Providers) -> None:
    assert send(proxy, "guarded").headers["x-rulec-target"] == "zeta/guarded"
    providers.fail("zeta", always="connection")
    for _ in range(6):
        send(proxy, "guarded")
    assert unavailable(proxy) == "['zeta']"
    assert send(proxy, "guarded").headers["x-rulec-target"] == "eta/guarded"
    providers.fail("zeta")
    until(lambda: unavailable(proxy) == "[]")
    until(lambda: send(proxy, "guarded").status == 200 and level(proxy, "guarded") == "healthy")
    assert send(proxy, "guarded").headers["x-rulec-target"] == "zeta/guarded"


def test_a_hop_asks_who_is_unavailable(proxy: Proxy, providers: Providers) -> None:
    """`watched`: zeta, then beta when eta is unavailable, then eta."""
    providers.fail("zeta", "rate_limit+2", model="watched")
    assert send(proxy, "watched").headers["x-rulec-target"] == "eta/watched"
    assert send(proxy, "watched").headers["x-rulec-target"] == "eta/watched"
    assert providers.tried() == ["zeta", "eta", "eta"]


def test_what_clients_cause_is_no_trouble(proxy: Proxy, providers: Providers) -> None:
    for _ in range(3):
        providers.fail("zeta", "slow_stream", model="left")
        hang_up(proxy, "left")
    assert level(proxy, "left") == "healthy"
    providers.fail("zeta", always="timeout", model="left")
    for _ in range(3):
        send(proxy, "left", timeout=0.05)
    providers.fail("zeta", always="auth", model="left")
    for _ in range(3):
        send(proxy, "left", extra_headers={"authorization": "Bearer nonsense"})
    providers.fail("zeta", always="bad_request", model="left")
    for _ in range(3):
        send(proxy, "left")
    assert level(proxy, "left") == "healthy"


def test_no_request_is_lost_while_providers_die_and_return(proxy: Proxy, providers: Providers) -> None:
    """`covered`: zeta and eta in turn, then beta; one of the two is always dead, in another way each time."""
    statuses: Counter[str] = Counter()
    over = threading.Event()

    def client(stream: bool) -> None:
        while not over.is_set():
            reply = send(proxy, "covered", stream=stream)
            statuses["a broken stream" if stream and "[DONE]" not in reply.text else str(reply.status)] += 1

    clients = [threading.Thread(target=client, args=(number % 2 == 0,)) for number in range(4)]
    for one in clients:
        one.start()
    deaths = ["connection", "server_error", "rate_limit", "auth", "bad_gateway"]
    deaths += ["empty_stream"] if AT_LEAST_1_106 else []  # LiteLLM 1.100 breaks off such a stream
    for number, death in enumerate(deaths):
        victim, other = ("zeta", "eta") if number % 2 else ("eta", "zeta")
        providers.fail(other, model="covered")
        providers.fail(victim, always=death, model="covered")
        time.sleep(0.6)
    for name in estate.WARDS:
        providers.fail(name, model="covered")
    over.set()
    for one in clients:
        one.join()
    assert set(statuses) == {"200"}, statuses
    assert {"zeta", "eta"} <= set(providers.tried())
    until(lambda: send(proxy, "covered").status == 200 and level(proxy, "covered") == "healthy")
