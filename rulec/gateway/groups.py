"""LiteLLM's model groups for a policy: one for each client-visible name, and one for names known only by pattern."""

from __future__ import annotations

from rulec.policy.model import ModelsTarget, NativeTarget, Policy, ProvidersTarget, VirtualTarget
from rulec.syntax import ast

OWN_PREFIX = "rulec:"
"""Begins the ids of our deployments."""
WILDCARD = "*"


def model_groups(policy: Policy) -> list[str]:
    """The client-visible names in the order of the files, and `*` where a name may be known only by pattern."""
    groups = [name for name in client_names(policy) if group_members(policy, name)]
    if any(provider.accepts for provider in policy.providers.values()):
        groups.append(WILDCARD)
    return groups


def deployment_id(group: str, provider: str | None = None) -> str:
    """The id of a deployment: LiteLLM sends it as a response header, so it is ASCII, whatever the names are."""
    name = group if provider is None else f"{group}@{provider}"
    return OWN_PREFIX + name.encode("unicode_escape").decode("ascii")


def client_names(policy: Policy) -> dict[str, None]:
    """The names that the catalogue and the rules spell out, in the order of the files."""
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


def group_members(policy: Policy, name: str) -> list[tuple[str, str]]:
    """The (provider, upstream name) of every deployment in a group: the catalogue's, then those that accept the name.

    A name that only stands for other models has the first deployment of the rule that answers it, so that it is listed.
    """
    members = dict.fromkeys(policy.serving(name))
    members.update(dict.fromkeys(one for one in policy.providers if policy.accepts(one, name)))
    found = [(one, policy.upstream(one, name)) for one in members]
    served = [(one, upstream) for one, upstream in found if upstream is not None]
    defaults = [
        (one.name, policy.upstream(one.name, name) or one.fixed_upstream or name)
        for one in policy.providers.values()
        if one.default_model == name and one.name not in members
    ]
    return served + defaults or _stub(policy, name)


def _stub(policy: Policy, name: str) -> list[tuple[str, str]]:
    for rule in policy.rules:
        if not (isinstance(rule.match, ast.Exact) and rule.match.model.text == name):
            continue
        if isinstance(rule.target, ProvidersTarget):
            for provider, _ in rule.target.providers:
                default = policy.providers[provider].default_model
                if default is not None:
                    return [(provider, policy.upstream(provider, default) or default)]
        if isinstance(rule.target, (ModelsTarget, VirtualTarget)):
            model = rule.target.complex if isinstance(rule.target, VirtualTarget) else rule.target.models[0]
            restricted = rule.target.providers if isinstance(rule.target, ModelsTarget) else None
            for provider in [one for one, _ in restricted] if restricted else policy.serving(model):
                upstream = policy.upstream(provider, model)
                if upstream is not None:
                    return [(provider, upstream)]
    return []
