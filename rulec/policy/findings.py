"""What binding cannot see: rules that nobody can serve, candidates that filters remove."""

from __future__ import annotations

from collections.abc import Sequence

from rulec.diagnostics import Diagnostics, Related, suggest
from rulec.policy.model import (
    PHASES,
    Chain,
    Hop,
    ModelsTarget,
    NativeTarget,
    Pass,
    Policy,
    ProvidersTarget,
    Refuse,
    Rule,
    VirtualTarget,
)
from rulec.policy.names import CatalogueNames
from rulec.policy.serving import Place, can_serve, candidates_for
from rulec.policy.signals import check_signals
from rulec.source import Located
from rulec.syntax import ast

MOST_NAMES_SHOWN = 3
_PLACE = {phase: place for place, phase in enumerate(PHASES)}


def report_findings(policy: Policy, diagnostics: Diagnostics) -> None:
    """Adds errors and warnings about a policy whose names are all bound."""
    if not policy.rules:
        help_text = "write one, such as `default: {provider: ollama}` or `default: pass`"
        diagnostics.warning("no-rule", "there is no rule: every request is refused", None, help_text)
    names = CatalogueNames(policy)
    for rule in policy.rules:
        if not isinstance(rule.target, (Pass, Refuse)):
            _serving(names, rule, diagnostics)
    _text_order(policy, diagnostics)
    _hops(names, diagnostics)
    _applicable(policy, diagnostics)
    check_signals(policy, diagnostics)


# The order of the text against the order that counts


def _text_order(policy: Policy, diagnostics: Diagnostics) -> None:
    """Points at rules that stand below rules of a later phase: they are tried first."""
    files: dict[str, list[Rule]] = {}
    for rule in policy.rules:
        files.setdefault(rule.span.source.path, []).append(rule)
    for rules in files.values():
        latest: Rule | None = None
        latest_phase = -1
        run: list[Rule] = []
        for rule in sorted(rules, key=lambda one: one.span.start):
            phase = _PLACE[rule.phase]
            if phase < latest_phase:
                run.append(rule)
                continue
            _misplaced(run, latest, diagnostics)
            run = []
            if phase > latest_phase:
                latest, latest_phase = rule, phase
        _misplaced(run, latest, diagnostics)


def _misplaced(run: list[Rule], latest: Rule | None, diagnostics: Diagnostics) -> None:
    """One warning for all rules of a run that stand below `latest`, the first rule of a later phase."""
    if not run or latest is None:
        return
    first = run[0]
    phases = sorted({rule.phase for rule in run}, key=PHASES.index)
    more = f" and {len(run) - 1} more" if len(run) > 1 else ""
    diagnostics.warning(
        "text-order",
        f"`{first.name}`{more} stand{'' if more else 's'} below `{latest.name}`, but {_listed(phases)} rules are tried"
        f" before {latest.phase} rules",
        first.span,
        "`rulec fmt` writes rules in the order that counts, `rulec order` prints it",
        rule=first.name,
        related=(Related("tried later", latest.span),),
    )


def _listed(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


# Who can serve what a rule sends


def _serving(catalogue: CatalogueNames, rule: Rule, diagnostics: Diagnostics) -> None:
    """Reports a rule without a candidate, or without one for some of its requests."""
    policy, target = catalogue.policy, rule.target
    if isinstance(target, (ModelsTarget, VirtualTarget, NativeTarget)):
        _model_target(policy, rule, diagnostics)
        return
    assert isinstance(target, ProvidersTarget)
    if isinstance(rule.match, ast.Exact):
        if not can_serve(policy, target, rule.match.model.text):
            _cannot_serve(policy, rule, target, f"`{rule.match.model.text}`", diagnostics)
        return
    if not _ever_serves(catalogue, rule, target):
        _cannot_serve(policy, rule, target, "any model that comes here", diagnostics)
        return
    missed = catalogue.missed(target, rule)
    if missed:
        names = ", ".join(f"`{name}`" for name in missed[:MOST_NAMES_SHOWN])
        more = f" and {len(missed) - MOST_NAMES_SHOWN} more" if len(missed) > MOST_NAMES_SHOWN else ""
        diagnostics.warning(
            "does-not-apply",
            f"`{rule.name}` does not apply to {names}{more}: {_named(target)} cannot serve {'it' if len(missed) == 1 else 'them'}",
            rule.span,
            "such a request goes on to the next rule; `substitute: true` would send it to the provider's default model",
            rule=rule.name,
            witness={"model": missed[0]},
        )


def _named(target: ProvidersTarget) -> str:
    return " or ".join(f"`{name}`" for name, _ in target.providers)


def _cannot_serve(policy: Policy, rule: Rule, target: ProvidersTarget, what: str, diagnostics: Diagnostics) -> None:
    defaults = any(policy.providers[name].default_model is not None for name, _ in target.providers)
    help_text = "list the model in the catalogue with `served_by`, or let the provider accept its name with `accepts`"
    if defaults:
        help_text += "; `substitute: true` would send the provider's default model"
    diagnostics.error("cannot-serve", f"{_named(target)} can never serve {what}", rule.span, help_text, rule=rule.name)


def _ever_serves(catalogue: CatalogueNames, rule: Rule, target: ProvidersTarget) -> bool:
    """Whether some request that the rule may match has a candidate; unsure counts as yes."""
    providers = [catalogue.policy.providers[name] for name, _ in target.providers]
    stands_in = target.substitute or rule.phase in ("when", "default", "capability")
    if stands_in and any(one.default_model is not None for one in providers):
        return True
    return any(one.accepts for one in providers) or catalogue.serves_some(target, rule)


def _model_target(policy: Policy, rule: Rule, diagnostics: Diagnostics) -> None:
    target = rule.target
    if isinstance(target, (VirtualTarget, NativeTarget)):
        for name in (target.simple, target.complex):
            if not policy.serving(name):
                diagnostics.error(
                    "cannot-serve", f"no provider serves `{name}`", rule.span, _SERVE_HELP, rule=rule.name
                )
        return
    assert isinstance(target, ModelsTarget)
    places = candidates_for(policy, target, None)
    if not places:
        unfiltered = candidates_for(policy, target, None, filtered=False)
        models = ", ".join(f"`{name}`" for name in target.models[:MOST_NAMES_SHOWN]) or "no model"
        if unfiltered:
            message = f"`{rule.name}` has no candidate: its filters remove {_places(unfiltered)}"
            help_text = "lower `min_model_size` or `min_context`, or give the models a `size` or `context`"
        elif not policy.models and not target.models:
            message, help_text = (
                f"`{rule.name}` has no candidate: the catalogue is empty",
                "list models under `models:`",
            )
        else:
            who = " or ".join(f"`{name}`" for name, _ in target.providers or ()) or "any provider"
            message, help_text = f"`{rule.name}` has no candidate: {models} is not served by {who}", _SERVE_HELP
        diagnostics.error("no-candidate", message, rule.span, help_text, rule=rule.name)
        return
    serving = {place.provider for place in places}
    for name, _ in target.providers or ():
        if name not in serving and rule.phase == "capability":
            diagnostics.warning(
                "never-candidate",
                f"`{name}` is never a candidate of `{rule.name}`: it serves no model that the rule lets through",
                rule.span,
                "remove it, or list a model that it serves",
                rule=rule.name,
            )


_SERVE_HELP = "list the model in the catalogue with `served_by`, or let a provider accept its name with `accepts`"


def _places(places: list[Place]) -> str:
    shown = ", ".join(f"`{one.model}` on `{one.provider}`" for one in places[:MOST_NAMES_SHOWN])
    return shown + (" and more" if len(places) > MOST_NAMES_SHOWN else "")


# Hops that nobody can serve


def _hops(names: CatalogueNames, diagnostics: Diagnostics) -> None:
    chains: dict[int, tuple[Chain, list[Rule]]] = {}
    for rule in names.policy.rules:
        if rule.chain.hops:
            chains.setdefault(id(rule.chain), (rule.chain, []))[1].append(rule)
    for chain, rules in chains.values():
        for hop in chain.hops:
            if _hop_serves(names, hop, rules):
                continue
            what = f"`{hop.provider}`" if hop.provider is not None else f"any provider with `{hop.model}`"
            where = f"the chain `{chain.name}`" if chain.name is not None else f"the fallback of `{rules[0].name}`"
            diagnostics.warning(
                "dead-hop",
                f"the hop to {what} in {where} is always dropped: it can serve nothing that comes to it",
                hop.span,
                "give the provider a `default_model`, name a `model` that it serves, or remove the hop",
            )


def _hop_serves(names: CatalogueNames, hop: Hop, rules: list[Rule]) -> bool:
    """Whether a hop can serve something that one of these rules sends to it."""
    policy = names.policy
    if hop.model is not None:
        providers = [hop.provider] if hop.provider is not None else policy.serving(hop.model)
        return any(policy.upstream(one, hop.model) is not None for one in providers)
    assert hop.provider is not None
    provider = policy.providers[hop.provider]
    unsure = any(not isinstance(rule.match, ast.Exact) for rule in rules)  # names beyond the catalogue may come
    if provider.default_model is not None or (unsure and provider.accepts):
        return True
    return any(names.reaches(hop.provider, rule) for rule in rules)


def _applicable(policy: Policy, diagnostics: Diagnostics) -> None:
    capabilities: dict[str, Rule] = {}
    for rule in policy.rules:
        if isinstance(rule.match, ast.Capability):
            capabilities.setdefault(rule.match.name, rule)
    taken: dict[str, Located] = {}
    for name, settings in policy.strategies.items():
        for one in settings.get("applicable_to", ()):
            first = taken.setdefault(one.text, one)
            named = capabilities.get(one.text)
            if first is not one and named is not None and not named.strategy_named:
                diagnostics.error(
                    "declared-twice",
                    f"two strategies are applicable to `{one.text}`",
                    one.span,
                    "name one of them in the capability rule: `routing_strategy: …`",
                    related=(Related("the first one", first.span),),
                )
            if one.text not in capabilities:
                diagnostics.error(
                    "unknown-capability",
                    f"`{name}` is applicable to `{one.text}`, which is no capability rule",
                    one.span,
                    suggest(one.text, list(capabilities), "capability"),
                )
