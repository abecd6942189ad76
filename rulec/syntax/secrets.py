"""Whether a setting holds a literal secret; rule sets name secrets, they never hold them."""

from __future__ import annotations

import re

_SECRET_KEYS = re.compile(r"(?:^|_)(?:api_key|key|token|secret|password|passwd|credentials?|master_key)$", re.IGNORECASE)
_HARMLESS = frozenset(("none", "null", "empty", "dummy", "not-needed", "no-key", "ollama", "fake", "", "true", "false"))
_SECRET_VALUES = re.compile(r"(?:sk|pk|rk|gsk|xai|hf|ghp|AKIA|AIza)[-_]?[A-Za-z0-9_-]{16,}|Bearer\s+\S{8,}|://[^/\s:@]+:[^/\s@]+@")


def looks_secret(key: str, value: str) -> bool:
    """Whether the value of a setting is a secret written out: by its key's name, or by its shape."""
    if _SECRET_VALUES.search(value):
        return True
    return _SECRET_KEYS.search(key) is not None and value.lower() not in _HARMLESS and not value.startswith("os.environ/")
