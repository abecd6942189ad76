"""The deployments that LiteLLM hands to the filter hook: which one is whose, and what only we know of it."""

from __future__ import annotations

from typing import Any

from rulec.runtime.caller import printable
from rulec.runtime.plan import PlanStep


class StepSkipped(Exception):
    """This step is not to be tried; LiteLLM goes on to the next fallback."""

    def __init__(self, message: str, status: int = 503) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status
        self.type = "not_found_error" if status == 404 else "service_unavailable"
        self.param = None
        self.code = str(status)


def rulec_info(deployment: Any) -> dict[str, Any]:
    return (deployment.get("model_info") or {}).get("rulec") or {}


def deployment_of(step: PlanStep, deployments: list[Any]) -> Any:
    """The deployment of the step, None where it is not among these; most often it stands where it stood last time."""
    if step.place < len(deployments) and serves(deployments[step.place], step):
        return deployments[step.place]
    for place, deployment in enumerate(deployments):
        if serves(deployment, step):
            step.place = place
            return deployment
    return None


def serves(deployment: Any, step: PlanStep) -> bool:
    """Whether this deployment is the one of the step; in a wildcard group its `model` is null and stands for any."""
    info = rulec_info(deployment)
    return info.get("provider") == step.provider and info.get("model") in (step.model, None)


def ready(
    deployment: Any, info: dict[str, Any], settings: dict[str, dict[str, str]], litellm_model: str | None = None
) -> Any:
    """The deployment, or a copy with what only we know: settings from the environment, a wildcard's upstream model."""
    changes: dict[str, Any] = {}
    if settings:
        own = info.get("own", ())  # what the deployment says otherwise than its provider
        changes = {key: one for key, one in settings.get(str(info.get("provider")), {}).items() if key not in own}
    if litellm_model is not None and info.get("model") is None and "provider" in info:
        changes["model"] = litellm_model
    if not changes:
        return deployment
    return {**deployment, "litellm_params": {**deployment["litellm_params"], **changes}}


def left_to_litellm(model: str, deployments: list[Any], settings: dict[str, dict[str, str]]) -> list[Any]:
    """What LiteLLM would have without rulec: our wildcard groups, which only we can fill, do not exist for it."""
    told = [(deployment, rulec_info(deployment)) for deployment in deployments]
    own = [ready(deployment, info, settings) for deployment, info in told if not is_our_wildcard(info)]
    if deployments and not own:
        raise StepSkipped(f"the model {printable(model)} does not exist", 404)
    return own


def is_our_wildcard(info: dict[str, Any]) -> bool:
    return "provider" in info and info.get("model") is None
