"""What a proxied request tells: body and headers as the client sent them, who asks, and by which endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

# LiteLLM names its calls irregularly; these are the ones with a model. Any other is routed without an endpoint.
ENDPOINT_OF_CALL = {
    "completion": "chat",
    "acompletion": "chat",
    "text_completion": "completion",
    "atext_completion": "completion",
    "embedding": "embedding",
    "embeddings": "embedding",
    "aembedding": "embedding",
    "responses": "responses",
    "aresponses": "responses",
    "anthropic_messages": "messages",
    "rerank": "rerank",
    "arerank": "rerank",
    "image_generation": "image",
    "aimage_generation": "image",
    "image_edit": "image",
    "aimage_edit": "image",
    "speech": "speech",
    "aspeech": "speech",
    "audio_speech": "speech",
    "transcription": "transcription",
    "atranscription": "transcription",
    "audio_transcription": "transcription",
    "moderation": "moderation",
    "amoderation": "moderation",
    "create_batch": "batch",
    "acreate_batch": "batch",
}


BUCKETS = ("litellm_metadata", "metadata")  # where LiteLLM keeps what belongs to a request; which one, is its choice


def buckets_of(data: Any) -> list[dict[str, Any]]:
    """What LiteLLM keeps of a request."""
    return [bucket for name in BUCKETS if isinstance(bucket := data.get(name), dict)]


def sent_by_client(data: dict[str, Any], buckets: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """Body and headers as they arrived, without what LiteLLM adds."""
    sent = data.get("proxy_server_request")
    body, headers = (sent.get("body"), sent.get("headers")) if isinstance(sent, dict) else (None, None)
    if not isinstance(body, dict):
        body = data
    own = client_metadata(buckets)
    return (body if own is None else {**body, "metadata": own}), (headers if hasattr(headers, "get") else {})


def client_metadata(buckets: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The body's metadata before LiteLLM mixed other things into it; None where it kept no copy."""
    for bucket in buckets:
        kept = bucket.get("requester_metadata")
        if isinstance(kept, dict):
            return kept
    return None




def named_by_url(data: dict[str, Any], body: dict[str, Any], model: str) -> bool:
    """Whether the model comes from the path or query, where LiteLLM takes it from but does not check the key's rights."""
    sent = data.get("proxy_server_request")
    url = sent.get("url") if isinstance(sent, dict) else None
    return body.get("model") != model and isinstance(url, str) and model in unquote_plus(url)


def caller_of(auth: Any, buckets: Iterable[dict[str, Any]], endpoint: str | None) -> dict[str, Any]:
    """Who asks, from the authenticated key: aliases before ids, never the key or its hash."""
    user = getattr(auth, "user_id", None)
    return {
        "key": getattr(auth, "key_alias", None) or user,
        "team": getattr(auth, "team_alias", None) or getattr(auth, "team_id", None),
        "user": user,
        "tags": tags_of(buckets),
        "endpoint": endpoint,
    }


def tags_of(buckets: Iterable[dict[str, Any]]) -> list[str]:
    """The tags that LiteLLM gathered from request and key."""
    found: list[str] = []
    for bucket in buckets:
        tags = bucket.get("tags")
        if tags and isinstance(tags, list):
            found += [tag for tag in tags if isinstance(tag, str)]
    return found


def sticky_identity(sticky: str | None, caller: dict[str, Any], body: dict[str, Any], headers: Any) -> str | None:
    """What a sticky strategy hashes: the user, the key, or the session that the client names."""
    if sticky != "session":
        return caller.get(sticky) if sticky else None
    metadata = body.get("metadata")
    named = (
        headers.get("x-litellm-session-id"),
        headers.get("x-session-id"),
        body.get("litellm_session_id"),
        metadata.get("session_id") if isinstance(metadata, dict) else None,
    )
    return next((name for name in named if isinstance(name, str) and name), None)


CACHE_WISHES = ("no-cache", "no-store", "s-maxage", "s-max-age")
CACHE_PLACES = ("cache_key", "caching_groups", "redis_namespace")  # by which a client could write where others read


def limit_cache_wishes(data: dict[str, Any]) -> None:
    """Let a client ask LiteLLM's cache for less than the rules do, never for more or for a place of its choice."""
    for place in (data, data.get("metadata"), data.get("litellm_metadata")):
        if isinstance(place, dict):
            for key in CACHE_PLACES:
                place.pop(key, None)
    sent = data.pop("cache", None)
    if isinstance(sent, dict):
        data["cache"] = {key: sent[key] for key in CACHE_WISHES if key in sent}


def may_be_kept(auth: Any) -> bool:
    """Whether LiteLLM would let this key ask for what the rules ask its cache."""
    allowed = getattr(auth, "allowed_cache_controls", None)
    return not allowed or ("use-cache" in allowed and "ttl" in allowed)


# What a client may bring of its own: a request can fail for it, which says nothing about the provider.
OWN_TERMS = frozenset((
    "timeout", "request_timeout", "stream_timeout", "api_key", "organization", "extra_headers", "headers"
))  # fmt: skip
OWN_HEADERS = ("x-litellm-timeout", "x-litellm-stream-timeout")
KINDS_OF_OWN_TERMS = frozenset(("timeout", "rate_limit", "quota", "auth"))
NO_KINDS: frozenset[str] = frozenset()


def kinds_of_own_terms(body: dict[str, Any], headers: Any) -> frozenset[str]:
    """The kinds of errors of which the client may be the cause, since it brings a time-out, key or header for the provider."""
    if OWN_TERMS.isdisjoint(body) and headers.get(OWN_HEADERS[0]) is None and headers.get(OWN_HEADERS[1]) is None:
        return NO_KINDS
    return KINDS_OF_OWN_TERMS


# Endpoints that generate text take request defaults; a parameter may have another name there.
NAMES_OF_DEFAULTS: dict[str, dict[str, str]] = {
    "chat": {},
    "completion": {},
    "messages": {},
    "responses": {"max_tokens": "max_output_tokens"},
}
NAMES_OF_MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def fill_in(data: dict[str, Any], defaults: dict[str, Any], endpoint: str | None) -> None:
    """Set the request parameters that the rules give and the client does not."""
    names = NAMES_OF_DEFAULTS.get(endpoint or "")
    if names is None:
        return
    for parameter, value in defaults.items():
        for spelling in NAMES_OF_MAX_TOKENS if parameter in NAMES_OF_MAX_TOKENS else (parameter,):
            if data.get(spelling) is not None:
                break
        else:
            data[names.get(parameter, parameter)] = value


def printable(value: object) -> str:
    """A client's text as it may stand in a log line or header: short, ASCII, without control characters."""
    text = "none" if value is None else str(value)[:200]
    return text if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode("ascii")
