"""Who is warm goes first in the proxy: by checks in the background, and by what was served."""

from __future__ import annotations

import estate
import pytest
from harness import Providers, Proxy

pytestmark = pytest.mark.proxy


def served(proxy: Proxy, providers: Providers, model: str, count: int = 4) -> list[str]:
    """Who was tried, request by request."""
    before = len(providers.tried())
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    assert [proxy.send("/v1/chat/completions", body, estate.MASTER_KEY).status for _ in range(count)] == [200] * count
    return providers.tried()[before:]


@pytest.fixture(autouse=True)
def sick(providers: Providers) -> None:
    for name, step in {"dead": "connection", "frozen": "server_error", "hanging": "timeout"}.items():
        providers.fail(name, model="/models", always=step)
    providers.fail("living", model="/models", always="auth")  # the check shows no key: who refuses it lives
    providers.load("loaded", "warm-ollama", "another")
    providers.load("idle", "another")


@pytest.mark.parametrize("model", ["warm", "warm-weighted"])
def test_the_living_goes_first(model: str, proxy: Proxy, providers: Providers) -> None:
    providers.wait_for_checks("dead")
    assert served(proxy, providers, model) == ["living"] * 4


def test_the_loaded_model_goes_first(proxy: Proxy, providers: Providers) -> None:
    providers.wait_for_checks("idle", "loaded")
    assert served(proxy, providers, "warm-ollama") == ["loaded"] * 4


def test_the_first_request_goes_to_who_is_warm_and_then_the_strategy_decides(
    proxy: Proxy, providers: Providers
) -> None:
    providers.wait_for_checks("frozen")
    assert served(proxy, providers, "first", 1) == ["living"]
    assert sorted(served(proxy, providers, "first", 4)) == ["frozen", "frozen", "living", "living"]
