"""Requests that an old rule takes in one policy and a new rule in the other, and what is done with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from rulec.analysis.budget import Budget
from rulec.analysis.compared.causes import Cause
from rulec.analysis.compared.difference import Difference, gravity
from rulec.analysis.compared.grades import grade_of
from rulec.analysis.compared.outcomes import Atom, alike
from rulec.analysis.compared.sides import Side
from rulec.analysis.draft import Witness
from rulec.analysis.formulas import Literal, all_of, cells_within
from rulec.analysis.language import positions
from rulec.analysis.question import Region, Verdict, WitnessFails, find
from rulec.analysis.readable import readable
from rulec.analysis.space import Space
from rulec.policy.model import NativeTarget, Rule
from rulec.records import replace
from rulec.runtime.records import Decision
from rulec.runtime.sizes import is_regular_name


class Between:
    """Questions about two rules, an old and a new one."""

    def __init__(self, old: Side, new: Side, space: Space) -> None:
        self.old, self.new = old, new
        self.space = space

    def gravest(
        self, one: Rule | None, other: Rule | None, within: Iterable[Region], cause: Cause, without: Iterable[Region] = ()
    ) -> Iterator[Difference]:
        """The gravest difference among requests that an old and a new rule take; and that it was not decided, where so."""
        wanted = [*within, self.old.region(one), self.new.region(other)]
        nones = [*without, *self.old.before(one), *self.new.before(other)]
        budget = Budget(self.old.analysis.seconds)
        best: Difference | None = None
        while True:
            witness = find_before((self.old, one), (self.new, other), wanted, nones, budget)
            if isinstance(witness, Verdict):
                if witness is Verdict.UNDECIDED and (best is None or best.grade != "target"):
                    yield Difference(None, cause, one, other)
                break
            caught = [*caught_before(self.old, one, witness), *caught_before(self.new, other, witness)]
            if not caught:
                found = self._judged(one, other, witness, cause)
                best = min((one for one in (best, found) if one is not None), key=gravity, default=None)
                if best is not None and best.grade == "target":
                    break
                caught = [self._class(one, other, witness)]
            nones += caught
        if best is not None:
            yield self._readable(best)

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
        cells = cells_within(self.old.region(one).formula, model) & cells_within(self.new.region(other).formula, model)
        wanted = self._shape(one, other, witness, witness.body["model"])
        found = model.equal(witness.body["model"])
        for number in positions(cells & ((1 << len(model.known)) - 1)):
            if self._shape(one, other, witness, model.known[number]) == wanted:
                found |= 1 << number
        return found

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


def find_before(
    here: tuple[Side, Rule | None],
    there: tuple[Side, Rule | None] | None,
    wanted: list[Region],
    nones: list[Region],
    budget: Budget,
) -> Witness | Verdict:
    """A request for rules that come at their turn. What nothing shows but is not ruled out is asked again, of all before them.

    Mostly the rules that catch requests are learned from those they catch; where a size can only be guessed, from a name
    such as `8x7b`, there may be none to learn from.
    """
    found = find(wanted, nones, budget)
    if found is not Verdict.UNDECIDED:
        return found
    before = [region for side, rule in filter(None, (here, there)) for region in side.all_before(rule)]
    return find(wanted, [*nones, *before], budget) if before else found


def caught_before(side: Side, rule: Rule | None, witness: Witness) -> list[Region]:
    """The region of the rule that takes a request before the one that it was found for."""
    taker = side.decide(witness)
    if taker is rule:
        return []
    if taker is None or (rule is not None and taker.position > rule.position):
        raise WitnessFails(f"{witness!r} is taken by {taker and taker.name!r}")
    return [side.region(taker)]


def _thresholds(rule: Rule | None) -> float | None:
    target = None if rule is None else rule.target
    return target.threshold if isinstance(target, NativeTarget) else None


def _with_a_gap(decision: Decision, name: str) -> object:
    def gap(text: str) -> str:
        return "" if text == name else text

    places = [(one.provider, gap(one.model), gap(one.group), one.weight, one.priority) for one in decision.candidates]
    hops = [(one.provider, gap(one.model), gap(one.group), one.kinds, one.when) for one in decision.fallbacks]
    return decision.action, decision.strategy, places, hops
