"""Which providers are watched for being warm."""

from __future__ import annotations

from rulec.policy.model import ModelsTarget, Policy, Rule, VirtualTarget
from rulec.policy.serving import candidates_for

SECTION = "first_request_routing"
OLLAMA = ("ollama/", "ollama_chat/")


def watched_providers(policy: Policy) -> list[str]:
    """The providers with an address among which a rule chooses that prefers warm ones, or any rule at first."""
    first = SECTION in policy.sections
    named = {one for rule in policy.rules if first or rule.prefer_warm for one in _choices(policy, rule)}
    return [name for name, one in policy.providers.items() if name in named and one.settings.get("api_base")]


def way_of(policy: Policy, provider: str) -> str:
    """How a provider is asked whether it is warm."""
    return "ollama" if policy.providers[provider].template.startswith(OLLAMA) else "models"


def _choices(policy: Policy, rule: Rule) -> list[str]:
    """The providers of a rule's candidates, where there may be several."""
    target = rule.target
    if isinstance(target, ModelsTarget):
        found = [one.provider for one in candidates_for(policy, target, None)]
    elif isinstance(target, VirtualTarget):
        found = [*policy.serving(target.simple), *policy.serving(target.complex)]
    else:
        found = [name for name, _ in getattr(target, "providers", ())]
    return found if len(found) > 1 else []
