"""Rules that decide nothing, each with the one reason for it: so that one lint tells of it, and no other."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from rulec.analysis.draft import Witness
from rulec.diagnostics import Related
from rulec.lints.outcomes import instead, joined
from rulec.policy.model import Rule
from rulec.policy.undecided import speaks_of_models
from rulec.records import record
from rulec.syntax import ast

if TYPE_CHECKING:
    from rulec.analysis.analysis import Dead
    from rulec.lints.context import Context

MOST_COVERS_SHOWN = 5


class Cause(Enum):
    """Why a rule decides nothing."""

    UNKNOWN = "that was not decided"
    IMPOSSIBLE = "nothing matches it"
    UNSERVED = "nobody serves what reaches it"
    NAME_TAKEN = "a rule before it takes the name"
    TAKEN = "rules before it take all"


@record
class DeadRule:
    """A rule that decides nothing; `witness` is a request that it asks for, where there is one."""

    rule: Rule
    cause: Cause
    covers: tuple[Rule, ...]
    witness: Witness | None


def explained(context: Context, rule: Rule, dead: Dead) -> DeadRule:
    """A rule that decides nothing with the reason and, where it asks for any, a request."""
    analysis, question = context.analysis, f"what `{rule.name}` asks for"
    matched = analysis.matched(rule)
    if not dead.covers:
        if context.proves_none(question, rule.span, [matched]):
            return DeadRule(rule, Cause.IMPOSSIBLE, (), None)
        witness = context.find(question, rule.span, [matched])
        return DeadRule(rule, Cause.UNSERVED if witness else Cause.UNKNOWN, (), witness)
    unserved = context.find(question, rule.span, [matched], map(analysis.matched, dead.covers))
    if unserved is not None:
        return DeadRule(rule, Cause.UNSERVED, dead.covers, unserved)
    named = rule.phase == "exact" and any(map(_asks_for_names, dead.covers))
    witness = context.find(question, rule.span, [analysis.region(rule)])
    return DeadRule(rule, Cause.NAME_TAKEN if named else Cause.TAKEN, dead.covers, witness)


def _asks_for_names(rule: Rule) -> bool:
    return isinstance(rule.match, ast.When) and speaks_of_models(rule.match.condition.condition)


def covered(context: Context, dead: DeadRule) -> str:
    """Who takes what a rule asks for, and what that changes for a request."""
    together = "takes" if len(dead.covers) == 1 else "together take"
    text = f"{joined(one.name for one in dead.covers)} {together} every request that it asks for"
    if dead.witness is None:
        return text
    return f"{text}; {instead(dead.witness, context.analysis.decide(dead.witness), dead.rule)}"


def taken_by(dead: DeadRule) -> tuple[Related, ...]:
    """The places of the rules that take what a rule asks for."""
    return tuple(Related("takes what it asks for", one.span) for one in dead.covers[:MOST_COVERS_SHOWN])
