"""Routing tests as JUnit's XML: a suite for each file, in which checks passed, failed or could not be run."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape

from rulec.diagnostics.junit import clean, quoted
from rulec.records import record


@record
class Check:
    """One check; `failure` says how it failed, `error` why it could not be run, `skipped` why it was left out."""

    name: str
    failure: str | None = None
    error: str | None = None
    skipped: str | None = None


@record
class CheckSuite:
    """The checks of one file."""

    name: str
    checks: tuple[Check, ...]


def render_junit(suites: Iterable[CheckSuite]) -> str:
    """Suites as a document; nothing is timed, so that it is the same for the same results."""
    suites = list(suites)
    every = [check for suite in suites for check in suite.checks]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites name={quoted('rulec')}{_counts(every)}>"]
    for suite in suites:
        lines.append(f"  <testsuite name={quoted(suite.name)}{_counts(suite.checks)}>")
        for check in suite.checks:
            lines += _lines(suite.name, check)
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _counts(checks: Iterable[Check]) -> str:
    checks = list(checks)
    failures = sum(one.failure is not None for one in checks)
    errors = sum(one.error is not None for one in checks)
    skipped = sum(one.skipped is not None for one in checks)
    return f' tests="{len(checks)}" failures="{failures}" errors="{errors}" skipped="{skipped}" time="0"'


def _lines(suite: str, check: Check) -> list[str]:
    opening = f"    <testcase classname={quoted(suite)} name={quoted(check.name)}"
    told = (("failure", check.failure), ("error", check.error), ("skipped", check.skipped))
    parts = [(tag, text) for tag, text in told if text is not None]
    if not parts:
        return [f'{opening} time="0"/>']
    inner = [
        f"      <{tag} message={quoted(text.splitlines()[0] if text else tag)}>{escape(clean(text))}</{tag}>"
        for tag, text in parts
    ]
    return [f'{opening} time="0">', *inner, "    </testcase>"]
