"""Starts the real LiteLLM proxy with a compiled config."""

from __future__ import annotations

import errno
import importlib.util
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO

# What `pip install litellm` without its extra leaves out.
_PROXY_PACKAGES = ("litellm", "fastapi", "uvicorn", "orjson")


class CannotServe(Exception):
    """Why the proxy cannot be started, in words for the user."""


def require_proxy() -> None:
    """Refuse where LiteLLM or what its proxy needs is not installed."""
    if any(importlib.util.find_spec(name) is None for name in _PROXY_PACKAGES):
        raise CannotServe('the LiteLLM proxy is not installed; `pip install "rulec[proxy]"` brings it')


def check_port(host: str, port: int) -> None:
    """Refuse a port that is taken: LiteLLM itself would silently take a random one instead."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise CannotServe(f"`{host}` is no address of this machine: {error.strerror}") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotServe(f"port {port} on {host} is taken; choose another with --port") from error
            raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}") from error


# The proxy ends with us however we end: its standard input is a pipe that closes when we are gone.
# The folder we happen to stand in is no place to import from.
_LAUNCH = """
import os, signal, sys, threading
sys.path[:] = [folder for folder in sys.path if folder]
def follow_parent():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=follow_parent, daemon=True).start()
from litellm.proxy.proxy_cli import run_server
run_server()
"""


def start_proxy(
    config: Path, host: str, port: int, environment: Mapping[str, str], output: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start LiteLLM's proxy with a compiled config, in a session of its own; `output` takes what it prints."""
    options = ["--config", str(config), "--host", host, "--port", str(port)]
    # uvicorn's health check of five seconds kills workers that are still importing LiteLLM.
    command = [sys.executable, "-c", _LAUNCH, *options, "--timeout_worker_healthcheck", "60"]
    return subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=True,
    )
