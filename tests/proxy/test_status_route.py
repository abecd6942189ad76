"""What a running proxy tells of its deployments, and to whom."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import estate
import pytest
from harness import Providers, Proxy, Reply, http
from test_balancing import send
from test_lifecycle import eventually, replace

pytestmark = pytest.mark.proxy

ADMIN = "sk-admin"
GENERATED = Path(__file__).parents[2] / "generated" / "routing_strategy.py"
PLACE = ("beta", "n")


def ask(proxy: Proxy, key: str | None = ADMIN) -> Reply:
    return http("GET", proxy.url("/rulec/status"), None, {"authorization": f"Bearer {key}"} if key else {})


def deployment(proxy: Proxy, place: tuple[str, str] = PLACE) -> dict[str, Any]:
    found = [one for one in ask(proxy).json["deployments"] if (one["provider"], one["model"]) == place]
    return found[0] if found else {"in_flight": 0, "served": 0, "failed": {}}


def command(proxy: Proxy, *words: str, key: str = ADMIN, path: str = "") -> tuple[int, str]:
    """Exit code and both streams of `rulec status`."""
    done = subprocess.run(
        [sys.executable, "-m", "rulec.cli", "status", "--proxy", proxy.url(path), "--key-env", "STATUS_KEY", *words],
        env={**os.environ, "STATUS_KEY": key, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stdout
    assert key not in done.stdout
    return done.returncode, done.stdout


@pytest.mark.parametrize("key", ["sk-only-m", "sk-aliased", estate.MASTER_KEY, "sk-unknown", None])
def test_nobody_but_an_admin_gets_in(key: str | None, proxy: Proxy) -> None:
    """Custom authentication gives the roles; here it gives the master key none."""
    reply = ask(proxy, key)
    assert reply.status in (401, 403, 500), reply  # 500: LiteLLM without Prisma
    assert "deployments" not in reply.text


def test_a_key_that_litellm_lets_through_is_refused(proxy: Proxy) -> None:
    reply = ask(proxy, "sk-may-ask")
    assert reply.status == 403, reply
    assert "only a proxy admin" in reply.json["error"]["message"]


def test_it_counts_what_was_served_and_what_failed(proxy: Proxy, providers: Providers) -> None:
    before = deployment(proxy)
    for _ in range(3):
        assert send(proxy, "n").status == 200
    assert eventually(lambda: deployment(proxy)["served"] == before["served"] + 3)
    providers.fail("beta", "server_error", "rate_limit", "bad_request")
    for _ in range(3):
        assert send(proxy, "n").status >= 400
    after = deployment(proxy)
    assert after["served"] == before["served"] + 3
    new = {kind: after["failed"][kind] - before["failed"].get(kind, 0) for kind in after["failed"]}
    assert {kind: count for kind, count in new.items() if count} == {
        "server_error": 1,
        "rate_limit": 1,
        "bad_request": 1,
    }
    assert 0 < after["error_rate"] < 1
    assert 0 < after["latency"]["p50"] <= after["latency"]["p95"]
    assert after["idle"] >= 0


def test_it_shows_what_is_under_way(proxy: Proxy, providers: Providers) -> None:
    providers.fail("beta", "slow_stream")
    holding = threading.Thread(target=send, args=(proxy, "n", True))
    holding.start()
    assert eventually(lambda: deployment(proxy)["in_flight"] == 1)
    assert ask(proxy).json["under_way"] >= 1  # requests that others turned away count until they are swept
    holding.join()
    assert eventually(lambda: deployment(proxy)["in_flight"] == 0)
    assert deployment(proxy)["in_flight"] == 0
    assert deployment(proxy)["first_token"]["p95"] > 0


def test_it_holds_no_secret(proxy: Proxy, providers: Providers) -> None:
    body = {"model": "n", "messages": [{"role": "user", "content": "a secret prompt"}], "user": "somebody"}
    proxy.send("/v1/chat/completions", body, "sk-aliased")
    text = ask(proxy).text
    for secret in (*estate.KEYS, estate.FEED_KEY, "sk-", "127.0.0.1", "api_base", "secret prompt", "the alias", "somebody", "ada"):
        assert secret not in text, secret


def test_it_tells_how_fresh_the_signals_are(proxy: Proxy) -> None:
    assert eventually(lambda: ask(proxy).json["signals"] != [])
    [signal] = ask(proxy).json["signals"]
    assert set(signal) == {"name", "figures", "age", "trouble"}
    _, printed = command(proxy)
    assert f"signal {signal['name']}: " in printed


def test_it_stays_that_of_the_handler_which_serves(proxy: Proxy, providers: Providers) -> None:
    send(proxy, "n")
    assert eventually(lambda: deployment(proxy)["served"] > 0)
    before = ask(proxy).json
    path = proxy.folder / "routing_strategy.py"
    try:
        replace(path, estate.module_text("abcdefabcdef"))
        send(proxy, "n")
        assert eventually(lambda: ask(proxy).json["rules"]["module"] == "abcdefabcdef")
        after = ask(proxy).json
        assert after["rules"]["config"] == estate.FINGERPRINT
        assert after["worker"]["id"] == before["worker"]["id"]
        assert deployment(proxy)["served"] > 0
        _, printed = command(proxy)
        assert f"the config is of rules {estate.FINGERPRINT}" in printed
    finally:
        replace(path, estate.module_text())
    assert eventually(lambda: ask(proxy).json["rules"]["module"] == estate.FINGERPRINT)


def test_the_command_prints_a_table(proxy: Proxy, providers: Providers) -> None:
    send(proxy, "n")
    assert eventually(lambda: deployment(proxy)["served"] > 0)
    code, printed = command(proxy)
    assert code == 0, printed
    assert "1 worker seen" in printed
    rows = [line.split() for line in printed.splitlines()]
    assert ["n", "beta"] in [row[:2] for row in rows]
    assert max(map(len, printed.splitlines())) <= 100


def test_the_command_prints_json(proxy: Proxy, providers: Providers) -> None:
    send(proxy, "n")
    assert eventually(lambda: deployment(proxy)["served"] > 0)
    code, printed = command(proxy, "--format", "json")
    status = json.loads(printed)
    assert code == 0
    assert [one["rules"]["module"] for one in status["workers"]] == [estate.FINGERPRINT]
    assert {"in_flight", "health", "latency", "error_rate", "strategies"} <= set(status["deployments"][0])


def test_the_command_says_why_it_cannot(proxy: Proxy) -> None:
    refusals = {
        "takes the master key or a key of a proxy admin": command(proxy, key="sk-may-ask"),
        "has no /rulec/status": command(proxy, path="/elsewhere"),
        "nobody answers": command(proxy, "--proxy", "http://127.0.0.1:9"),
        "no URL of a proxy": command(proxy, "--proxy", "127.0.0.1:4000"),
        "the environment lacks ABSENT": command(proxy, "--key-env", "ABSENT"),
    }
    for reason, (code, printed) in refusals.items():
        assert code == 2, printed
        assert reason in printed


TWO_IMPORTS = """
import importlib.util, json, sys
from fastapi.testclient import TestClient
from litellm.proxy import proxy_server

key = proxy_server.master_key = "sk-two-imports-0001"
client = TestClient(proxy_server.app)
for name in ("first", "second"):
    spec = importlib.util.spec_from_file_location(name, sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.handler.state.begin("ticket", name, "m")
    told = client.get("/rulec/status", headers={"authorization": f"Bearer {key}"}).json()
    print(json.dumps([one["provider"] for one in told["deployments"] if one["in_flight"]]))
print(sum(getattr(one, "path", "") == "/rulec/status" for one in proxy_server.app.router.routes))
"""


@pytest.mark.slow
def test_of_two_imports_the_later_one_answers() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_IMPORTS, GENERATED], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.splitlines()[-3:] == ['["first"]', '["second"]', "1"]
