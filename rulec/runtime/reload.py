"""The decision part of a generated module as one object, so that a new version can replace it while the proxy runs."""

from __future__ import annotations

import os
from typing import Any


class Rules:
    """The decision part of one generated module: what a reload replaces, in one assignment."""

    __slots__ = ("decide", "fingerprint", "order")

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.decide = namespace["decide"]
        self.order = namespace["order_candidates"]
        self.fingerprint = str(namespace["FINGERPRINT"])
        if len(self.fingerprint) != 12 or not hasattr(self.decide({}, {}), "action"):
            raise ValueError("not a routing module")


def file_stamp(path: str) -> tuple[int, int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load_rules(path: str) -> Rules:
    """The decision part of the module in this file; raises if it is not whole."""
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    namespace: dict[str, Any] = {"__name__": "rulec_reloaded", "__file__": path}
    exec(code, namespace)
    return Rules(namespace)
