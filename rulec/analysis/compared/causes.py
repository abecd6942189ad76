"""What it was that an author changed, where two rules do different things or take different requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

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
from rulec.records import record

MOST_NAMED = 3


@record
class Cause:
    """One change: its `kind`, and the name of what was changed.

    Kinds are the rule's (`added`, `removed`, `moved`, `changed`, `renamed`), what a rule goes by (`chain`, `provider`,
    `model`, `models`, `header`), and `time` for what was not compared in time.
    """

    kind: str
    name: str


class Causes:
    """The changes between two policies."""

    def __init__(self, old: Policy, new: Policy) -> None:
        self.old, self.new = old, new
        self._told: dict[tuple[bool, int], Any] = {}

    def alone(self, rule: Rule, is_old: bool) -> Cause:
        """Why a rule stands for no rule of the other policy."""
        twin = (self._new_rules if is_old else self._old_rules).get(rule.name)
        if twin is None:
            return Cause("removed" if is_old else "added", rule.name)
        one, other = (rule, twin) if is_old else (twin, rule)
        return Cause("moved" if self._own(one, True) == self._own(other, False) else "changed", rule.name)

    def of(self, one: Rule, other: Rule, names: Iterable[str] = ()) -> Cause:
        """Why two rules that stand for each other are not alike; `names` are the models that this is about."""
        if self._own(one, True) != self._own(other, False):
            return Cause("changed", other.name)
        about = list(names)
        if about:
            more = ["…"] if len(about) > MOST_NAMED else []
            return Cause("model" if len(about) == 1 else "models", ", ".join((*about[:MOST_NAMED], *more)))
        if canonical(one.chain) != canonical(other.chain):
            shared = one.chain.name is not None and one.chain.name == other.chain.name
            return Cause("chain", one.chain.name or "") if shared else Cause("changed", other.name)
        for kind, changed, mentioned in (
            ("provider", self._providers, _providers(other)),
            ("model", self._models, _models(self.new, other)),
        ):
            for name in mentioned:
                if name in changed:
                    return Cause(kind, name)
        if self.old.capability_header != self.new.capability_header:
            return Cause("header", self.new.capability_header)
        return Cause("renamed", other.name) if one.name != other.name else Cause("catalogue", "")

    def _own(self, rule: Rule, is_old: bool) -> Any:
        """What a rule itself says, but for its chain and its name."""
        key = is_old, rule.position
        if key not in self._told:
            said = (rule.match, rule.target, rule.strategy, rule.strategy_fixed, rule.sticky, rule.prefer_warm)
            own = rule.chain if rule.chain.name is None else rule.chain.name
            self._told[key] = canonical((*said, own))
        return self._told[key]

    @cached_property
    def _old_rules(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.old.rules}

    @cached_property
    def _new_rules(self) -> dict[str, Rule]:
        return {rule.name: rule for rule in self.new.rules}

    @cached_property
    def _providers(self) -> set[str]:
        return _changed(self.old.providers, self.new.providers)

    @property
    def providers_alike(self) -> bool:
        """Whether both policies have the same providers."""
        return not self._providers and list(self.old.providers) == list(self.new.providers)

    @cached_property
    def _models(self) -> set[str]:
        return _changed(self.old.models, self.new.models)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """The names under which two mappings hold different things."""
    names = {**old, **new}
    return {
        name for name in names if name not in old or name not in new or canonical(old[name]) != canonical(new[name])
    }


def _providers(rule: Rule) -> Iterator[str]:
    if isinstance(rule.target, (ProvidersTarget, ModelsTarget)):
        yield from (name for name, _ in rule.target.providers or ())
    yield from (hop.provider for hop in rule.chain.hops if hop.provider is not None)


def _models(policy: Policy, rule: Rule) -> Iterator[str]:
    target = rule.target
    if isinstance(target, ModelsTarget):
        yield from target.models
    if isinstance(target, (VirtualTarget, NativeTarget)):
        yield from (target.simple, target.complex)
    chain: Chain = rule.chain
    yield from (hop.model for hop in chain.hops if hop.model is not None)
    stand_ins = (policy.providers[name].default_model for name in _providers(rule) if name in policy.providers)
    yield from (name for name in stand_ins if name is not None)
