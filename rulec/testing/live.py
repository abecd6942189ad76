"""Cases on a real LiteLLM proxy: sent as a client would, and compared with what was tried and answered there."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from rulec.commands.requests import BadRequest, Described
from rulec.records import field, record, replace
from rulec.runtime.caller import printable
from rulec.runtime.failures import kind_of_status
from rulec.selfcheck.emitted import plain_decision
from rulec.serving.sending import PATHS
from rulec.testing.cases import Case
from rulec.testing.errors import Run
from rulec.testing.expectations import Difference
from rulec.testing.judge import Asked, Asker, Failure

MOST_TRIES = 40
"""How often a request is sent until the strategy picks whom a case says it does."""
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "Say hello"}]},
    "messages": {"messages": [{"role": "user", "content": "Say hello"}], "max_tokens": 16},
    "completion": {"prompt": "Say hello"},
    "embedding": {"input": "Say hello"},
    "responses": {"input": "Say hello"},
    "rerank": {"query": "hello", "documents": ["hello", "world"]},
    "image": {"prompt": "hello"},
    "moderation": {"input": "Say hello"},
}
"""What each endpoint needs beside what a case says."""
SILENT = frozenset(PATHS[one] for one in ("rerank", "moderation"))
"""Where LiteLLM sends no headers of ours."""
ALIKE = {"connection": "server_error", "content_policy": "bad_request", "context_window": "bad_request"}
"""Kinds that LiteLLM tells clients by the status of another kind."""


class NotPlayed(Exception):
    """Why a case says nothing about this proxy."""


@record
class Reply:
    """An answer of the proxy, and who was asked for it: (provider, model); None where that cannot be seen."""

    status: int
    headers: Mapping[str, str]
    text: str
    tried: list[tuple[str, str]] | None = None


class Proxy(Protocol):
    """A proxy that cases are played on."""

    can_fail: bool
    """Whether errors, callers and unavailable providers are played, too."""

    def play(self, path: str, described: Described, case: Case) -> Reply:
        """The answer to a request while attempts end as the case says; raises OSError or HTTPException."""


@record(frozen=False)
class Live:
    """What became of the cases."""

    played: list[Case] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    left_out: list[tuple[Case, str]] = field(default_factory=list)


def play_all(asker: Asker, cases: Iterable[Case], proxy: Proxy) -> Live:
    """Plays all cases, one after the other."""
    found = Live()
    for case in cases:
        try:
            differences = play(asker, case, proxy)
        except NotPlayed as reason:
            found.left_out.append((case, str(reason)))
            continue
        except (OSError, http.client.HTTPException) as problem:
            differences = [("the answer", "one", f"{type(problem).__name__}: {problem}")]
        if differences:
            found.failures.append(Failure(case, differences))
        else:
            found.played.append(case)
    return found


def play(asker: Asker, case: Case, proxy: Proxy) -> list[Difference]:
    """Where the proxy does not do what the rules say; raises NotPlayed."""
    path, sent = as_sent(asker, case, proxy.can_fail)
    asked = asker.ask(sent)
    if asked.outcome.decision.action == "pass":
        reply = proxy.play(path, asked.described, sent)
        return [("x-rulec-rule", None, told)] if (told := reply.headers.get("x-rulec-rule")) else []
    for _ in range(MOST_TRIES):
        reply = proxy.play(path, asked.described, sent)
        found = list(_differences(asked, reply, path not in SILENT))
        if not found or not case.picked or not reply.tried or reply.tried[0] in _firsts(asked.runs):
            return found
    raise NotPlayed(f"the strategy never picked {case.picked[0]!r} first")


def as_sent(asker: Asker, case: Case, can_fail: bool) -> tuple[str, Case]:
    """The path of a case and the case as a client can send it, with attempts to look at; raises NotPlayed."""
    request = dict(case.request)
    plain = asker.ask(replace(case, errors=type(case.errors)(), picked=(), expect={}))
    endpoint = request.get("endpoint") or next((one for key, one in _SHAPES if key in plain.described.body), "chat")
    if endpoint not in PATHS:
        raise NotPlayed(f"requests to `{endpoint}` are no JSON")
    request["endpoint"] = endpoint
    request["body"] = {**BODIES[endpoint], **(request.get("body") or {})}
    if "tag" in request:
        request["metadata"] = {**(request.get("metadata") or {}), "tags": plain.described.caller["tags"]}
    request.pop("at", None)
    if request.get("user") is not None:
        request.setdefault("key", request["user"])
    if not can_fail:
        for name in ("key", "team", "user", "unavailable"):
            if name in request:
                raise NotPlayed(f"`{name}` cannot be chosen here")
        if case.errors.row or case.errors.providers:
            raise NotPlayed("providers do not fail on demand here")
    sent = replace(case, request=request, expect={"tried": [], **case.expect})
    try:
        decision = asker.ask(replace(case, request=request, errors=type(case.errors)(), picked=(), expect={})).outcome.decision
        if decision.action == "route":
            asker.ask(sent)
    except BadRequest as problem:
        raise NotPlayed(str(problem)) from None
    if plain_decision(decision) != plain_decision(plain.outcome.decision):
        raise NotPlayed(f"what a client can send is decided otherwise (by `{decision.rule}`)")
    if decision.action == "pass":
        sent = replace(case, request=request, errors=type(case.errors)(), picked=(), expect={})
    return PATHS[endpoint], sent


_SHAPES = (("messages", "chat"), ("prompt", "completion"), ("query", "rerank"), ("input", "embedding"))


def _firsts(runs: Iterable[Run]) -> set[tuple[str, str]]:
    return {_path(one)[0] for one in runs if one.attempts}


def _path(run: Run) -> list[tuple[str, str]]:
    """The attempts as providers see them: by the model that LiteLLM asks for, without what names their kind."""
    asked = [(one.step.provider, one.step.target.litellm_model) for one in run.attempts]
    return [(provider, model.partition("/")[2] or model) for provider, model in asked]


def _differences(asked: Asked, reply: Reply, told: bool) -> Iterator[Difference]:
    """`told` is whether this endpoint has our headers."""
    decision = asked.outcome.decision
    if told and (decision.rule is not None or decision.action == "route"):
        yield from _compared("x-rulec-rule", printable(decision.rule), reply.headers.get("x-rulec-rule"))
    if decision.action == "refuse":
        yield from _compared("status", decision.status, reply.status)
        if reply.tried:
            yield "tried", [], reply.tried
        return
    if reply.tried is None:
        if not told:
            raise NotPlayed("LiteLLM does not tell there who answered")
        yield from _of_answer(asked, reply)
        return
    runs = [one for one in asked.runs if _path(one) == reply.tried]
    if not runs:
        yield "tried", _shown(_path(one) for one in asked.runs[:1]), _shown([reply.tried])
        return
    run = runs[0]
    if run.served_by is not None:
        yield from _compared("status", 200, reply.status)
        if told:
            target = printable(f"{run.served_by.provider}/{run.served_by.model}")
            yield from _compared("x-rulec-target", target, reply.headers.get("x-rulec-target"))
    elif reply.status < 400 or _alike(kind_of_status(reply.status)) != _alike(run.error or ""):
        yield "error", run.error, f"status {reply.status}"


def _of_answer(asked: Asked, reply: Reply) -> Iterator[Difference]:
    """What can be seen of a proxy whose providers are not ours: who answered, if anybody did."""
    if reply.status >= 400:
        raise NotPlayed(f"its providers answered {reply.status}")
    decision = asked.outcome.decision
    places = [printable(f"{one.provider}/{one.model}") for one in decision.candidates]
    places += [printable(f"{one.provider}/{one.model}") for one in decision.fallbacks]
    if reply.headers.get("x-rulec-target") not in places:
        yield "x-rulec-target", places, reply.headers.get("x-rulec-target")


def _compared(what: str, wanted: Any, got: Any) -> Iterator[Difference]:
    if wanted != got:
        yield what, wanted, got


def _alike(kind: str) -> str:
    return ALIKE.get(kind, kind)


def _shown(paths: Iterable[list[tuple[str, str]]]) -> list[str]:
    return [f"{provider} as {model}" for path in paths for provider, model in path]
