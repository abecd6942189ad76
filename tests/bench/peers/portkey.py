"""Portkey's conditional router in a node process of its own, which takes the times itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import weakref
from pathlib import Path
from typing import Any

from tests.bench.peers.engine import Engine, Missing, Peer
from tests.bench.peers.rules import DEFAULT, HEADERS, PROVIDERS, Comparison, Rules
from tests.bench.workload import Sent

FOLDER = Path(__file__).parents[3] / ".bench" / "node_modules" / "@portkey-ai" / "gateway"
SCRIPT = Path(__file__).with_suffix(".mjs")
OPERATORS = {"==": "$eq", ">=": "$gte", "like": "$regex"}


def installed_version() -> str:
    return str(json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))["version"])


def build(rules: Rules) -> Engine:
    node = shutil.which("node")
    if node is None:
        raise Missing("node is not installed")
    bundle = FOLDER / "build" / "start-server.js"
    if not bundle.is_file():
        raise Missing("the package @portkey-ai/gateway is not installed in .bench")
    return Node([node, str(SCRIPT), str(bundle)], config(rules))


class Node:
    def __init__(self, command: list[str], config: dict[str, Any]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        weakref.finalize(self, end, self.process)
        self.write({"config": config})

    def write(self, line: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def run(self, requests: list[Sent]) -> tuple[list[str], list[float]]:
        assert self.process.stdout
        self.write({"contexts": [context(*one) for one in requests]})
        told = json.loads(self.process.stdout.readline())
        return told["answers"], [one / 1e9 for one in told["nanoseconds"]]


def end(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()


def config(rules: Rules) -> dict[str, Any]:
    conditions = [{"query": query(rule.comparisons), "then": rule.provider} for rule in rules.rules]
    strategy = {"mode": "conditional", "conditions": conditions, "default": DEFAULT}
    return {"strategy": strategy, "targets": [{"name": name} for name in (*PROVIDERS, DEFAULT)]}


def query(comparisons: tuple[Comparison, ...]) -> dict[str, Any]:
    return {place(one.field): {OPERATORS[one.operator]: operand(one)} for one in comparisons}


def place(field: str) -> str:
    return f"metadata.{HEADERS[field]}" if field in HEADERS else f"params.{field}"


def operand(one: Comparison) -> Any:
    return one.glob.expression if one.operator == "like" else one.value


def context(body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return {"metadata": {name: headers[name] for name in HEADERS.values() if name in headers}, "params": body}


PEER = Peer("Portkey (node)", "a query for each rule; headers as metadata", installed_version, build)
