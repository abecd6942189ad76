"""The names of the catalogue: which of them a rule may match, and which of those its target cannot serve.

Findings ask this of every rule. Rules and names may be thousands of each, so nothing here looks at all pairs: a pattern
is tried on the names that hold one of its literals, and what many rules share is worked out once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence

from rulec.patterns.compiled import CompiledPattern
from rulec.policy.model import ModelsTarget, Policy, ProvidersTarget, Rule, VirtualTarget, matcher
from rulec.policy.serving import can_serve
from rulec.policy.undecided import judged, speaks_of_models
from rulec.runtime.sizes import is_regular_name
from rulec.syntax import ast
from rulec.syntax.conditions import Condition

MOST_QUESTIONS = 100_000
"""Of conditions times names: a second's work at most."""


class NameIndex:
    """Names that patterns look at, as one text in which the literals of a pattern are found at once."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = [name for name in names if is_regular_name(name)]
        self._text = "\n".join(("", *self.names, ""))
        self._starts = [1]
        for name in self.names:
            self._starts.append(self._starts[-1] + len(name) + 1)

    def matched(self, pattern: CompiledPattern) -> Iterable[int]:
        """The numbers of the names that a pattern takes."""
        held = self._holding(pattern.factors)
        if not held:
            return ()
        test = matcher(pattern.spec)
        return (number for number in held if test(self.names[number]))

    def _holding(self, literals: tuple[str, ...] | None) -> Collection[int]:
        """The numbers of the names in which one of the literals occurs; of all where there is none."""
        if literals is None or not all(literals):
            return range(len(self.names))
        found = set()
        for literal in literals:
            at = self._text.find(literal) if "\n" not in literal else -1  # which stands between names, never in one
            while at >= 0:
                number = max(bisect_right(self._starts, at) - 1, 0)
                found.add(number)
                at = self._text.find(literal, self._starts[number + 1])
        return found


class CatalogueNames:
    """The names of one policy's catalogue."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.every = tuple(policy.models)
        self.exact = frozenset(rule.match.model.text for rule in policy.rules if isinstance(rule.match, ast.Exact))
        self._regular = NameIndex(self.every)
        self._sizes: list[tuple[str, int]] | None = None
        self._questions = 0
        self._matching: dict[int, Sequence[str]] = {}
        self._unserved: dict[ProvidersTarget, dict[str, None]] = {}
        self._missed: dict[tuple[ProvidersTarget, bool], list[str]] = {}

    def matching(self, rule: Rule) -> Sequence[str]:
        """The names that a rule may match, as far as the name decides: `every` where it does not."""
        found = self._matching.get(rule.position)
        if found is None:
            found = self._matching[rule.position] = self._match(rule)
        return found

    def _match(self, rule: Rule) -> Sequence[str]:
        match = rule.match
        if isinstance(match, ast.Exact):
            return (match.model.text,) if match.model.text in self.policy.models else ()
        if isinstance(match, ast.Patterns):
            numbers = {number for one in match.patterns for number in self._regular.matched(one)}
            return [self._regular.names[number] for number in sorted(numbers)]
        if isinstance(match, ast.SizeTier):
            return [name for name, size in self._sized() if match.holds(size)]
        if isinstance(match, ast.When) and speaks_of_models(match.condition.condition):
            return self._met(match.condition.condition)
        return self.every

    def _met(self, condition: Condition) -> Sequence[str]:
        """The names of which the condition may be true; `every` once that has been asked too often."""
        self._questions += len(self.every)
        if self._questions > MOST_QUESTIONS:
            return self.every
        return [name for name in self.every if judged(condition, name, self.policy) is not False]

    def _sized(self) -> list[tuple[str, int]]:
        if self._sizes is None:
            sizes = [(name, self.policy.size(name)) for name in self._regular.names]
            self._sizes = [(name, size) for name, size in sizes if size is not None]
        return self._sizes

    def unserved(self, target: ProvidersTarget) -> dict[str, None]:
        """The names for which a target has no candidate; rules are many, their targets few."""
        found = self._unserved.get(target)
        if found is None:
            names = [name for name in self.every if not can_serve(self.policy, target, name)]
            found = self._unserved[target] = dict.fromkeys(names)
        return found

    def serves_some(self, target: ProvidersTarget, rule: Rule) -> bool:
        """Whether a target has a candidate for some name that a rule may match."""
        names, unserved = self.matching(rule), self.unserved(target)
        return len(unserved) < len(names) if names is self.every else any(name not in unserved for name in names)

    def missed(self, target: ProvidersTarget, rule: Rule) -> list[str]:
        """The names that a rule may match and nothing before it decides, but that its target cannot serve."""
        decided = frozenset() if rule.phase == "when" else self.exact
        names, unserved = self.matching(rule), self.unserved(target)
        if names is not self.every:
            return [name for name in names if name in unserved and name not in decided]
        key = target, rule.phase == "when"
        if key not in self._missed:
            self._missed[key] = [name for name in unserved if name not in decided]
        return self._missed[key]

    def reaches(self, provider: str, rule: Rule) -> bool:
        """Whether a provider serves a name under which a rule sends requests on."""
        target = rule.target
        names: Iterable[str]
        if isinstance(target, ModelsTarget):
            names = target.models
        elif isinstance(target, VirtualTarget):
            names = (target.simple, target.complex)
        elif isinstance(rule.match, ast.Exact):
            names = (rule.match.model.text,)
        else:
            return self.serves_some(ProvidersTarget(((provider, None),)), rule)
        return any(self.policy.upstream(provider, name) is not None for name in names)
