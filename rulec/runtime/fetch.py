"""One HTTP GET at a time of a small document, in a thread of its own, within a deadline.

A thread of its own, since nothing can end a hung look-up of a host name: it holds up neither the loop nor those who
share its executor, and the process does not wait for it. While it hangs, its source is not asked again.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import ipaddress
import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

MOST_BYTES = 1_000_000
CHUNK_BYTES = 65_536
TOO_LATE = "no answer in time"


class FetchError(Exception):
    """Why there is no answer: the kind of trouble, never an address, a key or a piece of the answer."""


class NoAnswer(FetchError):
    """Nobody answered, or not in time: asking for something else there is of no use now."""


class Source:
    """Who is asked again and again, at most once at a time, each time for at most `seconds`."""

    def __init__(self, seconds: float, key: str = "") -> None:
        self.seconds = seconds
        self.headers = {"Accept": "application/json", "User-Agent": "rulec"}
        if key:
            self.headers["Authorization"] = f"Bearer {key}"
        self.thread: threading.Thread | None = None
        self.busy = False

    async def ask(self, url: str, read: Callable[[int, Callable[[], bytes]], Any]) -> Any:
        """What `read` makes of the status and the body (a function, so that it may be left unread); it runs in the thread.

        Raises FetchError, whatever went wrong.
        """
        if self.busy:
            raise NoAnswer("the last request still hangs")
        get = Get(url, self.headers, self.seconds, read)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        def work() -> None:
            get.run()
            self.busy = False  # before anybody is told, who may ask again at once
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(finish)

        self.busy = True
        self.thread = threading.Thread(target=work, name="rulec-fetch", daemon=True)
        try:
            self.thread.start()
        except RuntimeError as error:
            self.busy = False
            raise NoAnswer("no thread") from error
        try:  # not `wait_for`, which forgets a cancellation that comes with the answer
            answered, _ = await asyncio.wait((done,), timeout=self.seconds)
        finally:
            get.cut_off()
        if not answered:
            raise NoAnswer(TOO_LATE)
        if get.error is not None:
            raise get.error
        return get.result


class Get:
    """One request, as a thread does it: it ends with a `result` or an `error`."""

    def __init__(
        self, url: str, headers: dict[str, str], seconds: float, read: Callable[[int, Callable[[], bytes]], Any]
    ) -> None:
        self.url = url
        self.headers = headers
        self.seconds = seconds
        self.read = read
        self.connection: http.client.HTTPConnection | None = None
        self.result: Any = None
        self.error: FetchError | None = None

    def run(self) -> None:
        deadline = time.monotonic() + self.seconds
        try:
            request = urllib.request.Request(self.url, headers=self.headers)
            with self.open(request) as answer:
                self.result = self.read(answer.status, lambda: body_of(answer, deadline))
        except FetchError as error:
            self.error = error
        except Exception as error:  # whatever a server, an address or an environment can come up with
            reason = getattr(error, "reason", None)
            cause = reason if isinstance(reason, Exception) else error
            self.error = NoAnswer(TOO_LATE if isinstance(cause, TimeoutError) else type(cause).__name__)

    def open(self, request: urllib.request.Request) -> Any:
        """The answer, whatever its status: nothing is followed, and only HTTP is spoken."""
        proxies = urllib.request.ProxyHandler({} if is_loopback(self.url) else None)
        opener = urllib.request.OpenerDirector()
        for handler in (proxies, RememberedHTTP(self), RememberedHTTPS(self), urllib.request.UnknownHandler()):
            opener.add_handler(handler)
        return opener.open(request, timeout=self.seconds)

    def cut_off(self) -> None:
        """End the connection if there is one, so that the thread ends."""
        connected = self.connection.sock if self.connection is not None else None
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


class RememberedHTTP(urllib.request.HTTPHandler):
    """Keeps the connection where it can be cut off."""

    def __init__(self, get: Get) -> None:
        super().__init__()
        self.get = get

    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(remembering(self.get, http.client.HTTPConnection), request)


class RememberedHTTPS(urllib.request.HTTPSHandler):
    """The same for HTTPS."""

    def __init__(self, get: Get) -> None:
        super().__init__()
        self.get = get

    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(remembering(self.get, http.client.HTTPSConnection), request)


def remembering(get: Get, make: Any) -> Any:
    """A maker of connections that remembers the one it made."""

    def made(host: str, **options: Any) -> Any:
        get.connection = make(host, **options)
        return get.connection

    return made


def body_of(answer: Any, deadline: float) -> bytes:
    """The whole body, read in pieces: no more than allowed, no longer than allowed."""
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read1(CHUNK_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise FetchError(f"more than {MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise NoAnswer(TOO_LATE)
    return b"".join(pieces)


def json_of(status: int, body: Callable[[], bytes]) -> Any:
    """The JSON document of an answer."""
    if status != 200:
        raise FetchError(f"HTTP {status}")
    try:
        return json.loads(body().decode("utf-8"))
    except (ValueError, RecursionError):
        raise FetchError("no JSON") from None


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine itself, where no proxy is of use."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
