"""Which of many rules overlap: most pairs are ruled out at once, of the others as many are asked as time allows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from rulec.analysis.analysis import Analysis
from rulec.analysis.draft import Witness
from rulec.analysis.pairs import Pairs
from rulec.analysis.question import Verdict
from rulec.policy.model import Rule
from rulec.records import record

MOST_PAIRS = 2_000


@record
class Overlap:
    """A request that two rules match and that none before them takes; the earlier of the two decides it."""

    one: Rule
    other: Rule
    witness: Witness


@record
class Overlaps:
    """Pairs of rules that overlap; pairs of which that was not decided; and how many more may overlap but were not looked at."""

    found: tuple[Overlap, ...]
    undecided: tuple[tuple[Rule, Rule], ...]
    left_out: int


def overlaps(
    analysis: Analysis, rules: Iterable[Rule], matters: Callable[[Rule, Rule], bool], most: int = MOST_PAIRS
) -> Overlaps:
    """The pairs of rules that overlap and that matter to who asks; of those that may, no more than `most` are asked."""
    ordered = sorted(rules, key=lambda rule: rule.position)
    found: list[Overlap] = []
    undecided: list[tuple[Rule, Rule]] = []
    likely, possible = _possible(analysis, ordered)
    asked = passed = 0
    for number, other in chain(_in_turn(likely), _in_turn(possible)):
        pair = ordered[number], ordered[other]
        if asked == most:
            break
        passed += 1
        if matters(*pair):
            asked += 1
            answer = analysis.overlap(*pair)
            if isinstance(answer, Witness):
                found.append(Overlap(*pair, answer))
            elif answer is Verdict.UNDECIDED:
                undecided.append(pair)
    every = sum(row.bit_count() for rows in (likely, possible) for row in rows)
    return Overlaps(tuple(found), tuple(undecided), every - passed)


def _possible(analysis: Analysis, rules: list[Rule]) -> tuple[list[int], list[int]]:
    """For each rule the later ones, as bits, that it may overlap with: those that may share a known name, and the others."""
    pairs = Pairs([analysis.region(rule).formula for rule in rules])
    likely, others = [], []
    for number in range(len(rules)):
        partners = pairs.partners(number) >> number + 1 << number + 1
        known = partners & pairs.sharing(number, analysis.space.model)
        likely.append(known)
        others.append(partners ^ known)
    return likely, others


def _in_turn(rows: list[int]) -> Iterator[tuple[int, int]]:
    """The pairs of some rows, one of each row after the other, so that none is left out for another's sake."""
    waiting = dict(enumerate(rows))
    while waiting:
        for number, row in list(waiting.items()):
            if not row:
                del waiting[number]
                continue
            lowest = row & -row
            waiting[number] = row ^ lowest
            yield number, lowest.bit_length() - 1
