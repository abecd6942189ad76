"""What of the catalogue some request can be sent to, as a target, as a hop, or in place of another model."""

from __future__ import annotations

from collections.abc import Collection

from rulec.lints.context import Context
from rulec.policy.model import Hop, ModelsTarget, NativeTarget, Pass, ProvidersTarget, Refuse, Rule, VirtualTarget
from rulec.policy.serving import candidates_for
from rulec.syntax import ast


class Usage:
    """The providers and the models of a policy that are in use."""

    def __init__(self, context: Context) -> None:
        self.policy = policy = context.policy
        self.names = names = context.names
        self.providers: set[str] = set()
        self.models: set[str] = set()
        seen = set()
        for rule in policy.rules:
            matching = names.matching(rule)
            wide = matching is names.every
            key = (rule.target, rule.phase == "when") if wide else (rule.position,)
            if key not in seen:
                seen.add(key)
                self._target(rule, matching)
        for chain, _ in context.chains:
            for hop in chain.hops:
                self._hop(hop)

    def _target(self, rule: Rule, matching: Collection[str]) -> None:
        target = rule.target
        if isinstance(target, Refuse):
            return
        if isinstance(target, ModelsTarget):
            places = candidates_for(self.policy, target, None)
            self.models.update(one.model for one in places)
            self.providers.update(one.provider for one in places)
            self.providers.update(name for name, _ in target.providers or ())
            return
        if isinstance(target, (VirtualTarget, NativeTarget)):
            self._served(target.simple)
            self._served(target.complex)
            return
        taken = self.names.exact if rule.phase not in ("when", "exact") else frozenset[str]()
        if isinstance(target, Pass):
            for name in matching:
                if name not in taken:
                    self._served(name)
            if not isinstance(rule.match, ast.Exact):
                self.providers.update(name for name, one in self.policy.providers.items() if one.accepts)
            return
        unserved = self.names.unserved(ProvidersTarget(target.providers))  # what stands in is another model
        self.models.update(name for name in matching if name not in taken and name not in unserved)
        for name, _ in target.providers:
            self.providers.add(name)
            if target.substitute or not isinstance(rule.match, ast.Exact):
                self._stand_in(name)

    def _hop(self, hop: Hop) -> None:
        if hop.provider is None:
            self._served(hop.model or "")
            return
        self.providers.add(hop.provider)
        if hop.model is None:
            self._stand_in(hop.provider)
        else:
            self.models.add(hop.model)

    def _served(self, model: str) -> None:
        """A model, at whoever serves it."""
        self.models.add(model)
        self.providers.update(self.policy.serving(model))

    def _stand_in(self, provider: str) -> None:
        default = self.policy.providers[provider].default_model
        if default is not None:
            self.models.add(default)
