"""What requests meet beside the rules: settings of providers, models and sections, where two policies have different ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rulec.analysis.compared.causes import Cause
from rulec.analysis.compared.grades import GRADES, Grade
from rulec.policy.canonical import canonical, in_order, meant_section
from rulec.policy.model import Model, Policy, Provider
from rulec.records import record
from rulec.runtime.records import Candidate, Decision, Hop

_ADDRESS = (
    "api_base",
    "base_url",
    "api_version",
    "region_name",
    "aws_region_name",
    "vertex_project",
    "vertex_location",
    "organization",
    "custom_llm_provider",
)
_ATTEMPTS = ("num_retries", "max_retries", "retry_after", "timeout", "stream_timeout", "cooldown")
_PICKED_BY = ("rpm", "tpm", "max_parallel_requests", "cost", "model_info")
_SHOWN = ("weight", "priority")
"""What decisions show themselves."""
_GRADES: dict[str, Grade] = {
    **dict.fromkeys(_ADDRESS, "target"),
    **dict.fromkeys(_ATTEMPTS, "chain"),
    **dict.fromkeys(_PICKED_BY, "strategy"),
}
_SECTIONS: dict[str, Grade | None] = {
    "rate_limited_fallback": "chain",
    "error_based_routing": "chain",
    "first_request_routing": "strategy",
    "signals": "strategy",
    "complexity": None,
}

Meets = Callable[[Decision], bool]


@record
class Setting:
    """Something that is set differently, with how much that is and which decisions meet it.

    A `grade` None is for what decisions may go by, which nobody can tell from a few requests.
    """

    grade: Grade | None
    cause: Cause
    meets: Meets


def settings_apart(old: Policy, new: Policy) -> Iterator[Setting]:
    """What the two policies set differently and no decision shows."""
    for name in [one for one in new.providers if one in old.providers]:
        grade = _gravest(_of_provider(old.providers[name]), _of_provider(new.providers[name]))
        if grade is not None:
            yield Setting(grade, Cause("provider", name), _provider(name))
    for name in [one for one in new.models if one in old.models]:
        grade = _gravest(_of_model(old.models[name]), _of_model(new.models[name]))
        if grade is not None:
            yield Setting(grade, Cause("model", name), _group(name))
    for name in dict.fromkeys((*old.sections, *new.sections)):
        if _section(old, name) != _section(new, name):
            yield Setting(_SECTIONS.get(name, "metadata"), Cause("section", name), _routed)
    for name in dict.fromkeys((*old.strategies, *new.strategies)):
        if _strategy(old, name) != _strategy(new, name):
            yield Setting("strategy", Cause("strategy", name), _picked_by(name))


def _of_provider(provider: Provider) -> dict[str, Any]:
    return {**provider.settings, **provider.handling, "region": provider.region}


def _of_model(model: Model) -> dict[str, Any]:
    found = {**model.settings, **model.handling, "cost": model.cost}
    for provider, tuning in model.deployments.items():
        found.update({f"{provider} {key}": value for key, value in (*tuning.settings.items(), *tuning.handling.items())})
    return found


def _gravest(old: dict[str, Any], new: dict[str, Any]) -> Grade | None:
    """The grade of what is different in two groups of settings."""
    keys = [key for key in {**old, **new} if canonical(in_order(old.get(key))) != canonical(in_order(new.get(key)))]
    words = [key.rpartition(" ")[2] for key in keys]
    grades = [_GRADES.get(word, "metadata") for word in words if word not in _SHOWN]
    return min(grades, key=GRADES.index, default=None)


def _section(policy: Policy, name: str) -> str:
    return canonical(meant_section(name, policy.sections.get(name, {})))


def _strategy(policy: Policy, name: str) -> str:
    return canonical(meant_section("", policy.strategies.get(name, {})))


def _provider(name: str) -> Meets:
    return lambda decision: any(one.provider == name for one in _places(decision))


def _group(name: str) -> Meets:
    return lambda decision: any(one.group == name for one in _places(decision))


def _places(decision: Decision) -> Iterator[Candidate | Hop]:
    yield from decision.candidates
    yield from decision.fallbacks


def _routed(decision: Decision) -> bool:
    return decision.action == "route"


def _picked_by(name: str) -> Meets:
    return lambda decision: decision.strategy == name
