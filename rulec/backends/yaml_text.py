"""Plain data as YAML in block style, many times as fast as PyYAML writes it; texts that are not plain it leaves to PyYAML."""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import Any

import yaml

_PLAIN = re.compile(
    r"(?!(?i:true|false|yes|no|on|off|y|n|null)\Z)[A-Za-z][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*"
).fullmatch
"""Texts that YAML reads as themselves."""
_LONGEST_KEY = 100
_UNFOLDED = 1 << 30


def to_yaml(value: Any) -> str:
    """Mappings, lists, texts, numbers, bools and None as a YAML document that reads back equal."""
    return block(value) if _is_block(value) else _line(value)


def block(value: Any, indent: int = 0) -> str:
    """The lines of a mapping or list, so far from the left; none where it is empty."""
    margin = " " * indent
    if isinstance(value, dict):
        return "".join([f"{_key(key, margin)}{_behind(one, indent)}" for key, one in value.items()])
    inner = indent + 2
    return "".join([f"{margin}- {block(one, inner)[inner:] if _is_block(one) else _line(one)}" for one in value])


def _is_block(value: Any) -> bool:
    return bool(value) and isinstance(value, (dict, list, tuple))


def _behind(value: Any, indent: int) -> str:
    """What stands behind a key."""
    if not _is_block(value):
        return f" {_line(value)}"
    return f"\n{block(value, indent + 2 if isinstance(value, dict) else indent)}"


def _line(value: Any) -> str:
    return f"{scalar(value)}\n"


@lru_cache(maxsize=1024, typed=True)
def _key(key: Any, margin: str) -> str:
    written = scalar(key)
    return f"{margin}{written}:" if len(written) < _LONGEST_KEY else f"{margin}? {written}\n{margin}:"


def scalar(value: Any) -> str:
    """A text, number, bool or None on one line, and a collection that is empty."""
    kind = type(value)
    if kind is str:
        return value if _PLAIN(value) else _quoted(value)
    if value is None or kind is bool:
        return "null" if value is None else "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float and isfinite(value):
        written = repr(value)
        return written if "." in written else written.replace("e", ".0e")
    return "{}" if kind is dict else "[]" if kind in (list, tuple) else _dump(value).removesuffix("\n...")


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    """A text as PyYAML writes it, on one line."""
    written = _dump(text, allow_unicode=True).removesuffix("\n...")
    return _dump(text, default_style='"') if len(written.splitlines()) > 1 else written


def _dump(value: Any, **options: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, width=_UNFOLDED, **options
    )
    return text.rstrip("\n")
