"""A master key that can be guessed gives everybody everything: it is refused before the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rulec.proxy import CannotServe

PERMIT_NO_KEY = "dangerously_permit_weak_or_unset_master_key"
PERMIT_VARIABLE = f"LITELLM_{PERMIT_NO_KEY.upper()}"
LEAST_LENGTH = 16
LEAST_CHARACTERS = 6
MAKE_ONE = 'make one with `echo "LITELLM_MASTER_KEY=sk-$(openssl rand -hex 24)" >> .env`'
LOOPBACK = ("127.0.0.1", "localhost", "::1")
_REFERENCE = "os.environ/"


def master_key(config: Any, environment: Mapping[str, str]) -> str | None:
    """The master key that a proxy with this config asks for."""
    given = general_settings(config).get("master_key", f"{_REFERENCE}LITELLM_MASTER_KEY")
    if isinstance(given, str) and given.startswith(_REFERENCE):
        return environment.get(given.removeprefix(_REFERENCE))
    return given if isinstance(given, str) else None


def general_settings(config: Any) -> dict[str, Any]:
    settings = config.get("general_settings") if isinstance(config, dict) else None
    return settings if isinstance(settings, dict) else {}


def permitted(config: Any, environment: Mapping[str, str]) -> bool:
    """Whether somebody said that a weak key, or none, is fine: in LiteLLM's own words."""
    return PERMIT_VARIABLE in environment or PERMIT_NO_KEY in general_settings(config)


def check_master_key(config: Any, environment: Mapping[str, str]) -> None:
    """Refuse a master key that is easy to guess."""
    key = master_key(config, environment)
    if key is None or permitted(config, environment):
        return
    weakness = weakness_of(key)
    if weakness:
        raise CannotServe(
            f"the master key {weakness}, so that anybody may guess it; {MAKE_ONE} (or try with --insecure)"
        )


def weakness_of(key: str) -> str | None:
    """What is wrong with a key, without its text."""
    bare = key.strip().removeprefix("sk-")
    if len(key.strip()) < LEAST_LENGTH:
        return f"has fewer than {LEAST_LENGTH} characters"
    if len(set(bare)) < LEAST_CHARACTERS:
        return f"has fewer than {LEAST_CHARACTERS} different characters"
    return None


def permit_weak_key(host: str, environment: dict[str, str]) -> None:
    """`--insecure`: a weak key is for trying things out, where nobody else can reach the proxy."""
    if host not in LOOPBACK:
        raise CannotServe(f"--insecure listens on this machine alone: add --host 127.0.0.1 (it is {host})")
    environment[PERMIT_VARIABLE] = "true"
