"""The pair under test: a config of all toy routes, and a module that is the toy rules plus the real runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rulec.backends.python import ADAPTER_MODULES, BALANCER, RANKING_STRATEGIES, STRATEGY_MODULES, runtime_text
from rulec.backends.watching import WATCHING_MODULES
from rulec.demo.providers import FAILURES

HERE = Path(__file__).resolve().parent
PROVIDERS = ("alpha", "beta", "gamma", "delta", "epsilon")
WATCHED = ("dead", "frozen", "hanging", "living", "idle", "loaded")
"""Providers that the module checks for being warm; `idle` and `loaded` are Ollama."""
WARDS = ("zeta", "eta")
"""Only for the tests of health: what one test does to a provider, the next one meets."""
TEMPLATES = {**dict.fromkeys((*WATCHED, *WARDS), "openai/{}"), "idle": "ollama_chat/{}", "loaded": "ollama_chat/{}",
             "alpha": "openai/{}", "beta": "openai/{}", "gamma": "hosted_vllm/{}", "delta": "ollama_chat/{}",
             "epsilon": "hosted_vllm/{}"}
OLLAMA = ("delta", "idle", "loaded")
MASTER_KEY = "sk-rulec-test-master-key-0001"
FEED_KEY = "feed-test-key-0001"
FINGERPRINT = "0123456789ab"

# the step of a fake provider -> the error kind that it must become
KIND_OF_STEP = {
    **{step: step for step in FAILURES},
    "bad_gateway": "server_error",
    "overloaded": "server_error",
    "gateway_timeout": "timeout",
    "insufficient_quota": "quota",
    "forbidden": "auth",
    "timeout": "timeout",
    "connection": "connection",
}
KINDS = sorted(set(KIND_OF_STEP.values()))
GROUPS = (
    "least_loaded", "usage_based", "fastest_response", "least_utilized",
    "m", "n", "same", "change", "same-vllm", "change-vllm", "same-ollama", "change-ollama", "a-b-a-b", "conditional",
    "retried", "candidates", "leaky", "secret", "choice", *(f"only-{kind}" for kind in KINDS),
    *(f"onto-{kind}" for kind in KINDS),
)  # fmt: skip
WARM_GROUPS = ("warm", "warm-weighted", "warm-ollama", "first")
HEALTH_GROUPS = ("limited", "alone", "patient", "sick", "guarded", "watched", "left", "covered")
CLIENT_NAMES = sorted((*GROUPS, *WARM_GROUPS, *HEALTH_GROUPS, "large", "long", "rewritten", "passed", "cooled"))

KEYS: dict[str, dict[str, Any]] = {
    MASTER_KEY: {},
    "sk-admin": {"user_role": "proxy_admin"},
    "sk-may-ask": {"allowed_routes": ["/rulec/status"]},
    "sk-only-m": {"models": ["m"]},
    "sk-rewritten": {"models": ["rewritten", "leaky", "choice"]},
    "sk-pattern": {"models": ["any/*"]},
    "sk-limited": {"models": ["m", "same"], "metadata": {"model_rpm_limit": {"m": 1, "same": 1}}},
    "sk-aliased": {"key_alias": "the alias", "user_id": "ada", "team_id": "t1", "team_alias": "the team"},
}
AUTH = """
from litellm.proxy._types import UserAPIKeyAuth

KEYS = {keys!r}


async def check(request, api_key):
    if api_key not in KEYS:
        raise Exception("unknown key")
    return UserAPIKeyAuth(api_key=api_key, **KEYS[api_key])
"""


GIVEN_ORDER = """
class GivenOrder(Balancer):
    def order(self, decision, *more):
        if decision.strategy is None:
            return list(range(len(decision.candidates)))
        return super().order(decision, *more)


BALANCER = GivenOrder(TABLES)
"""
KEEP_HANDLER = """
import sys

CHECK_SECONDS = 0.3

HANDLERS = sys.__dict__.setdefault("toy_handlers", [])  # rules that replace these ask the handler that serves
HANDLERS.append(handler)
"""


def module_text(fingerprint: str = FINGERPRINT) -> str:
    """The toy rules and the adapter as the compiler puts it into every module, in one self-contained file."""
    toy = (HERE / "toy_rules.py").read_text("utf-8")
    toy = toy.replace(f'FINGERPRINT = "{FINGERPRINT}"', f'FINGERPRINT = "{fingerprint}"', 1)
    strategies = runtime_text(
        (*STRATEGY_MODULES, *WATCHING_MODULES, *(f"strategies/{name}" for name in RANKING_STRATEGIES), BALANCER)
    )
    nouns = runtime_text(("records", "tuned"))
    adapter = runtime_text(ADAPTER_MODULES)
    parts = ("from __future__ import annotations", nouns, toy, strategies, GIVEN_ORDER, adapter, KEEP_HANDLER)
    return "\n\n".join(parts)


def deployment(group: str, provider: str, model: str | None, upstream: str, base: str) -> dict[str, Any]:
    """One deployment as the compiler writes it."""
    info = {"provider": provider, "model": model, "fingerprint": FINGERPRINT}
    name = f"rulec:{group}@{provider}" if model in (group, None) else f"rulec:{group}@{provider}/{model}"
    return {
        "model_name": group,
        "litellm_params": {"model": TEMPLATES[provider].format(upstream), "api_base": base, "api_key": "none",
                           "cooldown_time": 0},
        "model_info": {"id": name, "cooldown_time": 0, "rulec": info},
    }  # fmt: skip


def config(ports: dict[str, int]) -> dict[str, Any]:
    ports = {**ports, "epsilon": 9}  # the right address is in the environment of the proxy
    base = {name: f"http://127.0.0.1:{port}" + ("" if name in OLLAMA else "/v1") for name, port in ports.items()}
    models = [deployment(group, name, group, group, base[name]) for group in GROUPS for name in PROVIDERS]
    models += [deployment(group, name, group, group, base[name]) for group in WARM_GROUPS for name in WATCHED]
    models += [deployment(group, name, group, group, base[name]) for group in HEALTH_GROUPS for name in WARDS]
    models += [deployment("long", "alpha", f"long{number}", f"long{number}", base["alpha"]) for number in range(12)]
    models += [deployment("large", "alpha", f"l{number}", f"l{number}", base["alpha"]) for number in range(100)]
    models += [deployment("rewritten", "beta", "rewritten", "rewritten", base["beta"])]
    models += [deployment(group, name, None, "rulec-wildcard", base[name])
               for group in ("pat*", "*") for name in ("alpha", "gamma")]
    cooled = [deployment("cooled", name, "cooled", "cooled", base[name]) for name in ("alpha", "gamma")]
    for one in cooled:  # as if LiteLLM's cooldowns were on for ours
        one["litellm_params"]["cooldown_time"] = one["model_info"]["cooldown_time"] = 300
    models += cooled
    plain = {"model": "openai/passed", "api_base": base["beta"], "api_key": "none"}
    models += [{"model_name": "passed", "litellm_params": plain}]
    return {
        "model_list": models,
        "router_settings": {"routing_strategy": "simple-shuffle", "num_retries": 0, "max_fallbacks": 64, "timeout": 2},
        "litellm_settings": {"callbacks": ["routing_strategy.handler"], "expose_router_debug_in_errors": False,
                             "enable_post_custom_auth_checks": True},
        "general_settings": {"master_key": MASTER_KEY, "enforce_fallback_model_access": True,
                             "cancel_on_disconnect": True, "custom_auth": "keys.check", "custom_auth_run_common_checks": True,
                             "disable_model_info_refresh": True},
    }  # fmt: skip


def write(folder: Path, ports: dict[str, int]) -> None:
    (folder / "routing_strategy.py").write_text(module_text(), "utf-8")
    (folder / "keys.py").write_text(AUTH.format(keys=KEYS), "utf-8")
    (folder / "litellm_config.yaml").write_text(json.dumps(config(ports), indent=1), "utf-8")  # JSON is YAML
