"""What a rule set passes through to single deployments, checked against what the rules and rulec say of them."""

from __future__ import annotations

from rulec.diagnostics import Diagnostics
from rulec.policy.model import Policy
from rulec.syntax.ast import Tuning

OWNED_PARAMETERS = {
    "cache_ttl": "write `cache_ttl` beside `litellm_params`: LiteLLM would send it to the provider",
    "cooldown": "write `cooldown` beside `litellm_params`: LiteLLM would send it to the provider",
    "cooldown_time": "write `cooldown` beside `litellm_params`",
    "model": "the provider's `litellm` says it, and `model` of the deployment",
    "model_info": "write `model_info` beside `litellm_params`",
    "num_retries": "write `num_retries` beside `litellm_params`",
    "order": "write `priority` beside `litellm_params`",
    "priority": "write `priority` beside `litellm_params`: LiteLLM would send it to the provider",
    "retry_after": "write `retry_after` beside `litellm_params`: LiteLLM would send it to the provider",
    "weight": "write `weight` beside `litellm_params`",
}
"""Keys of `litellm_params` that would work against the rules, or reach the provider."""
OWNED_INFO = ("allowed_fails_policy", "cooldown_time", "id", "rulec")
"""Keys of `model_info` by which the generated pair keeps deployments apart and in place."""


def check_parameters(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports what `litellm_params` and `model_info` of providers, models and deployments cannot say."""
    for provider in policy.providers.values():
        _check(f"`{provider.name}`", Tuning(provider.settings, provider.handling, provider.places), diagnostics)
    for model in policy.models.values():
        _check(f"`{model.name}`", Tuning(model.settings, model.handling, model.places), diagnostics)
        for name, deployment in model.deployments.items():
            _check(f"`{model.name}` at `{name}`", deployment, diagnostics)


def _check(name: str, tuning: Tuning, diagnostics: Diagnostics) -> None:
    for key in tuning.settings:
        if key in OWNED_PARAMETERS:
            message = f"the rules own `{key}` in `litellm_params` of {name}"
            diagnostics.error("owned-setting", message, tuning.places.get(key), OWNED_PARAMETERS[key])
    for key in tuning.handling.get("model_info", {}):
        if key in OWNED_INFO:
            message = f"rulec writes `{key}` in `model_info` of {name}"
            diagnostics.error("owned-setting", message, tuning.places.get("model_info"), "give it another name")
