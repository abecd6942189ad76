"""How much two decisions about one request differ: where it goes, what is tried next, how one is picked, or only names."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any, Literal

from rulec.runtime.records import Decision

Grade = Literal["target", "chain", "strategy", "metadata"]
GRADES: tuple[Grade, ...] = ("target", "chain", "strategy", "metadata")
"""From the gravest on: who may serve first; what is tried after that; how one of several is picked; names and texts."""

MOST_ASKED = 8
"""Providers whose failures are tried in all combinations to compare conditions of hops; of more, in pairs."""


def grade_of(old: Decision, new: Decision, asked: Iterable[str] = ()) -> Grade | None:
    """The gravest difference of two decisions; `asked` are the providers whose failure conditions of hops ask about."""
    combined = list(_failures(sorted(set(asked))))
    if _target(old) != _target(new):
        return "target"
    if _chain(old, combined) != _chain(new, combined):
        return "chain"
    if _strategy(old) != _strategy(new):
        return "strategy"
    return "metadata" if _metadata(old) != _metadata(new) else None


def at_least(grade: Grade, least: Grade) -> bool:
    """Whether a grade is as grave as another one, or graver."""
    return GRADES.index(grade) <= GRADES.index(least)


def _target(decision: Decision) -> Any:
    return decision.action, decision.status, {_place(one) for one in decision.candidates}


def _place(one: Any) -> tuple[str, ...]:
    return one.provider, one.model, one.litellm_model, one.group


def _chain(decision: Decision, combined: list[frozenset[str]]) -> Any:
    """The hops while it is open which candidate is picked, and once each is, with the retries."""
    picked = {_place(one): _hops(decision, one, combined) for one in decision.candidates}
    still_open = _hops(decision, None, combined) if len(picked) > 1 else None
    return decision.retry_attempts, decision.retry_delay_ms, still_open, picked


def _hops(decision: Decision, picked: Any, combined: list[frozenset[str]]) -> Any:
    hops = decision.fallbacks if picked is None else decision.hops(picked)
    down = frozenset(() if picked is None else (picked.provider,))
    return [(*_place(one), one.kinds, [one.allowed(decision.request, down | failed) for failed in combined]) for one in hops]


def _failures(asked: list[str]) -> Iterable[frozenset[str]]:
    most = len(asked) if len(asked) <= MOST_ASKED else 2
    return (frozenset(chosen) for count in range(most + 1) for chosen in combinations(asked, count))


def _strategy(decision: Decision) -> Any:
    several = [(one.weight, one.priority) for one in decision.candidates] if len(decision.candidates) > 1 else []
    order = [_place(one) for one in decision.candidates]
    return order, several, decision.strategy, decision.sticky, decision.prefer_warm


def _metadata(decision: Decision) -> Any:
    """Names and texts; the text where no rule matched names the fingerprint and is no difference."""
    text = decision.text if decision.rule is not None else None
    return decision.rule, decision.phase, text, [one.chain for one in decision.fallbacks]
