"""All lints on one policy, and what they find as diagnostics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rulec.diagnostics import Diagnostic, Diagnostics, Severity
from rulec.lints.context import Context
from rulec.lints.lint import Edit, Finding, Lint, lints
from rulec.lints.requests import described
from rulec.lints.settings import Settings
from rulec.policy.model import Policy
from rulec.records import record

MOST_OF_ONE_LINT = 50
"""Findings of one lint that are told one by one; how many more there are is told once."""


@record
class Told:
    """A finding as a person meets it, and the edits that would put it right."""

    diagnostic: Diagnostic
    edits: tuple[Edit, ...] = ()


def lint(
    policy: Policy, settings: Settings | None = None, names: Iterable[str] = ()
) -> list[Diagnostic]:
    """What all lints find in a policy, by file and place."""
    collector = Diagnostics()
    collector.items += [one.diagnostic for one in findings(Context(policy, settings, names))]
    return collector.sorted()


def findings(context: Context) -> Iterator[Told]:
    """What the lints that are switched on find; what was not decided comes last."""
    levels = context.settings.levels
    # `not-decided` tells of the questions that all others leave open
    for one in sorted(lints(), key=lambda one: one.name == "not-decided"):
        if levels.get(one.name, one.level) is not None:
            yield from (told(one, levels.get(one.name), finding) for finding in one.check(context))


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
