"""The words of the DSL: names, texts, patterns and plain values as they are written there."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from math import isfinite

from rulec.diagnostics import Diagnostic, Rejected
from rulec.syntax.condition_tokens import tokens_of
from rulec.syntax.dsl.scalars import percentage
from rulec.syntax.dsl.tables import KEYWORDS
from rulec.syntax.nodes import Scalar, core_value

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*\Z")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z")
_EXTENSION = re.compile(r"x-[A-Za-z0-9_.-]*[A-Za-z0-9_]\Z")
_SIZE = re.compile(r"[0-9]+(?:\.[0-9]+)?[bBmM]\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}\Z")
_PATTERN = re.compile(r"(?:\\[^/\n]|[^\\\n])+\Z")
_SLASH = re.compile(r"\\.|/")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def cannot_say(what: str, node: Scalar, help: str | None = None) -> Rejected:
    """What to raise where the DSL has no words for something."""
    return Rejected(Diagnostic("not-in-the-dsl", "error", f"{what} cannot be written in the DSL", node.span, help))


def text(value: str) -> str:
    """A text in double quotes."""
    return '"' + "".join(_character(one) for one in value) + '"'


def _character(one: str) -> str:
    escape = _ESCAPES.get(one)
    if escape is not None:
        return escape
    return one if one.isprintable() else f"\\u{{{ord(one):x}}}"


def name(node: Scalar) -> str:
    """A name: bare where it can be; what is nothing stays nothing."""
    if node.value is None:
        return "null"
    is_bare = _WORD.match(node.text) and node.text not in KEYWORDS and (node.plain or _is_text(node.text))
    return node.text if is_bare else text(node.text)


def provider(node: Scalar) -> str:
    """A provider in a target, where a text in quotes would be a model."""
    written = name(node)
    return f"provider {written}" if written.startswith('"') else written


def key(value: str) -> str:
    """The key of a block."""
    return value if _WORD.match(value) and value != "served" else text(value)


def pattern(node: Scalar) -> str:
    """A regular expression: between slashes where that can say it."""
    value = node.text
    if node.value is None:
        return "null"
    if not _PATTERN.match(value) or not value.isprintable():
        return text(value)
    return "/" + _SLASH.sub(lambda found: "\\/" if found.group() == "/" else found.group(), value) + "/"


def bare_or_text(node: Scalar) -> str:
    """A word, size or date as it stands where it should be a text; any other text in quotes."""
    if not isinstance(node.value, str):
        return scalar(node)
    return node.text if _is_bare_text(node.text) and _is_text(node.text) else text(node.text)


def _is_text(value: str) -> bool:
    """Whether this is a text also without quotes: neither null nor a boolean nor a number."""
    return isinstance(core_value(value), str)


def _is_bare_text(value: str) -> bool:
    return value != "env" and bool(_WORD.match(value) or _SIZE.match(value) or _DATE.match(value))


def scalar(node: Scalar) -> str:
    """A value that may be anything: its type stays."""
    found = _REFERENCE.match(node.text)
    if found is not None and node.text.isprintable():
        return f"env({text(found[1])}" + (")" if found[2] is None else f", {text(found[2])})")
    if not node.plain:
        return text(node.text)
    value = core_value(node.text)
    if isinstance(value, str):
        return value if _is_bare_text(value) else text(value)
    if value is None:
        return "null"
    if _NUMBER.match(node.text) or isinstance(value, bool):
        return node.text
    if isinstance(value, float) and not isfinite(value):
        raise cannot_say(f"the number `{node.text}`", node)
    return repr(value)


def bound(node: Scalar) -> str:
    """The value of a filter, `13B` or `8192`."""
    return node.text if _SIZE.match(node.text) or _NUMBER.match(node.text) else text(node.text)


def is_extension(value: str) -> bool:
    """Whether a section of the user's own can have this name."""
    return bool(_EXTENSION.match(value))


def weight(node: Scalar) -> str:
    """A weight as a percentage, where that is the same number; else as it is written."""
    try:
        written = format((Decimal(node.text) * 100).normalize(), "f") + "%"
    except InvalidOperation:
        return scalar(node)
    same = core_value(percentage(written)) if written[0].isdigit() else None
    return written if repr(same) == repr(node.value) and node.value <= 1 else scalar(node)


def condition(node: Scalar) -> str:
    """A condition with its tokens as they are and the space between them as it should be."""
    written: list[str] = []
    before = ""
    for kind, token in tokens_of(node.text):
        if kind == "string" and ("\n" in token or "\r" in token):
            raise cannot_say("a line break in a condition's text", node, "write `matches` with a pattern that has `\\n`")
        tight = before in ("(", "[") or token in (")", "]", ",") or "-" in (before, token)
        call = token == "(" and before in ("present", "unavailable")
        written.append(token if not written or tight or call else f" {token}")
        before = token
    return "".join(written)
