"""A feed on loopback that says what a test wants, also what no decent feed would say."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HUGE = 50 * 1024 * 1024


class Feed(ThreadingHTTPServer):
    """`behaviour` names how it answers; `paths` are the requests that came, `sent` how much of a large answer left."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.changed = threading.Condition()
        self.released = threading.Event()
        self.reset()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def reset(self) -> None:
        with self.changed:
            self.behaviour = "document"
            self.document: bytes = b"{}"
            self.paths: list[str] = []
            self.keys: list[str | None] = []
            self.sent = 0

    def says(self, document: Any, behaviour: str = "document") -> None:
        """What is answered from now on; bytes as they are, all else as JSON."""
        with self.changed:
            self.document = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.behaviour = behaviour

    def wait_for_requests(self, count: int) -> None:
        """Return when so many more requests have come."""
        with self.changed:
            wanted = len(self.paths) + count
            assert self.changed.wait_for(lambda: len(self.paths) >= wanted, 60), f"the feed was asked {self.paths} only"

    def release(self) -> None:
        """End what hangs or drips."""
        self.released.set()
        self.released = threading.Event()

    def stop(self) -> None:
        self.release()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what most tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Feed

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        with self.server.changed:
            self.server.paths.append(self.path)
            self.server.keys.append(self.headers.get("authorization"))
            behaviour, document = self.server.behaviour, self.server.document
            self.server.changed.notify_all()
        BEHAVIOURS[behaviour](self, document)

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def huge(handler: Handler, document: bytes) -> None:
    handler.answer(200, b'["')
    piece = b"x" * 65_536
    with contextlib.suppress(OSError):
        for _ in range(HUGE // len(piece)):
            handler.wfile.write(piece)
            handler.server.sent += len(piece)


def drip(handler: Handler, document: bytes) -> None:
    """One byte at a time, each well within any time-out."""
    handler.answer(200, b"")
    released = handler.server.released
    with contextlib.suppress(OSError):
        while not released.wait(0.02):
            handler.wfile.write(b" ")


def drip_headers(handler: Handler, document: bytes) -> None:
    released = handler.server.released
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nx-long: ")
        while not released.wait(0.02):
            handler.wfile.write(b"x")


BEHAVIOURS: dict[str, Callable[[Handler, bytes], object]] = {
    "document": lambda handler, document: handler.answer(200, document),
    "unauthorised": lambda handler, document: handler.answer(401, document),
    "redirect": lambda handler, document: handler.answer(302, document, Location="/elsewhere"),
    "hang": lambda handler, document: handler.server.released.wait(60),
    "reset": lambda handler, document: handler.connection.close(),
    "no HTTP": lambda handler, document: handler.wfile.write(b"\x00\xff" * 1000),
    "drip": drip,
    "drip headers": drip_headers,
    "huge": huge,
}
