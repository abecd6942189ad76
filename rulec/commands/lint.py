"""`rulec lint`: what is wrong with rules that are valid."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rulec.commands.output import (
    add_cache_option,
    add_format_option,
    add_rules_argument,
    for_people,
    print_diagnostics,
    rules_folder,
)

if TYPE_CHECKING:
    from rulec.commands.fixing import Fixes
    from rulec.commands.project import Project
    from rulec.diagnostics import Diagnostic
    from rulec.ir.tree import Tree
    from rulec.lints.run import Told

LEVELS = ("error", "warning", "info")
MOST_SHOWN = 20
"""Findings of one lint that people are shown, unless they ask for all."""


def configure(parser: argparse.ArgumentParser) -> None:
    add_rules_argument(parser)
    parser.add_argument("--select", action="append", metavar="LINT", help="run only this lint; may be repeated")
    parser.add_argument("--ignore", action="append", metavar="LINT", help="do not run this lint; may be repeated")
    parser.add_argument(
        "--fail-on", choices=("error", "warning", "info"), help="from which level on the exit code is 1 (default: warning)"
    )
    parser.add_argument("--baseline", metavar="FILE", help="tell only findings that are not in this file")
    parser.add_argument("--write-baseline", metavar="FILE", help="write all findings of today into this file")
    parser.add_argument("--fix", action="store_true", help="make the fixes that provably change no decision")
    parser.add_argument("--unsafe-fixes", action="store_true", help="make all fixes, and show the decisions that change")
    parser.add_argument("--all", action="store_true", help=f"show all findings, not {MOST_SHOWN} of each lint")
    parser.add_argument("--config", metavar="FILE", help="the settings file (default: rulec.toml or pyproject.toml)")
    add_cache_option(parser)
    add_format_option(parser, "junit", help="how findings are printed")


def run(options: argparse.Namespace) -> int:
    from rulec.commands.loading import load_tree
    from rulec.commands.project import WrongSettings
    from rulec.compiler import garbage_collection_paused
    from rulec.lints.baseline import WrongBaseline, new, to_text
    from rulec.lints.context import Context
    from rulec.lints.lint import lints
    from rulec.lints.run import findings, in_order
    from rulec.testing.collection import requested_names

    folder = rules_folder(options)
    try:
        project = asked(options, folder)
        known = read_baseline(project.baseline)
    except (WrongSettings, WrongBaseline) as problem:
        print(f"rulec: {problem}", file=sys.stderr)
        return 2
    tree = load_tree(folder, options.format, not options.no_cache)
    if tree is None:
        return 2
    names = requested_names(folder)
    with garbage_collection_paused():
        found = in_order(findings(Context(tree.policy, project.settings, names)))
    if options.write_baseline is not None:
        return write_baseline(Path(options.write_baseline), to_text([one.diagnostic for one in found]), len(found))
    found, gone = new(found, known)
    if options.fix or options.unsafe_fixes:
        found = fix(found, tree, folder, project, options.unsafe_fixes, names)
    told = [one.diagnostic for one in found]
    people = for_people(options.format)
    print_diagnostics(told if options.all or not people else few(told), options.format, folder, [one.page for one in lints()])
    if people:
        print_rest(told, options.all, gone, len(lints()) - list(project.settings.levels.values()).count(None))
    return 1 if any(LEVELS.index(one.severity) <= LEVELS.index(project.fail_on) for one in told) else 0


def fix(
    found: list[Told], tree: Tree, folder: str, project: Project, unsafe: bool, names: Sequence[str]
) -> list[Told]:
    """Makes fixes, tells which, and returns what is found afterwards."""
    from rulec.commands.fixing import Fixes, write_fixes
    from rulec.compiler import read_sources
    from rulec.diagnostics import Diagnostics
    from rulec.lints.context import Context
    from rulec.lints.run import findings, in_order

    fixable = [one for one in found if one.edits]
    fixes = Fixes(read_sources(folder, Diagnostics()), tree)
    fixes.take_safe(fixable)
    left = [one for one in fixable if one not in fixes.taken]
    if unsafe and left:
        print_changes(fixes, left, folder)
    files = write_fixes(fixes)
    if fixes.taken:
        print(f"fixed {counted(len(fixes.taken), 'finding')} in {counted(files, 'file')}", file=sys.stderr)
    if left and not unsafe:
        print(f"{counted(len(left), 'fix', 'fixes')} would change decisions: `--unsafe-fixes` shows and makes them", file=sys.stderr)
    if not fixes.taken:
        return found
    return in_order(findings(Context(fixes.tree.policy, project.settings, names)))


def print_changes(fixes: Fixes, left: Sequence[Told], rules: str) -> None:
    """Takes the fixes that are left, and shows which decisions change with them."""
    from rulec.comparing.report import compare
    from rulec.comparing.text import render

    before = fixes.tree
    fixes.take_valid(left)
    sys.stderr.write(render(compare(before, fixes.tree), rules))


def counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def asked(options: argparse.Namespace, folder: str) -> Project:
    """What the project says, and what the options say, which goes before; raises WrongSettings."""
    from rulec.commands.project import read_project, with_only, without
    from rulec.records import replace

    project = read_project(folder, options.config)
    settings = project.settings
    if options.select:
        settings = with_only(settings, listed(options.select), "`--select`")
    if options.ignore:
        settings = without(settings, listed(options.ignore), "`--ignore`")
    return replace(
        project,
        settings=settings,
        fail_on=options.fail_on or project.fail_on,
        baseline=Path(options.baseline) if options.baseline is not None else project.baseline,
    )


def listed(options: Sequence[str]) -> list[str]:
    """Lints that stand in several options, or in one with commas between them."""
    return [name.strip() for option in options for name in option.split(",") if name.strip()]


def read_baseline(path: Path | None) -> frozenset[str]:
    """The fingerprints that are known already; raises WrongBaseline."""
    from rulec.lints.baseline import WrongBaseline, read

    if path is None:
        return frozenset()
    try:
        return read(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongBaseline(f"`{path}` cannot be read: {(error.strerror or 'unknown reason').lower()}") from None
    except (UnicodeDecodeError, WrongBaseline) as problem:
        raise WrongBaseline(f"`{path}` is no baseline: {problem}") from None


def write_baseline(path: Path, text: str, count: int) -> int:
    from rulec.commands.files import replace_files

    replace_files({path: text})
    print(f"wrote {path}: {counted(count, 'finding')}")
    return 0


def few(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The first findings of each lint."""
    seen: Counter[str] = Counter()
    shown = []
    for one in found:
        seen[one.code] += 1
        if seen[one.code] <= MOST_SHOWN:
            shown.append(one)
    return shown


def print_rest(found: Sequence[Diagnostic], all_shown: bool, gone: int, lints: int) -> None:
    """What is not among the findings: how many more there are, what the baseline no longer needs, that all is well."""
    for code, count in Counter(one.code for one in found).items():
        if count > MOST_SHOWN and not all_shown:
            print(f"and {count - MOST_SHOWN} more of `{code}`: `--all` shows them", file=sys.stderr)
    if gone:
        print(f"{gone} of the baseline {'is' if gone == 1 else 'are'} gone: write it anew", file=sys.stderr)
    if not found:
        print(f"no findings ({counted(lints, 'lint')})")
