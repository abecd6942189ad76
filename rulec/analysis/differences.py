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

from rulec.analysis.analysis import Analysis
from rulec.analysis.budget import Budget
from rulec.analysis.causes import Cause, Causes
from rulec.analysis.draft import NOON, Witness
from rulec.analysis.formulas import TRUE, Formula, Literal, all_of, cells_apart, cells_within
from rulec.analysis.grades import GRADES, Grade, at_least, grade_of
from rulec.analysis.language import positions
from rulec.analysis.outcomes import Atom, Outcomes, alike
from rulec.analysis.pairing import Pair, paired, says_the_same
from rulec.analysis.pairs import Parts, may_meet, parts_of
from rulec.analysis.question import Region, Verdict, WitnessFails, find
from rulec.analysis.readable import readable
from rulec.analysis.space import Space
from rulec.analysis.surroundings import settings_apart
from rulec.policy.model import NativeTarget, Policy, Rule
from rulec.records import record, replace
from rulec.runtime.records import Decision
from rulec.runtime.sizes import is_regular_name

MOST_EACH = 10
"""Differences of one cause that are looked for, once one of them is of the gravest grade."""
MOST_SINGLE = 16
"""Names that the catalogues know differently and that are asked about one by one; more of them together."""
_ANYTHING = Region(TRUE, lambda witness: True)


@record
class Difference:
    """Requests that one rule of the old policy takes and one of the new, and one of them; no rule is None.

    A `grade` None says that it was not decided whether there is such a request.
    """

    grade: Grade | None
    cause: Cause
    old_rule: Rule | None
    new_rule: Rule | None
    witness: Witness | None = None
    old: Decision | None = None
    new: Decision | None = None


def differences(
    old: Policy, new: Policy, names: Iterable[str] = (), seconds: float = 30.0, least: Grade = "metadata"
) -> Iterator[Difference]:
    """The differences of two policies that are as grave as `least`; see `Comparison`."""
    return Comparison(old, new, names, seconds, least).differences()


def are_equal(old: Policy, new: Policy, seconds: float = 30.0, least: Grade = "metadata") -> bool | Verdict:
    """Whether no request is decided differently, as far as `least`; UNDECIDED where that is not known."""
    found = next(differences(old, new, (), seconds, least), None)
    return found is None if found is None or found.grade is not None else Verdict.UNDECIDED


class Side:
    """One of the two policies."""

    def __init__(self, policy: Policy, space: Space, seconds: float) -> None:
        self.policy = policy
        self.analysis = Analysis(policy, space=space, seconds=seconds)
        self.outcomes = Outcomes(self.analysis)
        self.partners: dict[int, Rule] = {}
        self.unsteady: set[int] = set()
        self._parts: dict[int, Parts] = {}

    def parts(self, rule: Rule) -> Parts:
        """What a rule admits, for a look at whether it overlaps another."""
        found = self._parts.get(rule.position)
        if found is None:
            found = self._parts[rule.position] = parts_of(self.region(rule).formula)
        return found

    @cached_property
    def last_exact(self) -> int:
        return max((rule.position for rule in self.policy.rules if rule.phase == "exact"), default=0)

    def decide(self, witness: Witness) -> Rule | None:
        return self.analysis.decide(witness)

    def region(self, rule: Rule | None) -> Region:
        return _ANYTHING if rule is None else self.analysis.region(rule)

    def before(self, rule: Rule | None) -> list[Region]:
        """What is certainly taken before a rule: exact names may be thousands."""
        return [self.analysis.exact_rules] if rule is None or rule.phase not in ("when", "exact") else []


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
        self.cut: dict[Cause, None] = {}
        self._counts: dict[Cause, int] = {}
        self._gravest: dict[Cause, Grade] = {}
        self._reached: list[Witness | None] = []

    def differences(self) -> Iterator[Difference]:
        """Each difference when it is found."""
        if self.same:
            return
        pairs = paired(self.old.policy, self.new.policy)
        for one, other in pairs:
            self.old.partners[one.position] = other
            self.new.partners[other.position] = one
        cells = {one.position: cells for one, other in pairs if (cells := self._regions_apart(one, other)) != 0}
        for side in (self.old, self.new):
            side.unsteady = {rule.position for rule in side.policy.rules if rule.position not in side.partners}
        self.old.unsteady.update(cells)
        self.new.unsteady.update(self.old.partners[one].position for one in cells)
        seen: dict[tuple[int, int], Grade | None] = {}
        for found in self._all(pairs, cells):
            between = _position(found.old_rule), _position(found.new_rule)
            known = seen.get(between)
            if found.grade is not None:
                if not at_least(found.grade, self.least) or (known is not None and at_least(known, found.grade)):
                    continue
                seen[between] = found.grade
                self._count(found)
            yield found
        yield from self._around()

    def _all(self, pairs: list[Pair], cells_apart: dict[int, int | None]) -> Iterator[Difference]:
        """The differences of rules that are pairs, then of those between which requests move."""
        for one, other in pairs:
            if self._late():
                break
            for focus in self._parts(self._apart(one, other)):
                yield from self._pair(one, other, focus, self.causes.of(one, other, self._names(focus)))
        for here, there in ((self.old, self.new), (self.new, self.old)):
            for position in sorted(here.unsteady):
                rule, partner = here.policy.rules[position - 1], here.partners.get(position)
                paired_old = rule if here is self.old or partner is None else partner
                for focus in self._parts(None if partner is None else cells_apart[paired_old.position]):
                    yield from self._moving(here, there, rule, partner, focus)
        if self._late():
            yield Difference(None, Cause("time", ""), None, None)

    def _late(self) -> bool:
        return time.perf_counter() > self.ends

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

    # Which cells of the model's dimension matter: None is all of them

    def _regions_apart(self, one: Rule, other: Rule) -> int | None:
        """The names for which two rules may take different requests."""
        if self._one_ground and one.target == other.target and says_the_same(one, other):
            return 0
        formulas = self.old.analysis.regions.rule(one), self.new.analysis.regions.rule(other)
        return cells_apart(*formulas, self.space.model)

    @cached_property
    def _one_ground(self) -> bool:
        """Whether both policies know the same providers and models, and read the capability from one header."""
        old, new = (side.analysis.replay.rows for side in (self.old, self.new))
        named = self.old.policy.capability_header == self.new.policy.capability_header
        return named and old.models == new.models and self.causes.providers_alike

    def _apart(self, one: Rule | None, other: Rule | None) -> int | None:
        """The names for which an old and a new rule may do different things."""
        old, new = self.old.outcomes, self.new.outcomes
        if old.key(one) != new.key(other):
            return None
        cells = 0
        for name in old.providers(one):
            cells |= self._served_apart.get(name, 0)
        if self.least == "metadata" and old.words(one) != new.words(other):
            return None
        for mine, theirs in zip(old.conditions(one), new.conditions(other), strict=True):
            formulas = old.analysis.regions.condition(mine), new.analysis.regions.condition(theirs)
            apart = cells_apart(*formulas, self.space.model)
            if apart is None:
                return None
            cells |= apart
        return cells

    @cached_property
    def _served_apart(self) -> dict[str, int]:
        """For each provider the names that the two catalogues place on it differently."""
        old, new = (side.analysis.replay.catalogue for side in (self.old, self.new))
        placed = {**old.deployments, **new.deployments}
        changed = dict.fromkeys(
            name for name in (*old.models, *new.models) if old.models.get(name, ()) != new.models.get(name, ())
        )
        changed.update(dict.fromkeys(name for name, provider in placed if name in self.space.model.numbers))
        found: dict[str, int] = {}
        for name in changed:
            for provider in old.providers.keys() & new.providers.keys():
                places = [one.candidate(provider, name) for one in (old, new)]
                told = [
                    () if place is None else (place, *map(one.deployment(place).get, ("weight", "priority")))
                    for one, place in zip((old, new), places, strict=True)
                ]
                if told[0] != told[1]:
                    found[provider] = found.get(provider, 0) | self.space.model.equal(name)
        return found

    def _parts(self, cells: int | None) -> Iterator[int | None]:
        """Few names one by one, as each may have a cause of its own."""
        if cells is None or cells.bit_count() > MOST_SINGLE:
            yield cells
        else:
            yield from (1 << one for one in positions(cells))

    def _names(self, cells: int | None) -> list[str]:
        known = self.space.model.known
        return [] if cells is None else [known[one] for one in positions(cells) if one < len(known)]

    def _focus(self, cells: int | None) -> list[Region]:
        if cells is None:
            return []
        return [Region(Literal(self.space.model, cells), lambda witness: True)]

    # Two rules

    def _pair(
        self, one: Rule | None, other: Rule | None, focus: int | None, cause: Cause, without: Iterable[Region] = ()
    ) -> Iterator[Difference]:
        """The gravest difference among requests that an old and a new rule take."""
        if self._enough(cause):
            return
        wanted = [*self._focus(focus), self.old.region(one), self.new.region(other)]
        nones = [*without, *self.old.before(one), *self.new.before(other)]
        budget = Budget(self.old.analysis.seconds)
        best: Difference | None = None
        while True:
            witness = find(wanted, nones, budget)
            if isinstance(witness, Verdict):
                if witness is Verdict.UNDECIDED and (best is None or best.grade != "target"):
                    yield Difference(None, cause, one, other)
                break
            caught = [*self._caught(self.old, one, witness), *self._caught(self.new, other, witness)]
            if not caught:
                found = self._judged(one, other, witness, cause)
                if found is not None and (
                    best is None or best.grade is None or not at_least(best.grade, found.grade or "target")
                ):
                    best = found
                if best is not None and best.grade == "target":
                    break
                caught = [self._class(one, other, witness)]
            nones += caught
        if best is not None:
            yield self._readable(best)

    def _caught(self, side: Side, rule: Rule | None, witness: Witness) -> list[Region]:
        """The region of the rule that takes a request before the one that it was found for."""
        taker = side.decide(witness)
        if taker is rule:
            return []
        if taker is None or (rule is not None and taker.position > rule.position):
            raise WitnessFails(f"{witness!r} is taken by {taker and taker.name!r}")
        return [side.region(taker)]

    def _judged(self, one: Rule | None, other: Rule | None, witness: Witness, cause: Cause) -> Difference | None:
        """The difference for a request that an old and a new rule take."""
        old, new = self.old.outcomes.decision(one, witness), self.new.outcomes.decision(other, witness)
        if old is None or new is None:
            raise WitnessFails(f"no rule applies to {witness!r}")
        grade = grade_of(old, new, [*self.old.outcomes.asked(one), *self.new.outcomes.asked(other)])
        if _thresholds(one) != _thresholds(other) and one is not None and other is not None:
            grade = "target"  # by LiteLLM's own score, which is not ours to tell
        return None if grade is None else Difference(grade, cause, one, other, witness, old, new)

    def _class(self, one: Rule | None, other: Rule | None, witness: Witness) -> Region:
        """The requests that are like one in all that the outcomes of two rules depend on."""
        outcomes = ((self.old.outcomes, one), (self.new.outcomes, other))
        atoms: list[Atom] = list(chain.from_iterable(each.atoms(rule) for each, rule in outcomes))
        name = witness.body.get("model")
        model = self.space.model
        cells = model.irregular if name is not None else model.absent
        if name in model.numbers:
            cells = self._alike_names(one, other, witness)
        elif name is not None and is_regular_name(name):
            cells = model.regular
            atoms += chain.from_iterable(each.names(rule) for each, rule in outcomes)
        formula = all_of((Literal(model, cells), alike(atoms, witness)))
        truths = [holds(witness) for _, holds in atoms]

        def holds(like: Witness) -> bool:
            if like.body.get("model") != name:
                return False  # which is not known; then the formula alone says it
            return all(test(like) == truth for (_, test), truth in zip(atoms, truths, strict=True))

        return Region(formula, holds)

    def _alike_names(self, one: Rule | None, other: Rule | None, witness: Witness) -> int:
        """The known names with which an old and a new rule do what they do with that of a request."""
        model = self.space.model
        cells = cells_within(self._formula(self.old, one), model) & cells_within(self._formula(self.new, other), model)
        wanted = self._shape(one, other, witness, witness.body["model"])
        found = model.equal(witness.body["model"])
        for number in positions(cells & ((1 << len(model.known)) - 1)):
            if self._shape(one, other, witness, model.known[number]) == wanted:
                found |= 1 << number
        return found

    def _formula(self, side: Side, rule: Rule | None) -> Formula:
        return side.region(rule).formula

    def _shape(self, one: Rule | None, other: Rule | None, witness: Witness, name: str) -> object:
        """Both outcomes for a request of another model, with a gap where its name stands."""
        asking = replace(witness, body={**witness.body, "model": name})
        decisions = self.old.outcomes.decision(one, asking), self.new.outcomes.decision(other, asking)
        return [None if decision is None else _with_a_gap(decision, name) for decision in decisions]

    def _readable(self, found: Difference) -> Difference:
        """The difference with a witness that reads better, if that shows the same."""
        assert found.witness is not None

        def stays(witness: Witness) -> bool:
            if self.old.decide(witness) is not found.old_rule or self.new.decide(witness) is not found.new_rule:
                return False
            again = self._judged(found.old_rule, found.new_rule, witness, found.cause)
            return again is not None and again.grade == found.grade

        better = readable(found.witness, self.space, stays)
        if better is found.witness:
            return found
        return self._judged(found.old_rule, found.new_rule, better, found.cause) or found

    # Rules in no pair, and pairs that match different requests

    def _moving(
        self, here: Side, there: Side, rule: Rule, partner: Rule | None, focus: int | None
    ) -> Iterator[Difference]:
        """The differences among requests that an unsteady rule takes here and other rules there."""
        cause = self._cause(here, rule, partner, focus)
        if self._enough(cause):
            return
        wanted = [*self._focus(focus), here.region(rule)]
        without = [] if partner is None else [there.region(partner)]
        nones = [*without, *here.before(rule)]
        budget = Budget(here.analysis.seconds)
        takers: set[int] = set()
        last = 0
        while True:
            witness = find(wanted, nones, budget)
            if witness is Verdict.UNDECIDED:
                yield Difference(None, cause, *self._ordered(here, rule, None))
            if isinstance(witness, Verdict):
                break
            caught = self._caught(here, rule, witness)
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
        apart = self._apart(one, other)
        if apart is None or focus is None:
            focus = focus if apart is None else apart
        else:
            focus &= apart
        if focus != 0:
            yield from self._pair(one, other, focus, cause, without)

    def _ordered(self, here: Side, rule: Rule, taker: Rule | None) -> tuple[Rule | None, Rule | None]:
        return (rule, taker) if here is self.old else (taker, rule)

    def _cause(self, here: Side, rule: Rule, partner: Rule | None, focus: int | None) -> Cause:
        if partner is None:
            return self.causes.alone(rule, here is self.old)
        one, other = self._ordered(here, rule, partner)
        assert one is not None and other is not None
        return self.causes.of(one, other, self._names(focus))

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


def _position(rule: Rule | None) -> int:
    return 0 if rule is None else rule.position


def _thresholds(rule: Rule | None) -> float | None:
    target = None if rule is None else rule.target
    return target.threshold if isinstance(target, NativeTarget) else None


def _with_a_gap(decision: Decision, name: str) -> object:
    def gap(text: str) -> str:
        return "" if text == name else text

    places = [(one.provider, gap(one.model), gap(one.group), one.weight, one.priority) for one in decision.candidates]
    hops = [(one.provider, gap(one.model), gap(one.group), one.kinds, one.when) for one in decision.fallbacks]
    return decision.action, decision.strategy, places, hops
