"""What a project says of its lints."""

from __future__ import annotations

from datetime import date

from rulec.diagnostics import Severity
from rulec.records import field, record


@record
class Settings:
    """Which lints run, how grave each is, and the measures that some of them go by."""

    levels: dict[str, Severity | None] = field(default_factory=dict)
    """Levels other than a lint's own; None for a lint that does not run."""
    question_seconds: float = 1.0
    """How long one question to the analyser may take."""
    total_seconds: float = 60.0
    """How long all questions of a run may take."""
    retry_budget_seconds: float = 600.0
    """How long a client may have to wait until its last hop has failed."""
    cost_ratio: float = 5.0
    """From how many times the default's cost on a target is privileged."""
    today: date = field(default_factory=date.today)
    """The day by which a rule has expired."""
