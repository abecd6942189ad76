"""A rule set with everything on, and requests for it, over all strategies, capabilities and virtual models."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from rulec.compiler import Compilation, compile_folder
from tests.bench.workload import Sent, body, fresh

RULES = Path(__file__).with_name("everything.yaml")
KINDS = ("turn", "least", "usage", "fast", "most", "cheap", "idle", "weights", "again")
TASKS = ("hi, what time is it?", "Implement a distributed algorithm and prove that it ends. First explain the theorem.")


def compiled_rules() -> Compilation:
    compilation = compile_folder(RULES)
    if compilation.failed:
        raise SystemExit(f"everything.yaml does not compile: {compilation.diagnostics[0].message}")
    return compilation


def requests(count: int, names: int, seed: int = 5) -> list[Sent]:
    """Requests as they come off the wire: seven of ten by one of `names` names of patterns, the rest by every other way."""
    chosen = random.Random(seed)
    return [fresh_sent(*sent(chosen, names)) for _ in range(count)]


def sent(chosen: random.Random, names: int) -> Sent:
    headers = {"host": "127.0.0.1:4000", "user-agent": "OpenAI/Python", "content-type": "application/json", "accept": "*/*"}
    number = chosen.randrange(names)
    made: dict[str, Any] = body(f"{KINDS[number % len(KINDS)]}-{number}")
    made["stream"] = chosen.random() < 0.3
    way = chosen.random()
    if way < 0.1:
        made["model"] = chosen.choice(("small", "large"))
    elif way < 0.2:
        made["model"] = "auto"
        made["messages"][1]["content"] = chosen.choice(TASKS)
    elif way < 0.25:
        del made["model"]
        headers["x-capability"] = chosen.choice(("code_generation", "low_latency"))
    elif way < 0.3:
        headers["x-priority"] = "high"
        headers["x-effort"] = "auto"
    if number % len(KINDS) == KINDS.index("weights"):
        headers["x-session-id"] = f"session {chosen.randrange(1_000)}"
    return made, headers


def fresh_sent(made: dict[str, Any], headers: dict[str, str]) -> Sent:
    return fresh(made), fresh(headers)
