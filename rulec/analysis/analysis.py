"""Questions about the rules of a policy: which can match, which overlap, and what none of them takes.

A rule stands behind thousands of others, but few of them matter. So nothing is asked of all of them: a request that the
rule takes is sent through the real order of rules; where an earlier one catches it, that one is added to what the next
request must miss, until a request comes through or none is left (counterexample-guided refinement).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import islice

from rulec.analysis.budget import Budget
from rulec.analysis.draft import Witness
from rulec.analysis.formulas import TRUE, Literal
from rulec.analysis.language import positions
from rulec.analysis.question import Region, Verdict, WitnessFails, find, is_covered
from rulec.analysis.readable import readable
from rulec.analysis.regions import Regions
from rulec.analysis.replay import Decide, Replay
from rulec.analysis.space import Space
from rulec.policy.model import Policy, Rule
from rulec.records import record
from rulec.runtime.sizes import is_regular_name
from rulec.syntax import ast
from rulec.syntax.conditions import Condition

EVERYTHING = Region(TRUE, lambda witness: True)
MOST_SINGLE = 8
"""How many rules are asked whether they cover alone what several cover together."""


@record
class Dead:
    """A rule that no request reaches; the rules of `covers`, none of which can be left out, take all that it matches.

    Without covers, nothing matches it at all.
    """

    covers: tuple[Rule, ...]


@record
class _Caught:
    """The rules that caught requests meant for a later one, and these requests."""

    rules: list[Rule]
    witnesses: list[Witness]


class Analysis:
    """One policy under analysis; no question takes longer than `seconds`.

    `names` are model names that witnesses prefer, beside those of the catalogue. `decide` runs the policy
    in place of the tables that are emitted. Regions of two policies can be asked about together where their analyses share
    a `space` made of both.
    """

    def __init__(
        self,
        policy: Policy,
        names: Iterable[str] = (),
        decide: Decide | None = None,
        seconds: float = 1.0,
        space: Space | None = None,
    ) -> None:
        self.policy = policy
        self.space = space or Space([policy], names)
        self.regions = Regions(self.space, policy)
        self.replay = Replay(policy)
        self.decide = decide or self.replay.decide
        self.seconds = seconds
        self._regions: dict[int, Region] = {}

    def region(self, rule: Rule) -> Region:
        """The requests that a rule matches and applies to."""
        found = self._regions.get(rule.position)
        if found is None:

            def holds(witness: Witness) -> bool:
                return self.replay.takes(rule, self.replay.request(witness))

            found = self._regions[rule.position] = Region(self.regions.rule(rule), holds)
        return found

    def matched(self, rule: Rule) -> Region:
        """The requests that a rule matches, whether anybody can serve them or not."""
        return Region(
            self.regions.match(rule.match), lambda witness: self.replay.matches(rule, self.replay.request(witness))
        )

    def condition(self, condition: Condition) -> Region:
        """The requests for which a condition holds; it must be one that the space knows of, such as a hop's."""
        formula = self.regions.condition(condition)
        return Region(formula, lambda witness: self.replay.holds(condition, self.replay.request(witness)))

    def sizes(self, low: int, high: int) -> Region:
        """The requests for models of some sizes."""

        def holds(witness: Witness) -> bool:
            size = self.replay.catalogue.size(witness.body.get("model"))
            return size is not None and low <= size <= high

        return Region(self.regions.size(lambda size: low <= size <= high), holds)

    @cached_property
    def known_names(self) -> Region:
        """The requests for models that the catalogue or a rule names."""
        asked = self.space.asked.fields.get(("model", None))
        names = {*self.policy.models, *(asked.texts if asked is not None else ())} - {""}
        cells = 0
        for name in names:
            cells |= self.space.model.equal(name)
        return Region(Literal(self.space.model, cells), lambda witness: witness.body.get("model") in names)

    @cached_property
    def regular_names(self) -> Region:
        """The requests for models whose names patterns look at."""
        model = self.space.model
        cells = model.regular | model.where(lambda value: isinstance(value, str) and is_regular_name(value))
        return Region(Literal(model, cells), lambda witness: is_regular_name(witness.body.get("model") or ""))

    # Questions

    def live(self, rule: Rule) -> Witness | Dead | Verdict:
        """A request that the rule decides; or why none reaches it."""
        caught = _Caught([], [])
        found = self._first_taken([self.region(rule)], rule, caught)
        return Dead(self._covers(rule, caught)) if found is Verdict.NONE else found

    def decides(self, rule: Rule | None, *within: Region) -> Witness | Verdict:
        """A request in all of some regions that the rule decides, or (None) that none does."""
        if rule is None:
            return self._first_taken([EVERYTHING, *within], None, _Caught(list(self.policy.rules[-1:]), []))
        return self._first_taken([self.region(rule), *within], rule, _Caught([], []))

    def reached(self, rule: Rule) -> Witness | Verdict:
        """A request that the rule decides, however odd; or that there is none, without a reason."""
        return self._taken([self.region(rule)], rule, _Caught([], []))

    def unserved(self, rule: Rule, *within: Region) -> Witness | Verdict:
        """A request in all of some regions that a rule matches, but that nobody can serve for it, and that no rule before it takes."""
        budget = Budget(self.seconds)
        wanted, earlier = [self.matched(rule), *within], [self.region(rule)]
        earlier += [self.exact_rules] if rule.phase not in ("when", "exact") else []

        def stays(witness: Witness) -> bool:
            taker = self.decide(witness)
            passed = taker is None or taker.position > rule.position
            return passed and all(one.holds(witness) for one in wanted) and not earlier[0].holds(witness)

        while True:
            witness = find(wanted, earlier, budget)
            if isinstance(witness, Verdict):
                return witness
            if stays(witness):
                return readable(witness, self.space, stays)
            taker = self.decide(witness)
            if taker is None or taker.position >= rule.position:
                raise WitnessFails(f"{witness!r} is taken by {taker and taker.name!r}")
            earlier.append(self.region(taker))

    def overlap(self, one: Rule, other: Rule) -> Witness | Verdict:
        """A request that both rules match and that none before them takes: the earlier of the two decides it."""
        first = min(one, other, key=lambda rule: rule.position)
        return self._first_taken([self.region(one), self.region(other)], first, _Caught([], []))

    def gap(self) -> Witness | Verdict:
        """A request that no rule takes."""
        return self.decides(None)

    def _first_taken(self, wanted: list[Region], rule: Rule | None, caught: _Caught) -> Witness | Verdict:
        """A request in all of some regions that a rule (None: no rule) takes before all others, one that reads well."""
        found = self._taken(wanted, rule, caught)
        if isinstance(found, Verdict):
            return found
        return readable(found, self.space, lambda better: self._stays(better, wanted, rule))

    def _taken(self, wanted: list[Region], rule: Rule | None, caught: _Caught) -> Witness | Verdict:
        budget = Budget(self.seconds)
        last = len(self.policy.rules) if rule is None else rule.position
        exact = [self.exact_rules] if rule is None or rule.phase not in ("when", "exact") else []
        while True:
            witness = find(wanted, [*map(self.region, caught.rules), *exact], budget, replayed=len(wanted) > 1)
            if isinstance(witness, Verdict):
                return witness
            taker = self.decide(witness)
            if taker is rule:  # which replays a witness of one region
                return witness
            if taker is None or taker.position > last or any(taker is one for one in caught.rules):
                raise WitnessFails(f"{witness!r} is taken by {taker and taker.name!r}")
            caught.rules.append(taker)
            caught.witnesses.append(witness)

    def _stays(self, witness: Witness, wanted: list[Region], rule: Rule | None) -> bool:
        return all(one.holds(witness) for one in wanted) and self.decide(witness) is rule

    @cached_property
    def exact_rules(self) -> Region:
        """The requests that exact rules match and apply to, all of them at once: there may be thousands."""
        return self._exact_region(self._exact_by_name.values())

    # Why a rule is dead

    def _covers(self, rule: Rule, caught: _Caught) -> tuple[Rule, ...]:
        """Rules that take all that another one matches, none of which can be left out: a single one where one suffices."""
        wanted = self.region(rule)
        for one in caught.rules:
            if self._covered(wanted, [self.region(one)]):
                return (one,)
        exact = self._exact_covers(wanted, caught.rules) if rule.phase not in ("when", "exact") else []
        names = [self._exact_region(exact)] if exact else []
        needed = list(caught.rules)
        for one in caught.rules:
            rest = [cover for cover in needed if cover is not one]
            if self._covered(wanted, [*map(self.region, rest), *names]):
                needed = rest
        covers = [*needed, *exact]
        if len(covers) > 1:
            covers = self._single(rule, wanted, caught.witnesses) or covers
        return tuple(sorted(covers, key=lambda cover: cover.position))

    def _covered(self, wanted: Region, covers: list[Region]) -> bool:
        return is_covered([wanted], covers, Budget(self.seconds))

    def _exact_covers(self, wanted: Region, caught: list[Rule]) -> list[Rule]:
        """The exact rules for names of a dead rule that no other rule catches: none of these can be left out."""
        found: list[Rule] = []
        while True:
            others = [*map(self.region, caught), self._exact_region(found)]
            witness = find([wanted, self.exact_rules], others, Budget(self.seconds))
            if isinstance(witness, Verdict):
                return found
            found.append(self._exact_by_name[witness.body["model"]])

    def _single(self, rule: Rule, wanted: Region, witnesses: list[Witness]) -> list[Rule]:
        """An earlier rule that alone takes all that a dead rule matches, so all that was caught; of many, few are looked at."""
        requests = [self.replay.request(one) for one in witnesses]
        earlier = self.policy.rules[: rule.position - 1]
        likely = (one for one in earlier if all(self.replay.takes(one, request) for request in requests))
        for one in islice(likely, MOST_SINGLE):
            if self._covered(wanted, [self.region(one)]):
                return [one]
        return []

    @cached_property
    def _exact_by_name(self) -> dict[str, Rule]:
        return {rule.match.model.text: rule for rule in self.policy.rules if isinstance(rule.match, ast.Exact)}

    def _exact_region(self, rules: Iterable[Rule]) -> Region:
        """The requests that some exact rules take, as one region."""
        cells = 0
        names: set[str] = set()
        for rule in rules:
            formula = self.regions.rule(rule)
            if isinstance(formula, Literal):
                cells |= formula.cells
                names.update(self.space.model.known[one] for one in positions(formula.cells))
        return Region(Literal(self.space.model, cells), lambda witness: witness.body.get("model") in names)
