"""Where cases are played: a real proxy with the rules and fake providers that fail on demand, or a proxy that runs already."""

from __future__ import annotations

import base64
import json
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rulec.commands.requests import Described
from rulec.compiler import write
from rulec.demo.providers import Provider
from rulec.demo.stage import HOST, StageFailed, free_port, kept_environment, running_proxy
from rulec.policy.model import Policy
from rulec.proxy import CannotServe
from rulec.serving.client import Client
from rulec.testing.cases import Case
from rulec.testing.errors import NO_ERRORS, Errors
from rulec.testing.live import Reply
from rulec.testing.staged import staged

STEPS = {"timeout": "gateway_timeout"}
"""Errors that fakes play otherwise than by their name: a time-out as a 504, so that nobody waits."""
STAGE = Path(__file__).with_name("rulec_stage.py")
"""What the proxy loads beside the compiled module."""


class Director:
    """Says how each attempt ends, and remembers who was asked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.begin(NO_ERRORS)

    def begin(self, errors: Errors) -> None:
        with self.lock:
            self.errors = errors
            self.tried: list[tuple[str, str]] = []

    def step(self, provider: str, model: str) -> str:
        with self.lock:
            kind = self.errors.next_kind([name for name, _ in self.tried], provider)
            self.tried.append((provider, model))
        return STEPS.get(kind, kind) if kind is not None else "ok"


class Actor(Provider):
    """A fake provider that fails as the director says, and is warm."""

    def __init__(self, name: str, director: Director, models: list[str]) -> None:
        super().__init__(name)
        self.director = director
        self.loaded = models

    def take_step(self, model: str) -> str:
        return self.director.step(self.name, model)


class Playground:
    """A proxy that was started for cases."""

    can_fail = True

    def __init__(self, client: Client, director: Director, forget: str) -> None:
        self.client = client
        self.director = director
        self.forget = forget

    def play(self, path: str, described: Described, case: Case) -> Reply:
        unavailable = list(described.caller.get("unavailable", ()))
        status, _, text = self.client.send("POST", self.forget, {"unavailable": unavailable})
        if status != 200:
            raise StageFailed(f"the proxy does not forget what happened before ({status}): {text[:300]}")
        self.director.begin(case.errors)
        client = Client(self.client.url, key_for(self.client.key, described))
        status, headers, text = client.send("POST", path, described.body, described.headers)
        return Reply(status, headers, text, list(self.director.tried))


class RunningProxy:
    """A proxy that runs already, with providers of its own."""

    can_fail = False

    def __init__(self, client: Client, fingerprint: str) -> None:
        self.client = client
        self.fingerprint = fingerprint

    def play(self, path: str, described: Described, case: Case) -> Reply:
        status, headers, text = self.client.send("POST", path, described.body, described.headers)
        version = headers.get("x-rulec-version", self.fingerprint)
        if version != self.fingerprint:
            raise CannotServe(f"{self.client.url} runs the rules {version}, these are {self.fingerprint}: compile and reload them")
        if status in (401, 403) and "x-rulec-version" not in headers:
            raise CannotServe(f"{self.client.url} refuses the key ({status}); name its variable with --key-env")
        return Reply(status, headers, text)


def models_at(provider: str, policy: Policy) -> list[str]:
    """What a provider serves of the catalogue, by its own names."""
    found = (policy.upstream(provider, model) for model in policy.models)
    return [one for one in found if one is not None]


def key_for(master_key: str, described: Described) -> str:
    """A key that belongs to the caller of a case; the stage reads it."""
    caller = {name: described.caller[name] for name in ("key", "team", "user") if name in described.caller}
    if not caller:
        return master_key
    return f"{master_key}.{base64.urlsafe_b64encode(json.dumps(caller).encode()).decode()}"


@contextmanager
def playground(policy: Policy) -> Iterator[Playground]:
    """A real proxy with these rules, and nothing of it left when the block ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rulec-test-")))
        director = Director()
        actors = {name: Actor(name, director, models_at(name, policy)) for name in policy.providers}
        for actor in actors.values():
            actor.start()
            stack.callback(actor.stop)
        addresses = {name: f"http://{HOST}:{actor.port}" for name, actor in actors.items()}
        settings = {
            "litellm_settings": {"callbacks": ["rulec_stage.handler"]},
            "general_settings": {"custom_auth": "rulec_stage.authenticate"},
        }
        compilation = staged(policy, addresses, settings)
        if compilation.failed:
            told = "; ".join(one.message for one in compilation.diagnostics)
            raise StageFailed(f"the rules do not compile for fake providers: {told}")
        write(compilation.artifacts, folder)
        shutil.copy(STAGE, folder)
        forget = f"/rulec-stage/{secrets.token_hex(8)}"
        master_key = "sk-" + secrets.token_hex(16)
        port = free_port()
        environment = {**kept_environment(master_key), "RULEC_STAGE_PATH": forget}
        stack.enter_context(running_proxy(folder / "litellm_config.yaml", port, environment, folder / "proxy.log"))
        yield Playground(Client(f"http://{HOST}:{port}", master_key), director, forget)
