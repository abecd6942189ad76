"""Many requests to one proxy, some at a time: answers in the order of the requests, in memory that does not grow."""

from __future__ import annotations

import http.client
import json
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import Any

from rulec.records import record
from rulec.secrets import mask_secrets
from rulec.serving.client import Client

PATHS = {
    "chat": "/v1/chat/completions",
    "completion": "/v1/completions",
    "embedding": "/v1/embeddings",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "rerank": "/v1/rerank",
    "image": "/v1/images/generations",
    "moderation": "/v1/moderations",
}
"""Where the requests of each endpoint go that are JSON."""
WAITING = 4
"""How many requests are read ahead for each that is under way, so that a slow one keeps the others busy."""

_KEYS = frozenset(("custom_id", "method", "url", "endpoint", "headers", "body"))
_SHAPES = (("messages", "chat"), ("query", "rerank"), ("prompt", "completion"))


class BadLine(Exception):
    """A line that is no request."""


@record
class Outgoing:
    """One request: where it goes, its headers, its body, and the name by which its sender knows it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    custom_id: Any = None


Answer = dict[str, Any]


def send_all(client: Client, lines: Iterable[str], parallel: int) -> Iterator[Answer]:
    """The answer to each line that is not empty, in order; `parallel` requests are under way at a time."""
    tasks: SimpleQueue[tuple[str, Future[Answer]]] = SimpleQueue()
    for _ in range(parallel):  # daemons: who interrupts us does not wait for requests under way
        Thread(target=_work, args=(client, tasks), daemon=True).start()
    waiting: deque[Future[Answer]] = deque()
    for line in lines:
        if not line.strip():
            continue
        if len(waiting) >= parallel * WAITING:
            yield waiting.popleft().result()
        future: Future[Answer] = Future()
        waiting.append(future)
        tasks.put((line, future))
    while waiting:
        yield waiting.popleft().result()


def _work(client: Client, tasks: SimpleQueue[tuple[str, Future[Answer]]]) -> None:
    while True:
        line, future = tasks.get()
        try:
            future.set_result(answer(client, line))
        except Exception as error:  # a fault of ours belongs to who waits for the answer
            future.set_exception(error)


def answer(client: Client, line: str) -> Answer:
    """What became of one request; `status` is None where there was no answer."""
    began = time.monotonic()
    named: Answer = {}
    try:
        one = read_request(line)
        named = {} if one.custom_id is None else {"custom_id": one.custom_id}
        status, headers, text = client.send("POST", one.path, one.body, one.headers)
    except BadLine as problem:
        return {**named, "status": None, "error": str(problem)}
    except (OSError, http.client.HTTPException, ValueError, RecursionError) as reason:
        return {**named, "status": None, "error": mask_secrets(f"{type(reason).__name__}: {reason}")}
    return {
        **named,
        "status": status,
        "rule": headers.get("x-rulec-rule"),
        "target": headers.get("x-rulec-target"),
        "seconds": round(time.monotonic() - began, 3),
        "body": _read_json(text),
    }


def _read_json(text: str) -> Any:
    """JSON as what it says, anything else (a stream) as its text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def read_request(line: str) -> Outgoing:
    """A body, or an object with `body` as in OpenAI's batch files; raises BadLine."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLine("this line is no JSON") from None
    if not isinstance(found, dict):
        raise BadLine("a request is a JSON object")
    if "body" not in found:
        return Outgoing(_path(None, None, found), {}, found)
    unknown = sorted(found.keys() - _KEYS)
    if unknown:
        raise BadLine(f"`{unknown[0]}` is no key beside `body`; known: {', '.join(sorted(_KEYS))}")
    body, headers = found["body"], found.get("headers") or {}
    if not isinstance(body, dict):
        raise BadLine("`body` is a JSON object")
    if not isinstance(headers, dict) or not all(isinstance(one, str) for one in headers.values()):
        raise BadLine("`headers` is an object of texts")
    if found.get("method", "POST") != "POST":
        raise BadLine("the `method` is POST")
    return Outgoing(_path(found.get("url"), found.get("endpoint"), body), headers, body, found.get("custom_id"))


def _path(url: Any, endpoint: Any, body: dict[str, Any]) -> str:
    if url is not None:
        if not isinstance(url, str) or not url.startswith("/"):
            raise BadLine("`url` is a path, such as /v1/chat/completions")
        return url
    if endpoint is None:
        endpoint = next((name for key, name in _SHAPES if key in body), None)
    if not isinstance(endpoint, str) or endpoint not in PATHS:
        raise BadLine(f"which `endpoint` is it for? known: {', '.join(PATHS)}")
    return PATHS[endpoint]
