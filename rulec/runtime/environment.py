"""Texts with references to the environment, which is read once, when the module starts or its rules are replaced."""

from __future__ import annotations

import os
from typing import Any


def text_from_environment(parts: Any) -> str:
    """A setting as text: texts as they are, of each `(variable, default)` the variable where it is set."""
    texts = [part if isinstance(part, str) else os.environ.get(part[0]) or part[1] or "" for part in parts]
    return "".join(texts)


def missing_variables(parts: Any) -> list[str]:
    """The variables of a setting that are not set and have no default."""
    pairs = [part for part in parts if not isinstance(part, str)]
    return [name for name, default in pairs if default is None and not os.environ.get(name)]
