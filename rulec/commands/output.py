"""What the commands share: options, and diagnostics on the right stream in the right form."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from rulec.diagnostics import FORMATS, Diagnostic, render, render_text
from rulec.diagnostics.rendering import USUAL_WIDTH

if TYPE_CHECKING:  # a cold `rulec explain` starts without it
    from pathlib import Path

    from rulec.diagnostics.pages import Page

LEAST_WIDTH = 40


def add_rules_option(parser: argparse.ArgumentParser) -> None:
    """`--rules DIR`, and the same as the only positional argument of commands that work on rules."""
    parser.add_argument("--rules", metavar="DIR", default=None, help="the rules folder (default: rules)")


def add_rules_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", metavar="RULES", help="the rules folder (default: rules)")
    add_rules_option(parser)


def add_cache_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-cache", action="store_true", help="compile the rules again, and keep nothing for later")


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


def add_format_option(parser: argparse.ArgumentParser, *more: str, help: str = "how diagnostics are printed") -> None:
    """`--format`: the formats of diagnostics, and those that only this command's answer has."""
    parser.add_argument("--format", choices=(*FORMATS, *more), default="text", help=help)


def read_aloud(form: str) -> bool:
    """Whether people read this format, and have asked for sentences without carets and boxes."""
    return form == "plain" or (form == "text" and os.environ.get("RULEC_PLAIN", "0") not in ("", "0"))


def for_people(form: str) -> bool:
    """Whether a format is read by people, not by machines."""
    return form not in ("json", "github", "sarif", "junit")


def print_diagnostics(
    diagnostics: Sequence[Diagnostic], form: str = "text", rules: str = "rules", more_pages: Sequence[Page] = ()
) -> None:
    """Diagnostics for people go to standard error, in every other format to standard output.

    Witnesses are asked of the folder `rules`; `more_pages` are declared beside the codes of the compiler.
    """
    if not for_people(form):
        sys.stdout.write(render(form, diagnostics, rules, more_pages))
        return
    if read_aloud(form):
        text = render("plain", diagnostics, rules)
    else:
        text = render_text(diagnostics, use_colour(sys.stderr), terminal_width(sys.stderr), rules)
    sys.stderr.write(f"{text}\n{summary(diagnostics)}\n" if diagnostics else "")


def use_colour(stream: object) -> bool:
    """Colour only on a terminal that has not asked for none (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and bool(getattr(stream, "isatty", lambda: False)())


def terminal_width(stream: TextIO) -> int:
    """How many columns a stream has: what `COLUMNS` says, else the terminal, else 80."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return max(LEAST_WIDTH, int(said))
    try:
        return max(LEAST_WIDTH, os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH)
    except (AttributeError, OSError, ValueError):
        return USUAL_WIDTH


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    counts = []
    for severity in ("error", "warning", "info"):
        count = sum(one.severity == severity for one in diagnostics)
        if count:
            counts.append(f"{count} {severity}{'s' if count > 1 else ''}")
    return ", ".join(counts)


def duration(seconds: float) -> str:
    """Days to seconds, without what is zero."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
