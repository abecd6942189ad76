"""Differences as annotations on the rules that a pull request changes."""

from __future__ import annotations

from rulec.commands.narrative import request_text
from rulec.comparing.report import Group, Report
from rulec.comparing.text import undecided_text
from rulec.comparing.words import cause_text, destination, request, summary
from rulec.diagnostics import Diagnostic, Severity
from rulec.diagnostics.github import render_github

TITLE = "rulec diff"


def render(report: Report, traffic: list[str]) -> str:
    """One annotation for each change: a warning where requests go elsewhere."""
    found = [_annotation(one) for one in report.groups]
    found += [Diagnostic(TITLE, "warning", undecided_text(one)) for one in report.undecided]
    return render_github([*found, Diagnostic(TITLE, "info", "; ".join([summary(report), *traffic]))])


def _annotation(group: Group) -> Diagnostic:
    first = group.differences[0]
    assert first.witness is not None
    assert first.old is not None
    assert first.new is not None
    severity: Severity = "warning" if group.grade == "target" else "info"
    moved = f"{destination(first.old)} before, {destination(first.new)} after"
    asked = request_text(request(first.witness))
    rule = first.new_rule
    return Diagnostic(
        TITLE, severity, f"{group.grade}: {cause_text(group.cause)}: {asked}: {moved}", None if rule is None else rule.span
    )
