"""What is remembered of a background proxy: which process it is, and with which options it was started."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rulec.proxy import CannotServe

PRIVATE = 0o600


class RunFolder:
    """The folder with the run file and the log of each background proxy; a proxy is named by its port."""

    def __init__(self, name: str | None) -> None:
        self.path = Path(name).absolute() if name else _state_folder()

    def run_file(self, port: int) -> Path:
        return self.path / f"proxy-{port}.json"

    def log(self, port: int) -> Path:
        return self.path / f"proxy-{port}.log"

    def read(self, port: int) -> dict[str, Any] | None:
        """What is remembered of the proxy on a port; a file that cannot be understood says so."""
        path = self.run_file(port)
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise CannotServe(
                f"`{path}` cannot be read ({error}); remove it if no proxy runs on port {port}"
            ) from error
        kinds: dict[str, Any] = {
            "pid": int,
            "birth": str,
            "mark": str,
            "since": (int, float),
            "host": str,
            "options": dict,
        }
        right = isinstance(found, dict) and all(isinstance(found.get(name), kind) for name, kind in kinds.items())
        if not right or found["pid"] <= 1:
            raise CannotServe(f"`{path}` is no run file of ours; remove it if no proxy runs on port {port}")
        return dict(found)

    def write(self, port: int, remembered: dict[str, Any]) -> None:
        """All or nothing, and for our eyes only."""
        passing = self.run_file(port).with_suffix(".new")
        with private_file(passing) as file:
            file.write(json.dumps(remembered, indent=2).encode())
        os.replace(passing, self.run_file(port))

    def forget(self, port: int) -> None:
        with suppress(FileNotFoundError):
            self.run_file(port).unlink()

    @contextmanager
    def locked(self, port: int) -> Iterator[None]:
        """One start, stop or restart per port at a time."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = private_file(self.path / f"proxy-{port}.lock")
        except OSError as error:
            raise CannotServe(
                f"cannot write to `{self.path}`: {error.strerror}; choose another with --run-dir"
            ) from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CannotServe(f"another `rulec serve` is starting or ending the proxy on port {port}") from error
            yield


def _state_folder() -> Path:
    base = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):  # so says the XDG specification
        base = os.path.expanduser("~/.local/state")
    return Path(base) / "rulec"


def private_file(path: Path) -> Any:
    """A new empty file that only we may read; no link leads it elsewhere."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    handle = os.open(path, flags, PRIVATE)
    os.fchmod(handle, PRIVATE)
    return os.fdopen(handle, "wb")
