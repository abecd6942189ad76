"""One proxy and one set of fake providers for all proxy tests of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import estate
import pytest
from harness import Providers, Proxy
from hostile_feed import Feed


@pytest.fixture(scope="session")
def all_providers() -> Iterator[Providers]:
    running = Providers(*estate.PROVIDERS, *estate.WATCHED, *estate.WARDS)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def feed() -> Iterator[Feed]:
    running = Feed()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def running_proxy(all_providers: Providers, feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder: Path = tmp_path_factory.mktemp("pair")
    estate.write(folder, all_providers.ports)
    epsilon = f"127.0.0.1:{all_providers.ports['epsilon']}"
    environment = {"EPSILON_ADDRESS": epsilon, "FEED_ADDRESS": feed.address, "FEED_KEY": estate.FEED_KEY}
    watched = {f"{name.upper()}_ADDRESS": f"127.0.0.1:{all_providers.ports[name]}" for name in estate.WATCHED}
    running = Proxy(folder, {**environment, **watched})
    try:
        yield running.wait()
    finally:
        running.stop()


@pytest.fixture
def providers(all_providers: Providers) -> Providers:
    """The fake providers, with nothing recorded and nothing failing."""
    all_providers.reset()
    return all_providers


@pytest.fixture
def proxy(running_proxy: Proxy) -> Proxy:
    """The proxy, to which no provider is in trouble, and in which nothing is under way."""
    running_proxy.send("/v1/chat/completions", {"model": "recover", "messages": []}, estate.MASTER_KEY)
    return running_proxy
