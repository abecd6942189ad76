"""A hostile client gets never an error 500 of ours, and never a target that its key may not call."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import estate
import hostile
import pytest
from harness import Providers, Proxy, eventually
from hostile import Attack

pytestmark = pytest.mark.proxy

# What LiteLLM answers with a 500 before any callback is asked: a body that is JSON, but no object.
LITELLMS_OWN = {attack.name for attack in hostile.NO_OBJECTS}
# key -> the model that it asks for, all upstream models that its models lead to
RESTRICTED = {
    "sk-only-m": ("m", {"m"}),
    "sk-rewritten": ("leaky", {"leaky", "choice"}),
    "sk-pattern": ("any/x", {"any/x"}),
}


def play(proxy: Proxy, attacks: Iterable[Attack], key: str) -> dict[Attack, int]:
    """The status of each."""
    return {one: proxy.send(one.path, one.body, key, one.headers).status for one in attacks}


def attacks_with(model: str, share: float) -> list[Attack]:
    """The same ones for every model."""
    return [
        *hostile.some(hostile.values_at_places(model), share),
        *hostile.some(hostile.on_every_endpoint(model), share / 20),
        *hostile.forged_headers(model),
        *hostile.by_other_ways(model),
    ]


@pytest.mark.parametrize("key", RESTRICTED)
def test_no_target_that_the_key_may_not_call(key: str, proxy: Proxy, providers: Providers) -> None:
    model, allowed = RESTRICTED[key]
    providers.fail("alpha", always="auth")  # so that requests go on along their chains
    statuses = play(proxy, attacks_with(model, 0.025), key)
    assert {request["model"] for request in providers.requests()} <= allowed
    assert 200 in statuses.values()


def test_no_error_of_ours(proxy: Proxy, providers: Providers) -> None:
    """A request that LiteLLM fails at also when the rules leave it alone is none of ours."""
    share = 0.04
    ours = play(proxy, chain(attacks_with("m", share), hostile.huge("m"), hostile.NO_OBJECTS), "sk-only-m")
    alone = {one.name: one for one in chain(attacks_with("passed", share), hostile.huge("passed"))}
    failed = [one for one, status in ours.items() if status >= 500 and one.name not in LITELLMS_OWN]
    statuses = play(proxy, [alone[one.name] for one in failed], estate.MASTER_KEY)
    assert [one.name for one, status in statuses.items() if status < 500] == []
    assert_alive_and_calm(proxy)


def assert_alive_and_calm(proxy: Proxy) -> None:
    """The proxy still serves, and our hooks met nothing that they could not handle."""
    assert proxy.send(hostile.CHAT, {"model": "m", "messages": hostile.MESSAGES}, estate.MASTER_KEY).status == 200
    assert eventually(lambda: "[ROUTER]" in proxy.output())
    lines = [line for line in proxy.output().splitlines() if "[ROUTER]" in line]
    assert [line for line in lines if " failed" in line or " at line " in line] == []
    assert max(map(len, lines)) < 2_000
    assert not [line for line in lines if not line.isascii() or not line.isprintable()]


def test_a_repeated_header_is_its_last_value_and_no_way_in(proxy: Proxy, providers: Providers) -> None:
    for values, status in ((("secret", "rewritten"), 403), (("m", "n"), 403), (("n", "m"), 200)):
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
        body = json.dumps({"messages": hostile.MESSAGES}).encode()
        connection.putrequest("POST", hostile.CHAT)
        for name, value in (("authorization", "Bearer sk-only-m"), ("content-type", "application/json"),
                            ("content-length", str(len(body))), *(("X-Capability", value) for value in values)):  # fmt: skip
            connection.putheader(name, value)
        connection.endheaders(body)
        assert connection.getresponse().status == status, values
        connection.close()
    assert {request["model"] for request in providers.requests()} == {"m"}


@pytest.mark.slow
def test_everything_against_a_proxy_without_our_callback(
    proxy: Proxy, providers: Providers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("alone")
    estate.write(folder, providers.ports)
    config = folder / "litellm_config.yaml"
    settings = json.loads(config.read_text("utf-8"))
    settings["litellm_settings"]["callbacks"] = []
    config.write_text(json.dumps(settings), "utf-8")
    alone = Proxy(folder, {"EPSILON_ADDRESS": f"127.0.0.1:{providers.ports['epsilon']}"})
    try:
        alone.wait()
        attacks = chain(attacks_with("m", 0.5), hostile.huge("m"), hostile.NO_OBJECTS)
        failed = [one for one, status in play(proxy, attacks, "sk-only-m").items() if status >= 500]
        own = play(alone, failed, "sk-only-m")
        print(*(f"LiteLLM's own {status}: {one.name}" for one, status in own.items()), sep="\n")
        assert [one.name for one, status in own.items() if status < 500] == []
        assert {one.name for one in own} >= LITELLMS_OWN
    finally:
        alone.stop()
    assert {request["model"] for request in providers.requests()} <= {"m"}
    assert_alive_and_calm(proxy)
