"""Secrets: what looks like one is refused in rules, and never shown, whatever is told about the line it stands in."""

from __future__ import annotations

import re
from functools import cache

_SECRET_WORD = r"(?:[A-Za-z0-9]+[_-])*(?:[A-Za-z0-9]+[_-]key|apikey|token|secret|password|passwd|credentials?)"
_SECRET_KEY = r"(?i:" + _SECRET_WORD + r"|(?:proxy-)?authorization)\Z"
_HARMLESS = frozenset(("none", "null", "empty", "dummy", "not-needed", "no-key", "ollama", "fake", "", "true", "false"))
_SECRET_VALUE = (
    r"(?:\b(?:sk|pk|rk|gsk|xai|hf|ghp)[-_]|\bAKIA|\bAIza)[A-Za-z0-9_-]{16,}|(?<=Bearer )\S{8,}|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
_ASSIGNED = (
    r"(?i)(?<![A-Za-z0-9_-])(?P<key>"
    + _SECRET_WORD
    + r")[\"']?\s*(?::|=(?!=))\s*(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s\"',}\]]+)"
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first used: a quick command never asks."""
    return re.compile(pattern)


def looks_secret(key: str, value: str) -> bool:
    """Whether the value of a setting is a secret written out: by its key's name, or by its shape."""
    if _compiled(_SECRET_VALUE).search(value):
        return True
    return _compiled(_SECRET_KEY).match(key) is not None and not _is_harmless(value)


def mask_secrets(text: str) -> str:
    """The text with everything that looks like a secret as stars, of the same length so that carets still fit."""
    for found in _compiled(_ASSIGNED).finditer(text):
        if not _is_harmless(found.group("value")):
            start, end = found.span("value")
            text = text[:start] + "*" * (end - start) + text[end:]
    return _compiled(_SECRET_VALUE).sub(lambda found: "*" * len(found.group()), text)


def _is_harmless(value: str) -> bool:
    bare = value.strip("\"'")
    return bare.lower() in _HARMLESS or bare.startswith(("os.environ/", "${"))
