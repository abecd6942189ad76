"""Fake providers in a process of their own, which is told on its standard input what they shall do.

`python upstreams.py NAME...` prints one JSON line `{name: port}`. Then each line that it reads is `[method, arguments]` of
`Upstreams`, and one line tells what that returns. It ends when its standard input closes.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from rulec.demo.providers import Provider


class Upstreams:
    """All providers; one question for all of them, so that asking costs less than what is tested."""

    def __init__(self, *names: str) -> None:
        self.providers = {name: Provider(name).start() for name in names}

    def ports(self) -> dict[str, int]:
        return {name: one.port for name, one in self.providers.items()}

    def reset(self) -> None:
        for one in self.providers.values():
            one.reset()

    def fail(self, name: str, steps: list[str], model: str | None, always: str | None) -> None:
        self.providers[name].fail(*steps, model=model, always=always)

    def load(self, name: str, models: list[str]) -> None:
        one = self.providers[name]
        with one.lock:
            one.loaded = models

    def checks(self, name: str) -> int:
        return self.providers[name].checks

    def requests(self) -> list[dict[str, Any]]:
        found = []
        for name, one in self.providers.items():
            with one.lock:
                found += [{**request, "provider": name} for request in one.requests]
        return sorted(found, key=lambda request: int(request["time"]))

    def serve(self) -> None:
        print(json.dumps(self.ports()), flush=True)
        for line in sys.stdin:
            method, arguments = json.loads(line)
            print(json.dumps(getattr(self, method)(*arguments)), flush=True)


if __name__ == "__main__":
    Upstreams(*sys.argv[1:]).serve()
