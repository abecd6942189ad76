"""Environment references in settings: `${NAME}`, `${NAME:-default}`, and the placeholder `{name}`."""

from __future__ import annotations

import re

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}\Z")
PLACEHOLDERS = re.compile(r"(?<!\$)\{[A-Za-z_][A-Za-z0-9_]*\}")
"""Placeholders inside of a longer text."""


def environment_parts(text: str) -> tuple[str | tuple[str, str | None], ...]:
    """A text split at its `${NAME}` and `${NAME:-default}` references; `{name}` alone is `${NAME}`."""
    placeholder = PLACEHOLDER.match(text)
    if placeholder is not None:
        return ((placeholder.group(1).upper(), None),)
    parts: list[str | tuple[str, str | None]] = []
    position = 0
    for found in REFERENCE.finditer(text):
        if found.start() > position:
            parts.append(text[position : found.start()])
        parts.append((found.group(1), found.group(2)))
        position = found.end()
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)
