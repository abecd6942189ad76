"""Hundreds of names, a thousand deployments of one name: the proxy starts, and does what explain says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from harness import Providers, Proxy, Reply

from rulec.commands.answers import Answerer
from rulec.compiler import Compilation, write
from tests.bench.estates import Estate, large_estate

pytestmark = [pytest.mark.proxy, pytest.mark.slow]

MASTER_KEY = "sk-large-test-master-key-0001"
ADDRESSES = ("alpha", "beta", "gamma", "delta", "epsilon")
GROUP = "least_loaded"


@pytest.fixture(scope="module")
def rules(all_providers: Providers) -> Estate:
    addresses = [f"127.0.0.1:{all_providers.ports[name]}" for name in ADDRESSES]
    return large_estate(addresses, 500, 1000, strategies=(GROUP,))


@pytest.fixture(scope="module")
def compilation(rules: Estate, tmp_path_factory: pytest.TempPathFactory) -> Compilation:
    return rules.compiled(tmp_path_factory.mktemp("large"))


@pytest.fixture(scope="module")
def serving(compilation: Compilation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("compiled")
    write(compilation.artifacts, folder)
    running = Proxy(folder, {"BENCH_MASTER_KEY": MASTER_KEY})
    try:
        yield running.wait()
    finally:
        running.stop()


def send(proxy: Proxy, model: str) -> Reply:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    return proxy.send("/v1/chat/completions", body, MASTER_KEY)


def test_all_names_are_listed(serving: Proxy, rules: Estate) -> None:
    assert set(serving.models(MASTER_KEY)) >= {*rules.known, GROUP}


def test_a_sample_goes_where_explain_says(serving: Proxy, compilation: Compilation, rules: Estate) -> None:
    assert compilation.tree is not None
    answerer = Answerer(compilation.tree)
    matching = [shape.format("7") for shape in rules.matching[::10]]
    actions = set()
    for model in (*rules.known[::25], *matching, "of-nobody", GROUP):
        answer: dict[str, Any] = answerer.answer({"model": model, "endpoint": "chat"})
        reply = send(serving, model)
        actions.add(answer["action"])
        if answer["action"] == "refuse":
            assert (reply.status, answer["text"] in reply.text) == (answer["status"], True), (model, reply)
            continue
        assert reply.status == 200, (model, reply)
        assert reply.headers["x-rulec-rule"] == answer["rule"]["name"]
        candidates = {f"{one['provider']}/{one['model']}" for one in answer["candidates"]}
        assert reply.headers["x-rulec-target"] in candidates
    assert actions == {"route", "refuse"}


def test_another_provider_takes_over(serving: Proxy, rules: Estate, providers: Providers) -> None:
    model = next(name for name, rule in rules.document["exact_matches"].items() if "fallback" in rule)
    rule = rules.document["exact_matches"][model]
    first = list(rules.document["providers"]).index(rule["provider"])
    providers.fail(ADDRESSES[first], model=model, always="server_error")
    assert send(serving, model).headers["x-rulec-target"] == f"{rule['fallback'][0]}/{model}"


def test_a_thousand_equal_ones_take_turns(serving: Proxy, providers: Providers) -> None:
    replies = [send(serving, GROUP) for _ in range(10)]
    assert [reply.status for reply in replies] == [200] * 10
    assert len({reply.headers["x-rulec-target"] for reply in replies}) == 10


def test_the_dead_of_many_are_passed_over(serving: Proxy, providers: Providers) -> None:
    providers.fail("alpha", model=GROUP, always="connection")
    providers.fail("beta", model=GROUP, always="server_error")
    replies = [send(serving, GROUP) for _ in range(30)]
    assert [reply.status for reply in replies] == [200] * 30
    dead = [one for one in providers.requests() if one["provider"] in ("alpha", "beta")]
    served = {reply.headers["x-rulec-target"] for reply in replies}
    assert dead, "nobody was asked who fails"
    assert len(served) >= 15, "the others share the work"
