"""What is done where rulec itself fails: no traceback meets the user's eyes, and there is a report to file."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback

from rulec import VERSION
from rulec.secrets import mask_secrets

BUG = 70
"""The exit code."""


def report_bug(error: Exception) -> int:
    """Says that rulec has a bug, leaves what to file, and gives the exit code."""
    handle, path = tempfile.mkstemp(prefix="rulec-bug-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        told = mask_secrets(f"{' '.join(sys.argv)}\n\n{traceback.format_exc()}")
        file.write(f"rulec {VERSION}, Python {sys.version}\n{told}\n{getattr(error, 'report', '')}")
    print(f"rulec: this is a bug in rulec ({type(error).__name__}); nothing was written", file=sys.stderr)
    print(f"help: please file the report at {path}", file=sys.stderr)
    return BUG
