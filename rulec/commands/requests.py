"""A request as people describe it (options of explain, cases, JSON lines, curl) to body, headers and caller."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from rulec.diagnostics import suggest
from rulec.records import field, record
from rulec.syntax.fields import ENDPOINTS, STRIPPED_HEADERS

KEYS = (
    "model",
    "headers",
    "header",
    "stream",
    "capability",
    "body",
    "metadata",
    "endpoint",
    "key",
    "team",
    "user",
    "tag",
    "at",
    "unavailable",
)


class BadRequest(Exception):
    """The description of a request is wrong; the message says how."""


@record(frozen=False)
class Described:
    """A request for `decide`: the parsed body, headers with lower-case names, and what is known of the caller."""

    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    caller: dict[str, Any] = field(default_factory=dict)


def describe(options: Mapping[str, Any], capability_header: str) -> Described:
    """The request that the option names describe; raises BadRequest for what is no such description."""
    for name in options:
        if name not in KEYS:
            raise BadRequest(f"`{name}` is no part of a request ({suggest(name, KEYS, 'key')})")
    body = options.get("body")
    if body is not None and not isinstance(body, dict):
        raise BadRequest("`body` is a JSON object")
    described = Described(dict(body or {}))
    if options.get("model") is not None:
        described.body["model"] = _text(options, "model")
    if options.get("stream") is not None:
        if not isinstance(options["stream"], bool):
            raise BadRequest("`stream` is true or false")
        described.body["stream"] = options["stream"]
    for source in ("header", "headers"):
        _add_headers(described, options.get(source), source)
    if options.get("capability") is not None:
        described.headers[capability_header] = _text(options, "capability")
    _add_metadata(described, options.get("metadata"))
    _add_caller(described, options)
    return described


def _text(options: Mapping[str, Any], name: str) -> str:
    value = options[name]
    if not isinstance(value, str):
        raise BadRequest(f"`{name}` is a text")
    return value


def _add_headers(described: Described, value: Any, name: str) -> None:
    if value is None:
        return
    pairs = list(value.items()) if isinstance(value, Mapping) else value
    if not isinstance(pairs, list):
        raise BadRequest(f"`{name}` is a mapping of names to values, or a list of pairs")
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise BadRequest(f"`{name}` is a mapping of names to values, or a list of pairs")
        text = pair[1]
        if not isinstance(text, str):
            import json

            if isinstance(text, (dict, list, bool)) or text is None:
                raise BadRequest(f"the header `{pair[0]}` is a text")
            text = json.dumps(text)
        if pair[0].lower() not in STRIPPED_HEADERS:  # the proxy strips them, so no rule ever sees them
            described.headers[pair[0].lower()] = text


def _add_metadata(described: Described, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise BadRequest("`metadata` is a mapping of names to values")
    present = described.body.get("metadata")
    described.body["metadata"] = {**(present if isinstance(present, dict) else {}), **value}


def _add_caller(described: Described, options: Mapping[str, Any]) -> None:
    for name in ("key", "team", "user", "endpoint"):
        if options.get(name) is not None:
            described.caller[name] = _text(options, name)
    endpoint = described.caller.get("endpoint")
    if endpoint is not None and endpoint not in ENDPOINTS:
        raise BadRequest(f"`{endpoint}` is no endpoint ({suggest(endpoint, ENDPOINTS, 'endpoint')})")
    for name, target in (("tag", "tags"), ("unavailable", "unavailable")):
        value = options.get(name)
        if value is not None:
            listed = [value] if isinstance(value, str) else value
            if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
                raise BadRequest(f"`{name}` is a list of texts")
            described.caller[target] = listed
    if options.get("at") is not None:
        from datetime import datetime

        at = _text(options, "at")
        try:
            datetime.fromisoformat(at.replace("Z", "+00:00"))
        except ValueError:
            raise BadRequest(f"`{at}` is no time: write it as 2026-06-15T22:30+02:00") from None
        described.caller["now"] = at


_ENDPOINT_OF_PATH = {
    "chat/completions": "chat",
    "completions": "completion",
    "embeddings": "embedding",
    "responses": "responses",
    "messages": "messages",
    "rerank": "rerank",
    "images/generations": "image",
    "images/edits": "image",
    "audio/speech": "speech",
    "audio/transcriptions": "transcription",
    "moderations": "moderation",
    "batches": "batch",
}
_CURL_VALUES = {"-X", "--request", "-o", "--output", "-u", "--user", "-A", "--user-agent", "-e", "--referer", "-m"}
_CURL_VALUES |= {"--max-time", "--connect-timeout", "--retry", "-x", "--proxy", "-b", "--cookie", "-c", "--cookie-jar"}
_CURL_VALUES |= {"-F", "--form", "-w", "--write-out", "--cacert", "--cert", "--resolve", "-T", "--upload-file"}
_CURL_DATA = frozenset(["-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"])


def from_curl(command: str) -> dict[str, Any]:
    """The request options of a curl command; raises BadRequest where it cannot be read."""
    import json
    import shlex

    try:
        words = shlex.split(command.replace("\\\r\n", " ").replace("\\\n", " "), comments=False)
    except ValueError:
        raise BadRequest("the curl command has a quote that is never closed") from None
    if words and words[0] == "$":
        words = words[1:]
    if not words or os.path.basename(words[0]) != "curl":
        raise BadRequest("this is no curl command: it begins with `curl`")
    headers: list[list[str]] = []
    data: list[str] = []
    urls: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        name, equals, attached = word.partition("=") if word.startswith("--") else (word, "", "")
        if word.startswith("-") and not word.startswith("--") and len(word) > 2 and word[:2] in ("-H", "-d", "-X"):
            name, equals, attached = word[:2], "=", word[2:]
        if name in ("-H", "--header"):
            key, _, value = (attached if equals else next(rest, "")).partition(":")
            if key.strip().lower() not in STRIPPED_HEADERS:
                headers.append([key.strip(), value.strip()])
        elif name in _CURL_DATA:
            data.append(_curl_data(attached if equals else next(rest, ""), name))
        elif name == "--url":
            urls.append(attached if equals else next(rest, ""))
        elif name in _CURL_VALUES:
            if not equals:
                next(rest, "")
        elif not word.startswith("-"):
            urls.append(word)
    options: dict[str, Any] = {"headers": headers}
    if data:
        try:
            options["body"] = json.loads("&".join(data))
        except (ValueError, RecursionError):
            raise BadRequest("the data of the curl command is no JSON") from None
    endpoint = _endpoint(urls[0]) if urls else None
    if endpoint is not None:
        options["endpoint"] = endpoint
    return options


def _curl_data(value: str, option: str) -> str:
    if not value.startswith("@") or option == "--data-raw":
        return value
    try:
        with open(value[1:], encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        raise BadRequest(f"the data file `{value[1:]}` cannot be read") from None


def _endpoint(url: str) -> str | None:
    path = url.split("://", 1)[-1].partition("/")[2].split("?")[0].strip("/")
    path = path.removeprefix("v1/").removeprefix("openai/v1/")
    return _ENDPOINT_OF_PATH.get(path)
