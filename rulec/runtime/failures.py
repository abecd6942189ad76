"""One table from what LiteLLM raises to the error kind that rules name."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from email.utils import mktime_tz, parsedate_tz

# Looked up along the class's own line of ancestors, so the most specific name wins: LiteLLM derives
# ContextWindowExceededError, ContentPolicyViolationError and PaymentRequiredError from BadRequestError,
# and openai derives its timeout from its connection error.
KIND_OF_EXCEPTION = {
    "RateLimitError": "rate_limit",
    "ProxyRateLimitError": "rate_limit",
    "RouterRateLimitError": "rate_limit",
    "RouterRateLimitErrorBasic": "rate_limit",
    "Timeout": "timeout",
    "APITimeoutError": "timeout",
    "TimeoutError": "timeout",
    "TimeoutException": "timeout",
    "APIConnectionError": "connection",
    "ConnectionError": "connection",
    "TransportError": "connection",
    "ClientConnectionError": "connection",
    "InternalServerError": "server_error",
    "ServiceUnavailableError": "server_error",
    "BadGatewayError": "server_error",
    "APIResponseValidationError": "server_error",
    "PaymentRequiredError": "quota",
    "BudgetExceededError": "quota",
    "AuthenticationError": "auth",
    "PermissionDeniedError": "auth",
    "NotFoundError": "not_found",
    "ContextWindowExceededError": "context_window",
    "ContentPolicyViolationError": "content_policy",
    "RejectedRequestError": "content_policy",
    "BadRequestError": "bad_request",
    "InvalidRequestError": "bad_request",
    "UnprocessableEntityError": "bad_request",
    "LiteLLMUnknownProvider": "bad_request",
}
KIND_OF_STATUS = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    408: "timeout",
    429: "rate_limit",
    504: "timeout",
}
UNKNOWN_FAILURE = "server_error"

# A provider's own word for the error, where LiteLLM's class is coarser: kind by class -> code -> kind
KINDS_OF_CODES = {
    "rate_limit": {"insufficient_quota": "quota"},
    "bad_request": {"context_length_exceeded": "context_window", "content_policy_violation": "content_policy"},
}
LONGEST_TEXT = 4000
# How LiteLLM says that its own limit of a deployment is reached: nobody asked the provider
OWN_LIMITS = (
    "Model rate limit exceeded.",
    "Deployment over user-defined ratelimit.",
    "Deployment has all max_parallel_requests slots in use.",
)
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0  # seconds of a `Retry-After` that count


def error_kind(exception: object) -> str:
    """The error kind of a failed attempt: by class, refined by status, code and cause; else `server_error`."""
    exception = getattr(exception, "original_exception", None) or exception
    status = getattr(exception, "status_code", None)
    kind = _kind_of_class(type(exception)) or kind_of_status(status)
    if kind == "bad_request":  # LiteLLM 1.100 has no class of its own for 402
        kind = KIND_OF_STATUS.get(status if isinstance(status, int) else 0, kind)
    if kind == "server_error" and any(_kind_of_class(type(cause)) == "connection" for cause in _causes(exception)):
        return "connection"  # OpenAI-type providers: a refused or dropped connection arrives as a 500
    codes = KINDS_OF_CODES.get(kind)
    if codes is None:
        return kind
    texts = [_text_of(cause) for cause in (exception, *_causes(exception))]
    return next((finer for code, finer in codes.items() if any(code in text for text in texts)), kind)


def kind_of_status(status: object) -> str:
    """The error kind of an HTTP status that no class explains."""
    if not isinstance(status, int):
        return UNKNOWN_FAILURE
    return KIND_OF_STATUS.get(status) or ("bad_request" if 400 <= status < 500 else UNKNOWN_FAILURE)


def kind_of_record(name: object, text: object) -> str:
    """The error kind from LiteLLM's own note of a failure: the name of the class, and what it said."""
    named = KIND_OF_EXCEPTION.get(str(name))
    inner = re.search(r"Original exception: (\w{1,80})", str(text)[:LONGEST_TEXT])
    return named or KIND_OF_EXCEPTION.get(inner.group(1) if inner else "") or UNKNOWN_FAILURE


def is_own_limit(text: object) -> bool:
    """Whether LiteLLM kept an attempt back by a limit of its own; a provider's words would stand behind its name."""
    return str(text)[:LONGEST_TEXT].removeprefix("litellm.RateLimitError: ").startswith(OWN_LIMITS)


def retry_after(exception: object) -> float | None:
    """For how many seconds the provider asks to be left alone: a number or a date in its header `Retry-After`."""
    for error in (exception, *_causes(exception)):
        response = getattr(error, "response", None)
        for headers in (getattr(response, "headers", None), getattr(error, "litellm_response_headers", None)):
            text = None if headers is None or not hasattr(headers, "get") else headers.get("retry-after")
            seconds = _seconds_from_now(text[:100]) if isinstance(text, str) else None
            if seconds is not None:
                return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)
    return None


def _seconds_from_now(text: str) -> float | None:
    if re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", text, re.ASCII):
        return float(text)
    try:
        date = parsedate_tz(text)
        return None if date is None else mktime_tz(date) - time.time()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _kind_of_class(kind: type) -> str | None:
    return next((KIND_OF_EXCEPTION[base.__name__] for base in kind.__mro__ if base.__name__ in KIND_OF_EXCEPTION), None)


def _causes(exception: object) -> Iterator[object]:
    for _ in range(8):
        exception = getattr(exception, "__cause__", None) or getattr(exception, "__context__", None)
        if exception is None:
            return
        yield exception


def _text_of(exception: object) -> str:
    parts = (getattr(exception, name, None) for name in ("code", "message"))
    return " ".join(part[:LONGEST_TEXT] for part in parts if isinstance(part, str))
