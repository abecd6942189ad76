"""Which rules of two policies stand for each other: pairs in one order, so that what is in no pair was moved, added or removed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from rulec.policy.canonical import canonical
from rulec.policy.model import Policy, Rule
from rulec.syntax import ast

UNORDERED = ("exact", "capability")
"""Phases of whose rules no two match one request: their order does not count."""

Pair = tuple[Rule, Rule]


def paired(old: Policy, new: Policy) -> list[Pair]:
    """Pairs of rules, an old and a new one; of any two pairs, the rules stand in one order wherever that counts."""
    known = {_subject(rule): rule for rule in new.rules if rule.phase in UNORDERED}
    found = [(rule, known[_subject(rule)]) for rule in old.rules if rule.phase in UNORDERED and _subject(rule) in known]
    ordered = [[rule for rule in policy.rules if rule.phase not in UNORDERED] for policy in (old, new)]
    return [*found, *_in_order(*ordered)]


def _subject(rule: Rule) -> tuple[str, str]:
    text = rule.match.model.text if isinstance(rule.match, ast.Exact) else getattr(rule.match, "name", "")
    return rule.phase, text


def says_the_same(one: Rule, other: Rule) -> bool:
    """Whether what two rules match is written in the same words; where not, it may still be the same."""
    mine, theirs = one.match, other.match
    if isinstance(mine, ast.When) and isinstance(theirs, ast.When):
        return mine.condition.text == theirs.condition.text
    if isinstance(mine, ast.Patterns) and isinstance(theirs, ast.Patterns):
        return [text.text for text in mine.patterns] == [text.text for text in theirs.patterns]
    return _subject(one) == _subject(other) and canonical(mine) == canonical(theirs)


def _in_order(old: list[Rule], new: list[Rule]) -> list[Pair]:
    tokens = _tokens(old, new), _tokens(new, old)
    places = {token: number for number, token in enumerate(tokens[1])}
    common = [(number, places[token]) for number, token in enumerate(tokens[0]) if token in places]
    anchors = [common[one] for one in _longest_rising([place for _, place in common])]
    met = set(tokens[0])
    found: list[Pair] = []
    before = (-1, -1)
    for at in [*anchors, (len(old), len(new))]:
        left = [old[number] for number in range(before[0] + 1, at[0]) if tokens[0][number] not in places]
        right = [new[number] for number in range(before[1] + 1, at[1]) if tokens[1][number] not in met]
        found += _changed(left, right)
        before = at
    return [*((old[one], new[other]) for one, other in anchors), *found]


def _tokens(rules: list[Rule], others: list[Rule]) -> list[str]:
    """For each rule its name where the other policy has it in the same phase, else what it matches: it may have been renamed."""
    names = {(rule.phase, rule.name) for rule in others}
    tokens: list[str] = []
    seen: dict[str, int] = {}
    for rule in rules:
        if (rule.phase, rule.name) in names:
            tokens.append(f"{rule.phase} {rule.name}")
            continue
        token = f"{rule.phase}\n{canonical(rule.match)}"
        seen[token] = seen.get(token, 0) + 1
        tokens.append(f"{token}\n{seen[token]}")
    return tokens


def _changed(old: list[Rule], new: list[Rule]) -> list[Pair]:
    """Rules of one phase at one place, neither of which is elsewhere: one became the other."""
    found: list[Pair] = []
    for phase in dict.fromkeys(rule.phase for rule in old):
        left, right = ([rule for rule in rules if rule.phase == phase] for rules in (old, new))
        found += zip(left, right)  # noqa: B905 - those left over were added or removed
    return found


def _longest_rising(numbers: Sequence[int]) -> list[int]:
    """The places of the longest rising subsequence."""
    ends: list[int] = []
    tails: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(tails, number)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [place]
    found: list[int] = []
    place = ends[-1] if ends else -1
    while place >= 0:
        found.append(place)
        place = before[place]
    return found[::-1]
