"""`rulec fmt`: rule files in their one layout; what would lose anything is not written."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rulec.commands.output import add_format_option, exists, print_diagnostics, use_colour
from rulec.diagnostics import Diagnostic, Diagnostics
from rulec.records import record

if TYPE_CHECKING:
    from rulec.source import Source
    from rulec.syntax.formatter.format import Surface

STANDARD_INPUT = "-"
SURFACES = ("yaml", "rules")
SUFFIXES = {"yaml": ".yaml", "rules": ".rules"}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files or folders; - is standard input (default: rules)"
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="write nothing; name the files that would change, exit 1")
    action.add_argument("--diff", action="store_true", help="write nothing; print what would change, exit 1")
    parser.add_argument("--to", choices=SURFACES, help="write each file as the other surface, in its place")
    parser.add_argument("--from", dest="surface", choices=SURFACES, help="what standard input is (default: a guess)")
    add_format_option(parser)


@record
class Formatted:
    """A file as it is and as it should be."""

    path: str
    source: Source
    octets: bytes
    text: str
    target: str
    """The path of the text: another one where it changes its surface."""

    @property
    def moves(self) -> bool:
        return self.path != self.target

    @property
    def changes(self) -> bool:
        return self.moves or self.octets != self.text.encode("utf-8")


def run(options: argparse.Namespace) -> int:
    from rulec.compiler import garbage_collection_paused

    paths = options.paths or ["rules"]
    mistake = misuse(paths)
    if mistake is not None:
        print(f"rulec: {mistake}", file=sys.stderr)
        return 2
    diagnostics = Diagnostics()
    with garbage_collection_paused():
        results = list(formatted(paths, options, diagnostics))
    if options.to is not None and not diagnostics.failed:
        check_targets(results, diagnostics)
    if diagnostics.failed:
        return refuse(diagnostics, options)
    changed = [one for one in results if one.changes]
    is_for_people = options.format in ("text", "plain")
    if options.check or options.diff and not is_for_people:
        return check(changed, len(results), options.format)
    if options.diff:
        return diff(changed)
    if paths == [STANDARD_INPUT]:
        return print_text(results[0].text)
    if not write(changed, diagnostics):
        return refuse(diagnostics, options)
    if is_for_people:
        tell(changed, len(results))
    else:
        print_diagnostics([], options.format)
    return 0


def refuse(diagnostics: Diagnostics, options: argparse.Namespace) -> int:
    """Prints why nothing is written."""
    print_diagnostics(diagnostics.sorted(), options.format)
    if options.format in ("text", "plain") and not (options.check or options.diff):
        print("nothing was written", file=sys.stderr)
    return 2


def misuse(paths: list[str]) -> str | None:
    """Why the paths cannot be formatted; None if they can be read, at least."""
    if STANDARD_INPUT in paths:
        return "standard input goes with no other path" if len(paths) > 1 else None
    missing = next((one for one in paths if not exists(one)), None)
    return None if missing is None else f"there is no `{missing}`\nhelp: name files or folders: `rulec fmt path/to/rules`"


def formatted(paths: list[str], options: argparse.Namespace, diagnostics: Diagnostics) -> Iterator[Formatted]:
    """Every file once, in the order of the paths; what cannot be read is reported."""
    from rulec.syntax.formatter.format import format_source, surface_of

    is_standard_input = paths == [STANDARD_INPUT]
    sources = [read_standard_input(diagnostics)] if is_standard_input else read_files(paths, diagnostics)
    for path, octets, source in sources:
        surface: Surface = "rules" if path.endswith(".rules") else "yaml"
        if is_standard_input:
            surface = options.surface or surface_of(source.text)
        to: Surface = options.to or surface
        problems = Diagnostics()
        text = format_source(source, surface, to, problems)
        diagnostics.items += problems.items
        if text is not None:
            target = path if to == surface or is_standard_input else os.path.splitext(path)[0] + SUFFIXES[to]
            yield Formatted(path, source, octets, text, target)


def check_targets(results: list[Formatted], diagnostics: Diagnostics) -> None:
    """Reports what stands in the way of files that change their surface."""
    for one in (one for one in results if one.moves):
        if os.path.lexists(one.target):
            diagnostics.error("file-exists", f"`{one.target}` is there already", None, f"remove it, or rename `{one.path}`")
        elif os.path.islink(one.path):
            help = f"convert the file itself: `{os.path.realpath(one.path)}`"
            diagnostics.error("file-exists", f"`{one.path}` is a symbolic link", None, help)
    order = sorted(results, key=lambda one: os.fsencode(one.path))
    if order != sorted(results, key=lambda one: os.fsencode(one.target)):
        diagnostics.error(
            "file-order",
            "with their new names the files would be read in another order",
            None,
            "rename them first, so that their order does not depend on their suffixes",
        )


def read_standard_input(diagnostics: Diagnostics) -> tuple[str, bytes, Source]:
    from rulec.source import Source

    octets = sys.stdin.buffer.read()
    try:
        return "<stdin>", octets, Source("<stdin>", octets.decode("utf-8-sig"))
    except UnicodeDecodeError:
        diagnostics.error("not-utf8", "standard input is no UTF-8 text")
        return "<stdin>", b"", Source("<stdin>", "")


def read_files(paths: list[str], diagnostics: Diagnostics) -> Iterator[tuple[str, bytes, Source]]:
    from rulec.compiler import read_source

    for file in files(paths):
        source = read_source(file, diagnostics)
        if source is not None:
            yield file, Path(file).read_bytes(), source


def files(paths: list[str]) -> Iterator[str]:
    """The rule files at the paths; a file that several of them lead to counts once."""
    from rulec.compiler import rule_files

    seen = set()
    for path in paths:
        for file in rule_files(path) if os.path.isdir(path) else [path]:
            place = os.path.realpath(file)
            if place not in seen:
                seen.add(place)
                yield file


def check(changed: list[Formatted], count: int, form: str) -> int:
    """Names the files that would change."""
    from rulec.source import Span

    if form in ("text", "plain"):
        for one in changed:
            print(one.path)
        if changed:
            print(f"{len(changed)} of {counted(count)} would change: run `rulec fmt`", file=sys.stderr)
    else:
        print_diagnostics(
            [
                Diagnostic("not-formatted", "warning", "this file is not formatted", Span(one.source, at, at + 1), "run `rulec fmt`")
                for one in changed
                for at in [first_difference(one)]
            ],
            form,
        )
    return 1 if changed else 0


def first_difference(one: Formatted) -> int:
    """The offset of the first line that would change."""
    at = 0
    for before, after in zip(one.source.text.splitlines(keepends=True), one.text.splitlines(keepends=True), strict=False):
        if before != after:
            break
        at += len(before)
    return min(at, max(len(one.source.text) - 1, 0))


def diff(changed: list[Formatted]) -> int:
    """Prints what would change."""
    colour = use_colour(sys.stdout)
    for one in changed:
        before = one.octets.decode("utf-8", "replace").splitlines(keepends=True)
        after = one.text.splitlines(keepends=True)
        for line in difflib.unified_diff(before, after, one.path, f"{one.target} (formatted)"):
            sys.stdout.write(coloured(line) if colour else line)
            if not line.endswith("\n"):
                sys.stdout.write("\n\\ No newline at end of file\n")
    return 1 if changed else 0


def coloured(line: str) -> str:
    code = {"+": "32", "-": "31", "@": "36"}.get(line[:1])
    if code is None or line.startswith(("+++", "---")):
        return line
    return f"\x1b[{code}m{line.rstrip()}\x1b[0m\n"


def print_text(text: str) -> int:
    """Rules are UTF-8, whatever the terminal is."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8"))
    sys.stdout.buffer.flush()
    return 0


def write(changed: list[Formatted], diagnostics: Diagnostics) -> bool:
    """Replaces the files that change, all or none; whether that was done: a change by somebody else is reported."""
    from rulec.commands.files import FileChanged, replace_files

    real = {one.path: Path(os.path.realpath(one.path)) for one in changed}
    moved = [one for one in changed if one.moves]
    try:
        replace_files(
            {Path(one.target) if one.moves else real[one.path]: one.text for one in changed},
            like={Path(one.target): real[one.path] for one in moved},
            gone=[real[one.path] for one in moved],
            read={real[one.path]: one.source.text for one in changed},
        )
    except FileChanged as error:
        path = next(one.path for one in changed if real[one.path] == error.path)
        help = "run `rulec fmt` again when nothing else writes the file"
        diagnostics.error("file-changed", f"`{path}` was changed while it was being formatted", None, help)
        return False
    return True


def tell(changed: list[Formatted], count: int) -> None:
    for one in changed:
        print(f"wrote {one.target}, removed {one.path}" if one.moves else f"formatted {one.path}")
    if not changed:
        print(f"{counted(count)}, nothing to do")


def counted(count: int) -> str:
    return f"{count} file{'' if count == 1 else 's'}"
