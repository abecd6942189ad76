"""The settings that a rule set passes through to LiteLLM, checked against LiteLLM's own tables.

An unknown key of `router_settings` is ignored by LiteLLM but for one log line, an unknown one elsewhere silently: the
first is an error, the second a warning, as those tables cannot be complete.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from rulec.diagnostics import Diagnostics, suggest
from rulec.policy.model import Policy
from rulec.source import Span
from rulec.syntax.ast import EnvironmentText

VERSION = "1.106"

OWNED = {
    "router_settings.num_retries": "every attempt is a step of the plan: write `retry_attempts` in a fallback chain",
    "router_settings.max_fallbacks": "rulec sets it to what its chains need",
    "router_settings.fallbacks": "write fallback chains",
    "router_settings.default_fallbacks": "write the fallback chain `default`",
    "router_settings.context_window_fallbacks": "write a hop with `on_error: context_window`",
    "router_settings.content_policy_fallbacks": "write a hop with `on_error: content_policy`",
    "router_settings.model_group_alias": "write an exact rule with `model:`",
    "router_settings.plugins": "they would narrow the candidates that the rules chose",
    "router_settings.enable_weighted_failover": "write weights in the rule",
    "router_settings.model_group_retry_policy": "write `retry_attempts` in a fallback chain",
    "router_settings.retry_policy": "write `retry_attempts` in a fallback chain",
    "litellm_settings.num_retries": "write `retry_attempts` in a fallback chain",
    "litellm_settings.fallbacks": "write fallback chains",
    "litellm_settings.default_fallbacks": "write the fallback chain `default`",
    "litellm_settings.context_window_fallbacks": "write a hop with `on_error: context_window`",
    "litellm_settings.content_policy_fallbacks": "write a hop with `on_error: content_policy`",
    "litellm_settings.model_alias_map": "write an exact rule with `model:`",
    "general_settings.completion_model": "it would replace the model of every request before any rule sees it",
}
"""Settings that the rules own: LiteLLM's own value would work against them."""


MOOT = {
    "allowed_fails": "write `error_based_routing: {error_threshold: 3}`",
    "allowed_fails_policy": "write `error_based_routing` and `rate_limited_fallback`",
    "cooldown_time": "write `cooldown` at a provider, a model or a deployment",
    "disable_cooldowns": "remove it: LiteLLM cools none of them down",
    "retry_after": "write `retry_after` at a deployment, or `retry_delay_ms` in a fallback chain",
}
"""Keys of `router_settings` that say nothing to the deployments of the rules, as steps do LiteLLM's retries and cooldowns."""
FOREIGN = {
    "embedding_model": "an embedding model is a model like any other: write it in `models`",
    "rerank_model": "a rerank model is a model like any other: write it in `models`",
    "fallback_models": "write the models as a chain in `fallback_chains`",
    "model_list": "rulec writes the model list from `providers` and `models`",
    "cache_enabled": "write `cache_ttl` at a provider, a model or a deployment",
}
"""Keys of other gateways' configs, and what to write in their place."""


def check_settings(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports passed-through settings that LiteLLM would ignore or refuse, and those that the rules own."""
    litellm = policy.sections.get("litellm", {})
    places: dict[str, Span] = litellm.get("places", {})
    for section in ("router_settings", "litellm_settings", "general_settings"):
        for key, value in litellm.get(section, {}).items():
            _check(section, key, value, places.get(f"{section}.{key}"), diagnostics)


def _check(section: str, key: str, value: Any, span: Span | None, diagnostics: Diagnostics) -> None:
    properties = known_keys()[section]["properties"]
    if f"{section}.{key}" in OWNED:
        help_text = OWNED[f"{section}.{key}"]
        diagnostics.error("owned-setting", f"the rules own `{key}` of `{section}`", span, help_text)
    elif section == "general_settings" and key == "enforce_fallback_model_access" and value is not True:
        message = "`enforce_fallback_model_access` cannot be switched off: it keeps fallbacks within a key's rights"
        diagnostics.error("owned-setting", message, span, "remove it")
    elif section == "router_settings" and key in MOOT:
        message = f"`{key}` says nothing to the deployments of the rules"
        diagnostics.warning("moot-setting", message, span, MOOT[key])
    elif key not in properties:
        _unknown(section, key, span, diagnostics)
    elif isinstance(value, str) and value.lower() in ("yes", "no", "on", "off"):
        message = f"`{key}` is the text `{value}`, which LiteLLM takes for true"
        diagnostics.error("wrong-setting", message, span, "only `true` and `false` are booleans")
    elif not isinstance(value, EnvironmentText):
        _wrong_type(section, key, value, span, diagnostics)


def _unknown(section: str, key: str, span: Span | None, diagnostics: Diagnostics) -> None:
    elsewhere = [one for one, table in known_keys().items() if key in table["properties"]]
    help_text = suggest(key, list(known_keys()[section]["properties"]), "key")
    if key in FOREIGN:
        help_text = FOREIGN[key]
    elif elsewhere:
        help_text = f"it belongs to `{elsewhere[0]}`"
    message = f"LiteLLM {VERSION} knows no `{key}` in `{section}`"
    if section == "router_settings" or elsewhere:
        diagnostics.error("unknown-setting", message, span, help_text)
    else:
        diagnostics.warning("unknown-setting", message, span, help_text)


def _wrong_type(section: str, key: str, value: Any, span: Span | None, diagnostics: Diagnostics) -> None:
    from jsonschema import Draft202012Validator

    schema = known_keys()[section]["properties"][key]
    problem = next(Draft202012Validator(schema).iter_errors(value), None)
    if problem is None:
        return
    if "enum" in schema:
        help_text = suggest(str(value), schema["enum"], "value")
        diagnostics.error("wrong-setting", f"`{key}` cannot be `{value}`", span, help_text)
        return
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    wanted = " or ".join(one for one in types if one != "null")
    diagnostics.error("wrong-setting", f"`{key}` of `{section}` is of the type {wanted}", span)


@lru_cache(maxsize=1)
def known_keys() -> dict[str, Any]:
    """LiteLLM's settings by section, as JSON Schemas."""
    text = (Path(__file__).parent / "litellm_1_106.json").read_text(encoding="utf-8")
    properties: dict[str, Any] = json.loads(text)["properties"]
    return properties
