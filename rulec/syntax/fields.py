"""The one table of what a rule may ask about a request: fields, their types, and the operators of each type."""

from __future__ import annotations

from typing import Literal

from rulec.records import record

FieldType = Literal["string", "header", "size", "bool", "number", "enum", "tags", "metadata", "time", "weekday"]

ENDPOINTS = (
    "chat",
    "completion",
    "embedding",
    "responses",
    "messages",
    "rerank",
    "image",
    "speech",
    "transcription",
    "moderation",
    "batch",
)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@record
class FieldKind:
    """One request field: its type, where it comes from, and whether it is never absent."""

    type: FieldType
    description: str
    always_present: bool = False


FIELDS: dict[str, FieldKind] = {
    "model": FieldKind("string", "body `model`; null and the empty text are absent"),
    "header": FieldKind("header", "`header.NAME`, a request header; names are case-insensitive"),
    "capability": FieldKind("string", "header `X-Capability` (configurable), else body `metadata.capability`"),
    "model_size": FieldKind("size", "the catalogue's size of the model, else read from its name"),
    "stream": FieldKind("bool", "whether the client asks for a stream", True),
    "tools": FieldKind("bool", "whether the body lists tools", True),
    "images": FieldKind("bool", "whether a message holds an image", True),
    "batch_size": FieldKind("number", "the number of texts or token lists in `prompt` or `input`", True),
    "max_tokens": FieldKind("number", "`max_tokens`, else `max_completion_tokens`, else `max_output_tokens`"),
    "temperature": FieldKind("number", "body `temperature`"),
    "n": FieldKind("number", "body `n`"),
    "prompt_chars": FieldKind("number", "characters of all texts of the request", True),
    "estimated_tokens": FieldKind("number", "utf-8 bytes of all texts divided by three, rounded up", True),
    "messages": FieldKind("number", "the number of messages", True),
    "complexity": FieldKind("number", "the complexity score, 0 to 100"),
    "endpoint": FieldKind("enum", "the kind of call: " + ", ".join(ENDPOINTS)),
    "user": FieldKind("string", "the user of the authenticated key"),
    "team": FieldKind("string", "the team of the authenticated key: its alias, else its id"),
    "key": FieldKind("string", "the authenticated key: its alias, else its id"),
    "tag": FieldKind("tags", "the tags of the request and the key", True),
    "metadata": FieldKind("metadata", "`metadata.NAME`, a scalar of the body's metadata"),
    "time": FieldKind("time", 'the time of day: `time in 22:00-06:00 "Europe/Berlin"`', True),
    "weekday": FieldKind("weekday", 'the day of the week: `weekday in [mon, fri] "Europe/Berlin"`', True),
}

_TEXT_OPERATORS = ("==", "!=", "in", "not in", "matches", "contains", "starts_with", "ends_with")
_ORDER_OPERATORS = ("<", "<=", ">", ">=")

OPERATORS: dict[FieldType, tuple[str, ...]] = {
    "string": _TEXT_OPERATORS,
    "header": _TEXT_OPERATORS + _ORDER_OPERATORS,
    "metadata": _TEXT_OPERATORS + _ORDER_OPERATORS,
    "size": ("==", "!=", "in", "not in", *_ORDER_OPERATORS),
    "number": ("==", "!=", "in", "not in", *_ORDER_OPERATORS),
    "bool": ("==", "!="),
    "enum": ("==", "!=", "in", "not in"),
    "tags": ("contains",),
    "time": ("in", "not in"),
    "weekday": ("in", "not in"),
}
ALL_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in", "matches", "contains", "starts_with", "ends_with")

STRIPPED_HEADERS = ("authorization", "cookie", "x-api-key", "api-key", "x-goog-api-key", "x-litellm-api-key")
"""Headers that the LiteLLM proxy removes or blanks before any hook runs (its `clean_headers`)."""

ERROR_KIND_MEANINGS = {
    "rate_limit": "the provider says that there were too many requests (429)",
    "timeout": "no answer in time",
    "connection": "the provider cannot be reached",
    "server_error": "the provider failed (500 to 599)",
    "quota": "the account has no budget or quota left",
    "auth": "the provider does not accept our key",
    "not_found": "the provider does not know the model",
    "context_window": "the request is too long for the model; only for hops that ask for it",
    "content_policy": "the provider refuses what is asked; only for hops that ask for it",
    "bad_request": "the provider calls the request wrong; only for hops that ask for it",
}
ERROR_KINDS = tuple(ERROR_KIND_MEANINGS)

STRATEGY_MEANINGS = {
    "random": "any candidate, all alike: the default",
    "round_robin": "the next candidate in turn",
    "weighted": "by the weights of the candidates: the default where there are weights",
    "least_loaded": "the candidate with the fewest requests under way",
    "usage_based": "by latency, success rate and cost",
    "fastest_response": "the candidate with the shortest time to the first token",
    "most_capacity": "the candidate with the most capacity left",
    "cheapest": "the candidate with the lowest price",
    "least_utilized": "the least utilised candidate, by an external signal",
}
STRATEGIES = tuple(STRATEGY_MEANINGS)
STRATEGY_SYNONYMS = {"load_balance": "round_robin"}

WITHOUT_DEFAULT = ("model", "messages", "fallbacks", "metadata", "api_key", "api_base")
"""Parameters of a request that `defaults` cannot fill in."""
