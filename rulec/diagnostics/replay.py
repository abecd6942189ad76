"""The command that shows where a witness goes."""

from __future__ import annotations

import json
from typing import Any

LONGEST_BODY = 2_000
_TEXTS = ("model", "endpoint", "key", "team", "user", "at")


def replay_command(witness: dict[str, Any], rules: str = "rules") -> str | None:
    """`rulec explain` with a witness's options; None where its body is too long for a command line."""
    import shlex

    words = ["rulec", "explain", *(["--rules", rules] if rules != "rules" else [])]
    for name in _TEXTS:
        if name in witness:
            words += [f"--{name}", str(witness[name])]
    if witness.get("stream"):
        words.append("--stream")
    for name, value in witness.get("headers", {}).items():
        words += ["--header", f"{name}={value}"]
    for name in ("tag", "unavailable"):
        for value in witness.get(name, ()):
            words += [f"--{name}", value]
    body = dict(witness.get("body", {}))
    if witness.get("stream") is False:
        body["stream"] = False
    metadata = witness.get("metadata", {})
    if all(isinstance(value, str) for value in metadata.values()):
        for name, value in metadata.items():
            words += ["--metadata", f"{name}={value}"]
    else:
        body["metadata"] = metadata
    if not body:
        return shlex.join(words)
    text = json.dumps(body, ensure_ascii=False)
    if len(text) > LONGEST_BODY:
        return None
    return f"echo {shlex.quote(text)} | {shlex.join([*words, '--body', '-'])}"
