"""The pair that rulec compiles, in the real proxy: it does what explain says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from estate import AUTH
from harness import Providers, Proxy, Reply, eventually, http

from rulec.commands.answers import Answerer
from rulec.compiler import Compilation, compile_folder, write

pytestmark = pytest.mark.proxy

FOLDER = Path(__file__).parent / "pair"
REQUESTS: dict[str, Any] = yaml.safe_load((FOLDER / "requests.yaml").read_text("utf-8"))
MASTER_KEY = "sk-pair-test-master-key-0001"
CALLERS: dict[str, dict[str, Any]] = {
    MASTER_KEY: {},
    "sk-alias": {"key_alias": "the alias", "user_id": "ada"},
    "sk-team": {"team_id": "t1", "team_alias": "the team-b", "user_id": "ada"},
    "sk-user": {"user_id": "grace hopper"},
    "sk-restricted": {"models": ["small", "to-secret", "hop-to-secret", "renamed"]},
    "sk-limited": {"models": ["turns"], "metadata": {"model_rpm_limit": {"turns": 1}}},
}
KINDS = ("rate_limit", "timeout", "connection", "server_error", "quota", "auth", "not_found")
KINDS_OF_REQUESTS = ("context_window", "content_policy", "bad_request")
CHAT = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def compilation() -> Compilation:
    compiled = compile_folder(FOLDER / "rules.yaml")
    assert not compiled.failed, compiled.diagnostics
    return compiled


@pytest.fixture(scope="module")
def answerer(compilation: Compilation) -> Answerer:
    assert compilation.tree is not None
    return Answerer(compilation.tree)


@pytest.fixture(scope="module")
def pair(
    compilation: Compilation, all_providers: Providers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("compiled")
    write(compilation.artifacts, folder)
    (folder / "keys.py").write_text(AUTH.format(keys=CALLERS), "utf-8")
    addresses = {name.upper(): f"127.0.0.1:{all_providers.ports[name]}" for name in ("alpha", "beta", "gamma")}
    running = Proxy(folder, {**addresses, "PAIR_MASTER_KEY": MASTER_KEY})
    try:
        yield running.wait()
    finally:
        running.stop()


def described_requests() -> list[dict[str, Any]]:
    """Requests in the option names of explain, and with the path they are sent to."""
    chats = [
        {**variation, "model": model, "path": "/v1/chat/completions", "endpoint": "chat"}
        for model, variation in product(REQUESTS["models"], REQUESTS["variations"])
    ]
    others = [{**one, "model": model} for one, model in product(REQUESTS["endpoints"], REQUESTS["endpoint_models"])]
    return chats + others


def send(proxy: Proxy, request: dict[str, Any], key: str = MASTER_KEY) -> Reply:
    body = {**(CHAT if request["endpoint"] == "chat" else {}), **request.get("body", {})}
    if request["model"] is not None:
        body["model"] = request["model"]
    if "metadata" in request:
        body["metadata"] = request["metadata"]
    headers = {**request.get("headers", {}), **({"X-Capability": request["capability"]} if "capability" in request else {})}
    return proxy.send(request["path"], body, key, {name: str(value) for name, value in headers.items()})


def explained(answerer: Answerer, request: dict[str, Any], **caller: str) -> dict[str, Any]:
    options = {name: value for name, value in request.items() if name != "path" and value is not None}
    if request["endpoint"] == "chat":
        options["body"] = {**CHAT, **request.get("body", {})}
    return answerer.answer({**options, **caller})


def assert_did(answer: dict[str, Any], reply: Reply, providers: Providers, request: dict[str, Any]) -> None:
    seen = [(one["provider"], one["model"]) for one in providers.requests()]
    told = (request, answer["rule"], reply, seen)
    if answer["action"] == "refuse":
        assert (reply.status, seen) == (answer["status"], []), told
        assert answer["text"] in reply.text, told
    elif answer["action"] == "pass":
        assert (reply.status, len(seen)) == (200, 1), told
        assert "x-rulec-rule" not in reply.headers
    else:
        assert reply.status == 200, told
        assert seen[0] in [(one["provider"], one["model"]) for one in answer["candidates"]], told
        assert reply.headers["x-rulec-rule"] == answer["rule"]["name"], told
        assert reply.headers["x-rulec-target"] == "/".join(seen[0]), told
        assert reply.headers["x-rulec-version"] == answer["fingerprint"], told


@pytest.mark.parametrize("third", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_the_proxy_does_what_explain_says(third: int, pair: Proxy, answerer: Answerer, providers: Providers) -> None:
    requests = described_requests()
    assert len(requests) >= 500
    rules = set()
    for request in requests[third::3]:
        providers.reset()
        answer = explained(answerer, request)
        assert_did(answer, send(pair, request), providers, request)
        rules.add(answer["rule"]["name"] if answer["rule"] else None)
    phases = {rule.phase for rule in answerer.policy.rules if rule.name in rules}
    assert phases == {"when", "exact", "pattern", "capability", "size", "default"}


@pytest.mark.parametrize(
    ("key", "caller", "rule"),
    [
        ("sk-alias", {"key": "the alias", "user": "ada"}, "by_key"),
        ("sk-team", {"key": "ada", "team": "the team-b", "user": "ada"}, "by_team"),
        ("sk-user", {"key": "grace hopper", "user": "grace hopper"}, "by_user"),
    ],
)
def test_rules_see_who_asks(
    key: str, caller: dict[str, str], rule: str, pair: Proxy, answerer: Answerer, providers: Providers
) -> None:
    request = {"model": "small", "endpoint": "chat", "path": "/v1/chat/completions"}
    answer = explained(answerer, request, **caller)
    assert answer["rule"]["name"] == rule
    assert_did(answer, send(pair, request, key), providers, request)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", [*KINDS, *KINDS_OF_REQUESTS])
def test_a_hop_takes_its_kind_and_no_other(kind: str, stream: bool, pair: Proxy, providers: Providers) -> None:
    other = "bad_request" if kind != "bad_request" else "server_error"
    for failing, tried, status in ((kind, ["alpha", "beta"], 200), (other, ["alpha"], None)):
        if stream and kind == "timeout":
            continue  # the proxy's own time-out is for the first content, which the fake stream does not hold back
        providers.reset()
        providers.fail("alpha", always=failing)
        reply = pair.send("/v1/chat/completions", {**CHAT, "model": f"hop-{kind}", "stream": stream}, MASTER_KEY)
        assert providers.tried() == tried, (failing, reply)
        assert reply.status == status or (status is None and reply.status >= 400), reply


def test_a_plain_hop_leaves_errors_of_the_request_alone(pair: Proxy, providers: Providers) -> None:
    for kind in (*KINDS, *KINDS_OF_REQUESTS):
        providers.reset()
        providers.fail("alpha", always=kind)
        reply = pair.send("/v1/chat/completions", {**CHAT, "model": "small"}, MASTER_KEY)
        tried = ["alpha", "beta"] if kind in KINDS else ["alpha"]
        assert providers.tried() == tried, (kind, reply)
        assert (reply.status == 200) == (kind in KINDS), (kind, reply)


def test_conditions_of_hops_are_asked_when_their_turn_comes(pair: Proxy, providers: Providers) -> None:
    for headers, tried in (({}, ["alpha"]), ({"X-Anyway": "yes"}, ["alpha", "beta"])):
        providers.reset()
        providers.fail("alpha", always="server_error")
        pair.send("/v1/chat/completions", {**CHAT, "model": "alpha/x"}, MASTER_KEY, headers)
        assert providers.tried() == tried
    providers.reset()
    providers.fail("gamma", always="auth")
    reply = pair.send("/v1/chat/completions", {**CHAT, "model": "bare"}, MASTER_KEY)
    assert (reply.status, providers.tried()) == (200, ["gamma", "alpha"])


def test_strategies_pick(pair: Proxy, providers: Providers) -> None:
    for _ in range(4):
        pair.send("/v1/chat/completions", {**CHAT, "model": "turns"}, MASTER_KEY)
    tried = providers.tried()
    assert sorted(tried) == ["alpha", "alpha", "beta", "beta"]
    assert tried[0] != tried[1]
    providers.reset()
    for number in range(60):
        session = {"x-session-id": f"session {number % 20}"}
        pair.send("/v1/chat/completions", {**CHAT, "model": "weighted"}, MASTER_KEY, session)
    tried = providers.tried()
    assert tried[:20] == tried[20:40] == tried[40:], "a session sticks to its provider"
    assert set(tried) == {"alpha", "beta"}, "a weight of 0 is never picked first"
    assert tried.count("alpha") > tried.count("beta")


def test_a_rule_takes_no_key_to_a_model_it_may_not_call(pair: Proxy, providers: Providers) -> None:
    chat = "/v1/chat/completions"
    roads = {
        "by the rule": pair.send(chat, {**CHAT, "model": "to-secret"}, "sk-restricted"),
        "by name": pair.send(chat, {**CHAT, "model": "secret"}, "sk-restricted"),
        "by a client's fallback": pair.send(chat, {**CHAT, "model": "small", "fallbacks": ["secret"]}, "sk-restricted"),
        "without a model": pair.send(chat, CHAT, "sk-restricted", {"X-Capability": "deep"}),
        "by the id of a deployment": pair.send(chat, {**CHAT, "model": "rulec:secret@alpha"}, MASTER_KEY),
    }
    small = {**CHAT, "model": "small"}
    for road in (f"{chat}?model=secret", "/openai/deployments/secret/chat/completions", "/engines/secret/chat/completions"):
        roads[road] = pair.send(road, small, "sk-restricted")
    status = {road: reply.status for road, reply in roads.items()}
    assert status == {**dict.fromkeys(roads, 403), "by the id of a deployment": 404}
    assert providers.tried() == []
    providers.fail("beta", always="server_error")
    reply = pair.send(chat, {**CHAT, "model": "hop-to-secret"}, "sk-restricted")
    assert (reply.status >= 400, [one["model"] for one in providers.requests() if one["model"] == "secret"]) == (True, [])


def test_a_limit_of_the_clients_name_holds(pair: Proxy, providers: Providers) -> None:
    statuses = [pair.send("/v1/chat/completions", {**CHAT, "model": "turns"}, "sk-limited").status for _ in range(3)]
    assert statuses == [200, 429, 429]


def test_models_are_the_client_visible_names(pair: Proxy, answerer: Answerer) -> None:
    listed = set(pair.models(MASTER_KEY)) - {"*"}  # LiteLLM before 1.106 lists the wildcard group itself
    routed = {"renamed", "to-secret", "hop-to-secret"}
    assert listed == set(answerer.policy.models) | routed


HOSTILE: tuple[Any, ...] = (
    {"model": ["small"]},
    {"model": 7},
    {"model": {"a": 1}},
    {"model": "small,large"},
    {"model": "x" * 1_000_000},
    {"model": "small\nX-Evil: 1"},
    {"model": "\x00"},
    {"model": "small", "metadata": "text"},
    {"model": "small", "metadata": ["list"]},
    {"model": "small", "metadata": {"rulec": {"id": "x"}, "tags": "text"}},
    {"model": "small", "tags": {"a": 1}},
    {"model": "small", "max_tokens": "many"},
    {"model": "small", "stream": "yes"},
    {"model": "small", "messages": "hello"},
    {"model": "small", "messages": [None, 1, {"content": {"a": 1}}]},
    {"model": "small", "num_retries": "x", "fallbacks": "y"},
    {},
    [],
    "text",
)


def test_hostile_requests_are_never_an_error_of_ours(pair: Proxy, providers: Providers) -> None:
    for body in HOSTILE:
        body = {**CHAT, **body} if isinstance(body, dict) else body
        for headers in ({}, {"X-Load": "9" * 5000, "X-Priority": "\xff", "x-litellm-tags": ",,,"}):
            reply = pair.send("/v1/chat/completions", body, MASTER_KEY, headers)
            assert "x-rulec-rule" in reply.headers or reply.status < 500 or "rulec" not in reply.text, (body, reply)
    ours = [line for line in pair.output().splitlines() if "[ROUTER]" in line]
    assert not [line for line in ours if "failed" in line], "our hooks met something they could not handle"
    assert max(map(len, ours)) < 2000
    assert http("GET", pair.url("/health/liveliness")).status == 200


def test_the_log_tells_each_decision_and_no_secret(pair: Proxy, providers: Providers) -> None:
    providers.fail("alpha", "server_error")
    pair.send("/v1/chat/completions", {"model": "small", "messages": [{"role": "user", "content": "a private prompt"}]}, MASTER_KEY)
    assert eventually(lambda: "[ROUTER] Fallback triggered: alpha -> beta" in pair.output())
    output = pair.output()
    assert "[ROUTER] Model: small -> Provider: alpha (exact match)" in output
    ours = [line for line in output.splitlines() if "[ROUTER]" in line]
    assert not [line for line in ours if "private" in line or MASTER_KEY in line]


def test_the_proxy_starts_without_a_warning_of_our_making(pair: Proxy) -> None:
    told = [line for line in pair.output().splitlines() if "WARNING" in line or "ERROR" in line]
    assert not [line for line in told if "Key '" in line or "unknown" in line.lower() or "router_settings" in line], told
