"""The stage of the demo: fake providers, the compiled pair in a temporary folder, and the real proxy on top."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rulec.compiler import Compilation, write
from rulec.demo.examples import ADDRESSES, Example
from rulec.demo.providers import Provider
from rulec.proxy import start_proxy

HOST = "127.0.0.1"
START_SECONDS = 120.0
REQUEST_SECONDS = 60.0
STOP_SECONDS = 5.0

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "LD_LIBRARY_PATH", "SYSTEMROOT")

_PATHS = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embedding": "/v1/embeddings",
}
_BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Say hello"}]},
    "completion": {"prompt": "Say hello"},
    "embedding": {"input": "Say hello"},
}


class StageFailed(Exception):
    """Why nothing can be shown, in words for the user."""


@dataclass(frozen=True)
class Outcome:
    """What became of one request: the rule the proxy named, and the providers' models that answered it."""

    status: int
    rule: str | None
    served_by: tuple[tuple[str, str], ...]
    error: str = ""


@dataclass
class Stage:
    """Providers and proxy, running; `send` plays one example."""

    port: int
    master_key: str
    providers: dict[str, Provider] = field(default_factory=dict)

    def send(self, example: Example) -> Outcome:
        """Send an example to the proxy while its providers fail as it says, and see who answered."""
        for provider in self.providers.values():
            provider.reset()
        for name, kind in example.failing.items():
            self.providers[name].fail(always=kind)
        status, headers, text = self._post(example.request)
        served = [
            (name, str(request["model"]))
            for name, provider in self.providers.items()
            if name not in example.failing
            for request in provider.requests
        ]
        return Outcome(status, headers.get("x-rulec-rule"), tuple(served), "" if status == 200 else text)

    def _post(self, request: dict[str, Any]) -> tuple[int, dict[str, str], str]:
        path, body, headers = as_http(request)
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.master_key}", **headers}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=REQUEST_SECONDS)
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return response.status, {name.lower(): value for name, value in response.getheaders()}, text
        except (OSError, http.client.HTTPException) as error:
            return 0, {}, f"{type(error).__name__}: {error}"
        finally:
            connection.close()


def as_http(request: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Path, body and headers of a request that is given in the option names of `rulec explain`."""
    endpoint = request["endpoint"]
    body = {**_BODIES[endpoint], **request.get("body", {})}
    for name in ("model", "stream"):
        if name in request:
            body[name] = request[name]
    headers = dict(request.get("headers", {}))
    if "capability" in request:
        headers["X-Capability"] = request["capability"]
    return _PATHS[endpoint], body, headers


@contextmanager
def set_up(compilation: Compilation) -> Iterator[Stage]:
    """Everything running, and nothing of it left when the block ends, however it ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rulec-demo-")))
        write(compilation.artifacts, folder)
        providers = {name: Provider(name).start() for name in ADDRESSES}
        for provider in providers.values():
            stack.callback(provider.stop)
        stage = Stage(free_port(), "sk-" + secrets.token_hex(16), providers)
        addresses = {
            variable: f"http://{HOST}:{providers[name].port}{path}" for name, (variable, path) in ADDRESSES.items()
        }
        environment = {**kept_environment(stage.master_key), **addresses}
        stack.enter_context(running_proxy(folder / "litellm_config.yaml", stage.port, environment, folder / "proxy.log"))
        yield stage


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def kept_environment(master_key: str) -> dict[str, str]:
    """All that a proxy sees of the user's environment: nothing there can lead it to another server."""
    return {
        **{name: os.environ[name] for name in _KEPT if name in os.environ},
        "LITELLM_MASTER_KEY": master_key,
        "DEFAULT_MAX_RETRIES": "0",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # its price list is not fetched from the network
        "LITELLM_MODE": "PRODUCTION",  # no `.env` is read
        "NO_PROXY": "*",
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def running_proxy(config: Path, port: int, environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """The real proxy with a config, ready for requests; raises StageFailed with the end of its log."""
    with log.open("wb") as output:
        process = start_proxy(config, HOST, port, environment, output)
        try:
            _wait_until_ready(process, port, log)
            yield
        finally:
            _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StageFailed(f"the proxy ended while it started (exit {process.returncode}):\n{_tail(log)}")
        if _is_alive(port):
            return
        time.sleep(0.2)
    raise StageFailed(f"the proxy did not answer within {START_SECONDS:.0f} seconds:\n{_tail(log)}")


def _is_alive(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/health/liveliness")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _tail(log: Path, lines: int = 25) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the proxy and whatever it started: politely, then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    if process.stdin is not None:
        process.stdin.close()
