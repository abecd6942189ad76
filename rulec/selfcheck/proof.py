"""Proof, rule by rule, that what was emitted takes the requests that the rule means and no others."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from rulec.analysis.alphabet import NAMES
from rulec.analysis.analysis import Analysis
from rulec.analysis.budget import Budget, OutOfBudget
from rulec.analysis.draft import NOON, Witness
from rulec.analysis.formulas import Formula, Literal, all_of
from rulec.analysis.language import language_of
from rulec.analysis.question import Region, Verdict, WitnessFails, find
from rulec.analysis.regions import Regions
from rulec.analysis.replay import Replay
from rulec.analysis.search import shortest_word
from rulec.patterns.compiled import Spec
from rulec.policy.model import Policy, Rule, matcher
from rulec.runtime.sizes import LONGEST_NAME
from rulec.selfcheck.answers import Answers, ModuleDisagrees
from rulec.selfcheck.conditions import bare, literals_by_number
from rulec.selfcheck.readback import ReadBack, meant
from rulec.syntax import ast


class Proof:
    """What the tables of a module say against what the policy means; `analysis` must speak of both policies."""

    def __init__(self, read: ReadBack, emitted: Policy, analysis: Analysis, answers: Answers) -> None:
        self.read = read
        self.emitted = emitted
        self.analysis = analysis
        self.answers = answers
        self.regions = Regions(analysis.space, self.emitted)
        self.replay = Replay(self.emitted)
        self.tables = tables = read.tables
        self.literals = literals_by_number(tables["pattern_index"]) if tables["pattern_index"] else {}
        self.leaned = False
        """Whether the last proof went by what other rules take."""

    def catalogue(self) -> None:
        """Raises ModuleDisagrees where providers, models or settings of the decision are not the policy's."""
        for what, (expected, got) in self.read.settings().items():
            if expected != got:
                raise ModuleDisagrees(what, expected=expected, got=got)

    def order(self) -> None:
        """Raises ModuleDisagrees where the tables try rules in another order than the policy."""
        tables, rules = self.tables, self.answers.policy.rules
        when, sized = [rule for rule, _ in tables["when"][0]], list(tables["sizes"][0])
        last = tables["default"]
        by_phase = {
            "when": when,
            "exact": self.answers.tables.engine.rules.exact_numbers.values(),
            "pattern": self.read.rule_patterns,
            "capability": tables["capabilities"].values(),
            "size": sized,
        }
        for phase, numbers in by_phase.items():
            for number in numbers:
                if rules[number].phase != phase:
                    raise ModuleDisagrees(f"`{rules[number].name}` is tried as {phase}", rules[number])
                if last is not None and number > last:
                    raise ModuleDisagrees(f"`{rules[number].name}` is tried before `{rules[last].name}`", rules[number])
        if last is not None and rules[last].phase not in ("when", "default"):  # `always` with `pass` leaves nothing to others
            raise ModuleDisagrees(f"`{rules[last].name}` is tried last", rules[last])
        for numbers in (when, sized):
            for one, other in pairwise(numbers):
                if other < one:
                    raise ModuleDisagrees(f"`{rules[one].name}` is tried too early", rules[one])

    def names(self) -> None:
        """Raises ModuleDisagrees where a name's rule is not the one that the patterns come to."""
        engine, rules = self.answers.tables.engine, self.answers.policy.rules
        for name, number in self.tables["names"].items():
            got, _ = engine.first(engine.matching_patterns(name), name)
            if got != number:
                self.answers.compare(Witness({"model": name}, {}, {"now": NOON}))
                rule = rules[number if got is None else got]
                raise ModuleDisagrees(f"the rule of the name {name!r}", rule, expected=got, got=number)

    def emitted_of(self, rule: Rule) -> str:
        """All that was emitted of a rule, as a text without places."""
        number = rule.position - 1
        match: Any = self.emitted.rules[number].match
        if isinstance(match, ast.When):
            match = bare(match.condition.condition)
        elif isinstance(match, ast.Patterns):
            match = [one.spec for one in match.patterns]
        elif isinstance(match, ast.Exact):
            match = match.model.text
        said = self.read.said(number) if self.read.emits(rule) else None
        return repr((said, match, self.literals.get(number)))

    def rule(self, rule: Rule) -> Verdict:
        """NONE where no request tells what was emitted of a rule from what it means; raises ModuleDisagrees where one does."""
        self.leaned = False
        if not self.read.emits(rule):
            return Verdict.NONE  # it takes no request, which is right where no request reaches it
        said, wanted = self.read.said(rule.position - 1), meant(rule)
        for key, value in wanted.items():
            if said[key] != value:
                raise ModuleDisagrees(f"the {key} of `{rule.name}`", rule, expected=value, got=said[key])
        taken = self._same_requests(rule)
        return taken if taken is Verdict.UNDECIDED else self._indexed(rule)

    def _same_requests(self, rule: Rule) -> Verdict:
        emitted = self.emitted.rules[rule.position - 1]
        one, other = self.analysis.regions.match(rule.match), self.regions.match(emitted.match)
        if _same(one, other):
            return Verdict.NONE
        applies = self.analysis.regions.applies(rule)
        replay = self.replay
        regions = (
            self.analysis.region(rule),
            Region(all_of((other, applies)), lambda witness: replay.takes(emitted, replay.request(witness))),
        )
        earlier: list[Rule] = []
        budget = Budget(self.analysis.seconds)
        for wanted, unwanted in (regions, regions[::-1]):
            while True:
                found = find([wanted], [unwanted, *map(self.analysis.region, earlier)], budget, replayed=False)
                if found is Verdict.UNDECIDED:
                    return found
                if not isinstance(found, Witness):
                    break
                taker = self.answers.compare(found)
                if taker is None or taker.position >= rule.position or taker in earlier:
                    raise WitnessFails(f"{found!r} tells nothing of `{rule.name}`")
                self.leaned = True
                earlier.append(taker)  # which decides this request in both ways
        return Verdict.NONE

    def _indexed(self, rule: Rule) -> Verdict:
        """NONE where the index of literals finds a pattern rule for every name that its patterns take."""
        number = rule.position - 1
        literals = self.literals.get(number, [])
        if None in literals:
            return Verdict.NONE
        for pattern in self.read.rule_patterns.get(number, ()):
            spec = self.tables["patterns"][pattern]
            specs: list[Spec] = [
                ("set", (text,)) if kind == "set" else (kind, text)
                for kind, text, second in filter(None, literals)
                if not second or _holds(spec, ("contains", second))
            ]
            if not any(_holds(spec, one) for one in specs):
                try:
                    missed = _missed(spec, specs, Budget(self.analysis.seconds))
                except OutOfBudget:
                    return Verdict.UNDECIDED
                if missed is not None:
                    self.answers.compare(Witness({"model": missed}, {}, {"now": NOON}))
                    raise ModuleDisagrees(f"the index does not find `{rule.name}` for the name {missed!r}", rule)
        return Verdict.NONE


def _same(one: Formula, other: Formula) -> bool:
    if not isinstance(one, Literal) or not isinstance(other, Literal):
        return one is other
    return (one.dimension, one.cells, one.test, one.wanted) == (other.dimension, other.cells, other.test, other.wanted)


def _holds(spec: Spec, literal: Spec) -> bool:
    """Whether every text that a matcher takes plainly holds a literal where it must stand."""
    kind, wanted = spec[0], literal[1]
    if kind == "set":
        return all(map(matcher(literal), spec[1]))
    if kind == "or":
        return all(_holds(one, literal) for one in spec[1:])
    if kind == "automaton":
        return bool(spec[1]) and _holds(("contains", spec[1]), literal)
    if kind == "between":
        _, start, head, _, tail, end = spec
        both = ("prefix" if start else "contains", head), ("suffix" if end else "contains", tail)
        return any(one[1] and _holds(one, literal) for one in both)
    if kind == "glob":
        _, start, parts, end = spec
        ends = [("prefix", parts[0])] if start else []
        ends += [("suffix", parts[-1])] if end else []
        return any(_holds(one, literal) for one in (*ends, *(("contains", part) for part in parts)))
    if kind not in ("prefix", "suffix", "contains") or literal[0] not in (kind, "contains"):
        return False
    return bool(matcher(literal)(spec[1])) if literal[0] != "contains" else wanted in spec[1]


def _missed(spec: Spec, literals: list[Spec], budget: Budget) -> str | None:
    """A name that a matcher takes and that holds none of some literals; raises OutOfBudget."""
    nones = [language_of(("or", *literals), NAMES)] if literals else []
    return shortest_word([language_of(spec, NAMES)], nones, NAMES, budget, 1, LONGEST_NAME)
