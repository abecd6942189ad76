"""What compiling a pattern gives; who only reads it needs no parser of patterns."""

from __future__ import annotations

from typing import Any

from rulec.records import record

Spec = tuple[Any, ...]
"""A matcher as plain data; the first item names its kind (see `runtime.matching.build_matcher`)."""


@record
class CompiledPattern:
    """A pattern's text, its matcher as data, and literals one of which occurs in every text that matches (or None)."""

    text: str
    spec: Spec
    factors: tuple[str, ...] | None
