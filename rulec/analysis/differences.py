"""The requests on which two policies differ: one for each pair of rules between which requests move, with how much that is.

Rules are paired (`pairing`). Where a request meets two paired rules that both match it in both policies, they stand in one
order; so if it is taken by rules that are no pair, one of these is in no pair, or matches it in one policy only. Only such
*unsteady* rules are asked where their requests go or come from; of all others only what they do is compared. A request that
is found goes through both policies; if they do the same with it, all that are like it in what that depends on are left out,
and the next one is looked for, until none is left.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain

from rulec.analysis.budget import Budget
from rulec.analysis.compared.between import Between, caught_before, find_before
from rulec.analysis.compared.causes import Cause, Causes
from rulec.analysis.compared.difference import Difference
from rulec.analysis.compared.grades import GRADES, Grade, at_least
from rulec.analysis.compared.ground import Ground
from rulec.analysis.compared.pairing import Pair, paired
from rulec.analysis.compared.sides import Side
from rulec.analysis.compared.surroundings import settings_apart
from rulec.analysis.draft import NOON, Witness
from rulec.analysis.pairs import may_meet
from rulec.analysis.question import Region, Verdict
from rulec.analysis.space import Space
from rulec.policy.model import Policy, Rule

MOST_EACH = 10
"""Differences of one cause that are looked for, once one of them is of the gravest grade."""


def differences(
    old: Policy, new: Policy, names: Iterable[str] = (), seconds: float = 30.0, least: Grade = "metadata"
) -> Iterator[Difference]:
    """The differences of two policies that are as grave as `least`; see `Comparison`."""
    return Comparison(old, new, names, seconds, least).differences()


def are_equal(old: Policy, new: Policy, seconds: float = 30.0, least: Grade = "metadata") -> bool | Verdict:
    """Whether no request is decided differently, as far as `least`; UNDECIDED where that is not known."""
    undecided = False
    for one in differences(old, new, (), seconds, least):
        if one.grade is not None:
            return False
        undecided = True
    return Verdict.UNDECIDED if undecided else True


class Comparison:
    """Two policies compared; all of it takes no longer than `seconds`, and what was not compared by then is told as not decided.

    `names` are model names that witnesses prefer. What is less grave than `least` is not looked for. After all differences
    were given, `cut` are the causes of which there may be more pairs of rules.
    """

    def __init__(
        self, old: Policy, new: Policy, names: Iterable[str] = (), seconds: float = 30.0, least: Grade = "metadata"
    ) -> None:
        self.ends = time.perf_counter() + seconds
        self.least = least
        self.same = old.fingerprint() == new.fingerprint()
        self.space = Space([old, new], names)
        self.old, self.new = (Side(one, self.space, min(1.0, seconds)) for one in (old, new))
        self.causes = Causes(old, new)
        self.ground = Ground(self.old, self.new, self.space, self.causes.providers_alike, least == "metadata")
        self.between = Between(self.old, self.new, self.space)
        self.cut: dict[Cause, None] = {}
        self._counts: dict[Cause, int] = {}
        self._gravest: dict[Cause, Grade] = {}
        self._reached: list[Witness | None] = []
        self._was_late = False

    def differences(self) -> Iterator[Difference]:
        """Each difference when it is found."""
        if self.same:
            return
        pairs = paired(self.old.policy, self.new.policy)
        for one, other in pairs:
            self.old.partners[one.position] = other
            self.new.partners[other.position] = one
        cells = {one.position: cells for one, other in pairs if (cells := self.ground.regions_apart(one, other)) != 0}
        for side in (self.old, self.new):
            side.unsteady = {rule.position for rule in side.policy.rules if rule.position not in side.partners}
        self.old.unsteady.update(cells)
        self.new.unsteady.update(self.old.partners[one].position for one in cells)
        told: dict[object, Grade] = {}
        for found in self._all(pairs, cells):
            if found.grade is not None:
                known = told.get(_subject(found))
                if not at_least(found.grade, self.least) or (known is not None and at_least(known, found.grade)):
                    continue
                told[_subject(found)] = found.grade
                self._count(found)
            yield found
        yield from self._around()

    def _all(self, pairs: list[Pair], cells_apart: dict[int, int | None]) -> Iterator[Difference]:
        """The differences of rules that are pairs, then of those between which requests move."""
        for one, other in pairs:
            if self._late():
                break
            for focus in self.ground.parts(self.ground.outcomes_apart(one, other)):
                cause = self.causes.of(one, other, self.ground.names(focus))
                if not self._enough(cause):
                    yield from self.between.gravest(one, other, self.ground.focus(focus), cause)
        for here, there in ((self.old, self.new), (self.new, self.old)):
            for position in sorted(here.unsteady):
                rule, partner = here.policy.rules[position - 1], here.partners.get(position)
                paired_old = rule if here is self.old or partner is None else partner
                for focus in self.ground.parts(None if partner is None else cells_apart[paired_old.position]):
                    yield from self._moving(here, there, rule, partner, focus)
        if self._was_late:
            yield Difference(None, Cause("time", ""), None, None)

    def _late(self) -> bool:
        """Whether the time is over; who asks leaves something out then."""
        self._was_late = self._was_late or time.perf_counter() > self.ends
        return self._was_late

    # What requests meet beside the rules

    def _around(self) -> Iterator[Difference]:
        """What is set differently, each with a request that meets it; what none is found to meet is no difference."""
        for setting in settings_apart(self.old.policy, self.new.policy):
            if setting.grade is None:
                if self._scored:
                    yield Difference(None, setting.cause, None, None)
                continue
            if not at_least(setting.grade, self.least):
                continue
            named = Witness({"model": setting.cause.name}, {}, {"now": NOON})
            first = [named] if setting.cause.kind == "model" else []
            for witness in chain(first, self._live()):
                rules = self.old.decide(witness), self.new.decide(witness)
                old, new = self.old.outcomes.decision(rules[0], witness), self.new.outcomes.decision(rules[1], witness)
                if rules[1] is not None and old is not None and new is not None and setting.meets(new):
                    yield Difference(setting.grade, setting.cause, *rules, witness, old, new)
                    break

    @cached_property
    def _scored(self) -> bool:
        """Whether rules ask for the complexity of requests."""
        return ("complexity", None) in self.space.asked.fields

    def _live(self) -> Iterator[Witness]:
        """A request for each rule of the new policy, as far as one is found in time; made once."""
        for number, rule in enumerate(self.new.policy.rules):
            if number == len(self._reached):
                found = None if self._late() else self.new.analysis.live(rule)
                self._reached.append(found if isinstance(found, Witness) else None)
            witness = self._reached[number]
            if witness is not None:
                yield witness

    # Rules in no pair, and pairs that match different requests

    def _moving(
        self, here: Side, there: Side, rule: Rule, partner: Rule | None, focus: int | None
    ) -> Iterator[Difference]:
        """The differences among requests that an unsteady rule takes here and other rules there."""
        cause = self._cause(here, rule, partner, focus)
        if self._late() or self._enough(cause):
            return
        wanted = [*self.ground.focus(focus), here.region(rule)]
        without = [] if partner is None else [there.region(partner)]
        nones = [*without, *here.before(rule)]
        budget = Budget(here.analysis.seconds)
        takers: set[int] = set()
        last = 0
        while True:
            witness = find_before((here, rule), None, wanted, nones, budget)
            if witness is Verdict.UNDECIDED:
                yield Difference(None, cause, *self._ordered(here, rule, None))
            if isinstance(witness, Verdict):
                break
            caught = caught_before(here, rule, witness)
            if not caught:
                taker = there.decide(witness)
                if taker is None:
                    last = len(there.policy.rules) + 1
                    yield from self._between(here, rule, None, focus, without, cause)
                    break
                if taker.phase == "exact":  # of which there may be thousands: they are asked one by one below
                    last = max(last, there.last_exact + 1)
                    caught = [there.analysis.exact_rules]
                else:
                    takers.add(taker.position)
                    last = max(last, taker.position)
                    yield from self._between(here, rule, taker, focus, without, cause)
                    caught = [there.region(taker)]
                if self._enough(cause):
                    return
            nones += caught
        for taker in self._likely(here, there, rule, last):
            if self._late() or self._enough(cause):
                return
            if taker.position not in takers and taker is not partner:
                yield from self._between(here, rule, taker, focus, without, cause)

    def _likely(self, here: Side, there: Side, rule: Rule, last: int) -> Iterator[Rule]:
        """The rules there, before the last one that takes something, that may take what another one takes here."""
        parts = here.parts(rule)
        for taker in there.policy.rules[: max(last - 1, 0)]:
            if self._may_take(here, there, rule, taker) and may_meet(parts, there.parts(taker)):
                yield taker

    def _may_take(self, here: Side, there: Side, rule: Rule, taker: Rule) -> bool:
        """Whether a rule may take there what another takes here: not where it stands before it and matches the same here."""
        return taker.position in there.unsteady or there.partners[taker.position].position > rule.position

    def _between(
        self, here: Side, rule: Rule, taker: Rule | None, focus: int | None, without: list[Region], cause: Cause
    ) -> Iterator[Difference]:
        one, other = self._ordered(here, rule, taker)
        apart = self.ground.outcomes_apart(one, other)
        if apart is None or focus is None:
            focus = focus if apart is None else apart
        else:
            focus &= apart
        if focus != 0:
            yield from self.between.gravest(one, other, self.ground.focus(focus), cause, without)

    def _ordered(self, here: Side, rule: Rule, taker: Rule | None) -> tuple[Rule | None, Rule | None]:
        return (rule, taker) if here is self.old else (taker, rule)

    def _cause(self, here: Side, rule: Rule, partner: Rule | None, focus: int | None) -> Cause:
        if partner is None:
            return self.causes.alone(rule, here is self.old)
        one, other = self._ordered(here, rule, partner)
        assert one is not None and other is not None
        return self.causes.of(one, other, self.ground.names(focus))

    # How many

    def _count(self, found: Difference) -> None:
        self._counts[found.cause] = self._counts.get(found.cause, 0) + 1
        grades = [one for one in (self._gravest.get(found.cause), found.grade) if one is not None]
        self._gravest[found.cause] = min(grades, key=GRADES.index)

    def _enough(self, cause: Cause) -> bool:
        enough = self._counts.get(cause, 0) >= MOST_EACH and self._gravest[cause] == "target"
        if enough:
            self.cut[cause] = None
        return enough


def _subject(difference: Difference) -> object:
    """What is told once: the two rules, for each model whose catalogue entry is the cause."""
    positions = [rule and rule.position for rule in (difference.old_rule, difference.new_rule)]
    return *positions, difference.cause if difference.cause.kind == "model" else None
