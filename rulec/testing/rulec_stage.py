"""What `rulec test --live` adds to its proxy, which alone loads it: callers that a case names, and a clean slate for each case."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy import proxy_server
from litellm.proxy._types import UserAPIKeyAuth

HOUR = 3600.0


async def authenticate(request: Any, api_key: str) -> UserAPIKeyAuth:
    """The caller of a case: its key is the master key and who it is."""
    master, _, caller = api_key.partition(".")
    if master != os.environ["LITELLM_MASTER_KEY"]:
        raise PermissionError("unknown key")
    known = json.loads(base64.urlsafe_b64decode(caller)) if caller else {}
    names = {"key": "key_alias", "team": "team_alias", "user": "user_id"}
    return UserAPIKeyAuth(api_key=api_key, **{names[name]: value for name, value in known.items()})


async def forget(wanted: dict[str, list[str]]) -> dict[str, str]:
    """Nothing has happened yet, but that these providers are unavailable."""
    rulec: Any = next(one for one in litellm.callbacks if type(one).__name__ == "RulecHandler")
    health, state = rulec.health, rulec.state
    for memory in (health.breakers, health.limits, state.deployments, state.unproven):
        memory.clear()
    health.availability = type(health.availability)(health)
    now = health.clock()
    for provider in wanted["unavailable"]:
        breaker = health.add(provider, now)
        breaker.kind, breaker.cooldown, breaker.until = "connection", HOUR, now + HOUR
        breaker.enter("cooling", now)
        health.availability.stir(provider)
    return {}


proxy_server.app.add_api_route(os.environ["RULEC_STAGE_PATH"], forget, methods=["POST"], include_in_schema=False)
handler = CustomLogger()
