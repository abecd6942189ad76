"""LiteLLM's caches: whether the rules use them, and what Redis needs before LiteLLM uses it."""

from __future__ import annotations

from typing import Any

from rulec.diagnostics import Diagnostics
from rulec.policy.model import Policy
from rulec.source import Span
from rulec.syntax.ast import EnvironmentText


def keeps_answers(policy: Policy) -> bool:
    """Whether some deployment has a `cache_ttl`."""
    handlings = [one.handling for one in policy.providers.values()]
    for model in policy.models.values():
        handlings += [model.handling, *(one.handling for one in model.deployments.values())]
    return any(one.get("cache_ttl") for one in handlings)


def check_caches(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports settings of LiteLLM's caches that LiteLLM ignores, or that make `cache_ttl` moot."""
    litellm = policy.sections.get("litellm", {})
    places: dict[str, Span] = litellm.get("places", {})
    router, passed = litellm.get("router_settings", {}), litellm.get("litellm_settings", {})
    params = passed.get("cache_params")
    params = params if isinstance(params, dict) else {}
    _router_redis(router, places, diagnostics)
    _cache_redis(params, places.get("litellm_settings.cache_params"), diagnostics)
    if not keeps_answers(policy):
        return
    if passed.get("cache", True) is not True:
        diagnostics.warning(
            "moot-setting",
            "`cache` is off, so that no `cache_ttl` has an effect",
            places.get("litellm_settings.cache"),
            "remove it: the config switches the cache on for the requests that the rules keep",
        )
    elif params.get("mode", "default_off") != "default_off":
        diagnostics.warning(
            "moot-setting",
            f"with the mode `{params['mode']}` LiteLLM keeps every answer, also of deployments without a `cache_ttl`",
            places.get("litellm_settings.cache_params"),
            "write `mode: default_off`, or leave it out",
        )


def _router_redis(router: dict[str, Any], places: dict[str, Span], diagnostics: Diagnostics) -> None:
    """The router uses Redis with an address, or with host and port; LiteLLM has no port of its own."""
    if _given(router, "redis_url"):
        return
    for key, other, example in (("redis_host", "redis_port", 6379), ("redis_port", "redis_host", "127.0.0.1")):
        if _given(router, key) and not _given(router, other):
            diagnostics.error(
                "wrong-setting",
                f"LiteLLM uses Redis only with both `redis_host` and `redis_port`, and here is no `{other}`",
                places.get(f"router_settings.{key}"),
                f"write `{other}: {example}` too, or `redis_url`",
            )


_ADDRESSES = ("url", "host", "redis_startup_nodes", "startup_nodes", "sentinel_nodes", "service_name")


def _cache_redis(params: dict[str, Any], span: Span | None, diagnostics: Diagnostics) -> None:
    if params.get("type") == "redis" and not any(_given(params, one) for one in _ADDRESSES):
        diagnostics.warning(
            "moot-setting",
            "`cache_params` says no address of Redis: LiteLLM takes it from REDIS_URL or REDIS_HOST and REDIS_PORT",
            span,
            "write `host` and `port`, or `url`, where the environment of the proxy does not have them",
        )


def _given(settings: dict[str, Any], key: str) -> bool:
    value = settings.get(key)
    return isinstance(value, EnvironmentText) or value not in (None, "")
