"""Differences as text: a paragraph for each thing that was changed, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.compared.difference import Difference
from rulec.commands.narrative import request_text
from rulec.comparing.report import Group, Report
from rulec.comparing.words import cause_text, command_of, place_text, request, rule_text, sides, summary
from rulec.policy.model import Rule

MOST_SHOWN = 3


def render(report: Report, rules: str | None) -> str:
    """The whole text; `rules` is where the new rules are on the disk, for commands that replay a witness."""
    blocks = ["\n".join(_group(one, rules)) for one in report.groups]
    blocks += ["\n".join(undecided_text(one) for one in report.undecided)] if report.undecided else []
    return "\n\n".join([*blocks, summary(report)]) + "\n"


def _group(group: Group, rules: str | None) -> Iterator[str]:
    yield f"{group.grade}: {cause_text(group.cause)}"
    for one in group.differences[:MOST_SHOWN]:
        yield from _difference(one, rules)
    left = len(group.differences) - MOST_SHOWN
    if left > 0 or group.more:
        known = f"{left} more pairs of rules" if left > 1 else "1 more pair of rules" if left == 1 else "more pairs of rules"
        yield f"  and {known}{', at least' if group.more and left > 0 else ''}"


def _difference(one: Difference, rules: str | None) -> Iterator[str]:
    assert one.witness is not None
    asked = request(one.witness)
    old, new = sides(one)
    yield f"  request   {request_text(asked)}"
    for assumed in one.witness.assumes:
        yield f"            if {assumed}"
    yield f"  before    {old}  (by {_by(one.old_rule)})"
    yield f"  after     {new}  (by {_by(one.new_rule)})"
    command = command_of(one.witness, rules)
    if command is not None:
        yield f"  replay    {command}"


def _by(rule: Rule | None) -> str:
    place = place_text(rule)
    return rule_text(rule) + (f", {place}" if place else "")


def undecided_text(one: Difference) -> str:
    """What is not known of a difference."""
    if one.cause.kind == "time":
        return f"not decided: {cause_text(one.cause)}"
    if one.old_rule is None and one.new_rule is None:
        return f"not decided: {cause_text(one.cause)}, and which requests that concerns is not known"
    between = f"between {_by(one.old_rule)} and {_by(one.new_rule)}"
    return f"not decided: whether requests move {between}: {cause_text(one.cause)}"
