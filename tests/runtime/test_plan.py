"""The plan of a request and the kinds of failures, without a proxy."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.ir.tables import decision_tables
from rulec.runtime.caller import (
    buckets_of,
    fill_in,
    limit_cache_wishes,
    may_be_kept,
    printable,
    sticky_identity,
    tags_of,
)
from rulec.runtime.deployments import deployment_of
from rulec.runtime.engine import Engine
from rulec.runtime.failures import error_kind, is_own_limit, kind_of_record, retry_after
from rulec.runtime.plan import Course, Courses, Plan, plan_steps
from rulec.runtime.records import Candidate, Decision, Hop
from rulec.runtime.reload import settings_from_environment
from rulec.runtime.request import Request
from rulec.runtime.strategies.balancer import Facts
from rulec.source import Source

A, B, C, D = (Candidate(name, "m", f"openai/{name}", "m") for name in "abcd")


def walk(
    decision: Decision, kinds: list[str], order: list[int] | None = None, said: dict[str, Any] | None = None
) -> list[str]:
    """The providers that are tried when attempts fail with these kinds, one after the other."""
    facts = Facts({"deployments": {("*", provider): row for provider, row in (said or {}).items()}})
    plan = Plan(Courses(facts).through(decision, order or list(range(len(decision.candidates)))), "t", decision, "", 0)
    left = list(kinds)
    for index in range(len(plan.steps)):
        if plan.suits(index):
            plan.begin(index)
            if not left:
                break
            plan.fail(left.pop(0))
    return [step.provider for step in plan.tried]


def hop(place: Candidate, *on_error: str, when: str | None = None) -> Hop:
    return Hop(place, on_error or None, when, None, None if when is None else lambda request, failed: when in failed)


class Hops:
    """A leaf with these hops; the request's verdict on their conditions is its number of choices."""

    def __init__(self, hops: tuple[Hop, ...]) -> None:
        self.all = hops
        self.courses: dict[Any, Any] = {}

    def hops(self, request: Request, picked: Candidate) -> tuple[Hop, ...]:
        return tuple(one for one in self.all if one.provider != picked.provider)

    def verdicts(self, request: Request, picked: Candidate) -> tuple[Any, ...]:
        return (request.n,)


def decide(*candidates: Candidate, hops: tuple[Hop, ...] = (), retries: int = 0) -> Decision:
    leaf, request = Hops(hops), Request({}, {})
    return Decision("route", "r", "exact", candidates, fallbacks=hops, retry_attempts=retries, leaf=leaf, request=request)


WALKS: list[tuple[str, Decision, list[str], str]] = [
    ("nothing fails", decide(A, hops=(hop(B),)), [], "a"),
    ("a plain hop", decide(A, hops=(hop(B),)), ["auth"], "ab"),
    ("a plain hop leaves the request's faults", decide(A, hops=(hop(B),)), ["bad_request"], "a"),
    ("a later hop takes it", decide(A, hops=(hop(B), hop(C, "bad_request"))), ["bad_request"], "ac"),
    ("a skipped step is skipped for good", decide(A, hops=(hop(B, "timeout"), hop(C))), ["auth", "timeout"], "ac"),
    ("candidates before hops", decide(A, B, hops=(hop(C),)), ["auth", "auth"], "abc"),
    ("candidates leave the request's faults", decide(A, B, hops=(hop(C, "bad_request"),)), ["bad_request"], "ac"),
    ("a tried candidate is no hop", decide(A, B, hops=(hop(B), hop(C))), ["auth", "auth"], "abc"),
    ("an untried candidate is a hop", decide(A, B, hops=(hop(B, "bad_request"),)), ["bad_request"], "ab"),
    ("a condition on failed providers", decide(A, hops=(hop(B, when="z"), hop(C, when="a"))), ["auth"], "ac"),
    ("retries", decide(A, hops=(hop(B),), retries=2), ["timeout", "timeout", "timeout", "connection"], "aaabb"),
    ("a retry after another kind", decide(A, hops=(hop(B),), retries=2), ["timeout", "auth"], "aab"),
    ("retries of a conditional hop", decide(A, hops=(hop(B, "auth"),), retries=1), ["auth", "timeout"], "abb"),
]


@pytest.mark.parametrize(("name", "decision", "kinds", "tried"), WALKS, ids=[walk[0] for walk in WALKS])
def test_walk(name: str, decision: Decision, kinds: list[str], tried: str) -> None:
    assert "".join(walk(decision, kinds)) == tried


def test_the_picked_candidate_chooses_the_hops() -> None:
    decision = decide(A, B, hops=(hop(A, "bad_request"), hop(B, "bad_request")))
    assert walk(decision, ["bad_request"], [1, 0]) == ["b", "a"]


def test_of_a_thousand_candidates_the_best_are_tried_then_the_hops() -> None:
    many = tuple(Candidate(f"p{number}", "m", "openai/m", "m") for number in range(1000))
    steps = plan_steps(decide(*many, hops=(hop(B),), retries=1), list(range(999, -1, -1)), Facts({}))
    assert [step.provider for step in steps if not step.again] == [*(f"p{999 - number}" for number in range(20)), "b"]
    assert len(steps) == 42


def test_a_candidate_of_a_thousand_is_found_at_once() -> None:
    many = tuple(Candidate(f"p{number}", "m", "openai/m", "m") for number in range(1000))
    asked: list[str] = []

    class Deployment(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.append(self["model_info"]["rulec"]["provider"])
            return super().get(key, default)

    group = [Deployment(model_info={"rulec": {"provider": one.provider, "model": "m"}}) for one in many]
    for step in plan_steps(decide(*many, retries=1), [700, 3, 999], Facts({})):
        assert deployment_of(step, group) is group[int(step.provider[1:])]
    assert asked == ["p700", "p700", "p3", "p3", "p999", "p999"]
    assert deployment_of(plan_steps(decide(A), [0], Facts({}))[0], group) is None


def test_requests_that_go_the_same_way_share_a_course() -> None:
    courses, decision = Courses(Facts({})), decide(A, B, hops=(hop(C),), retries=1)
    course = courses.through(decision, [1, 0])
    assert courses.through(decision, [1, 0]) is course
    others = [courses.through(decision, order) for order in ([0, 1], [1])]
    decision.request = Request({"n": 2}, {})
    others.append(courses.through(decision, [1, 0]))
    assert all(other is not course for other in others)
    assert [step.provider for step in course.steps] == ["b", "b", "a", "a", "c", "c"]
    first, second = course.fallbacks(), course.fallbacks()
    assert first == second and all(one is not other for one, other in zip(first, second, strict=True))


RULES = """
providers:
  a: {litellm: "openai/{model}", accepts: ".*"}
  b: {litellm: "openai/{model}", accepts: ".*"}
  c: {litellm: "openai/{model}", accepts: ".*"}
exact_matches:
  m:
    provider: a
    fallback:
      - {provider: b, when: header.x == "yes" or model_size < 50B}
      - {provider: c, when: b_unavailable and not stream}
"""


def test_a_course_is_of_what_the_request_makes_of_conditions_and_holds_no_request() -> None:
    compilation = compile_sources([Source("rules.yaml", RULES)], Diagnostics(), emit=False)
    engine = Engine(decision_tables(compilation.tree, "0" * 12))
    courses: dict[str, Course] = {}
    for name, body, headers, down in (
        ("c later", {}, {}, ()),
        ("c later", {}, {"x": "no", "other": "1"}, ("c",)),
        ("both", {}, {"x": "yes"}, ()),
        ("c now", {"stream": False}, {}, ("b",)),
        ("nothing", {"stream": True}, {}, ("b",)),
    ):
        decision = engine.decide({"model": "m", **body}, headers, {"unavailable": down})
        course = Courses(Facts({})).through(decision, [0])
        assert courses.setdefault(name, course) is course
        assert [step.hop.when for step in course.steps[1:]] == [one.when for one in decision.fallbacks]
    whens = {name: [(step.provider, step.hop.when) for step in course.steps[1:]] for name, course in courses.items()}
    open_hop = ("c", "b_unavailable and not stream")
    assert whens == {"c later": [open_hop], "both": [("b", None), open_hop], "c now": [("c", None)], "nothing": []}


def test_so_many_courses_are_kept_whatever_clients_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that varies the headers that hops ask about makes ever new courses."""
    monkeypatch.setattr("rulec.runtime.plan.MOST_COURSES", 20)
    hops = "".join(f"      - {{provider: b, when: present(header.x{number})}}\n" for number in range(7))
    text = RULES.partition("    fallback:")[0] + "    fallback:\n" + hops + "default: {provider: a}\n"
    compilation = compile_sources([Source("rules.yaml", text)], Diagnostics(), emit=False)
    engine, courses = Engine(decision_tables(compilation.tree, "0" * 12)), Courses(Facts({}))
    leaves = {}
    for number in range(128):
        headers = {f"x{bit}": "" for bit in range(7) if number >> bit & 1}
        for model in ("m", f"other{number}"):
            decision = engine.decide({"model": model}, headers, {})
            course = courses.through(decision, [0])
            assert courses.through(decision, [0]) is course
            leaves[id(decision.leaf)] = decision.leaf
        assert sum(len(leaf.courses) for leaf in leaves.values()) <= len(courses.kept) <= 20
    assert len(leaves) > 100


def error(*names: str, **fields: Any) -> Exception:
    """An exception whose class and ancestors have these names."""
    kind: type = Exception
    for name in reversed(names):
        kind = type(name, (kind,), {})
    found: Exception = kind()
    for field, value in fields.items():
        setattr(found, field, value)
    return found


def caused(outer: Exception, inner: Exception) -> Exception:
    outer.__cause__ = inner
    return outer


FAILURES: list[tuple[object, str]] = [
    (error("RateLimitError", status_code=429), "rate_limit"),
    (error("RateLimitError", code="insufficient_quota"), "quota"),
    (caused(error("RateLimitError"), error("RateLimitError", code="insufficient_quota")), "quota"),
    (error("APITimeoutError", "APIConnectionError"), "timeout"),
    (error("APIConnectionError", "APIError", status_code=500), "connection"),
    (error("ContextWindowExceededError", "BadRequestError", status_code=400), "context_window"),
    (error("ContentPolicyViolationError", "BadRequestError", status_code=400), "content_policy"),
    (error("PaymentRequiredError", "BadRequestError", status_code=402), "quota"),
    (error("BadRequestError", status_code=402), "quota"),
    (error("BadRequestError", status_code=400, message='{"code": "context_length_exceeded"}'), "context_window"),
    (error("BadRequestError", status_code=400, message=5), "bad_request"),
    (error("APIError", status_code=402), "quota"),
    (error("APIError", status_code=403), "auth"),
    (error("APIError", status_code=418), "bad_request"),
    (error("APIError", status_code="x"), "server_error"),
    (error("ServiceUnavailableError", status_code=503), "server_error"),
    (caused(error("InternalServerError"), caused(error("OpenAIError"), ConnectionResetError())), "connection"),
    (error("MidStreamFallbackError", original_exception=error("RateLimitError")), "rate_limit"),
    (TimeoutError(), "timeout"),
    (ConnectionRefusedError(), "connection"),
    (ValueError(), "server_error"),
    (None, "server_error"),
]  # fmt: skip


@pytest.mark.parametrize(("exception", "kind"), FAILURES, ids=lambda value: str(value)[:40])
def test_error_kind(exception: object, kind: str) -> None:
    assert error_kind(exception) == kind


def test_a_cycle_of_causes_ends() -> None:
    first, second = error("InternalServerError"), error("InternalServerError")
    first.__cause__, second.__cause__ = second, first
    assert error_kind(first) == "server_error"


IN_TWO_MINUTES = "a date in two minutes"
WAITS: list[tuple[Any, float | None]] = [
    ("30", 30),
    ("0.5", 1),
    ("0", 1),
    ("999999999999", 3600),
    (IN_TWO_MINUTES, 120),
    ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
    ("soon", None),
    ("-5", None),
    ("nan", None),
    ("", None),
    ("9" * 400, None),
    ("Wed, 99 Oct 99999999 99:99:99 GMT", None),
    (5, None),
    (None, None),
]


@pytest.mark.parametrize(("text", "seconds"), WAITS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("place", ["response", "litellm_response_headers", "cause"])
def test_retry_after(place: str, text: Any, seconds: float | None) -> None:
    date = formatdate(time.time() + 120, usegmt=True)
    headers = {} if text is None else {"retry-after": date if text == IN_TWO_MINUTES else text}
    answer = error("Response", headers=headers)
    failure = error("RateLimitError", **({place: answer if place == "response" else headers} if place != "cause" else {}))
    if place == "cause":
        failure = caused(failure, error("HTTPStatusError", response=answer))
    found = retry_after(failure)
    assert found == (None if seconds is None else pytest.approx(seconds, abs=30 if text == IN_TWO_MINUTES else 0.01))


OWN_LIMITS: list[tuple[str, bool]] = [
    ("litellm.RateLimitError: Model rate limit exceeded. RPM limit=1, current usage=2", True),
    ("Deployment has all max_parallel_requests slots in use. Deployment model_group=m", True),
    ("litellm.RateLimitError: RateLimitError: OpenAIException - Model rate limit exceeded. RPM limit=1", False),
    ("litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached for requests", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "own"), OWN_LIMITS)
def test_limits_of_litellm_itself_are_told_from_those_of_providers(text: str, own: bool) -> None:
    assert is_own_limit(text) == own
    assert is_own_limit(RuntimeError(text)) == own


def test_kind_of_record() -> None:
    assert kind_of_record("RateLimitError", None) == "rate_limit"
    assert kind_of_record("MidStreamFallbackError", "… Original exception: APIConnectionError: …") == "connection"
    assert kind_of_record(None, 5) == "server_error"


def test_printable_leaves_no_line_break_and_is_short() -> None:
    assert printable("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    assert printable("é") == "\\xe9"
    assert printable(None) == "none"
    assert len(printable("x" * 10_000)) == 200


def test_sticky_identity() -> None:
    caller = {"user": "u", "key": "k"}
    assert sticky_identity("user", caller, {}, {}) == "u"
    assert sticky_identity("key", caller, {}, {}) == "k"
    assert sticky_identity(None, caller, {}, {}) is None
    assert sticky_identity("session", caller, {"metadata": {"session_id": "s"}}, {}) == "s"
    assert sticky_identity("session", caller, {"metadata": 5}, {"x-session-id": "h"}) == "h"


def test_tags_of_odd_metadata() -> None:
    assert tags_of(buckets_of({"metadata": {"tags": ["a", 5]}, "litellm_metadata": 3})) == ["a"]
    assert tags_of(buckets_of({"metadata": {"tags": "a"}})) == []


def test_fill_in() -> None:
    data = {"max_completion_tokens": 5, "temperature": None}
    fill_in(data, {"max_tokens": 9, "temperature": 0.5}, "chat")
    assert data == {"max_completion_tokens": 5, "temperature": 0.5}
    data = {}
    fill_in(data, {"max_tokens": 9}, "embedding")
    fill_in(data, {"max_tokens": 9}, None)
    assert data == {}


def test_settings_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    references = {"a": {"api_base": ("http://", ("A_HOST", "x"), ":", ("A_PORT", "1")), "api_key": (("A_KEY", None),)}}
    assert settings_from_environment(references) == {}
    monkeypatch.setenv("A_PORT", "2")
    assert settings_from_environment(references) == {"a": {"api_base": "http://x:2"}}


def test_a_deployment_says_how_often_it_is_tried_again() -> None:
    failures = ["server_error"] * 9
    assert walk(decide(A, B, retries=1), failures, said={"a": {"retries": 2}}) == ["a", "a", "a", "b", "b"]
    assert walk(decide(A, B, retries=1), failures, said={"a": {"retries": 0}}) == ["a", "b", "b"]
    assert walk(decide(A, hops=(hop(C),)), failures, said={"c": {"retries": 1}}) == ["a", "c", "c"]


def test_a_deployment_says_how_long_a_retry_waits() -> None:
    decision = Decision("route", "r", "exact", (A, B), retry_attempts=1, retry_delay_ms=500)
    facts = Facts({"deployments": {("m", "a"): {"retry_delay": 2}}})
    steps = plan_steps(decision, [0, 1], facts)
    assert [(step.provider, step.again, step.pause) for step in steps] == [
        ("a", False, 0),
        ("a", True, 2),
        ("b", False, 0),
        ("b", True, 0.5),
    ]


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({}, {}),
        ({"cache": {"no-cache": True, "s-maxage": 3}}, {"cache": {"no-cache": True, "s-maxage": 3}}),
        ({"cache": {"use-cache": True, "ttl": 9e9, "namespace": "n"}}, {"cache": {}}),
        ({"cache": "junk", "cache_key": "k", "n": 1}, {"n": 1}),
        ({"metadata": {"caching_groups": ["m"], "redis_namespace": "n", "a": 1}}, {"metadata": {"a": 1}}),
    ],
)
def test_a_client_asks_the_cache_for_less_only(sent: dict[str, Any], left: dict[str, Any]) -> None:
    limit_cache_wishes(sent)
    assert sent == left


def test_a_key_may_be_kept_from_the_cache() -> None:
    class Key:
        allowed_cache_controls: list[str] | None = None

    assert may_be_kept(Key())
    Key.allowed_cache_controls = ["no-cache"]
    assert not may_be_kept(Key())
    Key.allowed_cache_controls = ["ttl", "use-cache"]
    assert may_be_kept(Key())
