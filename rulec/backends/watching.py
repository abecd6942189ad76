"""What the module watches in the background: signals, and who is warm; modules and tables only where rules use them."""

from __future__ import annotations

from typing import Any

from rulec.backends.environment import text_parts
from rulec.policy.model import Policy
from rulec.policy.signals import signals_in_use
from rulec.policy.warm import SECTION, watched_providers, way_of

WATCHING_MODULES = ("fetch", "signals", "warm")


def watching_modules(policy: Policy) -> tuple[str, ...]:
    """The modules that watch; what fetches comes with either."""
    used = [name for name, table in watching_tables(policy).items() if table]
    return ("fetch", *used) if used else ()


def watching_tables(policy: Policy) -> dict[str, Any]:
    """The tables by the module that reads them; texts are parts, in which references to the environment stand."""
    tables = {"signals": _signals(policy), "warm": _warm(policy)}
    return {name: table for name, table in tables.items() if table}


def _signals(policy: Policy) -> dict[str, Any]:
    signals: dict[str, dict[str, Any]] = {}
    for name in signals_in_use(policy):
        settings = policy.sections["signals"][name]
        signals[name] = {key: one for key, one in settings.items() if key not in ("kind", "description")}
        signals[name].update({key: text_parts(settings[key]) for key in ("url", "api_key") if key in settings})
    return signals


def _warm(policy: Policy) -> dict[str, Any]:
    providers = {
        name: (way_of(policy, name), text_parts(policy.providers[name].settings["api_base"]))
        for name in watched_providers(policy)
    }
    first = policy.sections.get(SECTION)
    timeout = {} if first is None else {"first_request": True, "timeout_ms": first.get("warm_check_timeout_ms", 100)}
    return {**timeout, "providers": providers} if providers else {}
