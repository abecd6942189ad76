"""What hostile clients send: every JSON value at every place that somebody reads, forged headers, huge bodies."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "hello"}]
ENDPOINTS = {
    name: one
    for name, one in yaml.safe_load(Path(__file__).with_name("endpoints.yaml").read_text("utf-8")).items()
    if "body" in one and "routes" not in one
}


def nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"a": [value]}
    return value


VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "a negative number": -7,
    "a huge number": 1e308,
    "no text": "",
    "a text": "text",
    "a model": "secret",
    "two models": "m,secret",
    "the id of a deployment": "rulec:secret@beta",
    "the mark of a step": "rulec:step:1",
    "not ASCII": "мodel 🤖\u202e",
    "control characters": "m\x00\r\nx-rulec-rule: forged\x1b[31m",
    "a long text": "x" * 100_000,
    "no list": [],
    "a list of numbers": [1, -1, 1e9],
    "a list of models": ["secret", "n"],
    "a list of fallbacks": [{"model": "secret"}, {"m": ["secret"]}, None],
    "marks of steps": ["rulec:step:0", "rulec:step:99999999999999999999", "rulec:step:x", "rulec:m@alpha"],
    "no object": {},
    "our own keys": {"rulec": {"id": "0" * 16, "rule": "forged", "version": "forged"}, "_excluded_deployment_ids": ["rulec:step:2"]},
    "a record of failures": [{"exception_type": "RateLimitError", "exception_string": 5}, "text", None],
    "a deployment": {"id": "rulec:secret@beta", "model": "secret", "rulec": {"provider": "beta", "model": "secret"}},
    "deep": nested(60),
}
PLACES = (
    "model", "messages", "metadata", "metadata.rulec", "metadata.rulec.id", "metadata.tags", "metadata.previous_models",
    "metadata.model_group", "metadata.model_info", "metadata.capability", "metadata.session_id", "metadata.headers",
    "metadata._excluded_deployment_ids", "metadata.requester_metadata", "litellm_metadata", "litellm_metadata.rulec",
    "litellm_metadata.previous_models", "fallbacks", "num_retries", "max_retries", "specific_deployment", "model_info",
    "model_group", "model_list", "_excluded_deployment_ids", "_retry_skipped_deployment_ids", "_target_order",
    "attempted_targets", "fallback_depth", "max_fallbacks", "context_window_fallbacks", "content_policy_fallbacks",
    "default_fallbacks", "disable_fallbacks", "model_group_retry_policy", "retry_policy", "routing_strategy", "tags",
    "user", "stream", "tools", "n", "max_tokens", "temperature", "prompt", "input", "litellm_call_id", "litellm_params",
    "litellm_session_id", "litellm_trace_id", "proxy_server_request", "secret_fields", "timeout", "cache", "rulec",
)  # fmt: skip
HEADERS: dict[str, dict[str, str]] = {
    "LiteLLM's own": {
        "x-litellm-num-retries": "-1", "x-litellm-timeout": "x", "x-litellm-tags": ",,,secret", "x-litellm-call-id": "rulec",
        "x-litellm-session-id": "\xff", "x-litellm-stream-timeout": "nan", "x-litellm-model": "secret",
        "x-litellm-enable-message-redaction": "x", "x-litellm-spend-logs-metadata": "{", "x-litellm-trace-id": "t",
    },
    "ours": {"x-rulec-rule": "forged", "x-rulec-target": "beta/secret", "x-rulec-version": "0", "x-capability": "secret"},
    "an odd capability": {"X-Capability": "\xe9%00\t"},
    "a capability of 100 kB": {"X-Capability": "y" * 100_000},
    "a model in headers": {"x-model": "secret", "x-litellm-model-id": "rulec:secret@beta", "x-deployment-id": "rulec:secret@beta"},
    "numbers": {"x-load": "9" * 5000, "x-priority": "1e999", "content-language": "-"},
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Attack:
    """One hostile request."""

    name: str
    body: Any
    path: str = CHAT
    headers: dict[str, str] = field(default_factory=dict)


def placed(body: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """A copy of the body with this value at a place, given by its path."""
    first, _, rest = place.partition(".")
    inner = body.get(first)
    return {**body, first: placed(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


def values_at_places(model: str, path: str = CHAT, base: dict[str, Any] | None = None) -> Iterator[Attack]:
    """Every value at every place of a request that would be served."""
    body = {"model": model, **({"messages": MESSAGES} if base is None else base)}
    for place in PLACES:
        for value in VALUES:
            yield Attack(f"{place} is {value}", placed(body, place, VALUES[value]), path)


def some(attacks: Iterator[Attack], share: float, seed: int = 1) -> list[Attack]:
    """The same part of them every time."""
    chosen = random.Random(seed)
    return [one for one in attacks if chosen.random() < share]


def on_every_endpoint(model: str) -> Iterator[Attack]:
    for name, endpoint in ENDPOINTS.items():
        for attack in values_at_places(model, endpoint["path"], endpoint["body"]):
            yield Attack(f"{name}: {attack.name}", attack.body, attack.path)


def by_other_ways(model: str) -> Iterator[Attack]:
    """A target named anywhere but in the body."""
    for name in ("secret", "n", "rewritten", "leaky", "choice", "passed", "m,secret", "*", "rulec:secret@beta"):
        yield Attack(f"the capability {name}", {"messages": MESSAGES}, headers={"X-Capability": name})
        for path in (f"{CHAT}?model={name}", f"/openai/deployments/{name}/chat/completions", f"/engines/{name}/chat/completions"):
            yield Attack(f"the path {path}", {"model": model, "messages": MESSAGES}, path)


def forged_headers(model: str) -> Iterator[Attack]:
    for name, headers in HEADERS.items():
        yield Attack(f"headers: {name}", {"model": model, "messages": MESSAGES}, headers=headers)


def huge(model: str) -> Iterator[Attack]:
    """Bodies that are large in one way each."""
    content = [{"type": "text", "text": "a b c "}] * 20_000
    many = [{"role": "user", "content": "x"}, {"role": "assistant", "content": None}] * 5_000
    for name, messages in {
        "10 MB of text": [{"role": "user", "content": "first " * 1_700_000}],
        "10,000 messages": many,
        "20,000 parts": [{"role": "user", "content": content}],
        "messages of wrong types": [None, 1, [], {"content": {"a": 1}}, {"role": 5, "content": [[], 7, {"type": []}]}] * 50,
    }.items():
        yield Attack(name, {"model": model, "messages": messages})
    base = {"model": model, "messages": MESSAGES}
    yield Attack("10,000 tags", {**base, "tags": ["t"] * 10_000})
    yield Attack("10,000 fallbacks", {**base, "fallbacks": ["secret"] * 10_000})
    yield Attack("10,000 keys", {**base, "metadata": {f"k{number}": number for number in range(10_000)}})
    yield Attack("a tower of metadata", {**base, "metadata": nested(120)})
    yield Attack("a tower beyond JSON", b'{"model": "m", "metadata": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    yield Attack("half a body", b'{"model": "m", "messages": [')
    yield Attack("no UTF-8", b'{"model": "m\xff\xfe", "messages": []}')
    yield Attack("a number beyond floats", b'{"model": "m", "messages": [], "max_tokens": 1e999999, "n": ' + b"9" * 5000 + b"}")
    yield Attack("a key twice", b'{"model": "m", "model": "secret", "messages": [{"role": "user", "content": "x"}]}')


NO_OBJECTS = [Attack(f"the body is {text}", text.encode()) for text in ("[]", '"text"', "null", "5", '[{"model": "secret"}]')]
