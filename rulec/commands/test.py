"""`rulec test`: routing tests against the meaning, the tree and the generated module."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rulec.commands.output import add_format_option, add_rules_option, exists, for_people, print_diagnostics
from rulec.diagnostics import Diagnostic
from rulec.testing.cases import Case, case_files
from rulec.testing.judge import Failure, Report, run_files


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="cases files or folders of them (default: the rules folder)"
    )
    add_rules_option(parser)
    add_format_option(parser, help="how the result and diagnostics are printed")
    parser.add_argument("--verbose", action="store_true", help="name every case, not only those that fail")


def run(options: argparse.Namespace) -> int:
    paths = [Path(one) for one in options.paths] or [Path(options.rules or "rules")]
    missing = next((path for path in paths if not exists(path)), None)
    if missing is not None:
        print(f"rulec: there is no `{missing}`", file=sys.stderr)
        return 2
    folder = Path(options.rules) if options.rules else rules_for(paths)
    report = run_files([file for path in paths for file in case_files(path)], folder)
    if options.format == "json":
        print(json.dumps(to_json(report), indent=2, ensure_ascii=False))
    elif for_people(options.format):
        print_report(report, options.verbose, options.format)
    else:
        print_diagnostics([*report.problems, *map(finding, report.failures)], options.format)
    if report.problems:
        return 2
    if not report.passed and not report.failures:
        print(f"rulec: there are no cases in {', '.join(f'`{path}`' for path in paths)}", file=sys.stderr)
        print("help: write some into a file that ends in .cases.yaml", file=sys.stderr)
        return 2
    return 1 if report.failures else 0


def rules_for(paths: list[Path]) -> Path:
    """The rules that cases without rules of their own are asked of: a named folder that holds some, else `rules`."""
    from rulec.compiler import is_rule_file

    def holds_rules(folder: Path) -> bool:
        return folder.is_dir() and any(is_rule_file(one.name) for one in folder.iterdir() if one.is_file())

    named = next((path for path in paths if holds_rules(path)), None)
    if named is not None or Path("rules").is_dir():
        return named or Path("rules")
    return next((path.parent for path in paths if holds_rules(path.parent)), Path("rules"))


def finding(failure: Failure) -> Diagnostic:
    """A failed case as a diagnostic at its name."""
    differs = "; ".join(
        f"{what}: expected {_one_line(wanted)}, got {_one_line(got)}" for what, wanted, got in failure.differences
    )
    return Diagnostic("case-failed", "error", f"the case `{failure.case.name}` failed: {differs}", failure.case.span)


def print_report(report: Report, verbose: bool, form: str) -> None:
    print_diagnostics(report.problems, form)
    if verbose:
        for case in report.passed:
            print(f"ok    {case.name}")
    for failure in report.failures:
        case = failure.case
        print(f"FAIL  {case.name}  ({case.span.source.path}:{case.span.line})")
        for what, wanted, got in failure.differences:
            print(f"        {what}")
            print(f"          expected  {_one_line(wanted)}")
            print(f"          got       {_one_line(got)}")
    print(f"{len(report.passed)} passed, {len(report.failures)} failed")


def _one_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def to_json(report: Report) -> dict[str, Any]:
    def place(case: Case) -> dict[str, Any]:
        return {"name": case.name, "file": case.span.source.path, "line": case.span.line}

    return {
        "passed": [place(case) for case in report.passed],
        "failed": [
            {
                **place(one.case),
                "differences": [
                    {"what": what, "expected": wanted, "got": got} for what, wanted, got in one.differences
                ],
            }
            for one in report.failures
        ],
        "problems": [one.to_json() for one in report.problems],
    }
