"""How the results of routing tests are printed."""

from __future__ import annotations

import json
import sys
from itertools import groupby
from typing import Any

from rulec.commands.output import for_people, print_diagnostics
from rulec.diagnostics import Diagnostic
from rulec.records import field, record
from rulec.testing import coverage, mutation
from rulec.testing.cases import Case
from rulec.testing.coverage import Coverage
from rulec.testing.judge import Failure, Report
from rulec.testing.junit import Check, CheckSuite, render_junit
from rulec.testing.live import Live
from rulec.testing.mutation import Mutation


@record(frozen=False)
class Tested:
    """All that a run found out; `shortfalls` say what is less than was wanted."""

    report: Report
    coverage: Coverage | None = None
    live: Live | None = None
    mutation: Mutation | None = None
    shortfalls: list[str] = field(default_factory=list)

    @property
    def failures(self) -> list[Failure]:
        return [*self.report.failures, *(self.live.failures if self.live is not None else ())]


def print_result(tested: Tested, form: str, verbose: bool) -> None:
    """The result in one of the formats; what is less than was wanted is told on standard error, too."""
    if form == "json":
        print(json.dumps(to_json(tested), indent=2, ensure_ascii=False))
    elif form == "junit":
        sys.stdout.write(to_junit(tested))
    elif for_people(form):
        print_report(tested.report, verbose, form)
        if tested.live is not None:
            print_live(tested.live)
        if tested.coverage is not None:
            print(f"\n{coverage.to_text(tested.coverage)}")
        if tested.mutation is not None:
            print(f"\n{mutation.to_text(tested.mutation)}")
    else:
        print_diagnostics([*tested.report.problems, *map(finding, tested.failures)], form)
    for one in tested.shortfalls:
        print(f"rulec: {one}", file=sys.stderr)


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
        print_failure("FAIL", failure)
    print(f"{len(report.passed)} passed, {len(report.failures)} failed")


def print_live(live: Live) -> None:
    for failure in live.failures:
        print_failure("LIVE", failure)
    for case, reason in live.left_out:
        print(f"not played: {case.name}: {reason}")
    print(f"live: {len(live.played)} passed, {len(live.failures)} failed, {len(live.left_out)} not played")


def print_failure(word: str, failure: Failure) -> None:
    print(f"{word}  {failure.case.name}  ({_place_text(failure.case)})")
    for line in _told(failure):
        print(f"        {line}")


def _told(failure: Failure) -> list[str]:
    return [
        line
        for what, wanted, got in failure.differences
        for line in (what, f"  expected  {_one_line(wanted)}", f"  got       {_one_line(got)}")
    ]


def _one_line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _place_text(case: Case) -> str:
    return f"{case.span.source.path}:{case.span.line}"


def to_json(tested: Tested) -> dict[str, Any]:
    def place(case: Case) -> dict[str, Any]:
        return {"name": case.name, "file": case.span.source.path, "line": case.span.line}

    def failed(one: Failure) -> dict[str, Any]:
        told = [{"what": what, "expected": wanted, "got": got} for what, wanted, got in one.differences]
        return {**place(one.case), "differences": told}

    def played(live: Live) -> dict[str, Any]:
        return {
            "passed": [place(case) for case in live.played],
            "failed": [failed(one) for one in live.failures],
            "not_played": [{**place(case), "because": reason} for case, reason in live.left_out],
        }

    report = tested.report
    return {
        "passed": [place(case) for case in report.passed],
        "failed": [failed(one) for one in report.failures],
        "problems": [one.to_json() for one in report.problems],
        **({"live": played(tested.live)} if tested.live is not None else {}),
        **({"coverage": coverage.to_json(tested.coverage)} if tested.coverage is not None else {}),
        **({"mutation": mutation.to_json(tested.mutation)} if tested.mutation is not None else {}),
    }


def to_junit(tested: Tested) -> str:
    """A suite for each file of cases, then one for what could not be run and what is less than was wanted."""
    report, live = tested.report, tested.live or Live()
    checks = [(one, Check(one.name)) for one in report.passed]
    checks += [(one.case, Check(one.case.name, _failed_text(one))) for one in report.failures]
    checks += [(one, Check(f"{one.name} (live)")) for one in live.played]
    checks += [(one.case, Check(f"{one.case.name} (live)", _failed_text(one))) for one in live.failures]
    checks += [(one, Check(f"{one.name} (live)", skipped=reason)) for one, reason in live.left_out]
    checks.sort(key=lambda pair: (pair[0].span.source.path, pair[0].span.start))
    suites = [
        CheckSuite(path, tuple(check for _, check in pairs))
        for path, pairs in groupby(checks, key=lambda pair: pair[0].span.source.path)
    ]
    others = [Check(f"{_where(one)}{one.code}", error=one.message) for one in report.problems]
    others += [Check("--fail-under", failure=one) for one in tested.shortfalls]
    return render_junit([*suites, *([CheckSuite("rulec test", tuple(others))] if others else [])])


def _failed_text(failure: Failure) -> str:
    return "\n".join([_place_text(failure.case), *_told(failure)])


def _where(problem: Diagnostic) -> str:
    return f"{problem.span.source.path}:{problem.span.line} " if problem.span is not None else ""
