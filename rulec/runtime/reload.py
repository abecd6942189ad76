"""The decision part of a generated module as one object, so that a new version can replace it while the proxy runs."""

from __future__ import annotations

import os
from typing import Any

from rulec.runtime.breaker import Terms
from rulec.runtime.environment import text_from_environment
from rulec.runtime.plan import Courses

RELOADED = "rulec_reloaded"
"""The name of a module that was read again: only its decision part counts."""


class Rules:
    """What one version of the rules says; the proxy reads it once per request."""

    __slots__ = ("balancer", "courses", "decide", "defaults", "engine", "fingerprint", "keeps_answers", "settings", "terms", "version")

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.decide = namespace["decide"]
        self.balancer = namespace["BALANCER"]
        self.courses = Courses(self.balancer.facts)
        self.keeps_answers: bool = self.balancer.facts.keeps_answers
        self.engine = namespace.get("ENGINE")
        self.version = str(namespace.get("VERSION"))
        self.fingerprint = str(namespace["FINGERPRINT"])
        self.defaults: dict[str, Any] = namespace.get("DEFAULTS", {})
        self.settings = settings_from_environment(namespace.get("ENVIRONMENT", {}))
        self.terms = Terms(namespace.get("TABLES", {}).get("health", {}), self.balancer.facts.deployment)
        if len(self.fingerprint) != 12 or not hasattr(self.decide({}, {}), "action"):
            raise ValueError("not a routing module")

    def take_over(self, old: Rules) -> None:
        """Go on where the old rules were in turn."""
        self.balancer.take_over(old.balancer)


def settings_from_environment(references: dict[str, Any]) -> dict[str, dict[str, str]]:
    """For each provider the settings that a variable changes; LiteLLM's config holds their defaults.

    A setting is a tuple of texts and `(variable, default)` pairs.
    """
    found: dict[str, dict[str, str]] = {}
    for provider, settings in references.items():
        for key, parts in settings.items():
            if any(not isinstance(part, str) and os.environ.get(part[0]) for part in parts):
                found.setdefault(provider, {})[key] = text_from_environment(parts)
    return found


def file_stamp(path: str) -> tuple[int, int, int] | None:
    """What changes when a file does."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load_rules(path: str) -> Rules:
    """The decision part of the module in this file; raises if it is not whole."""
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    namespace: dict[str, Any] = {"__name__": RELOADED, "__file__": path}
    try:
        exec(code, namespace)
    except (SystemExit, KeyboardInterrupt) as error:  # a module that asks the process to end is broken, too
        raise ValueError("the module would end the process") from error
    return Rules(namespace)
