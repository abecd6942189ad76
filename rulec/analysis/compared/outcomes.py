"""What the rules of a policy do with requests: as a key that can be compared, and for one request as a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from rulec.analysis.analysis import Analysis
from rulec.analysis.asked import atoms
from rulec.analysis.draft import Witness
from rulec.analysis.formulas import Formula, Literal, all_of, negation
from rulec.policy.canonical import canonical
from rulec.policy.model import (
    Chain,
    ModelsTarget,
    NativeTarget,
    Policy,
    ProvidersTarget,
    Rule,
    VirtualTarget,
)
from rulec.runtime.engine import BuiltChain, build_chain, make_leaf
from rulec.runtime.records import Candidate, Decision
from rulec.runtime.request import Request
from rulec.syntax import conditions as when

Key = tuple[Any, ...]
Atom = tuple[Formula, Callable[[Witness], bool]]
"""Something that an outcome may depend on, as a formula and as the runtime says of a request."""


class Outcomes:
    """The outcomes of one policy's rules."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.policy: Policy = analysis.policy
        self.replay = analysis.replay
        self._keys: dict[int, Key] = {}
        self._chains: dict[int, Key] = {}
        self._providers: dict[str, Key] = {}

    def decision(self, rule: Rule | None, witness: Witness) -> Decision | None:
        """What a rule does with a request, if it applies to it; no rule refuses."""
        if rule is None:
            return Decision("refuse", None, None, status=400)
        request = self.replay.request(witness)
        row = self.replay.rows.rules[rule.position - 1]
        leaf = make_leaf(row, request.model, self.replay.catalogue, self._hops)
        return None if leaf is None else leaf.decision(request)

    @cached_property
    def _hops(self) -> list[BuiltChain]:
        """The chains, with the conditions of hops as tests."""
        rows = self.replay.rows
        return [build_chain(row, self.replay.catalogue, rows.zones) for row in rows.chains]

    # Keys

    def key(self, rule: Rule | None) -> Key:
        """What a rule does, in full: rules with one key do the same with every request, but see `Names`."""
        if rule is None:
            return ("nothing",)
        found = self._keys.get(rule.position)
        if found is None:
            found = self._keys[rule.position] = (
                self._target(rule),
                self._chain(rule.chain),
                rule.strategy,
                rule.strategy_fixed,
                rule.sticky,
                rule.prefer_warm,
            )
        return found

    def words(self, rule: Rule | None) -> Key:
        """The names and texts that a rule's decisions carry."""
        if rule is None:
            return ()
        return rule.name, rule.phase, rule.chain.name, getattr(rule.target, "text", None)

    def _target(self, rule: Rule) -> Key:
        target = rule.target
        if isinstance(target, ProvidersTarget):
            places = tuple((weight, self._provider(name)) for name, weight in target.providers)
            return "providers", places, target.substitute
        if isinstance(target, (VirtualTarget, NativeTarget)):
            models = tuple(self._places(ModelsTarget((one,))) for one in (target.simple, target.complex))
            return type(target).__name__, models, target.threshold
        if isinstance(target, ModelsTarget):
            return "models", self._places(target), target.narrowing
        return type(target).__name__, getattr(target, "status", None)

    def _places(self, target: ModelsTarget) -> Key:
        catalogue = self.replay.catalogue
        row = self.replay.rows.target(target)
        leaf = make_leaf(("", "", (*row[:5], False), 0, None, None, False), None, catalogue, [BuiltChain(None, ())])
        return () if leaf is None else tuple(map(self._place, getattr(leaf, "places")))  # noqa: B009 - it is a plain leaf

    def _place(self, place: Candidate | None) -> Key:
        """A place with what its deployment says of picking it."""
        if place is None:
            return ()
        told = self.replay.catalogue.deployment(place)
        named = (place.provider, place.model, place.litellm_model, place.group, place.weight)
        return (*named, told.get("weight"), told.get("priority"))

    def _provider(self, name: str) -> Key:
        """A provider that serves whatever model a request names."""
        found = self._providers.get(name)
        if found is None:
            rows, catalogue = self.replay.rows, self.replay.catalogue
            template, patterns = rows.providers[name][:2]
            told = catalogue.deployments.get(("*", name), {})
            accepts = frozenset(rows.patterns[one] for one in patterns)
            stand_in = self._place(catalogue.stand_in(name))
            found = (name, template, accepts, stand_in, told.get("weight"), told.get("priority"))
            self._providers[name] = found
        return found

    def _chain(self, chain: Chain) -> Key:
        found = self._chains.get(id(chain))
        if found is None:
            catalogue = self.replay.catalogue
            hops: list[Key] = []
            for hop in chain.hops:
                if hop.model is None:
                    places = self._provider(hop.provider or "")
                else:
                    serving = [hop.provider] if hop.provider is not None else catalogue.serving(hop.model)
                    places = tuple(self._place(catalogue.candidate(one, hop.model)) for one in serving)
                asked = None if hop.when is None else canonical(hop.when.condition)
                hops.append((places, hop.kinds, asked))
            found = self._chains[id(chain)] = (chain.retry_attempts, chain.retry_delay_ms, tuple(hops))
        return found

    # What an outcome depends on, beside the known names

    def providers(self, rule: Rule | None) -> Iterator[str]:
        """The providers that serve whatever model a request names: of the target and of the chain's hops."""
        if rule is None:
            return
        if isinstance(rule.target, ProvidersTarget):
            yield from (name for name, _ in rule.target.providers)
        yield from (hop.provider for hop in rule.chain.hops if hop.model is None and hop.provider is not None)

    def asked(self, rule: Rule | None) -> Iterator[str]:
        """The providers whose failure conditions of the rule's hops ask about."""
        for hop in rule.chain.hops if rule is not None else ():
            if hop.when is not None:
                yield from (one.text for one in hop.when.providers)

    def conditions(self, rule: Rule | None) -> list[when.Condition]:
        """The conditions of a rule's hops."""
        return [hop.when.condition for hop in rule.chain.hops if hop.when is not None] if rule is not None else []

    def atoms(self, rule: Rule | None) -> Iterator[Atom]:
        """What decides between the outcomes of a rule, beside the name of the model."""
        for condition in self.conditions(rule):
            for one in atoms(condition):
                region = self.analysis.condition(one)
                yield region.formula, region.holds
        if rule is not None and isinstance(rule.target, VirtualTarget):
            yield self._below(rule.target.threshold)

    def names(self, rule: Rule | None) -> Iterator[Atom]:
        """What decides between them for names that are not known: who accepts them."""
        for name in dict.fromkeys(self.providers(rule)):
            yield self.analysis.regions.accepts(name), self._accepts(name)

    def _accepts(self, name: str) -> Callable[[Witness], bool]:
        return lambda witness: name in self.replay.catalogue.accepts(witness.body["model"])

    def _below(self, threshold: float) -> Atom:
        dimension = self.analysis.space.dimension("complexity")
        cells = dimension.where(lambda value: value < threshold)
        return Literal(dimension, cells), lambda witness: self._request(witness).complexity < threshold

    def _request(self, witness: Witness) -> Request:
        return self.replay.request(witness)


def alike(atoms: list[Atom], witness: Witness) -> Formula:
    """The requests of which all of these are as they are of one."""
    return all_of(formula if holds(witness) else negation(formula) for formula, holds in atoms)
