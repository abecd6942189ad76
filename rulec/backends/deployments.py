"""The deployments of LiteLLM's config as text; they may be very many, and of those that are set alike only names differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rulec.backends.environment import config_value, overrides
from rulec.backends.yaml_text import block, scalar, to_yaml
from rulec.gateway.complexity import router_parameters
from rulec.gateway.groups import Member, deployment_id, model_groups
from rulec.policy.model import Model, NativeTarget, Policy, Rule
from rulec.records import record
from rulec.syntax.ast import Exact

NO_COOLDOWN_AT_LIMITS = {"RateLimitErrorAllowedFails": 1_000_000_000}
"""LiteLLM's check of rates would take the deployment out for 5 seconds whatever its `cooldown_time` says, and a step with it."""
PLACEHOLDER = "rulec-wildcard"


@record
class _Alike:
    """What deployments with the same settings have in common, in the pieces between their names."""

    parameters: str
    info: str
    handling: str
    mark: str


class Deployments:
    """Those of one policy; `limited` tells whether one that was written has a limit of rates."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.limited = False
        self._fingerprint = policy.fingerprint()
        self._overrides = overrides(policy)
        self._alike: dict[tuple[str, str | None], _Alike] = {}

    def written(self) -> Iterator[str]:
        """Each as an item of `model_list`."""
        for group, members in model_groups(self.policy):
            yield from self._group(group, members)
        for rule in self.policy.rules:
            if isinstance(rule.target, NativeTarget):
                yield to_yaml([self._router(rule)])

    def _group(self, group: str, members: list[Member]) -> Iterator[str]:
        name, written = scalar(group), {None: "null", group: scalar(group)}
        for provider, upstream in members:
            alike = self._set_alike(provider, group)
            model = self.policy.providers[provider].litellm_model(upstream or PLACEHOLDER)
            yield (
                f"- model_name: {name}\n"
                f"  litellm_params:\n"
                f"    model: {scalar(model)}\n"
                f"{alike.parameters}"
                f"  model_info:\n"
                f"{alike.info}"
                f"    id: {scalar(deployment_id(group, provider))}\n"
                f"{alike.handling}"
                f"      model: {written.get(upstream) or scalar(upstream)}\n"
                f"{alike.mark}"
            )

    def _set_alike(self, name: str, group: str) -> _Alike:
        """What the deployments of a provider have in common; of a model that is set otherwise, its own."""
        entry = self.policy.models.get(group)
        if entry is not None and not (entry.settings or entry.handling or entry.cost or name in entry.deployments):
            entry = None
        place = name, None if entry is None else group
        if place not in self._alike:
            self._alike[place] = self._in_common(name, entry)
        return self._alike[place]

    def _in_common(self, name: str, entry: Model | None) -> _Alike:
        provider = self.policy.providers[name]
        tuning = self.policy.deployment(name, None if entry is None else entry.name)
        parameters = {key: config_value(value) for key, value in tuning.settings.items()}
        if entry is not None and entry.cost is not None:
            parameters["input_cost_per_token"] = entry.cost[0] / 1_000_000
            parameters["output_cost_per_token"] = entry.cost[1] / 1_000_000
        parameters["cooldown_time"] = 0
        handling: dict[str, Any] = {"cooldown_time": 0}  # LiteLLM reads it there on some endpoints, here on others
        if "rpm" in parameters or "tpm" in parameters:
            handling = {"allowed_fails_policy": NO_COOLDOWN_AT_LIMITS, **handling}
            self.limited = True
        own = [key for key in self._overrides.get(name, ()) if tuning.settings[key] is not provider.settings[key]]
        mark = {"fingerprint": self._fingerprint, **({"own": own} if own else {})}
        info = config_value(tuning.handling.get("model_info", {}))
        begin = f"    rulec:\n      provider: {scalar(name)}\n"
        return _Alike(block(parameters, 4), block(info, 4), block(handling, 4) + begin, block(mark, 6))

    def _router(self, rule: Rule) -> dict[str, Any]:
        """The deployment that stands for a virtual model which LiteLLM's complexity router splits."""
        assert isinstance(rule.match, Exact) and isinstance(rule.target, NativeTarget)
        name = rule.match.model.text
        info = {"id": deployment_id(name), "rulec": {"fingerprint": self._fingerprint}}
        return {"model_name": name, "litellm_params": router_parameters(rule.target), "model_info": info}
