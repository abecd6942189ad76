"""What is out is passed over by the hooks of a generated module, which are called as LiteLLM calls them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rulec.backends.python import generate_module
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.source import Source

RULES = r"""
providers:
  a: {litellm: "openai/{model}", accepts: '^.'}
  b: {litellm: "openai/{model}", accepts: '^.'}
  c: {litellm: "openai/{model}", accepts: '^.'}
request_metadata_routing:
  away: {provider: c, condition: model == "guarded" and unavailable(a)}
exact_matches:
  least: {providers: [a, b], routing_strategy: least_loaded}
  three: {providers: [a, b, c], routing_strategy: round_robin}
  chained: {provider: a, fallback: [{provider: b, on_error: timeout}, c]}
  retried: {provider: a, fallback_chain: patient}
  changed: {provider: a, fallback: {model: big, provider: b}}
  asking: {provider: b, fallback: [{provider: c, when: a_unavailable}, a]}
  alone: {provider: a}
  guarded: {provider: a}
fallback_chains:
  patient: {chain: [b], retry_attempts: 2}
rate_limited_fallback: {fallback_duration_seconds: 60}
error_based_routing: {error_threshold: 3, window_seconds: 60, cooldown_seconds: 300}
"""


class RateLimitError(Exception):
    status_code = 429


ERRORS = {"rate_limit": RateLimitError(), "timeout": TimeoutError(), "server_error": ValueError(),
          "connection": ConnectionError(), "bad_request": type("BadRequestError", (Exception,), {})()}  # fmt: skip


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Gateway:
    """LiteLLM's part: the first attempt, and one fallback after the other; some providers fail."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.handler = namespace["handler"]
        self.handler.start_background = lambda: None
        self.handler.may_call = self.may_call
        self.clock = self.handler.state.clock = self.handler.health.clock = Clock()
        self.skipped: type[Exception] = namespace["StepSkipped"]
        self.failing: dict[str, str] = {}
        self.allowed = {"big"}

    async def may_call(self, auth: Any, group: str) -> bool:
        return group in self.allowed

    def send(self, model: str) -> str:
        """The providers that were tried; `!` at the end where none served."""
        return asyncio.run(self.serve(model))

    async def serve(self, model: str) -> str:
        data: dict[str, Any] = {"model": model, "messages": [], "metadata": {}}
        tried, error = "", None
        await self.handler.async_pre_call_hook(object(), None, data, "acompletion")
        for target in ({"model": data["model"]}, *data.get("fallbacks", [])):
            kwargs = {**data, **target}
            try:
                [chosen] = await self.handler.async_filter_deployments(target["model"], deployments(), [], kwargs)
            except self.skipped:
                continue
            provider = chosen["model_info"]["rulec"]["provider"]
            tried += provider
            if provider not in self.failing:
                await self.handler.async_log_success_event({"litellm_params": kwargs}, None, None, None)
                return tried
            error = ERRORS[self.failing[provider]]
            await self.handler.async_post_call_failure_deployment_hook(kwargs, error, "acompletion")
        await self.handler.async_post_call_failure_hook(data, error, object())
        return tried + "!"


def deployments() -> list[dict[str, Any]]:
    return [
        {"litellm_params": {"model": "x"}, "model_info": {"rulec": {"provider": name, "model": None}}} for name in "abc"
    ]


@pytest.fixture
def gateway(namespace: dict[str, Any]) -> Gateway:
    return Gateway(namespace)


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    pytest.importorskip("litellm")
    tree = compile_sources([Source("rules.yaml", RULES)], Diagnostics(), emit=True).tree
    found: dict[str, Any] = {"__name__": "rulec_under_test"}
    exec(compile(generate_module(tree).text, "routing_strategy.py", "exec"), found)
    found["log"].setLevel("ERROR")
    return found


# rules, then what happens: `a=kind` (a fails so from now on; `a=` no more), `+60` seconds, `MODEL:PROVIDERS` a request
# for the model and who is tried, `!` where none serves; `*6` so often.
STORIES = {
    "a rate limit takes the chain, then begins at the hop for it": "a=rate_limit chained:ac chained:c +60 a= chained:a",
    "what is out is the last resort": "a=rate_limit chained:ac c=timeout a= chained:ca",
    "no hop takes what put it out": "a=bad_request chained:a! a=timeout chained:ab*6 a= b=timeout chained:bc",
    "a rate limit is not retried": "a=rate_limit retried:ab retried:b",
    "another failure is retried until the deployment is out": "a=server_error retried:aaab retried:aaab retried:b",
    "candidates that are out leave the turns to the others": "a=rate_limit three:ab three:c three:b three:c",
    "all candidates are out, and there is no hop": "a=rate_limit b=rate_limit c=rate_limit three:abc! three:bca! "
    "a= b= c= three:c",
    "alone it is tried all the same": "a=rate_limit alone:a! alone:a! a= alone:a",
    "a rule goes elsewhere": "guarded:a a=connection guarded:a!*6 guarded:c a= +299 guarded:c +1 guarded:a*3 guarded:a",
    "a hop asks who is unavailable": "alone:a b=timeout asking:ba a=connection alone:a!*6 asking:bc",
    "the model of the hop comes first": "a=rate_limit changed:ab changed:b",
    "faults of the request are no trouble": "a=bad_request alone:a!*9 a= alone:a",
}


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str, gateway: Gateway) -> None:
    for word in STORIES[name].split():
        if word.startswith("+"):
            gateway.clock.now += int(word[1:])
        elif "=" in word:
            provider, _, kind = word.partition("=")
            gateway.failing.pop(provider, None)
            gateway.failing.update({provider: kind} if kind else {})
        else:
            request, _, times = word.partition("*")
            model, _, tried = request.partition(":")
            for _ in range(int(times or 1)):
                assert gateway.send(model) == tried, word


def test_least_loaded_does_not_love_who_fails_fast(gateway: Gateway) -> None:
    gateway.handler.state.begin("a long one", "b", "least")
    gateway.failing = {"a": "server_error"}
    tried = "".join(gateway.send("least") for _ in range(100))
    assert tried.count("a") <= 8
    assert tried.count("b") == 100


def test_who_may_not_call_the_hop_stays_where_the_rule_sends_it(gateway: Gateway) -> None:
    gateway.allowed = set()
    gateway.failing = {"a": "rate_limit"}
    assert [gateway.send("changed") for _ in range(2)] == ["a!", "a!"]
    gateway.failing = {}
    assert gateway.send("changed") == "a"


def test_requests_that_failed_are_forgotten(gateway: Gateway, namespace: dict[str, Any]) -> None:
    namespace["ENDED_SECONDS"] = 0.01
    gateway.failing = {"a": "timeout"}

    async def fail() -> None:
        await gateway.serve("alone")
        assert len(gateway.handler.plans) == 1, "LiteLLM still asks for the headers of the answer"
        while gateway.handler.plans:
            await asyncio.sleep(0.01)

    asyncio.run(fail())
