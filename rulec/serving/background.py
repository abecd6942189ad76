"""Start, watch and end a background proxy."""

from __future__ import annotations

import http.client
import os
import secrets
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from rulec.proxy import CannotServe, start_proxy
from rulec.secrets import mask_secrets
from rulec.serving.process import MARK, birth, marked_processes
from rulec.serving.run_file import RunFolder, private_file

START_SECONDS = 180
"""How long a proxy may take until it answers: LiteLLM alone takes ten seconds on a slow machine."""
SECONDS_PER_MEGABYTE = 240
"""What it may take beside that for its config: LiteLLM needs minutes for the deployments of ten thousand names."""
KILL_SECONDS = 5
LIVE_SECONDS = 3
SHOWN_LINES = 20
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def alive(remembered: Mapping[str, Any]) -> bool:
    """Whether the remembered process still runs, and not another one that got its number."""
    return bool(birth(remembered["pid"]) == remembered["birth"])


def start(
    folder: RunFolder, config: Path, host: str, port: int, environment: Mapping[str, str], options: dict[str, Any]
) -> int:
    """Start a proxy that outlives us and return its process number once it answers."""
    log = folder.log(port)
    with suppress(FileNotFoundError):
        os.replace(log, log.with_name(log.name + ".1"))
    mark = secrets.token_hex(8)
    with private_file(log) as output:
        marked = {**environment, MARK: mark}
        process = start_proxy(config, host, port, marked, output, workers=options.get("workers") or 1, detached=True)
    began = birth(process.pid)
    remembered = {"pid": process.pid, "birth": began or "ended", "mark": mark, "since": time.time(), "host": host}
    try:
        folder.write(port, {**remembered, "config": str(config), "options": options})
        _wait_until_it_answers(process.poll, host, port, log, start_seconds(config))
    except BaseException:  # also when we are interrupted: what was begun is ended
        _kill(process.pid, mark)
        process.wait()
        folder.forget(port)
        raise
    process.returncode = 0  # it lives on without us, and that is no mistake to warn about
    return process.pid


def start_seconds(config: Path) -> float:
    """How long a proxy with this config may take until it answers."""
    size = config.stat().st_size if config.exists() else 0
    return START_SECONDS + SECONDS_PER_MEGABYTE * size / 2**20


def _wait_until_it_answers(poll: Callable[[], int | None], host: str, port: int, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        code = poll()
        if code is not None:
            how = f"with code {code}" if code >= 0 else f"by signal {-code}"
            raise CannotServe(f"the proxy ended {how} before it answered; {_last_words(log)}")
        if answers(host, port):
            return
        time.sleep(0.2)
    raise CannotServe(f"the proxy did not answer within {seconds:.0f} seconds and was ended; {_last_words(log)}")


def _last_words(log: Path) -> str:
    lines = last_lines(log, SHOWN_LINES)
    told = "\n".join(f"  {line}" for line in lines)
    return f"the log `{log}` ends with\n{told}" if lines else f"the log `{log}` is empty"


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines of a log, without what looks like a secret."""
    try:
        with log.open(encoding="utf-8", errors="replace") as file:
            return [mask_secrets(line.rstrip("\n")) for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


def answers(host: str, port: int) -> bool:
    """Whether the proxy says that it lives."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=LIVE_SECONDS)
    try:
        connection.request("GET", "/health/liveliness")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reachable(host: str) -> str:
    """The address by which a proxy that listens on `host` is reached from here."""
    return _EVERYWHERE.get(host, host)


def stop(remembered: Mapping[str, Any], grace: float) -> bool:
    """End a proxy with all its workers; it may finish running requests first. False if it had to be killed."""
    pid, mark = remembered["pid"], remembered["mark"]
    ended = True
    if alive(remembered):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        ended = _ends(remembered, grace)
        if not ended:
            _kill(pid, mark)
            ended_at_last = _ends(remembered, KILL_SECONDS)
            if not ended_at_last:
                raise CannotServe(f"process {pid} does not end, not even when killed")
    _kill_rest(pid, mark)
    return ended


def _ends(remembered: Mapping[str, Any], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(remembered):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _kill(pid: int, mark: str) -> None:
    """Kill a proxy that is known to run, with its group: it leads one of its own."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _kill_rest(pid, mark)


def _kill_rest(pid: int, mark: str) -> None:
    """Kill workers that outlived their leader; only those that carry the mark of this proxy."""
    for one in marked_processes(pid, mark):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGKILL)


def follow(log: Path, show: Callable[[str], None]) -> None:
    """Show what is added to a log, line by line, without what looks like a secret; also once a restart begins a new log."""
    file = log.open(encoding="utf-8", errors="replace")
    file.seek(0, os.SEEK_END)
    begun = ""
    try:
        while True:
            begun += file.readline()
            if begun.endswith("\n"):
                show(mask_secrets(begun.rstrip("\n")) + "\n")
                begun = ""
                continue
            with suppress(FileNotFoundError):
                if os.stat(log).st_ino != os.fstat(file.fileno()).st_ino:
                    file.close()
                    file = log.open(encoding="utf-8", errors="replace")
                    continue
            time.sleep(0.2)
    finally:
        file.close()
