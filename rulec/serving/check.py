"""One request for each name that clients of a proxy see, one that streams, and one through the OpenAI SDK."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rulec.proxy import CannotServe
from rulec.secrets import mask_secrets
from rulec.serving.client import REQUEST_SECONDS, Client
from rulec.serving.sending import PATHS

MOST_ERROR_TEXT = 160
_BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Say hello."}], "max_tokens": 16},
    "embedding": {"input": ["hello"]},
    "rerank": {"query": "hello", "documents": ["good morning", "good night"]},
}
_MODES_OF_CHAT = ("chat", "completion", "responses")


@dataclass(frozen=True)
class Result:
    """What became of one request; `failed` is None where it was not sent."""

    request: str
    name: str
    status: str
    failed: bool | None
    seconds: float | None = None
    target: str = "-"
    error: str = ""


def check(client: Client) -> Iterator[Result]:
    """Every request in turn; a proxy that cannot say which names it has cannot be checked."""
    names = visible_names(client)
    modes = _modes(client)
    chats = []
    for name in names:
        mode = modes.get(name) or "chat"
        if "*" in name:
            yield Result("-", name, "skipped", None, error="a pattern, not a name")
        elif mode in _MODES_OF_CHAT:
            chats.append(name)
            yield _request(client, "chat", name)
        elif mode in _BODIES:
            yield _request(client, mode, name)
        else:
            yield Result("-", name, "skipped", None, error=f"its mode is {mode}")
    if chats:
        yield _request(client, "stream", chats[0])
        yield _through_sdk(client, chats[0])


def visible_names(client: Client) -> list[str]:
    """The names that `/v1/models` lists for the key."""
    try:
        status, _, text = client.send("GET", "/v1/models")
    except (OSError, http.client.HTTPException) as error:
        raise CannotServe(f"nobody answers at {client.url}: {error}; is the proxy running?") from error
    if status in (400, 401, 403):  # 400: LiteLLM without a database knows no key but the master key
        raise CannotServe(f"the proxy at {client.url} refuses the key ({status}); name its variable with --key-env")
    try:
        names = [str(one["id"]) for one in json.loads(text)["data"]]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotServe(f"{client.url}/v1/models answers {status} with what is no list of models") from error
    if not names:
        raise CannotServe(f"the proxy at {client.url} shows this key no name")
    return names


def _modes(client: Client) -> dict[str, str]:
    """What LiteLLM says that a name is for; nothing for a key that may not ask."""
    try:
        _, _, text = client.send("GET", "/model/info")
        return {
            one["model_name"]: str((one.get("model_info") or {}).get("mode") or "") for one in json.loads(text)["data"]
        }
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _request(client: Client, kind: str, name: str) -> Result:
    endpoint = "chat" if kind == "stream" else kind
    path, body = PATHS[endpoint], {"model": name, **_BODIES[endpoint], **({"stream": True} if kind == "stream" else {})}

    def send() -> tuple[str, str, str]:
        status, headers, text = client.send("POST", path, body)
        error = "" if status == 200 else text
        if not error and kind == "stream":
            error = _stream_error(text)
        return str(status), headers.get("x-rulec-target", "-"), error

    return _timed(kind, name, send)


def _stream_error(text: str) -> str:
    """What is wrong with a stream: it has content, no error, and says that it is over."""
    events = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    if any('"error"' in event[:20] for event in events):
        return next(event for event in events if '"error"' in event[:20])
    return "" if len(events) > 1 and events[-1] == "[DONE]" else "the stream breaks off"


def _through_sdk(client: Client, name: str) -> Result:
    try:
        from openai import OpenAI, OpenAIError
    except ImportError:
        return Result("openai SDK", name, "skipped", None, error="the package `openai` is not installed here")

    def send() -> tuple[str, str, str]:
        try:
            with OpenAI(base_url=f"{client.url}/v1", api_key=client.key, max_retries=0, timeout=REQUEST_SECONDS) as sdk:
                raw = sdk.chat.completions.with_raw_response.create(
                    model=name, messages=[{"role": "user", "content": "Say hello."}], max_tokens=16
                )
            error = "" if raw.parse().choices else "the answer has no choices"
            return str(raw.status_code), raw.headers.get("x-rulec-target", "-"), error
        except OpenAIError as error:
            return str(getattr(error, "status_code", "-")), "-", str(error)

    return _timed("openai SDK", name, send)


def _timed(kind: str, name: str, send: Callable[[], tuple[str, str, str]]) -> Result:
    began = time.monotonic()
    try:
        status, target, error = send()
    except (OSError, http.client.HTTPException) as reason:
        status, target, error = "-", "-", f"{type(reason).__name__}: {reason}"
    return Result(kind, name, status, bool(error), time.monotonic() - began, target, _short(error))


def _short(error: str) -> str:
    """The message of an error body on one line, without what looks like a secret."""
    with suppress(ValueError, KeyError, TypeError):
        error = json.loads(error)["error"]["message"]
    line = mask_secrets(" ".join(str(error).split()))
    return line if len(line) <= MOST_ERROR_TEXT else f"{line[: MOST_ERROR_TEXT - 3]}..."
