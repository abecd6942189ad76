"""Environment references: what LiteLLM reads itself at start, and what the module puts in for it.

LiteLLM knows `os.environ/NAME` for a whole value. It knows no default and nothing inside a longer text; there the
config holds the value with all defaults, and the generated module replaces it where a variable is set.
"""

from __future__ import annotations

from typing import Any

from rulec.diagnostics import Diagnostics
from rulec.policy.model import Model, Policy, Provider
from rulec.source import Span
from rulec.syntax.ast import EnvironmentText, Tuning


def config_value(value: Any) -> Any:
    """A setting as it stands in the config."""
    if isinstance(value, dict):
        return {key: config_value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [config_value(one) for one in value]
    if not isinstance(value, EnvironmentText):
        return value
    only = value.parts[0]
    if len(value.parts) == 1 and isinstance(only, tuple) and only[1] is None:
        return f"os.environ/{only[0]}"
    return "".join(part if isinstance(part, str) else part[1] or "" for part in value.parts)


def text_parts(value: Any) -> tuple[Any, ...]:
    """A setting as `runtime.environment` reads it: texts, and (variable, default) for each reference."""
    return value.parts if isinstance(value, EnvironmentText) else (str(value),)


def overrides(policy: Policy) -> dict[str, dict[str, tuple[Any, ...]]]:
    """The settings of each provider that the module puts in: their parts, a reference as (variable, default)."""
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    for provider in policy.providers.values():
        for key, value in provider.settings.items():
            if isinstance(value, EnvironmentText) and not str(config_value(value)).startswith("os.environ/"):
                found.setdefault(provider.name, {})[key] = value.parts
    return found


def variables(policy: Policy) -> dict[str, str | None]:
    """All variables that a policy reads, with their defaults."""
    found: dict[str, str | None] = {}

    def collect(value: Any) -> None:
        if isinstance(value, EnvironmentText):
            found.update({part[0]: part[1] for part in value.parts if isinstance(part, tuple)})
        for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(one)

    for provider in policy.providers.values():
        collect(provider.settings)
        collect(provider.handling)
    for model in policy.models.values():
        for one in (Tuning(model.settings, model.handling), *model.deployments.values()):
            collect(one.settings)
            collect(one.handling)
    collect(policy.sections.get("litellm", {}))
    collect(policy.sections.get("signals", {}))
    return found


def check_references(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports references that neither LiteLLM nor the module can put in."""
    for provider in policy.providers.values():
        for key, value in provider.settings.items():
            place = provider.places.get(key)
            _check(f"`{key}` of `{provider.name}`", value, place, diagnostics, defaults_work=True)
        _check_told(f"`{provider.name}`", provider, diagnostics)
    for model in policy.models.values():
        _check_narrower(f"`{model.name}`", model, diagnostics)
        for name, deployment in model.deployments.items():
            _check_narrower(f"`{model.name}` at `{name}`", deployment, diagnostics)
    litellm = policy.sections.get("litellm", {})
    places: dict[str, Span] = litellm.get("places", {})
    for section, values in litellm.items():
        for key, value in values.items() if section != "places" else ():
            place = places.get(f"{section}.{key}")
            _check(f"`{key}`", value, place, diagnostics, defaults_work=False)


def _check_narrower(name: str, one: Model | Tuning, diagnostics: Diagnostics) -> None:
    """What is set otherwise than at the provider; there the module puts in nothing."""
    for key, value in one.settings.items():
        _check(f"`{key}` of {name}", value, one.places.get(key), diagnostics, defaults_work=False)
    _check_told(name, one, diagnostics)


def _check_told(name: str, one: Provider | Model | Tuning, diagnostics: Diagnostics) -> None:
    told = one.handling.get("model_info", {})
    _check(f"`model_info` of {name}", told, one.places.get("model_info"), diagnostics, defaults_work=False)


def _check(what: str, value: Any, span: Span | None, diagnostics: Diagnostics, defaults_work: bool) -> None:
    if isinstance(value, dict):
        for key, one in value.items():
            _check(f"{what}.{key}", one, span, diagnostics, defaults_work=False)
        return
    if isinstance(value, list):
        for one in value:
            if isinstance(one, EnvironmentText):
                name = next(part[0] for part in one.parts if isinstance(part, tuple))
                message = f"LiteLLM cannot put `${{{name}}}` into the list {what}"
                help_text = "LiteLLM reads no references inside lists: write the value"
                diagnostics.error("environment-reference", message, span, help_text)
            else:
                _check(what, one, span, diagnostics, defaults_work=False)
        return
    if not isinstance(value, EnvironmentText):
        return
    references = [part for part in value.parts if isinstance(part, tuple)]
    whole = len(value.parts) == 1
    bare = [name for name, default in references if default is None]
    if whole and (bare or defaults_work):
        return
    if defaults_work and not bare:
        return
    name = bare[0] if bare else references[0][0]
    diagnostics.error(
        "environment-reference",
        f"LiteLLM cannot put `${{{name}}}` into {what}",
        span,
        f"make `${{{name}}}` the whole value"
        + (", or give it a default with `:-`" if defaults_work else ", without a default"),
    )
