"""`rulec compile`: rules to the generated pair, written whole or not at all."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rulec.commands.output import (
    add_format_option,
    add_rules_argument,
    exists,
    for_people,
    print_diagnostics,
    rules_folder,
)

if TYPE_CHECKING:
    from rulec.backends.artifact import Artifact
    from rulec.compiler import Compilation
    from rulec.diagnostics import Diagnostic
    from rulec.selfcheck.check import Checked

    Tell = Callable[[Sequence[Diagnostic], str, str], None]
    """Shows diagnostics in a format; witnesses are asked of a folder."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_rules_argument(parser)
    parser.add_argument("--out", metavar="DIR", default="generated", help="where the pair goes (default: generated)")
    parser.add_argument("--check", action="store_true", help="write nothing; print a diff and exit 1 where it is stale")
    parser.add_argument("--watch", action="store_true", help="compile again whenever a rule file changes")
    parser.add_argument("--verbose", action="store_true", help="tell what the compiler showed of its own output")
    add_format_option(parser)


def run(options: argparse.Namespace) -> int:
    if options.watch and options.check:
        print("rulec: --watch and --check do not go together", file=sys.stderr)
        return 2
    if not options.watch:
        from rulec.compiler import compile_folder

        return compile_once(options, compile_folder)
    from rulec.commands.watching import watch

    return watch(options, partial(compile_once, options))


def compile_once(
    options: argparse.Namespace, compile_rules: Callable[[str], Compilation], tell: Tell = print_diagnostics
) -> int:
    """Compiles the rules folder in some way, says what became of it, and writes the pair."""
    from rulec.compiler import write

    folder = rules_folder(options)
    if not exists(folder):
        print(f"rulec: there is no `{folder}`", file=sys.stderr)
        print("help: name the rules folder: `rulec compile path/to/rules`", file=sys.stderr)
        return 2
    compilation = compile_rules(folder)
    tell(compilation.diagnostics, options.format, folder)
    if compilation.failed:
        if for_people(options.format):
            print("nothing was written", file=sys.stderr)
        return 2
    if for_people(options.format) and compilation.checked is not None:
        print_checked(compilation.checked, options.verbose)
    if options.check:
        return check(compilation.artifacts, Path(options.out), options.format)
    try:
        current = options.watch and not any(stale(compilation.artifacts, Path(options.out)))
        written = [] if current else write(compilation.artifacts, options.out)
    except OSError as error:
        print(f"rulec: cannot write to `{options.out}`: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return 2
    if for_people(options.format):
        rules = len(compilation.policy.rules)
        print(f"{rules} rule{'' if rules == 1 else 's'}, rule set {compilation.policy.fingerprint()}")
        for path in written:
            print(f"wrote {path}")
        if current:
            print(f"`{options.out}` says so already")
    return 0


def print_checked(checked: Checked, verbose: bool) -> None:
    """What the self-check showed, where somebody asks; what it left open in any case."""
    if verbose:
        print(f"checked: {checked.live} rules decide a request, {checked.dead} none, in the module as in the rules")
        print(f"checked: {checked.requests} requests are answered alike")
    if checked.undecided:
        count = len(checked.undecided)
        print(f"rulec: the self-check did not decide {count} rule{'' if count == 1 else 's'} in time", file=sys.stderr)
        for name in checked.undecided if verbose else ():
            print(f"  {name}", file=sys.stderr)


def check(artifacts: Sequence[Artifact], folder: Path, form: str) -> int:
    """Compares the artifacts with what is on the disk; 1 and a diff where they differ."""
    found = False
    for artifact, before in stale(artifacts, folder):
        found = True
        if for_people(form):
            lines = difflib.unified_diff(
                before.splitlines(keepends=True),
                artifact.text.splitlines(keepends=True),
                str(folder / artifact.path),
                "compiled now",
                n=2,
            )
            sys.stdout.writelines(lines)
    if for_people(form):
        print(f"`{folder}` is stale: run `rulec compile`" if found else f"`{folder}` is up to date")
    return 1 if found else 0


def stale(artifacts: Sequence[Artifact], folder: Path) -> Iterator[tuple[Artifact, str]]:
    """The artifacts that the disk has otherwise, each with what stands there."""
    for artifact in artifacts:
        try:
            before = (folder / artifact.path).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            before = ""
        if before != artifact.text:
            yield artifact, before
