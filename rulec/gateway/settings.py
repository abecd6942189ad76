"""The settings that a rule set passes through to LiteLLM, checked against LiteLLM's own tables."""

from __future__ import annotations

from rulec.diagnostics import Diagnostics
from rulec.policy.model import Policy


def check_settings(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports passed-through settings that LiteLLM would ignore or refuse, and those that the rules own."""
