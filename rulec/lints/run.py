"""All lints on one policy, and what they find as diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rulec.diagnostics import Diagnostic, Severity
from rulec.lints.context import Context
from rulec.lints.lint import Edit, Finding, Lint, lints
from rulec.lints.requests import described
from rulec.lints.settings import Settings
from rulec.policy.model import Policy
from rulec.records import record


@record
class Told:
    """A finding as a person meets it, and the edits that would put it right."""

    diagnostic: Diagnostic
    edits: tuple[Edit, ...] = ()


def lint(
    policy: Policy, settings: Settings | None = None, names: Iterable[str] = ()
) -> list[Diagnostic]:
    """What all lints find in a policy, by file and place."""
    return [one.diagnostic for one in in_order(findings(Context(policy, settings, names)))]


def in_order(found: Iterable[Told]) -> list[Told]:
    """Findings by file and place, those without a place last; the same finding is told once."""
    unique: dict[tuple[Any, ...], Told] = {}
    for one in found:
        item = one.diagnostic
        place = ("\U0010ffff", 0, 0) if item.span is None else (item.span.source.path, item.span.start, item.span.end)
        unique.setdefault((place, item.code, item.message), one)
    return [unique[key] for key in sorted(unique)]


def findings(context: Context) -> Iterator[Told]:
    """What the lints that are switched on find, but what comments say is meant."""
    levels = {one.name: context.settings.levels.get(one.name, one.level) for one in lints()}
    context.running = frozenset(name for name, level in levels.items() if level is not None)
    places = {rule.name: rule.span for rule in context.rules}
    for one in sorted(lints(), key=lambda one: one.last):
        if one.name not in context.running:
            continue
        for finding in one.check(context):
            found = told(one, context.settings.levels.get(one.name), finding)
            if not context.suppressions.hide(found.diagnostic, places.get(finding.rule or "")):
                yield found


def told(lint: Lint, level: Severity | None, finding: Finding) -> Told:
    """A finding with the name of its lint and the level that the project gives that lint, if it does, else its own."""
    witness, message = finding.witness, finding.message
    if witness is not None and witness.assumes:
        message += f" (depends on what happens at run time: {' and '.join(witness.assumes)})"
    diagnostic = Diagnostic(
        lint.name,
        level or finding.level or lint.level,
        message,
        finding.span,
        finding.help,
        finding.related,
        finding.rule,
        None if witness is None else described(witness),
    )
    return Told(diagnostic, finding.edits)
