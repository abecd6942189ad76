"""Fake providers on loopback: they answer like OpenAI and Ollama, remember what they were sent, and fail on command.

`python -m rulec.demo.providers NAME[:PORT]...` starts one server per name, on a free port where none is given, prints one
JSON line `{name: port}`, and ends when its standard input closes, so that nothing is left running when the parent dies.

How a provider fails is told to `POST /_admin/script`: `{"model": null, "steps": ["rate_limit", "ok"], "always": null}`.
Each request for that upstream model (null: for any) takes the next step, then `always`; no step means success. A failure
that says when to come again is written `rate_limit+30`: it carries `Retry-After: 30`.
`GET /_admin/requests` returns the recorded POSTs and how often rulec asked for `/models` or `/api/ps`, `DELETE /_admin`
forgets records and scripts. These two can be scripted, too, by their path in place of a model; `/_admin/loaded` takes
the models that Ollama holds in memory: `{"models": ["llama3.1:8b"]}`.
"""
from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

Json = dict[str, Any]

MAX_BODY = 32 * 1024 * 1024

def _error(status: int, message: str, kind: str, code: str | None = None) -> tuple[int, Json]:
    return status, {"message": message, "type": kind, "code": code}


# step -> (status, error body): what real providers send for this kind of error
FAILURES: dict[str, tuple[int, Json]] = {
    "rate_limit": _error(429, "Rate limit reached for requests", "requests", "rate_limit_exceeded"),
    "server_error": _error(500, "The server had an error", "server_error"),
    "bad_gateway": _error(502, "Bad gateway", "server_error"),
    "overloaded": _error(503, "The engine is overloaded", "server_error"),
    "gateway_timeout": _error(504, "Gateway timeout", "server_error"),
    "quota": _error(402, "Insufficient credits", "insufficient_credits"),
    "insufficient_quota": _error(429, "You exceeded your current quota, please check your plan and billing details",
                                 "insufficient_quota", "insufficient_quota"),
    "auth": _error(401, "Incorrect API key provided", "invalid_request_error", "invalid_api_key"),
    "forbidden": _error(403, "You are not allowed to use this model", "permission_error"),
    "not_found": _error(404, "The model does not exist", "invalid_request_error", "model_not_found"),
    "context_window": _error(400, "This model's maximum context length is 4096 tokens. You requested 5000 tokens",
                             "invalid_request_error", "context_length_exceeded"),
    "content_policy": _error(400, "Your request was rejected as a result of our safety system",
                             "invalid_request_error", "content_policy_violation"),
    "bad_request": _error(400, "Unrecognized request argument supplied: colour", "invalid_request_error"),
}
# steps that are no status: `timeout` says nothing for a while, `connection` drops the connection at once; of a stream,
# `empty_stream` drops after the headers, `broken_stream` after the first content, `slow_stream` pauses there; `slow` is late
SLOW_SECONDS = 0.3
PAUSE_SECONDS = 1.5
SPECIAL = ("ok", "timeout", "connection", "empty_stream", "broken_stream", "slow", "slow_stream")
HANG_SECONDS = 30.0


@dataclass
class Script:
    """The failures still to come for one upstream model."""

    steps: deque[str] = field(default_factory=deque)
    always: str | None = None

    def next(self) -> str:
        return self.steps.popleft() if self.steps else self.always or "ok"


class Provider(ThreadingHTTPServer):
    """One fake provider; `name` is in every answer, so that a client sees who served it."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.name = name
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.reset()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> Provider:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def reset(self) -> None:
        with self.lock:
            self.requests: list[Json] = []
            self.checks = 0
            self.loaded: list[str] = []
            self.scripts: dict[str | None, Script] = {}

    def fail(self, *steps: str, model: str | None = None, always: str | None = None) -> None:
        """Make the next requests for `model` (None: any) end as `steps` say, all later ones as `always`."""
        unknown = [step for step in (*steps, always or "ok") if step.partition("+")[0] not in FAILURES and step not in SPECIAL]
        if unknown:
            raise ValueError(f"unknown step {unknown[0]!r}")
        with self.lock:
            self.scripts[model] = Script(deque(steps), always)

    def take_step(self, model: str) -> str:
        with self.lock:
            script = self.scripts.get(model) or self.scripts.get(None)
            return script.next() if script else "ok"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no news."""


class Handler(BaseHTTPRequestHandler):
    """HTTP of one fake provider."""

    server: Provider
    protocol_version = "HTTP/1.1"
    timeout = 60
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    # -- the admin side ------------------------------------------------------------------------------------------------
    def do_GET(self) -> None:
        if self.path == "/_admin/requests":
            with self.server.lock:
                recorded, checks = list(self.server.requests), self.server.checks
            return self.send_json(200, {"provider": self.server.name, "requests": recorded, "checks": checks})
        if self.path == "/_admin/health":
            return self.send_json(200, {"provider": self.server.name})
        path = self.path.removeprefix("/v1")
        if path in ("/models", "/api/ps"):
            return self.answer_check(path)
        return self.send_json(404, {"error": {"message": "not found"}})

    def answer_check(self, path: str) -> None:
        """What runs here; a script for a model says nothing about it."""
        with self.server.lock:
            self.server.checks += self.headers.get("user-agent") == "rulec"  # LiteLLM asks, too, when it starts
            script, loaded = self.server.scripts.get(path), list(self.server.loaded)
            step = script.next() if script else "ok"
        if step == "timeout":
            self.server.closing.wait(HANG_SECONDS)
        if step in ("timeout", "connection"):
            return self.drop()
        if step in FAILURES:
            status, error = FAILURES[step]
            return self.send_json(status, {"error": error})
        if path == "/models":
            return self.send_json(404, {"error": {"message": "not found"}})
        self.send_json(200, {"models": [{"name": one, "model": one} for one in loaded]})

    def do_DELETE(self) -> None:
        self.server.reset()
        self.send_json(200, {})

    # -- the provider side ---------------------------------------------------------------------------------------------
    def do_POST(self) -> None:
        body = self.read_body()
        path = self.path.split("?")[0]
        if path == "/_admin/script":
            return self.set_script(body)
        if path == "/_admin/loaded":
            with self.server.lock:
                self.server.loaded = list(body.get("models", ()))
            return self.send_json(200, {})
        if path == "/api/show":  # Ollama's description of a model; not a call of it
            return self.send_json(200, {"model_info": {}, "capabilities": ["completion", "tools"], "template": ""})
        model = str(body.get("model") or "")
        stream = body.get("stream") is True or (path.startswith("/api/") and body.get("stream") is not False)
        self.record(path, model, stream, body)
        step = self.server.take_step(model)
        answer = answer_for(path, self.server.name, model, body)
        if answer is None:
            return self.send_json(404, {"error": {"message": f"no such endpoint: {path}"}})
        if step == "timeout":
            self.server.closing.wait(HANG_SECONDS)
            return self.drop()
        if step == "connection":
            return self.drop()
        if step == "slow":
            time.sleep(SLOW_SECONDS)
        failure, _, wait = step.partition("+")
        if failure in FAILURES:
            status, error = FAILURES[failure]
            return self.send_json(status, {"error": error}, {"retry-after": wait} if wait else {})
        if stream and answer.chunks is not None:
            return self.send_stream(answer.chunks, answer.content_type, step)
        return self.send_bytes(200, answer.content_type if answer.raw else "application/json",
                               answer.raw or json.dumps(answer.body).encode())

    def record(self, path: str, model: str, stream: bool, body: Json) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        numbers = {name: value for name, value in body.items() if isinstance(value, int | float)}
        entry = {"time": time.monotonic_ns(), "path": path, "model": model, "stream": stream, "keys": sorted(body),
                 "numbers": numbers, "headers": headers}
        with self.server.lock:
            self.server.requests.append(entry)

    def set_script(self, body: Json) -> None:
        try:
            self.server.fail(*body.get("steps", ()), model=body.get("model"), always=body.get("always"))
        except ValueError as error:
            return self.send_json(400, {"error": {"message": str(error)}})
        self.send_json(200, {})

    # -- sending and receiving -----------------------------------------------------------------------------------------
    def read_body(self) -> Json:
        length = min(int(self.headers.get("content-length") or 0), MAX_BODY)
        raw = self.rfile.read(length)
        if "multipart/form-data" in (self.headers.get("content-type") or ""):
            return {"model": form_field(raw, b"model"), "file": True}
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}

    def send_json(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        self.send_bytes(status, "application/json", json.dumps(body).encode(), headers)

    def send_bytes(
        self, status: int, content_type: str, payload: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(payload)))
        self.send_header("x-fake-provider", self.server.name)
        self.end_headers()
        self.wfile.write(payload)

    def send_stream(self, chunks: list[bytes], content_type: str, step: str) -> None:
        self.send_response(200)
        self.send_header("content-type", content_type)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if step == "empty_stream":
            return self.drop()
        for number, chunk in enumerate(chunks):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
            if step == "broken_stream" and number == 1:
                time.sleep(0.05)
                return self.drop()
            if step == "slow_stream" and number == 1:
                self.server.closing.wait(PAUSE_SECONDS)
        self.wfile.write(b"0\r\n\r\n")

    def drop(self) -> None:
        """End the connection with a reset, as a dying server does."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Answer:
    """What a successful call returns: a JSON body, or raw bytes, and its pieces where it can be streamed."""

    body: Json = field(default_factory=dict)
    chunks: list[bytes] | None = None
    raw: bytes | None = None
    content_type: str = "text/event-stream"

    USAGE: ClassVar[Json] = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def answer_for(path: str, name: str, model: str, body: Json) -> Answer | None:
    """The answer of provider `name` at `path`, or None where there is no such endpoint."""
    path = re.sub("^(/v[12]|/openai/deployments/[^/]+)", "", path)  # of OpenAI and Cohere, of Azure
    text = f"served by {name} {model}"
    maker = ENDPOINTS.get(path)
    return maker(text, model, body) if maker else None


def events(items: list[Json], done: bool = True) -> list[bytes]:
    lines = [b"data: " + json.dumps(item).encode() + b"\n\n" for item in items]
    return [*lines, b"data: [DONE]\n\n"] if done else lines


def typed_events(items: list[Json]) -> list[bytes]:
    return [f"event: {item['type']}\n".encode() + b"data: " + json.dumps(item).encode() + b"\n\n" for item in items]


def chat(text: str, model: str, body: Json) -> Answer:
    head = {"id": "chatcmpl-1", "created": 1, "model": model}
    message = {"role": "assistant", "content": text}
    piece = {**head, "object": "chat.completion.chunk"}
    words = [part + " " for part in text.split(" ")]
    deltas: list[Json] = [{"role": "assistant", "content": ""}, *({"content": word} for word in words)]
    return Answer(
        {**head, "object": "chat.completion", "usage": Answer.USAGE,
         "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]},
        events([*({**piece, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas),
                {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": Answer.USAGE}]))


def completion(text: str, model: str, body: Json) -> Answer:
    head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": model}

    def choice(part: str, reason: str | None) -> list[Json]:
        return [{"index": 0, "text": part, "finish_reason": reason, "logprobs": None}]

    return Answer({**head, "usage": Answer.USAGE, "choices": choice(text, "stop")},
                  events([{**head, "choices": choice(part + " ", None)} for part in text.split(" ")]
                         + [{**head, "choices": choice("", "stop"), "usage": Answer.USAGE}]))


def embeddings(text: str, model: str, body: Json) -> Answer:
    given = body.get("input")
    count = len(given) if isinstance(given, list) and given and not isinstance(given[0], int) else 1
    data = [{"object": "embedding", "index": index, "embedding": [0.1, 0.2, 0.3]} for index in range(count)]
    return Answer({"object": "list", "model": model, "data": data, "usage": {"prompt_tokens": 3, "total_tokens": 3}})


def responses(text: str, model: str, body: Json) -> Answer:
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": text, "annotations": []}]}
    head = {"id": "resp_1", "object": "response", "created_at": 1, "model": model, "parallel_tool_calls": True,
            "tool_choice": "auto", "tools": [], "metadata": {}, "temperature": 1.0, "top_p": 1.0, "error": None,
            "instructions": None, "incomplete_details": None}
    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5,
             "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    full = {**head, "status": "completed", "output": [item], "usage": usage}
    part = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    return Answer(full, typed_events([
        {"type": "response.created", "sequence_number": 0, "response": {**head, "status": "in_progress", "output": []}},
        {"type": "response.output_text.delta", "sequence_number": 1, **part, "delta": text},
        {"type": "response.output_text.done", "sequence_number": 2, **part, "text": text},
        {"type": "response.completed", "sequence_number": 3, "response": full}]))


def messages(text: str, model: str, body: Json) -> Answer:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_sequence": None}
    usage = {"input_tokens": 3, "output_tokens": 2}
    full = {**head, "stop_reason": "end_turn", "usage": usage, "content": [{"type": "text", "text": text}]}
    return Answer(full, typed_events([
        {"type": "message_start", "message": {**head, "stop_reason": None, "content": [], "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"}]))


def rerank(text: str, model: str, body: Json) -> Answer:
    documents = body.get("documents") or ["?"]
    results = [{"index": index, "relevance_score": 1.0 / (index + 1)} for index in range(len(documents))]
    return Answer({"id": "rerank-1", "model": model, "results": results, "usage": {"prompt_tokens": 1, "total_tokens": 2},
                   "meta": {"billed_units": {"search_units": 1}, "tokens": {"input_tokens": 1, "output_tokens": 1}}})


def images(text: str, model: str, body: Json) -> Answer:
    return Answer({"created": 1, "data": [{"url": "http://127.0.0.1/picture.png", "revised_prompt": text}]})


def speech(text: str, model: str, body: Json) -> Answer:
    return Answer(raw=text.encode(), content_type="audio/mpeg")


def transcription(text: str, model: str, body: Json) -> Answer:
    return Answer({"text": text})


def moderation(text: str, model: str, body: Json) -> Answer:
    result: Json = {"flagged": False, "categories": {}, "category_scores": {}, "category_applied_input_types": {}}
    return Answer({"id": "modr-1", "model": model, "results": [result]})


OLLAMA_STATS = {"total_duration": 1, "load_duration": 1, "prompt_eval_count": 3, "prompt_eval_duration": 1,
                "eval_count": 2, "eval_duration": 1}


def ollama(text: str, model: str, body: Json, wrap: Any) -> Answer:
    head = {"model": model, "created_at": "2026-01-01T00:00:00Z"}
    end = {**head, **wrap(""), "done": True, "done_reason": "stop", **OLLAMA_STATS}
    lines = [{**head, **wrap(part + " "), "done": False} for part in text.split(" ")] + [end]
    return Answer({**end, **wrap(text)}, [json.dumps(line).encode() + b"\n" for line in lines],
                  content_type="application/x-ndjson")


def ollama_chat(text: str, model: str, body: Json) -> Answer:
    return ollama(text, model, body, lambda part: {"message": {"role": "assistant", "content": part}})


def ollama_generate(text: str, model: str, body: Json) -> Answer:
    return ollama(text, model, body, lambda part: {"response": part})


def ollama_embed(text: str, model: str, body: Json) -> Answer:
    given = body.get("input")
    count = len(given) if isinstance(given, list) else 1
    return Answer({"model": model, "embeddings": [[0.1, 0.2, 0.3]] * count, "prompt_eval_count": 3})


ENDPOINTS = {
    "/chat/completions": chat,
    "/completions": completion,
    "/embeddings": embeddings,
    "/responses": responses,
    "/messages": messages,
    "/rerank": rerank,
    "/images/generations": images,
    "/audio/speech": speech,
    "/audio/transcriptions": transcription,
    "/moderations": moderation,
    "/api/chat": ollama_chat,
    "/api/generate": ollama_generate,
    "/api/embed": ollama_embed,
    "/api/embeddings": ollama_embed,
}


def form_field(raw: bytes, name: bytes) -> str:
    """The value of a text field in a multipart body, or an empty string."""
    _, found, rest = raw.partition(b'name="' + name + b'"')
    if not found:
        return ""
    value = rest.partition(b"\r\n\r\n")[2].partition(b"\r\n")[0]
    return value.decode("utf-8", "replace")


def main(names: list[str]) -> int:
    named = [name.partition(":") for name in names]
    providers = {name: Provider(name, int(port or 0)).start() for name, _, port in named}
    print(json.dumps({name: provider.port for name, provider in providers.items()}), flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        sys.stdin.read()
    for provider in providers.values():
        provider.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
