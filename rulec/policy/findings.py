"""What binding cannot see: rules that nobody can serve, candidates that filters remove, features that run later."""

from __future__ import annotations

from rulec.diagnostics import Diagnostics
from rulec.policy.model import Policy


def report_findings(policy: Policy, diagnostics: Diagnostics) -> None:
    """Adds errors and warnings about a policy whose names are all bound."""
