"""Size tiers as ranges of whole parameters, and ranges as operators write them."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from rulec.ir.decide import size_text
from rulec.policy.model import Rule
from rulec.records import record
from rulec.syntax import ast


@record
class Tier:
    """The sizes of a rule, from `low` to `high`, both included."""

    rule: Rule
    low: float
    high: float

    def contains(self, other: Tier) -> bool:
        """Whether all sizes of another tier are in this one."""
        return self.low <= other.low and other.high <= self.high


def tiers_of(rules: Iterable[Rule]) -> list[Tier]:
    """The tiers among some rules, in their order."""
    return [_tier(rule, rule.match) for rule in rules if isinstance(rule.match, ast.SizeTier)]


def _tier(rule: Rule, match: ast.SizeTier) -> Tier:
    low = 0 if match.low is None else match.low + (not match.low_included)
    high = inf if match.high is None else match.high - (not match.high_included)
    return Tier(rule, low, high)


def range_text(low: float, high: float) -> str:
    """Sizes as an operator says them: a bound that is one parameter off a round number is said by that number."""
    if low == high:
        return size_text(int(low))
    return f"{_bound(low, 'above', -1)} to {_bound(high, 'below', 1)}"


def _bound(size: float, word: str, step: int) -> str:
    if size == inf:
        return "the largest"
    plain, rounder = size_text(int(size)), size_text(int(size) + step)
    return f"{word} {rounder}" if len(rounder) < len(plain) else plain
