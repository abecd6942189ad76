"""How long prompts may be."""

from __future__ import annotations

from rulec.lints.context import Context
from rulec.policy.model import Policy
from rulec.policy.serving import Place
from rulec.syntax import conditions as when

TOKENS = when.Field("estimated_tokens")


def context_of(policy: Policy, place: Place) -> int | None:
    """The tokens that a model takes at a provider, where the catalogue says."""
    entry = policy.models.get(place.model)
    return entry.context if entry is not None and entry.context is not None else policy.providers[place.provider].context


def longer_than(context: Context, place: Place) -> when.Condition:
    """Prompts that are too long for a place. Where no rule goes by their length, every request may be."""
    asked = context.analysis.space.asked.fields
    length = context_of(context.policy, place)
    if length is None or ("estimated_tokens", None) not in asked:
        return when.Always()
    return when.Compare(TOKENS, ">", length)
