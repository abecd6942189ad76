"""The real LiteLLM proxy and fake providers as child processes on free loopback ports."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from rulec.proxy import start_proxy

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 180
OPENER = build_opener(ProxyHandler({}))


class Reply:
    """One HTTP answer: status, headers with lower-case names, body."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def __repr__(self) -> str:
        return f"Reply({self.status}, {self.text[:500]!r})"


def http(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
    """Send a request; an error status is an answer, not an exception."""
    payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = Request(url, payload, {"content-type": "application/json", **(headers or {})}, method=method)
    try:
        with OPENER.open(request, timeout=60) as answer:
            return Reply(answer.status, answer.headers, answer.read())
    except HTTPError as error:
        return Reply(error.code, error.headers, error.read())


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether this comes true within a while."""
    for _ in range(400):
        if holds():
            return True
        time.sleep(0.05)
    return False


class Providers:
    """Fake providers by name, in one child process that ends with us."""

    def __init__(self, *names: str) -> None:
        command = [sys.executable, str(Path(__file__).with_name("upstreams.py")), *names]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.ports: dict[str, int] = self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def _tell(self, method: str, *arguments: Any) -> Any:
        """Have the child do this; the answer is what it returns."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([method, arguments]) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def url(self, name: str, path: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    def fail(self, name: str, *steps: str, model: str | None = None, always: str | None = None) -> None:
        """Make a provider's next requests end as `steps` say, all later ones as `always`."""
        self._tell("fail", name, steps, model, always)

    def load(self, name: str, *models: str) -> None:
        """Have an Ollama hold these models in memory."""
        self._tell("load", name, models)

    def wait_for_checks(self, *names: str) -> None:
        """Return when each of these was asked whether it is warm, and what it said has been taken."""
        wanted = {name: self.checks(name) + 2 for name in names}  # rounds do not overlap: with the second the first is over
        deadline = time.monotonic() + 60
        while any(self.checks(name) < count for name, count in wanted.items()):
            assert time.monotonic() < deadline, "nobody checks"
            time.sleep(0.02)

    def checks(self, name: str) -> int:
        return int(self._tell("checks", name))

    def requests(self) -> list[dict[str, Any]]:
        """All recorded requests in the order of their arrival, each with its `provider`."""
        found: list[dict[str, Any]] = self._tell("requests")
        return found

    def tried(self) -> list[str]:
        return [request["provider"] for request in self.requests()]

    def reset(self) -> None:
        self._tell("reset")

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Proxy:
    """A LiteLLM proxy that serves the pair in one folder."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.log = folder / "proxy.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        own = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "HF_HUB_OFFLINE": "1"}  # nothing is fetched from the network
        own |= {"DEFAULT_MAX_RETRIES": "0", "NO_PROXY": "*"}
        with self.log.open("wb") as output:
            self.process = start_proxy(folder / "litellm_config.yaml", "127.0.0.1", self.port,
                                       {**kept, **own, **(environment or {})}, output)  # fmt: skip

    def wait(self, seconds: float = START_SECONDS) -> Proxy:
        """Return when the proxy answers; a proxy that does not start is a failure, with its log."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if http("GET", self.url("/health/liveliness")).status == 200:
                    return self
            time.sleep(0.2)
        self.stop()
        raise AssertionError(f"the proxy did not start:\n{self.output()[-6000:]}")

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def send(self, path: str, body: Any, key: str, headers: dict[str, str] | None = None) -> Reply:
        return http("POST", self.url(path), body, {"authorization": f"Bearer {key}", **(headers or {})})

    def models(self, key: str) -> list[str]:
        reply = http("GET", self.url("/v1/models"), None, {"authorization": f"Bearer {key}"})
        return sorted(model["id"] for model in reply.json["data"])

    def output(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def stop(self) -> None:
        """End the proxy and what it started, politely, then firmly."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
                return
