"""Secrets: what looks like one is refused in rules, and never shown, whatever is told about the line it stands in."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_SECRET_WORD = r"(?:[A-Za-z0-9]+[_-])*(?:[A-Za-z0-9]+[_-]key|apikey|token|secret|password|passwd|credentials?)"
_SECRET_KEY = r"(?i:" + _SECRET_WORD + r"|(?:proxy-)?authorization)\Z"
_HARMLESS = frozenset(("none", "null", "empty", "dummy", "not-needed", "no-key", "ollama", "fake", "", "true", "false"))
_SECRET_VALUE = r"(?:\b(?:sk|pk|rk|gsk|xai|hf|ghp)[-_]|\bAKIA|\bAIza)[A-Za-z0-9_-]{16,}|(?<=Bearer )\S{8,}|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
_IN_ADDRESS = r"(?i)[?&](?:" + _SECRET_WORD + r"|key|code|sig|signature)=(?P<value>[^&#\s\"'}]+)"
_ASSIGNED = (
    r"(?i)(?<![A-Za-z0-9_-])(?P<key>"
    + _SECRET_WORD
    + r")[\"']?\s*(?::|=(?!=))\s*(?P<value>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^\s\"',}\]]+)"
)

_CERTAIN_WORD = (
    r"(?:[A-Za-z0-9]+[_-])*(?:(?:api|master|access|secret|private|salt|signing|encryption|auth|subscription|license)[_-]?key"
    r"|token|secret|password|passwd|credentials?)"
)
_CERTAIN_ENDS = ("key", "token", "secret", "password", "passwd", "credential", "credentials")
_KEY_IN_LINE = r"(?i)(?:(?<=[\s{,\"'])|^)" + _CERTAIN_WORD + r"[\"']?(?:\s*:\s|\s+(?=[\"'\w\[{$]))(?!in\b|not\b|matches\b|contains\b)"
# References, harmless words and the signs of both surfaces may be shown, any other word may not.
_SHOWN_OR_WORD = (
    r"(?i)\$\{\w*(?::-(?:none|dummy|empty)?)?\}|os\.environ/\w+|env\(\s*\"\w*\"\s*\)|env\(\s*\"\w*\"\s*,\s*\"(?:none|dummy|empty)\"\s*\)"
    r"|\b(?:"
    + "|".join(one for one in sorted(_HARMLESS) if one)
    + r")\b|[\s{}\[\](),:=\"'#*-]+|(?P<word>[^\s{}\[\](),\"']+)"
)
_LONG_WORD = r"[A-Za-z0-9_-]{18,}"
_TELLING = (
    r"\b(?:sk|pk|rk|hf|gsk|r8|xai|pplx|nvapi|tvly|glpat|gh[opsu]|github_pat|xox[abeoprs])[-_](?P<token>[A-Za-z0-9_-]{16,})"
    r"|\b(?:A[KS]IA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,})"
)
"""What is a secret by its shape, also in prose. Names of models may begin like one, so a token must look random, too."""
_IN_PROSE = (
    r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}[.A-Za-z0-9_-]*",
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    r"Bearer (?P<token>[A-Za-z0-9._~+/-]{8,})",
    r"://[^/\s:@{}<>'\"]*:(?P<password>[^/\s@{}<>*'\"]+)(?=@)",
)
_TOLD = r"[\"'`]?\s*(?::|={1,2})\s*[\"'`]?(?P<value>(?![a-z]+://)[^\s\"'`,;(){}\[\]<>$]{8,})"
_TELLING_WORDS = ("key", "token", "secret", "passwo?r?d", "credentials?")
_RUN = r"[A-Za-z0-9]{8,}"
_NAME = r"[A-Z][A-Z0-9_]*|.*os\.environ.*"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when first used: a quick command never asks."""
    return re.compile(pattern)


def looks_secret(key: str, value: str) -> bool:
    """Whether the value of a setting is a secret written out: by its key's name, or by its shape."""
    if _compiled(_SECRET_VALUE).search(value) or _in_address(value):
        return True
    return _compiled(_SECRET_KEY).match(key) is not None and not _is_harmless(value)


def holds_secrets(key: str) -> bool:
    """Whether all that stands under this key is hidden, as no other meaning of its name is likely."""
    if not key.casefold().endswith(_CERTAIN_ENDS):
        return False
    return _compiled(r"(?i)" + _CERTAIN_WORD + r"\Z").match(key) is not None


def written_secrets(text: str) -> list[tuple[int, int]]:
    """Where in a text secrets stand that nobody declares as such: in comments, descriptions, names and conditions."""
    found = [one.span("value") for one in _in_address(text)]
    for word in _compiled(_LONG_WORD).finditer(text):
        found += [one.span() for one in _compiled(_TELLING).finditer(text, *word.span()) if _is_telling(one)]
    for pattern in _IN_PROSE:  # one by one: each begins with letters that are found at once
        found += [one.span() for one in _compiled(pattern).finditer(text) if _is_telling(one)]
    lower = text.lower()
    for key in _TELLING_WORDS if len(lower) == len(text) else ():
        spans = [one.span("value") for one in _compiled(key + _TOLD).finditer(lower)]
        found += [(start, end) for start, end in spans if _is_random(text[start:end], 8)]
    alone: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if not alone or start >= alone[-1][1]:
            alone.append((start, end))
    return alone


def _is_telling(found: re.Match[str]) -> bool:
    token = found.groupdict().get("token")
    return token is None or _is_random(token, 12) or found.group().startswith("sk") and _is_random(token, 8, digits=True)


def _is_random(word: str, least: int, digits: bool = False) -> bool:
    """Whether no word and no name looks like this: a long run of letters and digits (or `digits`), or a very long one."""
    if _compiled(_NAME).fullmatch(word) or _is_harmless(word):
        return False
    for run in _compiled(_RUN).findall(word):
        mixed = not run.isalpha() and (digits or not run.isdigit())
        if len(set(run)) > 3 and (len(run) >= least and mixed or len(run) >= 20):
            return True
    return False


def mask_secrets(text: str) -> str:
    """The text with everything that looks like a secret as stars, of the same length so that carets still fit."""
    assigned = [found for found in _compiled(_ASSIGNED).finditer(text) if not _is_harmless(found.group("value"))]
    for start, end in [*(found.span("value") for found in assigned), *written_secrets(text)]:
        text = text[:start] + "*" * (end - start) + text[end:]
    return _compiled(_SECRET_VALUE).sub(lambda found: "*" * len(found.group()), text)


def mask_values(value: Any, key: str = "") -> Any:
    """Plain data in which texts that look like secrets, also by the key they stand under, are stars."""
    if isinstance(value, dict):
        return {name: mask_values(one, str(name)) for name, one in value.items()}
    if isinstance(value, list):
        return [mask_values(one, key) for one in value]
    secret = isinstance(value, str) and written_secrets(f"{key}: {value}")
    return "*" * len(value) if secret else value


def hidden_in_line(line: str) -> list[tuple[int, int]]:
    """What must not be shown of a line of rules, as ranges: all that stands behind a key for secrets, but references.

    A line may be broken, so nobody can say where a value ends: everything to the end of the line is hidden.
    """
    found = _compiled(_KEY_IN_LINE).search(line)
    if found is None:
        return []
    return [one.span() for one in _compiled(_SHOWN_OR_WORD).finditer(line, found.end()) if one.lastgroup == "word"]


def mask_line(line: str) -> str:
    """A line of rules as it may be shown, of the same length."""
    for start, end in hidden_in_line(line):
        line = line[:start] + "*" * (end - start) + line[end:]
    return mask_secrets(line)


def _in_address(text: str) -> list[re.Match[str]]:
    """The secrets in the query of an address."""
    return [found for found in _compiled(_IN_ADDRESS).finditer(text) if not _is_harmless(found.group("value"))]


def _is_harmless(value: str) -> bool:
    bare = value.strip("\"'")
    return bare.lower() in _HARMLESS or bare.startswith(("os.environ/", "${"))
