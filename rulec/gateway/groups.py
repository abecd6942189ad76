"""LiteLLM's model groups for a policy: one for each client-visible name, and one for names known only by pattern."""

from __future__ import annotations

from collections.abc import Iterator

from rulec.policy.model import ModelsTarget, NativeTarget, Policy, ProvidersTarget, Rule, VirtualTarget
from rulec.syntax import ast

OWN_PREFIX = "rulec:"
"""Begins the ids of our deployments."""
WILDCARD = "*"


Member = tuple[str, "str | None"]
"""The provider of a deployment and its name for the model there; None in the group of all other names."""


def model_groups(policy: Policy) -> Iterator[tuple[str, list[Member]]]:
    """Every group with its members: the client-visible names in the order of the files, then `*` for names that only patterns know."""
    exact = {rule.match.model.text: rule for rule in policy.rules if isinstance(rule.match, ast.Exact)}
    for name in client_names(policy):
        members = _serving(policy, name) or _stub(policy, exact.get(name))
        if members and name != WILDCARD:
            yield name, members
    accepting: list[Member] = [(one.name, None) for one in policy.providers.values() if one.accepts]
    if accepting:
        yield WILDCARD, accepting


def deployment_id(group: str, provider: str | None = None) -> str:
    """The id of a deployment: LiteLLM sends it as a response header, so it is ASCII, whatever the names are."""
    name = OWN_PREFIX + group if provider is None else f"{OWN_PREFIX}{group}@{provider}"
    plain = name.isascii() and name.isprintable() and "\\" not in name
    return name if plain else name.encode("unicode_escape").decode("ascii")


def client_names(policy: Policy) -> dict[str, None]:
    """The names that the catalogue and the rules spell out, in the order of the files."""
    return policy.once("client names", _client_names)


def _client_names(policy: Policy) -> dict[str, None]:
    names = dict.fromkeys(policy.models)
    for provider in policy.providers.values():
        if provider.default_model is not None:
            names.setdefault(provider.default_model)
    for rule in policy.rules:
        if isinstance(rule.target, (VirtualTarget, NativeTarget)):
            names.update(dict.fromkeys((rule.target.simple, rule.target.complex)))
        elif isinstance(rule.target, ModelsTarget):
            names.update(dict.fromkeys(rule.target.models))
        names.update(dict.fromkeys(hop.model for hop in rule.chain.hops if hop.model is not None))
        if isinstance(rule.match, ast.Exact) and isinstance(
            rule.target, (ProvidersTarget, ModelsTarget, VirtualTarget)
        ):
            names.setdefault(rule.match.model.text)
    return names


def group_members(policy: Policy, name: str) -> list[Member]:
    """The members of the group of one client-visible name."""
    matching = (one for one in policy.rules if isinstance(one.match, ast.Exact) and one.match.model.text == name)
    return _serving(policy, name) or _stub(policy, next(matching, None))


def _serving(policy: Policy, name: str) -> list[Member]:
    """The catalogue's deployments of a name, then those that accept it, then those whose default it is."""
    entry = policy.models.get(name)
    listed = () if entry is None or entry.served_by is None else entry.served_by
    order = dict.fromkeys((*(provider for provider, _ in listed), *policy.providers))
    found: dict[str, str | None] = {}
    for one in order:
        upstream = policy.upstream(one, name)
        if upstream is not None:
            found[one] = upstream
    for provider in policy.providers.values():
        if provider.default_model == name:
            found.setdefault(provider.name, provider.fixed_upstream or name)
    return list(found.items())


def _stub(policy: Policy, rule: Rule | None) -> list[Member]:
    """The first deployment of the rule that answers a name which only stands for other models, so that it is listed."""
    target = None if rule is None else rule.target
    if isinstance(target, ProvidersTarget):
        for provider, _ in target.providers:
            default = policy.providers[provider].default_model
            if default is not None:
                return [(provider, policy.upstream(provider, default) or default)]
    elif isinstance(target, (ModelsTarget, VirtualTarget)):
        model = target.complex if isinstance(target, VirtualTarget) else target.models[0]
        restricted = target.providers if isinstance(target, ModelsTarget) else None
        for provider in [one for one, _ in restricted] if restricted else policy.serving(model):
            upstream = policy.upstream(provider, model)
            if upstream is not None:
                return [(provider, upstream)]
    return []
