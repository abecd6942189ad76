"""Texts of the DSL as YAML scalars: plain where every reader of YAML takes them for the same text, else in quotes."""

from __future__ import annotations

import re

from rulec.syntax.dsl.scalars import ConditionText
from rulec.syntax.formatter.dsl_words import condition
from rulec.syntax.formatter.scalars import quoted
from rulec.syntax.nodes import Mapping, Node, Scalar, core_value

_PLAIN = re.compile(r"[A-Za-z0-9_/(][^\n]*\Z")
_PLAIN_IN_BRACKETS = re.compile(r"[^:,\[\]{}]*\Z")
_LIKE_A_PATTERN = re.compile(r'[\\"^*]')
_LIKE_A_TEXT = re.compile(r"[:\\^$*{}\[\]]")
"""What is clearer in quotes: names with a colon, patterns, templates."""
_NO_TEXT_EVERYWHERE = re.compile(r"(?:y|n|yes|no|on|off)\Z|[0-9][0-9_:.,-]*\Z", re.IGNORECASE)
"""Words that YAML 1.1 takes for booleans, dates or numbers in base 60."""


def scalar(node: Scalar, in_brackets: bool) -> str:
    """A value as it stands in YAML, inside brackets or not."""
    if isinstance(node, ConditionText):
        said = condition(node)
        return said if is_plain(said, in_brackets) else text(said, in_brackets)
    return node.text if node.plain else text(node.text, in_brackets)


def text(value: str, in_brackets: bool) -> str:
    """A text: plain, in double quotes, or where it has backslashes or double quotes in single ones."""
    if is_plain(value, in_brackets) and not _LIKE_A_TEXT.search(value):
        return value
    if _LIKE_A_PATTERN.search(value) and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return quoted(value)


def is_plain(value: str, in_brackets: bool) -> bool:
    if not _PLAIN.match(value) or not value.isprintable() or value[-1] in " :":
        return False
    if ": " in value or " #" in value:
        return False
    if in_brackets and not _PLAIN_IN_BRACKETS.match(value):
        return False
    return isinstance(core_value(value), str) and not _NO_TEXT_EVERYWHERE.match(value)


def key(node: Scalar) -> str:
    """A key of a mapping."""
    return node.text if is_plain(node.text, in_brackets=True) and not _LIKE_A_TEXT.search(node.text) else quoted(node.text)


def inline(node: Node, in_brackets: bool = False) -> str:
    """A value on one line."""
    if isinstance(node, Scalar):
        return scalar(node, in_brackets)
    if isinstance(node, Mapping):
        return "{" + ", ".join(f"{key(name)}: {inline(value, True)}" for name, value in node.pairs) + "}"
    return "[" + ", ".join(inline(one, True) for one in node.items) + "]"
