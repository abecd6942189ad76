"""The providers that LiteLLM knows: a deployment of any other is dropped when the proxy starts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rulec.diagnostics import Diagnostics, suggest
from rulec.gateway.settings import VERSION
from rulec.policy.model import Policy


def check_templates(policy: Policy, diagnostics: Diagnostics) -> None:
    """Warns of `litellm` templates in whose first part LiteLLM would find no provider of its own."""
    known = [*known_providers(), *_custom_providers(policy)]
    for provider in policy.providers.values():
        name, slash, _ = provider.template.partition("/")
        if slash and name not in known:
            diagnostics.warning(
                "unknown-litellm-provider",
                f"LiteLLM {VERSION} knows no provider `{name}`: it would drop the deployments of `{provider.name}`",
                provider.span,
                suggest(name, known, "provider"),
            )
        elif provider.template == "{model}" and provider.accepts:
            diagnostics.warning(
                "unknown-litellm-provider",
                f"the template of `{provider.name}` says no provider: LiteLLM knows that of few names by itself",
                provider.span,
                "write it in front: `openai/{model}`",
            )


@lru_cache(maxsize=1)
def known_providers() -> tuple[str, ...]:
    """LiteLLM's own list (`litellm.provider_list`)."""
    return tuple((Path(__file__).parent / "litellm_1_106_providers.txt").read_text(encoding="utf-8").split())


def _custom_providers(policy: Policy) -> list[str]:
    """Those that the rules pass on in `custom_provider_map`."""
    custom = policy.sections.get("litellm", {}).get("litellm_settings", {}).get("custom_provider_map")
    entries = custom if isinstance(custom, list) else []
    return [str(one["provider"]) for one in entries if isinstance(one, dict) and "provider" in one]
