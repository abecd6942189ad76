"""`rulec test`: routing tests against the meaning, the tree and the generated module, and how much they cover."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rulec.commands.output import add_format_option, add_rules_option, exists


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="cases files or folders of them (default: the rules folder)"
    )
    add_rules_option(parser)
    add_format_option(parser, help="how the result and diagnostics are printed")
    parser.add_argument("--verbose", action="store_true", help="name every case, not only those that fail")
    parser.add_argument("--coverage", action="store_true", help="say which rules, branches and hops no case reaches")
    parser.add_argument("--fail-under", metavar="PERCENT", help="exit with 1 below it: 80, or rule=100,branch=80,hop=100")


def run(options: argparse.Namespace) -> int:
    from rulec.commands.tested import Tested, print_result
    from rulec.testing.cases import case_files
    from rulec.testing.collection import collect
    from rulec.testing.coverage import measure, shortfalls
    from rulec.testing.goals import KINDS
    from rulec.testing.judge import Asker, run_collection
    from rulec.testing.wanted import WrongShare, wanted_shares

    paths = [Path(one) for one in options.paths] or [Path(options.rules or "rules")]
    missing = next((path for path in paths if not exists(path)), None)
    if missing is not None:
        return unusable(f"there is no `{missing}`")
    if options.fail_under is not None and not options.coverage:
        return unusable("--fail-under goes with --coverage")
    try:
        wanted = wanted_shares(options.fail_under, KINDS) if options.fail_under is not None else {}
    except WrongShare as problem:
        return unusable(str(problem))
    folder = Path(options.rules) if options.rules else rules_for(paths)
    collection = collect([file for path in paths for file in case_files(path)], folder, options.coverage)
    tested = Tested(run_collection(collection))
    shared = collection.shared
    if options.coverage and shared is not None and shared.compilation.tree is not None and not tested.report.problems:
        tested.coverage = measure(Asker(shared.compilation.tree), shared.cases)
        tested.shortfalls = shortfalls(tested.coverage, wanted)
    print_result(tested, options.format, options.verbose)
    if tested.report.problems:
        return 2
    if not tested.report.passed and not tested.report.failures and not options.coverage:
        return unusable(
            f"there are no cases in {', '.join(f'`{path}`' for path in paths)}",
            "write some into a file that ends in .cases.yaml",
        )
    return 1 if tested.report.failures or tested.shortfalls else 0


def unusable(reason: str, help: str | None = None) -> int:
    """Says why nothing could be run."""
    print(f"rulec: {reason}", file=sys.stderr)
    if help is not None:
        print(f"help: {help}", file=sys.stderr)
    return 2


def rules_for(paths: list[Path]) -> Path:
    """The rules that cases without rules of their own are asked of: a named folder that holds some, else `rules`."""
    from rulec.compiler import is_rule_file

    def holds_rules(folder: Path) -> bool:
        return folder.is_dir() and any(is_rule_file(one.name) for one in folder.iterdir() if one.is_file())

    named = next((path for path in paths if holds_rules(path)), None)
    if named is not None or Path("rules").is_dir():
        return named or Path("rules")
    return next((path.parent for path in paths if holds_rules(path.parent)), Path("rules"))
