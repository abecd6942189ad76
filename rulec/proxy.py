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

from rulec.serving.process import who_listens

# What `pip install litellm` without its extra leaves out.
_PROXY_PACKAGES = ("litellm", "fastapi", "uvicorn", "orjson")


class CannotServe(Exception):
    """Why the proxy cannot be started, in words for the user."""


def require_proxy() -> None:
    """Refuse where LiteLLM or what its proxy needs is not installed."""
    if any(importlib.util.find_spec(name) is None for name in _PROXY_PACKAGES):
        raise CannotServe('the LiteLLM proxy is not installed; `pip install "rulec[proxy]"` brings it')


def url_of(host: str, port: int) -> str:
    """The address of a proxy as browsers take it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


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
                holder = who_listens(port)
                by = f" by {holder}" if holder else ""
                raise CannotServe(f"port {port} on {host} is taken{by}; choose another with --port") from error
            raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}") from error


# The folder we happen to stand in is no place to import from. LiteLLM reads its config twice with PyYAML's slow reader,
# which takes a millisecond for each deployment; the same reader in C takes a fifth of that.
_LAUNCH = """
import os, signal, sys, threading
sys.path[:] = [folder for folder in sys.path if folder]
import yaml
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
{follow}
from litellm.proxy.proxy_cli import run_server
run_server()
"""
# In the foreground the proxy ends with us however we end: its standard input is a pipe that closes when we are gone.
_FOLLOW = """
def follow_parent():
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=follow_parent, daemon=True).start()
"""


def start_proxy(
    config: Path,
    host: str,
    port: int,
    environment: Mapping[str, str],
    output: IO[bytes] | None = None,
    *,
    workers: int = 1,
    detached: bool = False,
) -> subprocess.Popen[bytes]:
    """Start LiteLLM's proxy in a session of its own; `output` takes what it prints, `detached` lets it outlive us."""
    options = ["--config", str(config), "--host", host, "--port", str(port), "--num_workers", str(workers)]
    launch = _LAUNCH.format(follow="" if detached else _FOLLOW)
    # uvicorn's health check of five seconds kills workers that are still importing LiteLLM.
    command = [sys.executable, "-c", launch, *options, "--timeout_worker_healthcheck", "60"]
    return subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
        stdout=output,
        stderr=output and subprocess.STDOUT,
        start_new_session=True,
    )
