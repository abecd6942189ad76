"""Which process is which: a number alone says little, since the system gives it to another one later."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARK = "RULEC_SERVE_ID"
"""The environment variable by which the processes of one background proxy know each other."""
_PROC = Path("/proc")
_LISTENS = "0A"


def birth(pid: int) -> str | None:
    """When this process began, as text that no later process of the same number has; None if it has ended."""
    if not (_PROC / "self" / "stat").exists():
        return _birth_by_ps(pid)
    fields = _stat(pid)
    if fields is None or fields[0] in "ZX":  # ended, and its parent has not asked yet
        return None
    with suppress(OSError):
        return f"{(_PROC / 'sys/kernel/random/boot_id').read_text().strip()} {fields[19]}"
    return fields[19]


def _stat(pid: int) -> list[str] | None:
    """What Linux tells of a process, from its state on: the name before it may hold anything."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _birth_by_ps(pid: int) -> str | None:
    asked = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    with suppress(OSError):
        state, _, began = subprocess.run(asked, capture_output=True, text=True).stdout.strip().partition(" ")
        return began.strip() if began and not state.startswith("Z") else None
    return None


def marked_processes(pid: int, mark: str) -> list[int]:
    """The processes in the group of `pid` that carry the mark of its proxy: workers that outlived it too."""
    found = []
    for one in _numbers():
        fields = _stat(one)
        if fields is not None and fields[2] == str(pid) and fields[0] not in "ZX":
            with suppress(OSError):
                if f"{MARK}={mark}".encode() in (_PROC / str(one) / "environ").read_bytes().split(b"\0"):
                    found.append(one)
    return found


def _numbers() -> list[int]:
    with suppress(OSError):
        return [int(name) for name in os.listdir(_PROC) if name.isdigit()]
    return []


def who_listens(port: int) -> str | None:
    """The process that listens on a port, as `name (process 123)`, where the system tells us."""
    sockets = {f"socket:[{number}]" for number in _listening_sockets(port)}
    for pid in _numbers() if sockets else ():
        with suppress(OSError):
            for handle in (_PROC / str(pid) / "fd").iterdir():
                with suppress(OSError):
                    if os.readlink(handle) in sockets:
                        return f"{(_PROC / str(pid) / 'comm').read_text().strip()} (process {pid})"
    return None


def _listening_sockets(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                columns = line.split()
                if columns[3] == _LISTENS and int(columns[1].rpartition(":")[2], 16) == port:
                    yield columns[9]
