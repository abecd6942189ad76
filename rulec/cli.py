"""The command line: the only room that speaks to a terminal. Each verb is a module of `rulec.commands`, imported when used."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from io import TextIOWrapper
from typing import Any

from rulec import VERSION

COMMANDS = {
    "compile": "compile rules into a LiteLLM config and a routing strategy module",
    "explain": "say where a request goes, and why",
    "lint": "find what is wrong with rules that are valid",
    "test": "run routing tests (*.cases.yaml)",
    "fmt": "format rule files: one layout, in the order in which rules are tried",
    "score": "say how complex requests are, feature by feature",
    "calibrate": "say how well thresholds part labelled requests",
    "diff": "say which requests two states of the rules decide differently",
    "order": "print the rules in the order that counts",
    "graph": "print the decision tree as text, Mermaid or DOT",
    "schema": "print the JSON Schema of rule files, for editors",
    "serve": "run the LiteLLM proxy with the rules",
    "send": "send many requests to a running proxy, some at a time",
    "status": "say how each deployment of a running proxy does",
    "demo": "send example requests through a real proxy, with fake providers",
}

argparse._ = str  # type: ignore[attr-defined]
"""Our help is in English: to look for other languages takes argparse as long as all else that it does."""

FINE, FINDINGS, UNUSABLE = 0, 1, 2
NOT_READ = 141  # as of a program that SIGPIPE ends
"""Exit codes of every command: fine; findings, mismatches or no route; it could not run. See also `commands.bugs`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    make_streams_safe()
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = build_parser(given[0] if given and given[0] in COMMANDS else None)
    options = parser.parse_args(given)
    if options.command is None:
        parser.print_help()
        return UNUSABLE
    try:
        code: int = importlib.import_module(f"rulec.commands.{options.command}").run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return NOT_READ
    except OSError as error:
        return report_unwritable(error)
    except Exception as error:
        from rulec.commands.bugs import report_bug

        return report_bug(error)


def make_streams_safe() -> None:
    """A closed stream swallows what is written; one that cannot show a character gets its code."""
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as we do
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def report_unwritable(error: OSError) -> int:
    """Says that the system refused to read or write something."""
    where = f" `{error.filename}`" if error.filename else ""
    with suppress(OSError):
        print(f"rulec: the system refused{where}: {(error.strerror or 'unknown reason').lower()}", file=sys.stderr)
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - what is left unwritten fails no second time
    return UNUSABLE


def build_parser(command: str | None) -> argparse.ArgumentParser:
    """The parser of the named command, or of none and the list of all: so starting stays quick."""
    shape: Any = partial(argparse.HelpFormatter, width=terminal_width())
    parser = argparse.ArgumentParser(
        prog="rulec",
        description="Routing rules for a LiteLLM proxy that one can read, prove and trust.",
        formatter_class=shape,
    )
    parser.add_argument("--version", action="version", version=f"rulec {VERSION}")
    verbs = parser.add_subparsers(dest="command", metavar="COMMAND", prog="rulec")
    for name in COMMANDS if command is None else (command,):
        told = COMMANDS[name]
        verb = verbs.add_parser(name, help=told, description=told[0].upper() + told[1:] + ".", formatter_class=shape)
        if name == command:
            importlib.import_module(f"rulec.commands.{name}").configure(verb)
    return parser


def terminal_width() -> int:
    """The columns that help may fill; argparse would import shutil to learn them, for every option anew."""
    columns = 0
    with suppress(KeyError, ValueError):
        columns = int(os.environ["COLUMNS"])
    if columns <= 0:
        with suppress(OSError, ValueError):
            columns = os.get_terminal_size().columns
    return (columns if columns > 0 else 80) - 2


if __name__ == "__main__":
    sys.exit(main())
