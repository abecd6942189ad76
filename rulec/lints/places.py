"""Where things stand of which the policy itself keeps no place."""

from __future__ import annotations

from rulec.source import Span
from rulec.syntax.conditions import ParsedCondition


def place_of(text: str, condition: ParsedCondition) -> Span:
    """Where a text stands in a condition; all of it where escapes hide that."""
    source, start, end = condition.span.source, condition.span.start, condition.span.end
    at = source.text.find(text, start, end)
    return condition.span if at < 0 else Span(source, at, at + len(text))
