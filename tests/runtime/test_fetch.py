"""One GET at a time, within bounds, whatever the server does."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator

import pytest
from hostile_feed import HUGE, Feed

from rulec.runtime.fetch import MOST_BYTES, FetchError, Source, json_of


@pytest.fixture
def feed() -> Iterator[Feed]:
    running = Feed()
    yield running
    running.stop()


def ask(feed: Feed, seconds: float = 5.0, key: str = "", url: str | None = None) -> object:
    return asyncio.run(Source(seconds, key).ask(url or f"http://{feed.address}/u", json_of))


def test_a_document(feed: Feed) -> None:
    feed.says({"utilization": 0.5})
    assert ask(feed, key="the-key") == {"utilization": 0.5}
    assert ask(feed) == {"utilization": 0.5}
    assert feed.keys == ["Bearer the-key", None]


def test_a_process_without_room_for_a_thread_asks_again_later(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(5.0)

    def no_room(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", no_room)
        with pytest.raises(FetchError, match="no thread"):
            asyncio.run(source.ask(f"http://{feed.address}/u", json_of))
    assert asyncio.run(source.ask(f"http://{feed.address}/u", json_of)) == {}


TROUBLES = {
    "unauthorised": "HTTP 401",
    "redirect": "HTTP 302",
    "reset": "RemoteDisconnected|ConnectionResetError",
    "no HTTP": "BadStatusLine",
    "hang": "no answer in time",
    "drip": "no answer in time",
    "drip headers": "no answer in time",
}


@pytest.mark.parametrize("behaviour", TROUBLES)
def test_troubles_are_told_by_their_kind(behaviour: str, feed: Feed) -> None:
    feed.says({"secret": "body"}, behaviour)
    with pytest.raises(FetchError) as caught:
        ask(feed, 0.3, "the-key")
    assert re.fullmatch(TROUBLES[behaviour], str(caught.value))
    assert feed.paths == ["/u"], "nothing is followed, nothing tried again"


def test_a_large_answer_is_not_taken(feed: Feed) -> None:
    feed.says(b"", "huge")
    with pytest.raises(FetchError, match=f"more than {MOST_BYTES} bytes"):
        ask(feed, 30)
    assert feed.sent < HUGE // 4


def test_a_cancellation_that_comes_with_the_answer_counts(feed: Feed) -> None:
    feed.says({})

    async def cancel_late() -> bool:
        source = Source(5.0)
        asking = asyncio.create_task(source.ask(f"http://{feed.address}/u", json_of))
        await asyncio.sleep(0)
        assert source.thread is not None
        source.thread.join()  # the loop stands still meanwhile
        asyncio.get_running_loop().call_soon(asking.cancel)
        await asyncio.wait((asking,))
        return asking.cancelled()

    assert asyncio.run(cancel_late())


ADDRESSES = {
    "http://127.0.0.1:1/": "ConnectionRefusedError",
    "http://user:word@127.0.0.1:x/": "InvalidURL",
    "http://no-such-host.invalid/": "gaierror",
    "file:///etc/passwd": "URLError",
    "data:text/plain,5": "URLError",
    "not an address": "ValueError",
    "": "ValueError",
    "http://127.0.0.1:1/ä b": "UnicodeEncodeError|InvalidURL",
    "http://[": "ValueError",
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_no_address_does_harm(url: str, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FetchError) as caught:
        ask(feed, url=url or " ")
    assert re.fullmatch(ADDRESSES[url], str(caught.value))


def test_proxies_are_honoured_except_for_this_machine(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://{feed.address}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    feed.says({"via": "proxy"})
    assert ask(feed, url="http://metrics.invalid/u") == {"via": "proxy"}
    assert feed.paths == ["http://metrics.invalid/u"]
    with pytest.raises(FetchError, match="ConnectionRefusedError"):
        ask(feed, url="http://127.0.0.1:1/")


def test_a_source_may_be_asked_again_at_once(feed: Feed) -> None:
    """Its thread may still be on its way out by then."""
    feed.says({"utilization": 0.5})
    source = Source(5.0)

    async def often() -> list[object]:
        return [await source.ask(f"http://{feed.address}/u", json_of) for _ in range(100)]

    assert asyncio.run(often()) == [{"utilization": 0.5}] * 100


def test_a_source_that_hangs_is_not_asked_again(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a look-up of a host name may hang, which nobody can end."""
    hanging = threading.Event()
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: hanging.wait(30))
    source = Source(0.05)

    async def twice() -> list[str]:
        troubles = []
        for _ in range(2):
            try:
                await source.ask("http://metrics.invalid/", json_of)
            except FetchError as error:
                troubles.append(str(error))
        return troubles

    assert asyncio.run(twice()) == ["no answer in time", "the last request still hangs"]
    assert source.thread is not None and source.thread.daemon
    hanging.set()
    source.thread.join(10)
    assert not source.thread.is_alive()


@pytest.mark.parametrize("behaviour", ["hang", "drip", "drip headers"])
def test_the_thread_ends_with_the_deadline(behaviour: str, feed: Feed) -> None:
    feed.says({}, behaviour)
    source = Source(0.2)
    with pytest.raises(FetchError):
        asyncio.run(source.ask(f"http://{feed.address}/", json_of))
    assert source.thread is not None
    source.thread.join(10)
    assert not source.thread.is_alive(), "the connection was cut off"
