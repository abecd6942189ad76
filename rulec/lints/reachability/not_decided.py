"""A question about the rules was not decided in the time that it may take.

The analyser answers exactly, but some questions about regular expressions are hard for every method that is known. Such a
question is given up after a while (`question-seconds`, and `total-seconds` for all of a run). What it asked is neither
proved nor refuted: nothing is said of it in other findings.

**Why it matters:** silence of a lint would look like a proof.

**When it may stay:** always; simpler patterns are decided, and more time helps sometimes.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding

LEVEL: Severity = "info"
LAST = True


def check(context: Context) -> Iterator[Finding]:
    for one in context.undecided:
        yield Finding(
            f"it was not decided {one.question}",
            one.span,
            "simpler patterns are decided; `question-seconds` and `total-seconds` give more time",
        )
