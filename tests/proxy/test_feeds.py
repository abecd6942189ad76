"""`least_utilized` in the proxy: it follows its feed, and no feed keeps a request waiting."""

from __future__ import annotations

from collections.abc import Iterator

import estate
import pytest
from harness import Providers, Proxy, Reply
from hostile_feed import Feed

pytestmark = pytest.mark.proxy

OURS = {"chutes": {"alpha": {"utilization": 0.2}, "chute-b": {"utilization": 0.8}}}
OTHERS = {"chutes": {"gamma": {"utilization": 0.2}, "delta": {"utilization": 0.8}}}


def send(proxy: Proxy) -> Reply:
    body = {"model": "least_utilized", "messages": [{"role": "user", "content": "hello"}]}
    return proxy.send("/v1/chat/completions", body, estate.MASTER_KEY)


@pytest.fixture
def feeding(feed: Feed, proxy: Proxy) -> Iterator[Feed]:
    """The feed, of which the proxy knows no figure of ours."""
    feed.reset()
    knows(feed, OTHERS)
    yield feed
    feed.says(OTHERS)
    feed.release()


def knows(feed: Feed, document: object) -> None:
    """Have the proxy fetch this document."""
    feed.says(document)
    feed.wait_for_requests(2)  # the second is asked for once the first answer is taken


def served(proxy: Proxy, providers: Providers, count: int = 6) -> set[str]:
    providers.reset()
    assert [send(proxy).status for _ in range(count)] == [200] * count
    return set(providers.tried())


def test_it_follows_the_feed(proxy: Proxy, providers: Providers, feeding: Feed) -> None:
    knows(feeding, OURS)
    assert served(proxy, providers) == {"alpha"}
    knows(feeding, [{"chute_id": "alpha", "utilization": 0.9}, {"chute_id": "chute-b", "utilization": 0.5}])
    assert served(proxy, providers) == {"beta"}
    knows(feeding, {"alpha": 0.9})
    assert served(proxy, providers) == {"alpha"}, "who has no figure goes last"
    knows(feeding, {"utilization": 0.5})
    assert served(proxy, providers) == {"alpha", "beta"}, "all are equal"
    assert set(feeding.keys) == {f"Bearer {estate.FEED_KEY}"}
    assert estate.FEED_KEY not in proxy.output()


HOSTILE = {
    "HTML": (b"<html>busy</html>", "document", "no JSON"),
    "no numbers": (b'{"alpha": NaN, "chute-b": 1e999}', "document", "no figure in the answer"),
    "deep": (b"[" * 200_000, "document", None),  # the same trouble as HTML
    "unauthorised": (b"{}", "unauthorised", "HTTP 401"),
    "redirect": (b"{}", "redirect", "HTTP 302"),
    "reset": (b"{}", "reset", None),
    "huge": (b"", "huge", "more than 1000000 bytes"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_without_figures_requests_take_turns(name: str, proxy: Proxy, providers: Providers, feeding: Feed) -> None:
    document, behaviour, trouble = HOSTILE[name]
    feeding.says(document, behaviour)
    feeding.wait_for_requests(3)
    assert served(proxy, providers) == {"alpha", "beta"}
    if trouble is not None:
        assert proxy.output().count(f"the signal load: {trouble}") == 1
    assert set(feeding.paths) == {"/utilization"}, "no redirect is followed"


@pytest.mark.parametrize("behaviour", ["hang", "drip", "drip headers"])
def test_while_the_feed_hangs_requests_are_served(
    behaviour: str, proxy: Proxy, providers: Providers, feeding: Feed
) -> None:
    knows(feeding, OURS)
    feeding.says(b"", behaviour)
    feeding.wait_for_requests(1)
    asked = len(feeding.paths)
    assert served(proxy, providers) == {"alpha"}, "by the last figures"
    assert len(feeding.paths) == asked, "a request asks nobody, and the hanging feed is not asked twice"
    feeding.release()
    feeding.says(OTHERS)
    feeding.wait_for_requests(2)
    assert served(proxy, providers) == {"alpha", "beta"}
