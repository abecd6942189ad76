"""Names to nouns: a rule set becomes a policy, or diagnostics say why it cannot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar, cast

from rulec.diagnostics import Diagnostics, Related, suggest
from rulec.policy.model import (
    NO_CHAIN,
    PHASES,
    Chain,
    Hop,
    Model,
    ModelsTarget,
    NativeTarget,
    Pass,
    Phase,
    Policy,
    Provider,
    ProvidersTarget,
    Refuse,
    Rule,
    Target,
    VirtualTarget,
)
from rulec.records import replace
from rulec.runtime.complexity import USUAL_THRESHOLD
from rulec.source import Located, Span
from rulec.syntax import ast
from rulec.syntax.fields import STRATEGIES, STRATEGY_SYNONYMS

Declared = TypeVar("Declared", ast.ProviderDeclaration, ast.ModelDeclaration, ast.ChainDeclaration)


def bind(rule_set: ast.RuleSet, diagnostics: Diagnostics) -> Policy:
    """The policy that a rule set means; where `diagnostics` has failed, it is only good for finding more mistakes."""
    return _Binder(rule_set, diagnostics).bind()


class _Binder:
    def __init__(self, rule_set: ast.RuleSet, diagnostics: Diagnostics) -> None:
        self.rule_set = rule_set
        self.diagnostics = diagnostics
        self.providers: dict[str, Provider] = {}
        self.models: dict[str, Model] = {}
        self.chains: dict[str, Chain] = {}
        self.redundant: dict[str, ast.RedundantModel] = {}
        for one in rule_set.redundant:
            self.redundant.setdefault(one.model.text, one)
        self.applicable: dict[str, str] = {}
        """The strategy of each capability whose rule names none."""
        self.strategies = self.sections(rule_set.strategies, "strategy")
        for name, section in self.strategies.items():
            for capability in section.values.get("applicable_to", ()):
                self.applicable.setdefault(capability.text, name)
        self._capable: dict[str, list[str]] | None = None
        self.native = frozenset(one.key for one in rule_set.rules if ast.is_native(one.target))

    def bind(self) -> Policy:
        for declaration in self.unique(self.rule_set.providers, "provider"):
            self.providers[declaration.name.text] = self.provider(declaration)
        for model in self.unique(self.rule_set.models, "model"):
            self.models[model.name.text] = self.model(model)
        for chain in self.unique(self.rule_set.chains, "chain"):
            self.chains[chain.name.text] = self.chain(chain)
        found = self.sections(self.rule_set.sections, "section")
        signals = self.sections(self.rule_set.signals, "signal")
        sections = {name: section.values for name, section in found.items()}
        places = {name: section.span for name, section in found.items()}
        if signals:
            sections["signals"] = {name: signal.values for name, signal in signals.items()}
            places["signals"] = next(iter(signals.values())).span
        header = sections.get("request", {}).get("capability_header", "X-Capability")
        strategies = {name: section.values for name, section in self.strategies.items()}
        policy = Policy(self.providers, self.models, (), self.chains, str(header).lower(), sections, strategies, places, self.native)
        return replace(policy, rules=self.rules(policy))

    def unique(self, declarations: Iterable[Declared], what: str) -> list[Declared]:
        seen: dict[str, Declared] = {}
        for one in declarations:
            first = seen.setdefault(one.name.text, one)
            if first is not one:
                self.declared_twice(f"the {what} `{one.name.text}`", one.name.span, first.name.span)
        return list(seen.values())

    def sections(self, declared: Iterable[ast.Section], what: str) -> dict[str, ast.Section]:
        """What stands once in a rule set, by name."""
        found: dict[str, ast.Section] = {}
        for one in declared:
            first = found.setdefault(one.name, one)
            if first is not one:
                self.declared_twice(f"the {what} `{one.name}`", one.span, first.span, "keep one of the two")
        return found

    def declared_twice(
        self, what: str, span: Span, first: Span, help: str = "give one of the two another name"
    ) -> None:
        self.diagnostics.error(
            "declared-twice",
            f"{what} is declared twice",
            span,
            help,
            related=(Related("first declared here", first),),
        )

    # What exists

    def provider(self, declaration: ast.ProviderDeclaration) -> Provider:
        default = declaration.default_model
        template = declaration.litellm
        if template.text.count("{") != template.text.count("{model}") or not template.text.strip():
            self.diagnostics.error(
                "wrong-template",
                f"`{template.text}` is no LiteLLM model",
                template.span,
                "write it as `ollama/{model}`, or with a fixed name as `azure/my-deployment`",
            )
        return Provider(
            declaration.name.text,
            template.text,
            declaration.accepts,
            None if default is None else default.text,
            declaration.context,
            declaration.region,
            declaration.tuning.settings,
            declaration.name.span,
            declaration.tuning.places,
            declaration.tuning.handling,
        )

    def model(self, declaration: ast.ModelDeclaration) -> Model:
        served: dict[str, str] | None = None
        deployments: dict[str, ast.Tuning] = {}
        if declaration.served_by is not None:
            served = {}
            for one in declaration.served_by:
                if not self.known_provider(one.provider):
                    continue
                if one.provider.text in served:
                    self.diagnostics.error(
                        "declared-twice", f"the provider `{one.provider.text}` stands twice here", one.provider.span
                    )
                served.setdefault(one.provider.text, one.upstream or declaration.name.text)
                if one.tuning.settings or one.tuning.handling:
                    deployments[one.provider.text] = one.tuning
        return Model(
            declaration.name.text,
            None if served is None else tuple(served.items()),
            declaration.size,
            declaration.context,
            tuple(one.text for one in declaration.capabilities),
            declaration.tuning.settings,
            declaration.cost,
            declaration.name.span,
            declaration.tuning.places,
            declaration.tuning.handling,
            deployments,
            {one.text: one.span for one in declaration.capabilities},
        )

    def known_provider(self, name: Located) -> bool:
        if name.text in self.providers:
            return True
        if ("provider", name.text) in self.rule_set.broken:
            return False
        self.diagnostics.error(
            "unknown-provider",
            f"there is no provider `{name.text}`",
            name.span,
            self.other_kind(name.text) or suggest(name.text, list(self.providers), "provider"),
        )
        return False

    def known_model(self, name: Located, providers: Sequence[str] | None, policy: Policy) -> bool:
        """Whether somebody can serve a model that a rule or hop names; reported at that name where nobody can."""
        if name.text in self.models or ("model", name.text) in self.rule_set.broken:
            return name.text in self.models
        asked = list(self.providers) if providers is None else providers
        if any(policy.accepts(provider, name.text) for provider in asked if provider in self.providers):
            return True
        self.diagnostics.error(
            "unknown-model",
            f"the model `{name.text}` is not in the catalogue, and "
            + ("no provider accepts it" if providers is None else f"`{', '.join(asked)}` does not accept it"),
            name.span,
            self.other_kind(name.text) or suggest(name.text, list(self.models), "model"),
        )
        return False

    def other_kind(self, name: str) -> str | None:
        """Help for a name that is known, but as something else: in the DSL quotes alone make the difference."""
        if name in self.models:
            return f'`{name}` is a model: write `"{name}"` in the DSL, `model: {name}` in YAML'
        if name in self.providers:
            return f"`{name}` is a provider: write `{name}` without quotes in the DSL, `provider: {name}` in YAML"
        if name in STRATEGIES:
            return f"`{name}` is a strategy: write `{name}(…)` in the DSL, `routing_strategy: {name}` in YAML"
        return None

    # Chains

    def chain(self, declaration: ast.ChainDeclaration) -> Chain:
        return Chain(
            declaration.name.text,
            self.hops(declaration.hops),
            declaration.retry_attempts,
            declaration.retry_delay_ms,
            declaration.name.span,
        )

    def hops(self, declarations: tuple[ast.HopDeclaration, ...]) -> tuple[Hop, ...]:
        hops = []
        for one in declarations:
            known = [self.known_provider(name) for name in (one.when.providers if one.when is not None else ())]
            if one.provider is not None:
                known.append(self.known_provider(one.provider))
            if one.model is not None:
                policy = Policy(self.providers, self.models, (), {}, "", {}, {}, native=self.native)
                known.append(self.known_model(one.model, [one.provider.text] if one.provider else None, policy))
            if all(known):
                hops.append(
                    Hop(
                        one.provider.text if one.provider else None,
                        one.model.text if one.model else None,
                        one.on_error,
                        one.when,
                        one.span,
                    )
                )
        return tuple(hops)

    def chain_of(self, declaration: ast.RuleDeclaration) -> Chain:
        fallback = declaration.fallback
        if isinstance(declaration.target, (ast.PassTarget, ast.RefuseTarget)):
            if fallback is not None:
                self.diagnostics.warning(
                    "unused-fallback",
                    f"the fallback of `{declaration.full_name}` is never used: the rule routes nowhere",
                    declaration.span,
                    "remove it",
                )
            return NO_CHAIN
        if ast.is_native(declaration.target):
            self.check_native(declaration)
            return NO_CHAIN
        if isinstance(fallback, tuple):
            return Chain(None, self.hops(fallback), span=declaration.span)
        if isinstance(fallback, ast.ChainReference):
            if fallback.name is None:
                return NO_CHAIN
            if fallback.name.text not in self.chains and ("chain", fallback.name.text) not in self.rule_set.broken:
                self.diagnostics.error(
                    "unknown-chain",
                    f"there is no fallback chain `{fallback.name.text}`",
                    fallback.name.span,
                    suggest(fallback.name.text, list(self.chains), "chain"),
                )
            return self.chains.get(fallback.name.text, NO_CHAIN)
        if isinstance(declaration.match, ast.Capability) and declaration.match.name in self.chains:
            return self.chains[declaration.match.name]
        return self.chains.get("default", NO_CHAIN)

    def check_native(self, declaration: ast.RuleDeclaration) -> None:
        """Reports what a virtual model cannot have that LiteLLM's complexity router splits."""
        if declaration.fallback is None and "default" in self.chains:
            self.diagnostics.warning(
                "unused-fallback",
                f"the chain `default` is never used for `{declaration.full_name}`: LiteLLM's router has no fallbacks",
                declaration.span,
                "say so with `fallback: none`, or write `scored_by: rulec`",
            )
        elif declaration.fallback not in (None, ast.ChainReference(None)):
            self.diagnostics.error(
                "native-complexity",
                f"the fallback of `{declaration.full_name}` cannot be used: LiteLLM's router has none",
                declaration.span,
                "remove the fallback, or write `scored_by: rulec`",
            )
        if declaration.key in self.models:
            self.diagnostics.error(
                "native-complexity",
                f"`{declaration.key}` is a model of the catalogue, but LiteLLM's router takes every request to it",
                declaration.span,
                "give one of the two another name, or write `scored_by: rulec`",
            )

    # Rules

    def rules(self, policy: Policy) -> tuple[Rule, ...]:
        declarations = [self.with_redundancy(one) for one in self.unique_rules()]
        declarations += self.redundant_rules(declarations)
        ordered = sorted(declarations, key=lambda one: PHASES.index(cast(Phase, one.phase)))
        rules: list[Rule] = []
        for declaration in ordered:
            rule = self.rule(declaration, len(rules) + 1, policy)
            if rule is not None:
                rules.append(rule)
        self.check_overrides(ordered)
        return tuple(rules)

    def unique_rules(self) -> list[ast.RuleDeclaration]:
        seen: dict[str, ast.RuleDeclaration] = {}
        by_model: dict[str, ast.RuleDeclaration] = {}
        for one in self.rule_set.rules:
            if isinstance(one.match, ast.Exact) and one.match.model.text in by_model:
                first = by_model[one.match.model.text]
                self.declared_twice(
                    f"the exact or virtual model `{one.match.model.text}`", one.span, first.span, "keep one of the two"
                )
                continue
            first = seen.setdefault(one.full_name, one)
            if first is not one:
                help = "give one of the two a `name:`" if one.phase in ("pattern", "size") else "keep one of the two"
                self.declared_twice(f"the rule `{one.full_name}`", one.span, first.span, help)
                continue
            if isinstance(one.match, ast.Exact):
                by_model[one.match.model.text] = one
        return list(seen.values())

    def with_redundancy(self, declaration: ast.RuleDeclaration) -> ast.RuleDeclaration:
        """An exact rule takes its candidates from `redundant_models` where that names its model."""
        target = declaration.target
        if not isinstance(declaration.match, ast.Exact) or not isinstance(target, ast.RouteTarget):
            return declaration
        found = self.redundant.get(declaration.match.model.text)
        if found is None:
            return declaration
        names = [one.provider.text for one in found.providers]
        for candidate in target.providers:
            if candidate.provider.text not in names and self.known_provider(candidate.provider):
                self.diagnostics.error(
                    "not-redundant",
                    f"`{candidate.provider.text}` is not among the redundant providers of `{found.model.text}`",
                    candidate.provider.span,
                    "name one of " + ", ".join(f"`{name}`" for name in names),
                    related=(Related("the redundant providers", found.model.span),),
                )
        if target.model is not None:
            self.diagnostics.error(
                "not-redundant",
                f"an exact rule of a redundant model cannot send it to another model, `{target.model.text}`",
                target.model.span,
            )
        return replace(declaration, target=self.merged(target, found))

    def merged(self, target: ast.RouteTarget, found: ast.RedundantModel) -> ast.RouteTarget:
        return replace(
            target,
            providers=found.providers,
            model=None,
            strategy=target.strategy or found.settings.strategy,
            sticky=target.sticky or found.settings.sticky,
        )

    def redundant_rules(self, declarations: list[ast.RuleDeclaration]) -> list[ast.RuleDeclaration]:
        """The exact rules that `redundant_models` makes where there is none of that name."""
        seen: dict[str, Span] = {}
        taken = {one.match.model.text for one in declarations if isinstance(one.match, ast.Exact)}
        made = []
        for found in self.rule_set.redundant:
            name = found.model.text
            if name in seen:
                self.declared_twice(
                    f"the redundant model `{name}`", found.model.span, seen[name], "keep one of the two"
                )
            elif name not in taken:
                target = self.merged(ast.RouteTarget(), found)
                made.append(
                    ast.RuleDeclaration(
                        "exact",
                        name,
                        None,
                        ast.Exact(found.model),
                        target,
                        None,
                        found.model.span,
                        body=found.model.span,
                    )
                )
            seen.setdefault(name, found.model.span)
        return made

    def check_overrides(self, declarations: list[ast.RuleDeclaration]) -> None:
        names = dict.fromkeys(one.full_name for one in declarations)
        for declaration in declarations:
            for name in declaration.overrides:
                if name.text not in names:
                    help = suggest(name.text, list(names), "rule")
                    self.diagnostics.error("unknown-rule", f"there is no rule `{name.text}`", name.span, help)

    def rule(self, declaration: ast.RuleDeclaration, position: int, policy: Policy) -> Rule | None:
        if isinstance(declaration.match, ast.When):
            for name in declaration.match.condition.providers:
                self.known_provider(name)
        chain = self.chain_of(declaration)
        target = self.target(declaration, policy)
        if target is None:
            return None
        route = declaration.target if isinstance(declaration.target, ast.RouteTarget) else ast.RouteTarget()
        strategy = self.strategy(declaration, route, target)
        if route.sticky is not None and strategy != "weighted":
            self.diagnostics.error(
                "sticky-without-weights",
                f"`sticky` belongs to the strategy `weighted`, this rule uses `{strategy}`",
                declaration.span,
                "write `routing_strategy: weighted`, or give the providers weights",
            )
        return Rule(
            declaration.full_name,
            cast(Phase, declaration.phase),
            declaration.match,
            target,
            chain,
            strategy,
            route.sticky,
            route.prefer_warm,
            position,
            declaration.span,
            declaration.description,
            tuple(one.text for one in declaration.overrides),
            isinstance(declaration.target, ast.VirtualTarget),
            route.strategy is not None,
            strategy == "random" and self.named_strategy(declaration, route) is not None,
            declaration.fallback is not None,
            {one.provider.text: one.weight_span for one in route.providers if one.weight_span is not None},
            declaration.until.isoformat() if declaration.until is not None else None,
        )

    def target(self, declaration: ast.RuleDeclaration, policy: Policy) -> Target | None:
        target = declaration.target
        if isinstance(target, ast.PassTarget):
            return Pass()
        if isinstance(target, ast.RefuseTarget):
            return Refuse(target.text, target.status)
        if isinstance(target, ast.VirtualTarget):
            known = [self.known_model(name, None, policy) for name in (target.simple, target.complex)]
            if not all(known):
                return None
            models = target.simple.text, target.complex.text
            if ast.is_native(target):
                return NativeTarget(*models, target.threshold)
            return VirtualTarget(*models, USUAL_THRESHOLD if target.threshold is None else target.threshold)
        known = [self.known_provider(one.provider) for one in target.providers]
        if not all(known):
            return None
        self.check_candidates(declaration, target)
        providers = tuple((one.provider.text, one.weight) for one in target.providers)
        if isinstance(declaration.match, ast.Capability):
            return self.capability_target(declaration.match.name, target, providers, policy)
        if target.model is not None:
            names = [name for name, _ in providers] or None
            if not self.known_model(target.model, names, policy):
                return None
            return ModelsTarget((target.model.text,), providers or None, models_named=True)
        if not providers:
            self.diagnostics.error(
                "no-target",
                f"the rule `{declaration.full_name}` has no target",
                declaration.span,
                'name a `provider`, a `model`, `pass: true` or `refuse: "text"`',
            )
            return None
        return ProvidersTarget(providers, target.substitute)

    def capability_target(
        self, capability: str, target: ast.RouteTarget, providers: tuple[tuple[str, float | None], ...], policy: Policy
    ) -> ModelsTarget | None:
        names = [name for name, _ in providers] or None
        if target.model is not None:
            preferred: tuple[Located, ...] = (target.model, *target.preferred_models)
        else:
            preferred = target.preferred_models
        known = [self.known_model(one, names, policy) for one in preferred]
        if not all(known):
            return None
        models = tuple(dict.fromkeys(one.text for one in preferred)) or tuple(self.capable().get(capability, self.models))
        sizes = target.min_model_size, target.min_context
        return ModelsTarget(models, providers or None, *sizes, narrowing=True, models_named=bool(preferred))

    def capable(self) -> dict[str, list[str]]:
        """The models of each capability, once all models are known."""
        if self._capable is None:
            self._capable = {}
            for name, model in self.models.items():
                for capability in dict.fromkeys(model.capabilities):
                    self._capable.setdefault(capability, []).append(name)
        return self._capable

    def check_candidates(self, declaration: ast.RuleDeclaration, target: ast.RouteTarget) -> None:
        seen: dict[str, Span] = {}
        for one in target.providers:
            if one.provider.text in seen:
                self.diagnostics.error(
                    "declared-twice",
                    f"the provider `{one.provider.text}` stands twice in this rule",
                    one.provider.span,
                    related=(Related("first named here", seen[one.provider.text]),),
                )
            seen.setdefault(one.provider.text, one.provider.span)
        weights = [one.weight for one in target.providers]
        given = [weight for weight in weights if weight is not None]
        if not given:
            return
        if len(given) < len(weights):
            bare = next(one for one in target.providers if one.weight is None)
            self.diagnostics.error(
                "weights",
                f"`{bare.provider.text}` has no weight, others here have one",
                bare.provider.span,
                "weigh all or none",
            )
        elif not any(given):
            self.diagnostics.error(
                "weights",
                "all weights here are 0",
                target.providers[0].weight_span,
                "give at least one provider a weight",
            )
        elif not all(math.isfinite(weight) for weight in given):
            self.diagnostics.error("weights", "a weight must be finite", target.providers[0].weight_span)
        strategy = target.strategy
        if strategy is not None and strategy.text != "weighted":
            self.diagnostics.error(
                "weights",
                f"this rule has weights, which the strategy `{strategy.text}` does not use",
                strategy.span,
                "keep the weights and remove the strategy, or the other way round",
            )

    def strategy(self, declaration: ast.RuleDeclaration, route: ast.RouteTarget, target: Target) -> str:
        if any(one.weight is not None for one in route.providers):
            return "weighted"
        return self.named_strategy(declaration, route) or "random"

    def named_strategy(self, declaration: ast.RuleDeclaration, route: ast.RouteTarget) -> str | None:
        if route.strategy is not None:
            return STRATEGY_SYNONYMS.get(route.strategy.text, route.strategy.text)
        return self.applicable.get(declaration.match.name) if isinstance(declaration.match, ast.Capability) else None
