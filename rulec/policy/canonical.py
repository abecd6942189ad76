"""Nouns as text that is equal where they mean the same: what a rule set's fingerprint is made of."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rulec.source import Located
from rulec.syntax.conditions import ParsedCondition

if TYPE_CHECKING:
    from rulec.policy.model import Policy

_NOT_MEANT = frozenset(
    (
        *("span", "places", "capability_places", "weight_places"),
        *("description", "overrides", "spec", "factors", "strategy_named", "fallback_named", "models_named", "until"),
    )
)
"""Fields of nouns that do not change what the policy does; names that users choose are never left out."""
_UNORDERED = frozenset(("settings", "handling", "deployments"))
"""Fields in whose mappings the order does not count."""
_LATER_WORDS = frozenset(("handling", "deployments", "strategy_fixed"))
"""Fields that rule sets of older releases have not: where they say nothing, the fingerprint stays what it was."""


def fingerprint(policy: Policy) -> str:
    """The first 12 hex digits of a SHA-256 over the canonical policy: not comments, layout or descriptions."""
    named = [list(one.items()) for one in (policy.providers, policy.models, policy.chains)]
    settings = [meant_section(name, values) for name, values in sorted(policy.sections.items())]
    settings += [meant_section("", values) for _, values in policy.strategies.items()]
    text = canonical([*named, policy.rules, policy.capability_header, list(policy.strategies), *settings])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def canonical(value: Any) -> str:
    """A noun, or a list of nouns, as JSON: without places and descriptions."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True, check_circular=False, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no word for, one level of it."""
    kind: type = type(value)
    if kind is Located:
        return value.text
    if kind is ParsedCondition:
        return value.condition
    if kind is set or kind is frozenset:
        return sorted(map(str, value))
    named: dict[str, Any] = {"": kind.__name__}
    for name in _meant_fields(kind):
        found = getattr(value, name)
        if found or name not in _LATER_WORDS:
            named[name] = in_order(found) if name in _UNORDERED else found
    return named


@lru_cache(maxsize=256)
def _meant_fields(kind: type) -> tuple[str, ...]:
    """The fields of a record that change what the policy does."""
    names: tuple[str, ...] = kind.__record_fields__  # type: ignore[attr-defined]
    return tuple(name for name in names if name not in _NOT_MEANT)


def in_order(value: Any) -> Any:
    """Settings are a mapping whose order does not count."""
    if isinstance(value, dict):
        return {str(key): in_order(one) for key, one in sorted(value.items())}
    return [in_order(one) for one in value] if isinstance(value, list) else value


def meant_section(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """A settings section, in order, without what people alone read; `defaults` and `litellm` hold names that are not ours."""
    if name == "request":
        return {}  # the policy holds its value as it is compared
    if name == "signals":
        return {signal: meant_section("", entry) for signal, entry in sorted(values.items())}
    dropped = {"defaults": "", "litellm": "places"}.get(name, "description")
    meant: dict[str, Any] = in_order({"": name, **{key: one for key, one in values.items() if key != dropped}})
    return meant
