"""The LiteLLM backend: a plain config with one model group for each client-visible name."""

from __future__ import annotations

from typing import Any

from rulec import VERSION
from rulec.backends.artifact import Artifact
from rulec.backends.environment import config_value, overrides
from rulec.backends.python import MODULE_NAME
from rulec.backends.yaml_text import to_yaml
from rulec.gateway.caching import keeps_answers
from rulec.gateway.complexity import router_parameters
from rulec.gateway.groups import WILDCARD, deployment_id, group_members, model_groups
from rulec.policy.model import NativeTarget, Policy, Rule
from rulec.syntax.ast import Exact

CONFIG_NAME = "litellm_config.yaml"
CANNOT = (
    "a pattern in a model name: names known only by pattern share the group `*`, which the module guards",
    "a fallback that depends on the kind of error: the module decides that",
)
"""What LiteLLM's config has no words for."""

OWN_SETTINGS = {
    "expose_router_debug_in_errors": False,  # it would show our marks of steps in error texts
    "disable_hf_tokenizer_download": True,  # else a stream without usage waits for a tokenizer from the network
}
"""LiteLLM settings that suit routing; what the user passes through wins."""
RATE_CHECK = "enforce_model_rate_limits"
"""Without it LiteLLM takes `rpm` and `tpm` of a deployment for weights only."""
NO_COOLDOWN_AT_LIMITS = {"RateLimitErrorAllowedFails": 1_000_000_000}
"""That check would take the deployment out for 5 seconds whatever its `cooldown_time` says, and a step with it."""
CACHE = {"type": "local", "mode": "default_off"}
"""A cache of a worker's own, for requests that the module asks it for."""
PLACEHOLDER = "rulec-wildcard"


def generate_config(policy: Policy) -> Artifact:
    """The config for a policy; what the user passes through under `litellm:` is merged in."""
    fingerprint = policy.fingerprint()
    deployments = [one for group in model_groups(policy) for one in _deployments(policy, group, fingerprint)]
    deployments += [_router(rule, fingerprint) for rule in policy.rules if isinstance(rule.target, NativeTarget)]
    config = {"model_list": deployments, **_settings(policy, deployments)}
    header = (
        f"# Compiled by rulec {VERSION} from the rule set {fingerprint}. Do not edit: change the rules, compile again.\n"
        f"# The routing itself is in {MODULE_NAME}.py beside this file. Start the proxy with DEFAULT_MAX_RETRIES=0 in its\n"
        f"# environment (`rulec serve` does), else LiteLLM repeats failed embeddings and images three times by itself.\n"
    )
    return Artifact(CONFIG_NAME, header + to_yaml(config))


def _deployments(policy: Policy, group: str, fingerprint: str) -> list[dict[str, Any]]:
    if group == WILDCARD:
        accepting = [one for one in policy.providers.values() if one.accepts]
        return [_deployment(policy, group, one.name, None, fingerprint) for one in accepting]
    members = group_members(policy, group)
    return [_deployment(policy, group, name, upstream, fingerprint) for name, upstream in members]


def _deployment(policy: Policy, group: str, name: str, upstream: str | None, fingerprint: str) -> dict[str, Any]:
    provider, entry = policy.providers[name], policy.models.get(group)
    tuning = policy.deployment(name, group)
    parameters: dict[str, Any] = {"model": provider.litellm_model(upstream or PLACEHOLDER)}
    parameters.update({key: config_value(value) for key, value in tuning.settings.items()})
    if entry is not None and entry.cost is not None:
        parameters["input_cost_per_token"] = entry.cost[0] / 1_000_000
        parameters["output_cost_per_token"] = entry.cost[1] / 1_000_000
    parameters["cooldown_time"] = 0
    own = [key for key in overrides(policy).get(name, {}) if tuning.settings[key] is not provider.settings[key]]
    return {
        "model_name": group,
        "litellm_params": parameters,
        "model_info": {
            **{key: config_value(value) for key, value in tuning.handling.get("model_info", {}).items()},
            "id": deployment_id(group, provider.name),
            **({"allowed_fails_policy": NO_COOLDOWN_AT_LIMITS} if is_limited(parameters) else {}),
            "cooldown_time": 0,  # LiteLLM reads one of the two places on some endpoints, the other on others
            "rulec": {
                "provider": provider.name,
                "model": upstream,
                "fingerprint": fingerprint,
                **({"own": own} if own else {}),
            },
        },
    }


def _router(rule: Rule, fingerprint: str) -> dict[str, Any]:
    """The deployment that stands for a virtual model which LiteLLM's complexity router splits."""
    assert isinstance(rule.match, Exact) and isinstance(rule.target, NativeTarget)
    name = rule.match.model.text
    info = {"id": deployment_id(name), "rulec": {"fingerprint": fingerprint}}
    return {"model_name": name, "litellm_params": router_parameters(rule.target), "model_info": info}


def is_limited(parameters: dict[str, Any]) -> bool:
    return "rpm" in parameters or "tpm" in parameters


def _settings(policy: Policy, deployments: list[dict[str, Any]]) -> dict[str, Any]:
    """LiteLLM's settings: what routing needs, and what the user passes through."""
    passed = policy.sections.get("litellm", {})
    router = {"routing_strategy": "simple-shuffle", **_passed(passed, "router_settings")}
    router.update({"num_retries": 0, "max_fallbacks": 64})
    if any(is_limited(one["litellm_params"]) for one in deployments):
        checks = _listed(router.get("optional_pre_call_checks") or [])
        router["optional_pre_call_checks"] = [*checks, *[one for one in (RATE_CHECK,) if one not in checks]]
    litellm = _passed(passed, "litellm_settings")
    callbacks = litellm.pop("callbacks", [])
    own = f"{MODULE_NAME}.handler"
    callbacks = [own, *[one for one in _listed(callbacks) if one != own]]
    litellm = {"callbacks": callbacks, **OWN_SETTINGS, **litellm}
    if keeps_answers(policy):
        litellm.update(_caching(litellm))
    general = {**_passed(passed, "general_settings"), "enforce_fallback_model_access": True}
    return {"litellm_settings": litellm, "router_settings": router, "general_settings": general}


def _caching(passed: dict[str, Any]) -> dict[str, Any]:
    """LiteLLM's cache, used by requests that the module asks it for; what the user passes through wins."""
    return {
        "cache": True,
        # Else requests that differ in a parameter of their provider alone would share an answer.
        "enable_caching_on_provider_specific_optional_params": True,
        **{key: passed[key] for key in passed if key in ("cache", "enable_caching_on_provider_specific_optional_params")},
        "cache_params": {**CACHE, **passed.get("cache_params", {})},
    }


def _passed(passed: dict[str, Any], section: str) -> dict[str, Any]:
    return {key: config_value(value) for key, value in passed.get(section, {}).items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
