"""`rulec test`: routing tests against the meaning, the tree and the generated module."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rulec.commands.cases import Case, Suite, case_files, differences, read_suites
from rulec.commands.output import add_format_option, add_rules_option, exists, for_people, print_diagnostics
from rulec.diagnostics import Diagnostic, Diagnostics
from rulec.records import field, record
from rulec.source import Source
from rulec.syntax.nodes import Node, Scalar


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="cases files or folders of them (default: the rules folder)"
    )
    add_rules_option(parser)
    add_format_option(parser, help="how the result and diagnostics are printed")
    parser.add_argument("--verbose", action="store_true", help="name every case, not only those that fail")


@record(frozen=False)
class Failure:
    """A case whose decision was not the expected one, with every difference as (what, expected, got)."""

    case: Case
    differences: list[tuple[str, Any, Any]]


@record(frozen=False)
class Report:
    passed: list[Case] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)


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


def run_files(files: list[Path], folder: Path) -> Report:
    """Runs the cases of all files; suites without rules of their own are asked of the rules in `folder`."""
    from rulec.compiler import compile_folder, read_source

    report = Report()
    shared: Judge | None = None
    for file in files:
        diagnostics = Diagnostics()
        source = read_source(file, diagnostics)
        suites = read_suites(source, diagnostics) if source is not None else []
        report.problems += [one for one in diagnostics.sorted() if one.severity == "error"]
        for suite in suites if not diagnostics.failed else ():
            if suite.rules is None and suite.cases and shared is None:
                shared = judge_for(compile_folder(folder), report)
                if shared is None:
                    return report
            judge = shared if suite.rules is None else judge_of(suite, report)
            if judge is not None:
                judge.run(suite, report)
    return report


def judge_of(suite: Suite, report: Report) -> Judge | None:
    """The judge for a suite with rules of its own."""
    return judge_for(compile_suite(suite), report)


def compile_suite(suite: Suite) -> Any:
    """The compilation of a suite's own rules, which stand there in YAML or, as a block text, in the DSL."""
    from rulec.compiler import compile_rule_set
    from rulec.syntax.ast import RuleSet
    from rulec.syntax.yaml import read_rule_document

    assert suite.rules is not None
    diagnostics = Diagnostics()
    rule_set = RuleSet()
    document = dsl_document(suite.rules, diagnostics) if isinstance(suite.rules, Scalar) else suite.rules
    if document is not None:
        read_rule_document(document, rule_set, diagnostics)
    return compile_rule_set(rule_set, diagnostics)


def dsl_document(rules: Scalar, diagnostics: Diagnostics) -> Node | None:
    """The rules of a suite that are written in the DSL, as a block text; its lines are those of the file."""
    from rulec.syntax.dsl.reader import read_dsl_document

    return read_dsl_document(Source(rules.source.path, "\n" * rules.span.line + rules.text), diagnostics)


def judge_for(compilation: Any, report: Report) -> Judge | None:
    if compilation.failed:
        report.problems += [one for one in compilation.diagnostics if one.severity == "error"]
        return None
    return Judge(compilation)


class Judge:
    """Asks the meaning, the tree and the generated module for each case, and compares."""

    def __init__(self, compilation: Any) -> None:
        from rulec.backends.selfcheck import load_module
        from rulec.commands.answers import Answerer

        self.policy = compilation.policy
        self.answerer = Answerer(compilation.tree)
        module = next(one for one in compilation.artifacts if one.path.endswith(".py"))
        self.decide: Callable[..., Any] = load_module(module.text)["decide"]

    def run(self, suite: Suite, report: Report) -> None:
        for case in suite.cases:
            try:
                found = self.judge(case)
            except Exception as problem:
                from rulec.commands.requests import BadRequest

                if not isinstance(problem, BadRequest):
                    raise
                report.problems.append(Diagnostic("cases", "error", f"`{case.name}`: {problem}", case.span))
                continue
            if found:
                report.failures.append(Failure(case, found))
            else:
                report.passed.append(case)

    def judge(self, case: Case) -> list[tuple[str, Any, Any]]:
        """What differs: the answer from the expectation, or the meaning or the module from the answer."""
        from rulec.backends.selfcheck import plain_answer, plain_decision
        from rulec.commands.requests import describe
        from rulec.policy import meaning

        described = describe(case.request, self.policy.capability_header)
        request = self.answerer.walker.request(described.body, described.headers, **described.caller)
        outcome = self.answerer.walker.decide(request)
        found = differences(case.expect, self.answerer.render(case.request, outcome))
        tree = plain_decision(outcome.decision)
        meant = plain_answer(meaning.decide(self.policy, request))
        module = plain_decision(self.decide(described.body, described.headers, **described.caller))
        for name, other in (("the meaning", meant), ("the generated module", module)):
            if other != tree:
                found.append((f"{name} (a bug in rulec)", tree, other))
        return found


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
