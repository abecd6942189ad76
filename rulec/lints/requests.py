"""Witnesses as people describe requests: what `rulec explain --all` reads, and the cases of `rulec test`."""

from __future__ import annotations

from typing import Any

from rulec.analysis.draft import NOON, Witness

_RENAMED = {"tags": "tag", "now": "at"}


def described(witness: Witness) -> dict[str, Any]:
    """A witness by the names of explain's options; what only fills a request up is left out."""
    body = dict(witness.body)
    found: dict[str, Any] = {}
    if isinstance(body.get("model"), str):
        found["model"] = body.pop("model")
    if isinstance(body.get("stream"), bool):
        found["stream"] = body.pop("stream")
    if isinstance(body.get("metadata"), dict):
        found["metadata"] = body.pop("metadata")
    if witness.headers:
        found["headers"] = dict(witness.headers)
    for name, value in witness.caller.items():
        if (name, value) != ("now", NOON):
            found[_RENAMED.get(name, name)] = value
    return {**found, **({"body": body} if body else {})}
