"""Differences as Markdown, for a comment on a pull request: its first line tells a bot which comment is to be updated."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from rulec.analysis.compared.difference import Difference
from rulec.commands.narrative import request_text
from rulec.comparing.report import Group, Report
from rulec.comparing.text import undecided_text
from rulec.comparing.words import MEANINGS, cause_text, command_of, request, rule_text, sides, summary
from rulec.diagnostics import printable

MARKER = "<!-- rulec diff -->"
MOST_SHOWN = 5


def render(report: Report, labels: tuple[str, str], rules: str | None, traffic: list[str]) -> str:
    """The whole comment."""
    lines = [MARKER, "### Routing: " + _headline(report), ""]
    lines += [f"{_code(labels[0])} → {_code(labels[1])}: {summary(report)}.", ""]
    lines += [f"- {one}" for one in traffic] + ([""] if traffic else [])
    for grade, meaning in MEANINGS.items():
        groups = [one for one in report.groups if one.grade == grade]
        if groups:
            lines += [f"#### {grade}: {meaning}", ""]
            for group in groups:
                lines += [*_group(group, rules), ""]
    if report.undecided:
        lines += ["#### not decided", "", *(f"- {_cell(undecided_text(one))}" for one in report.undecided), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _headline(report: Report) -> str:
    if report.same:
        return "nothing changes"
    grades = [one.grade for one in report.groups]
    return MEANINGS[min(grades, key=list(MEANINGS).index)] if grades else "not decided"


def _group(group: Group, rules: str | None) -> Iterator[str]:
    yield f"**{cause_text(group.cause, _code)}**"
    yield ""
    yield "| request | before | after |"
    yield "|---|---|---|"
    shown = group.differences[:MOST_SHOWN]
    yield from map(_row, shown)
    left = len(group.differences) - len(shown)
    if left or group.more:
        yield ""
        yield f"… and {left or ''} more{', at least' if group.more and left else ''}.".replace("  ", " ")
    commands = [command_of(one.witness, rules) for one in shown]
    if any(commands):
        yield ""
        yield "<details><summary>replay</summary>"
        yield ""
        yield "```sh"
        yield from (one.replace("```", "'``'`") for one in commands if one is not None)
        yield "```"
        yield ""
        yield "</details>"


def _row(one: Difference) -> str:
    assert one.witness is not None
    asked = request_text(request(one.witness))
    assumed = "".join(f", if {text}" for text in one.witness.assumes)
    old, new = sides(one)
    cells = (asked + assumed, f"{old} (by {rule_text(one.old_rule)})", f"{new} (by {rule_text(one.new_rule)})")
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(text: str) -> str:
    """A text that stands in a table as it is written: nothing in it is markup, and nobody is mentioned."""
    for character in "\\`*_[]<>|@#~":
        text = text.replace(character, f"&#{ord(character)};" if character in "<>@#|" else f"\\{character}")
    return text.replace("\n", " ")


def _code(text: str) -> str:
    return f"<code>{escape(printable(text)).replace('@', '&#64;').replace('|', '&#124;')}</code>"
