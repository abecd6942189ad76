"""Who could serve what, asked of a policy before any request: for findings, not for decisions."""

from __future__ import annotations

from rulec.policy.model import ModelsTarget, Policy, ProvidersTarget
from rulec.records import record


@record
class Place:
    """A provider that serves a client-visible model by an upstream name."""

    provider: str
    upstream: str
    model: str


def candidates_for(
    policy: Policy, target: ProvidersTarget | ModelsTarget, model: str | None, filtered: bool = True
) -> list[Place]:
    """The places where a target could send a request for `model`; `filtered=False` ignores the `min_` filters."""
    if isinstance(target, ProvidersTarget):
        names = [name for name, _ in target.providers]
        found = [(name, policy.upstream(name, model)) for name in names] if model is not None else []
        places = [Place(name, upstream, model or "") for name, upstream in found if upstream is not None]
        if places or (model is not None and not target.substitute):
            return places
        return [Place(name, "", "") for name in names if policy.providers[name].default_model is not None]
    places = []
    for one in target.models:
        providers = policy.serving(one) if target.providers is None else [name for name, _ in target.providers]
        for provider in providers:
            upstream = policy.upstream(provider, one)
            if upstream is not None and (not filtered or _fits(policy, target, provider, one, upstream)):
                places.append(Place(provider, upstream, one))
    return places


def can_serve(policy: Policy, target: ProvidersTarget, model: str) -> bool:
    """Whether a target has a candidate for a model, which is quicker to tell than all of them."""
    if any(policy.upstream(name, model) is not None for name, _ in target.providers):
        return True
    return target.substitute and bool(candidates_for(policy, target, model))


def _fits(policy: Policy, target: ModelsTarget, provider: str, model: str, upstream: str) -> bool:
    size = policy.size(model, upstream)
    entry = policy.models.get(model)
    context = entry.context if entry is not None and entry.context is not None else policy.providers[provider].context
    large = target.min_size is None or (size is not None and size >= target.min_size)
    return large and (target.min_context is None or (context is not None and context >= target.min_context))
