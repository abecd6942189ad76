"""One request of a log: what rules can see of it, and what the log does not tell."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from rulec.commands.requests import KEYS
from rulec.records import record
from rulec.runtime.caller import ENDPOINT_OF_CALL

ALL = frozenset(("headers", "x-headers", "metadata", "parameters", "text", "caller"))
"""What a log may tell: all headers, those that begin with `x-`, the client's metadata, parameters, texts, who asks."""
_PARAMETERS = ("temperature", "max_tokens", "max_completion_tokens", "max_output_tokens", "n", "stream", "tools")


class NotARequest(Exception):
    """What is wrong with an object of a log."""


@record
class Logged:
    """A request by the names of explain's options, what is known of it, and how often it was sent."""

    options: dict[str, Any]
    known: frozenset[str]
    count: int = 1


def request_of(row: Any, count: int = 1) -> Logged:
    """The request that an object of a log is; raises NotARequest."""
    if not isinstance(row, dict):
        raise NotARequest("a request is a JSON object")
    payload = row.get("standard_logging_object")
    if isinstance(payload, dict):
        row = payload
    if "call_type" in row and "model_group" in row and "model_parameters" in row:
        return _standard(row, count)
    if "model_group" in row and ("spend" in row or "request_id" in row or "call_type" in row):
        return _spend(row, count)
    unknown = [key for key in row if key not in KEYS]
    if unknown:
        raise NotARequest(f"`{str(unknown[0])[:80]}` is no part of a request, and this is no log of LiteLLM that is known")
    return Logged(row, ALL, count)


def _standard(row: dict[str, Any], count: int) -> Logged:
    """A standard logging payload: it has the headers that begin with `x-`, and messages unless they were left out."""
    metadata = _object(row.get("metadata"))
    body: dict[str, Any] = {}
    known = {"parameters", "caller"}
    messages = _parsed(row.get("messages"))
    if isinstance(messages, list) and not _is_redacted(messages):
        body["messages"] = messages
        known.add("text")
    parameters = _object(row.get("model_parameters"))
    body.update({key: parameters[key] for key in _PARAMETERS if key in parameters})
    if isinstance(row.get("stream"), bool):
        body["stream"] = row["stream"]
    headers = metadata.get("requester_custom_headers")
    if isinstance(headers, dict):
        known.add("x-headers")
    sent = metadata.get("requester_metadata")
    if isinstance(sent, dict):
        body["metadata"] = sent
        known.add("metadata")
    return _described(row, metadata, body, known, headers if isinstance(headers, dict) else {}, count)


def _spend(row: dict[str, Any], count: int) -> Logged:
    """A row of LiteLLM_SpendLogs: it has no headers, and a body only where the proxy stores prompts."""
    metadata = _object(row.get("metadata"))
    sent = _object(row.get("proxy_server_request"))
    body = dict(_object(sent["body"]) if "body" in sent else sent)
    known = {"caller"}
    if body:
        known |= {"metadata", "parameters"}
        texts = [body.get(key) for key in ("messages", "input", "prompt") if key in body]
        known |= {"text"} if not any(map(_is_redacted, texts)) else set()
    return _described(row, metadata, body, known, {}, count)


def _described(
    row: dict[str, Any],
    metadata: dict[str, Any],
    body: dict[str, Any],
    known: set[str],
    headers: dict[Any, Any],
    count: int,
) -> Logged:
    model = body.get("model") or metadata.get("original_model_group") or row.get("model_group") or row.get("model")
    user = _text(metadata.get("user_api_key_user_id")) or _text(row.get("user"))
    found = {
        "model": _text(model),
        "endpoint": ENDPOINT_OF_CALL.get(str(row.get("call_type"))),
        "user": user,
        "key": _text(metadata.get("user_api_key_alias")) or user,
        "team": _text(metadata.get("user_api_key_team_alias"))
        or _text(metadata.get("user_api_key_team_id"))
        or _text(row.get("team_id")),
        "at": _moment(row.get("startTime")),
    }
    options: dict[str, Any] = {key: value for key, value in found.items() if value is not None}
    tags = _parsed(row.get("request_tags"))
    if isinstance(tags, list):
        options["tag"] = [one for one in tags if isinstance(one, str)]
    if headers:
        options["headers"] = {key: value for key, value in headers.items() if isinstance(key, str) and isinstance(value, str)}
    return Logged({**options, **({"body": body} if body else {})}, frozenset(known), count)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _parsed(value: Any) -> Any:
    """A value that some exports hold as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _object(value: Any) -> dict[str, Any]:
    found = _parsed(value)
    return found if isinstance(found, dict) else {}


def _is_redacted(texts: Any) -> bool:
    """Whether LiteLLM wrote a stand-in where the texts were."""
    return "redacted-by-litellm" in json.dumps(texts)[:10_000]


def _moment(value: Any) -> str | None:
    """A time as `--at` takes it; what has no zone is UTC."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, timezone.utc).isoformat()
        except (OverflowError, ValueError, OSError):
            return None
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00").replace(" ", "T", 1)).isoformat()
    except ValueError:
        return None
