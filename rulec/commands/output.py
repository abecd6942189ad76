"""What the commands share: options, and diagnostics on the right stream in the right form."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rulec.diagnostics import RENDERERS, Diagnostic, render_text

if TYPE_CHECKING:  # a cold `rulec explain` starts without it
    from pathlib import Path

FORMATS = ("text", "json", "github", "sarif")


def add_rules_option(parser: argparse.ArgumentParser) -> None:
    """`--rules DIR`, and the same as the only positional argument of commands that work on rules."""
    parser.add_argument("--rules", metavar="DIR", default=None, help="the rules folder (default: rules)")


def add_rules_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", metavar="RULES", help="the rules folder (default: rules)")
    add_rules_option(parser)


def rules_folder(options: argparse.Namespace) -> str:
    """The folder that a command works on."""
    folder: str = options.rules or getattr(options, "folder", None) or "rules"
    return folder


def exists(path: str | Path) -> bool:
    """Whether there is something at a path; a path that no file can have is not there."""
    try:
        return os.path.exists(path)
    except ValueError:  # a null character
        return False


def print_diagnostics(diagnostics: Sequence[Diagnostic], form: str = "text") -> None:
    """Diagnostics for people go to standard error, in every other format to standard output."""
    if form == "text":
        sys.stderr.write(render_text(diagnostics, colour=use_colour(sys.stderr)))
        if diagnostics:
            sys.stderr.write("\n" + summary(diagnostics) + "\n")
    else:
        sys.stdout.write(RENDERERS[form](diagnostics))


def use_colour(stream: object) -> bool:
    """Colour only on a terminal that has not asked for none (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and bool(getattr(stream, "isatty", lambda: False)())


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    counts = []
    for severity in ("error", "warning", "info"):
        count = sum(one.severity == severity for one in diagnostics)
        if count:
            counts.append(f"{count} {severity}{'s' if count > 1 else ''}")
    return ", ".join(counts)
