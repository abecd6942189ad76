"""The LiteLLM backend: a plain config with one model group for each client-visible name."""

from __future__ import annotations

from typing import Any

from rulec import VERSION
from rulec.backends.artifact import Artifact
from rulec.backends.deployments import Deployments
from rulec.backends.environment import config_value
from rulec.backends.python import MODULE_NAME
from rulec.backends.yaml_text import to_yaml
from rulec.gateway.caching import keeps_answers
from rulec.policy.model import Policy

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
CACHE = {"type": "local", "mode": "default_off"}
"""A cache of a worker's own, for requests that the module asks it for."""


def generate_config(policy: Policy) -> Artifact:
    """The config for a policy; what the user passes through under `litellm:` is merged in."""
    header = (
        f"# Compiled by rulec {VERSION} from the rule set {policy.fingerprint()}. Do not edit: change the rules, compile again.\n"
        f"# The routing itself is in {MODULE_NAME}.py beside this file. Start the proxy with DEFAULT_MAX_RETRIES=0 in its\n"
        f"# environment (`rulec serve` does), else LiteLLM repeats failed embeddings and images three times by itself.\n"
    )
    deployments = Deployments(policy)
    listed = list(deployments.written())
    models = "model_list:\n" if listed else "model_list: []\n"
    return Artifact(CONFIG_NAME, "".join((header, models, *listed, to_yaml(_settings(policy, deployments.limited)))))


def _settings(policy: Policy, limited: bool) -> dict[str, Any]:
    """LiteLLM's settings: what routing needs, and what the user passes through."""
    passed = policy.sections.get("litellm", {})
    router = {"routing_strategy": "simple-shuffle", **_passed(passed, "router_settings")}
    router.update({"num_retries": 0, "max_fallbacks": 64})
    if limited:
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
