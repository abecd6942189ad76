"""A language server over standard input and output, as an editor talks to it (Language Server Protocol 3.17)."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from pathlib import Path
from typing import Any

PATIENCE = 60
"""Seconds; the first answer waits for the server to start and to read the schema."""


class LanguageServer:
    """Starts a server for a folder; a context that ends it."""

    def __init__(self, command: list[str], folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = settings
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.received: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.diagnostics: dict[str, list[tuple[int, str]]] = {}
        self.versions: dict[str, int] = {}
        self.asked = 0
        threading.Thread(target=self.receive, daemon=True).start()

    def __enter__(self) -> LanguageServer:
        completion = {"completionItem": {"snippetSupport": False, "documentationFormat": ["plaintext"]}}
        self.ask(
            "initialize",
            processId=None,
            rootUri=self.folder.as_uri(),
            capabilities={
                "textDocument": {"completion": completion, "hover": {"contentFormat": ["plaintext"]}},
                "workspace": {"configuration": True},
            },
        )
        self.tell("initialized")
        self.tell("workspace/didChangeConfiguration", settings=self.settings)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    # What an editor does

    def open(self, name: str, text: str) -> str:
        """Shows a file of the folder to the server; returns its address."""
        uri = (self.folder / name).as_uri()
        self.versions[uri] = 1
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", textDocument=document)
        return uri

    def change(self, uri: str, text: str) -> None:
        self.versions[uri] += 1
        document = {"uri": uri, "version": self.versions[uri]}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=[{"text": text}])

    def completions(self, uri: str, line: int, character: int) -> dict[str, str]:
        """The labels offered at a place, each with its documentation."""
        position = {"line": line, "character": character}
        found = self.ask("textDocument/completion", textDocument={"uri": uri}, position=position)
        return {one["label"]: text_of(one.get("documentation")) for one in found["items"]}

    def hover(self, uri: str, line: int, character: int) -> str:
        position = {"line": line, "character": character}
        found = self.ask("textDocument/hover", textDocument={"uri": uri}, position=position)
        return text_of(found["contents"]) if found else ""

    def problems(self, uri: str, expected: list[tuple[int, str]]) -> list[tuple[int, str]]:
        """The diagnostics of a file by line, as soon as they are the expected ones; else what they were at last."""
        try:
            while self.diagnostics.get(uri) != expected:
                self.handle(self.next())
        except queue.Empty:
            pass
        return self.diagnostics[uri]

    # Messages

    def ask(self, method: str, **parameters: Any) -> Any:
        self.asked += 1
        self.send({"id": self.asked, "method": method, "params": parameters})
        number = self.asked
        while True:
            message = self.next()
            if "method" not in message and message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            self.handle(message)

    def tell(self, method: str, **parameters: Any) -> None:
        self.send({"method": method, "params": parameters})

    def handle(self, message: dict[str, Any]) -> None:
        """Takes what the server says by itself, and answers what it asks."""
        method = message.get("method")
        if method == "textDocument/publishDiagnostics":
            found = message["params"]
            told = [(one["range"]["start"]["line"], one["message"]) for one in found["diagnostics"]]
            self.diagnostics[found["uri"]] = sorted(told)
        if method is None or "id" not in message:
            return
        result: Any = None
        if method == "workspace/configuration":
            result = [self.settings.get(one.get("section")) for one in message["params"]["items"]]
        self.send({"id": message["id"], "result": result})

    def next(self) -> dict[str, Any]:
        message = self.received.get(timeout=PATIENCE)
        assert message is not None, f"the server ended with {self.process.wait()}"
        return message

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def receive(self) -> None:
        assert self.process.stdout is not None
        stream = self.process.stdout
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if not length:
                self.received.put(None)
                return
            self.received.put(json.loads(stream.read(length)))


def text_of(content: Any) -> str:
    return str(content["value"] if isinstance(content, dict) else content or "")
