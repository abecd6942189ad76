"""A rule set on fake servers: where providers are changes, where requests go does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rulec.compiler import Compilation, emit_artifacts
from rulec.diagnostics import Diagnostics
from rulec.ir.lower import lower
from rulec.policy.model import Policy, Provider
from rulec.records import replace
from rulec.syntax.ast import EnvironmentText

SECONDS = 10
"""For one attempt; no attempt of a fake server takes so long unless the machine stands still."""
PATHS = {
    "ollama": "",
    "ollama_chat": "",
    "openai": "/v1",
    "hosted_vllm": "/v1",
    "text-completion-openai": "/v1",
    "cohere": "/v1/rerank",
    "jina_ai": "/v1/rerank",
}
"""The kinds of servers that there are fakes of, by LiteLLM's name, with the path of their interface (of the last two only
their reranks); others are played by OpenAI's."""
ANY = "openai"
LEFT_OUT = frozenset((
    "api_key", "api_base", "base_url", "api_version", "timeout", "stream_timeout", "rpm", "tpm", "headers", "extra_headers",
    "organization", "use_in_pass_through",
))  # fmt: skip
"""Settings of deployments that lead elsewhere, keep requests waiting or turn them away."""
PREFIXES = ("aws_", "vertex_", "azure_", "watsonx_", "gcs_")
MASTER_KEY = "LITELLM_MASTER_KEY"
NOBODY = "http://127.0.0.1:9/"


def staged(policy: Policy, addresses: Mapping[str, str], callbacks: Mapping[str, Any]) -> Compilation:
    """The rules with each provider at the address of its fake; `callbacks` are settings of LiteLLM for the stage."""
    providers = {name: _provider(one, addresses[name]) for name, one in policy.providers.items()}
    models = {
        name: replace(
            one,
            settings=_kept(one.settings),
            deployments={at: replace(tuning, settings=_kept(tuning.settings)) for at, tuning in one.deployments.items()},
        )
        for name, one in policy.models.items()
    }
    sections = {**policy.sections, "litellm": _litellm(callbacks)}
    if "signals" in sections:
        sections["signals"] = {name: {**one, "url": NOBODY} for name, one in sections["signals"].items()}
    moved = replace(policy, providers=providers, models=models, sections=sections)
    tree, diagnostics = lower(moved), Diagnostics()
    artifacts, _ = emit_artifacts(tree, diagnostics)
    return Compilation(moved, tree, artifacts, diagnostics.sorted())


def _provider(provider: Provider, address: str) -> Provider:
    family, slash, rest = provider.template.partition("/")
    if family not in PATHS:
        family, rest = ANY, rest if slash else provider.template
    settings = {**_kept(provider.settings), "api_base": address + PATHS[family], "api_key": "none"}
    return replace(provider, template=f"{family}/{rest}", settings=settings)


def _kept(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in LEFT_OUT and not key.startswith(PREFIXES)}


def _litellm(callbacks: Mapping[str, Any]) -> dict[str, Any]:
    key = EnvironmentText(((MASTER_KEY, None),))
    return {
        "router_settings": {"timeout": SECONDS},
        "general_settings": {"master_key": key, **callbacks.get("general_settings", {})},
        "litellm_settings": dict(callbacks.get("litellm_settings", {})),
    }
