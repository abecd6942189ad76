"""Requests to a running proxy, with a key."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from rulec.proxy import CannotServe

REQUEST_SECONDS = 60
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Client:
    """Sends requests with one key to one proxy."""

    def __init__(self, url: str, key: str, seconds: float = REQUEST_SECONDS) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise CannotServe(f"`{url}` has no port that can be") from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise CannotServe(f"`{url}` is no URL of a proxy; write it as http://127.0.0.1:4000")
        self.url = url.rstrip("/")
        self.key = key
        self.seconds = seconds
        self._host, self._port, self._path = parts.hostname, port, parts.path.rstrip("/")
        self._kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = NO_HEADERS
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and text of an answer; what fails below HTTP is an OSError or HTTPException."""
        connection = self._kind(self._host, self._port, timeout=self.seconds)
        headers = {name.lower(): value for name, value in headers.items()}
        headers |= {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        try:
            connection.request(method, self._path + path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
            return response.status, {name.lower(): value for name, value in response.getheaders()}, text
        finally:
            connection.close()
