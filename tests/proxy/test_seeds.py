"""The documents that rulec makes real, as rule sets: what each promises happens in the real proxy."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import Providers, Proxy, Reply

from rulec.backends.environment import variables
from rulec.compiler import compile_folder, write

pytestmark = [pytest.mark.proxy, pytest.mark.slow]

FOLDER = Path(__file__).parent / "seeds"
SCENARIOS: list[dict[str, Any]] = yaml.safe_load(FOLDER.with_suffix(".yaml").read_text("utf-8"))
MASTER_KEY = "sk-seeds-test-master-key-0001"
NAMES = ("chutes", "new_api", "azure_east", "azure_west", "openai", "cohere", "jina")
SOON_SECONDS = 15.0
BODIES: dict[str, dict[str, Any]] = {
    "chat/completions": {"messages": [{"role": "user", "content": "hello"}]},
    "embeddings": {"input": ["one", "two"]},
    "rerank": {"query": "one", "documents": ["one", "two"]},
}


class Feed(ThreadingHTTPServer):
    """A feed of utilisation that says what it is told to say; None is a server in trouble."""

    daemon_threads = True
    figures: Any = None

    class Handler(BaseHTTPRequestHandler):
        server: Feed

        def do_GET(self) -> None:
            self.send_response(200 if self.server.figures is not None else 503)
            self.end_headers()
            self.wfile.write(json.dumps(self.server.figures).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    server = Feed(("127.0.0.1", 0), Feed.Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Providers]:
    running = Providers(*NAMES)
    yield running
    running.stop()


@pytest.fixture(scope="module")
def seeds(upstreams: Providers, feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    compilation = compile_folder(FOLDER)
    assert not compilation.diagnostics, compilation.diagnostics
    assert compilation.policy is not None
    folder = tmp_path_factory.mktemp("seeds")
    write(compilation.artifacts, folder)
    environment = {name: "none" for name, default in variables(compilation.policy).items() if default is None}
    environment |= {
        "SEEDS_MASTER_KEY": MASTER_KEY,
        "CHUTES_API_BASE": upstreams.url("chutes", "/v1"),
        "CHUTES_FEED": f"http://127.0.0.1:{feed.server_port}/chutes/utilization",
        "NEW_API": f"127.0.0.1:{upstreams.ports['new_api']}",
        "AZURE_EAST": upstreams.url("azure_east", ""),
        "AZURE_WEST": upstreams.url("azure_west", ""),
        "OPENAI_API_BASE": upstreams.url("openai", "/v1"),
        "COHERE_API_BASE": upstreams.url("cohere", "/v1/rerank"),
        "JINA_API_BASE": upstreams.url("jina", "/v1/rerank"),
    }
    running = Proxy(folder, environment)
    try:
        yield running.wait()
    finally:
        running.stop()


def send(proxy: Proxy, request: dict[str, Any]) -> Reply:
    endpoint = request.get("endpoint", "chat/completions")
    body = {**BODIES[endpoint], **{name: request[name] for name in ("model", "stream") if name in request}}
    if "text" in request:
        body["messages"] = [{"role": "user", "content": request["text"]}]
    return proxy.send(f"/v1/{endpoint}", body, MASTER_KEY)


def what_happened(reply: Reply, seen: list[dict[str, Any]]) -> dict[str, Any]:
    """What a step may expect: who served, how often each was asked, and what the one that served was sent."""
    places = [f"{one['provider']} {one['model']}" for one in seen]
    last = seen[-1] if seen else {}
    return {
        "status": reply.status,
        "served": "nobody" if not places else places[-1] if reply.status == 200 else None,
        "tried": Counter(places),
        "path": last.get("path"),
        "numbers": last.get("numbers", {}),
    }


def is_as_expected(expected: dict[str, Any], happened: dict[str, Any]) -> bool:
    if happened["status"] != expected.get("status", 200):
        return False
    for name in ("tried", "numbers"):
        if any(happened[name].get(key) != value for key, value in expected.get(name, {}).items()):
            return False
    if happened["served"] not in expected.get("among", [happened["served"]]):
        return False
    return all(happened[name] == expected[name] for name in ("served", "path") if name in expected)


def ask(proxy: Proxy, upstreams: Providers, request: dict[str, Any]) -> dict[str, Any]:
    before = len(upstreams.requests())
    reply = send(proxy, request)
    return what_happened(reply, upstreams.requests()[before:])


def take(step: dict[str, Any], proxy: Proxy, upstreams: Providers, feed: Feed) -> None:
    if "feed" in step:
        feed.figures = None if step["feed"] == "down" else step["feed"]
    for name, failure in step.get("fail", {}).items():
        upstreams.fail(name, **failure)
    if "soon" in step:
        deadline = time.monotonic() + SOON_SECONDS
        while not is_as_expected(step["soon"], happened := ask(proxy, upstreams, step["send"])):
            assert time.monotonic() < deadline, (step, happened)
            time.sleep(0.1)
    elif "send" in step:
        for _ in range(step.get("times", 1)):
            happened = ask(proxy, upstreams, step["send"])
            assert is_as_expected(step, happened), (step, happened)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: f"{one['seed']}: {one['promise']}")
def test_a_promise_is_kept(scenario: dict[str, Any], seeds: Proxy, upstreams: Providers, feed: Feed) -> None:
    upstreams.reset()
    for step in scenario.get("steps", ()):
        take(step, seeds, upstreams, feed)
    assert set(scenario.get("listed", ())) <= set(seeds.models(MASTER_KEY))
