"""The thin LiteLLM adapter: one callback that lets the proxy route as `decide` says, and nothing else.

LiteLLM serves a request as one call and its per-request fallbacks. Every further step of our plan, to the same model or
to another, is one such fallback: they follow any error, while retries inside a group follow only some. The filter hook
hands out the one deployment of the step whose turn it is, or raises, and LiteLLM goes on to the next fallback.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from rulec.runtime.answers import forbidden, reason, refusal, response_headers
from rulec.runtime.caller import (
    BUCKETS,
    ENDPOINT_OF_CALL,
    buckets_of,
    caller_of,
    fill_in,
    kinds_of_own_terms,
    limit_cache_wishes,
    may_be_kept,
    named_by_url,
    printable,
    sent_by_client,
    sticky_identity,
)
from rulec.runtime.deployments import StepSkipped, deployment_of, left_to_litellm, ready, rulec_info
from rulec.runtime.failures import error_kind, is_own_limit, kind_of_record, retry_after
from rulec.runtime.glance import Glance
from rulec.runtime.health import NO_PROVIDERS, Health
from rulec.runtime.log import log, log_writer, show_log
from rulec.runtime.plan import STEP_MARK, Course, Plan, PlanStep, arranged
from rulec.runtime.reload import RELOADED, Rules, file_stamp, load_rules
from rulec.runtime.state import State, moment
from rulec.runtime.status import publish_status

try:
    from litellm.integrations.custom_logger import CustomLogger as LiteLLMCallback
    from litellm.proxy._types import ProxyException
except ImportError:  # decide() alone needs no LiteLLM
    LiteLLMCallback, ProxyException = None, None

KEPT_ENDPOINTS = frozenset(("chat", "completion"))  # others share keys in LiteLLM's cache, or it keeps none of them
WITHOUT_FALLBACKS = frozenset(("batch",))  # LiteLLM calls the provider directly: no filter hook, no fallbacks

OWN_PREFIX = "rulec:"  # begins the ids of our deployments, by which LiteLLM would let a client call them
# What only LiteLLM and we may set: a client could skip steps or choose a deployment by them.
INTERNAL_KEYS = frozenset((
    "_excluded_deployment_ids",
    "_retry_skipped_deployment_ids",
    "_target_order",
    "attempted_targets",
    "content_policy_fallbacks",
    "context_window_fallbacks",
    "custom_llm_provider",
    "fallback_depth",
    "max_fallbacks",
    "model_group_retry_policy",
    "specific_deployment",
))  # fmt: skip
MAX_PLANS = 20_000
PLAN_SECONDS = 7200.0
ENDED_SECONDS = 5.0  # for which the plan of a request that failed is kept: LiteLLM still asks for headers
RELOAD_SECONDS = 2.0


class RulecHandler(LiteLLMCallback or object):  # type: ignore[misc]
    """The callback that the config names. LiteLLM only calls hooks that are defined on this very class."""

    def __init__(self) -> None:
        if LiteLLMCallback is not None:
            super().__init__()
            show_log()
        self.rules = Rules(globals())
        self.state = State()
        self.health = Health(self.rules.terms, self.state, lambda text: log_writer.line("Health: %s", text))
        self.plans: OrderedDict[str, Plan] = OrderedDict()
        self.said: set[str] = set()
        self.access: tuple[Any, Any] | None = None
        self.random = random.Random()
        self.watcher: asyncio.Task[None] | None = None
        self.background: list[asyncio.Task[None]] = []
        self.path = str(globals().get("__file__") or "")
        self.seen = file_stamp(self.path)  # the file as it was read, whenever somebody begins to follow it
        self.start_background()

    # -- once per client request, before LiteLLM looks for a deployment --

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Decide, check the caller's rights, and write model and fallbacks into the request."""
        try:
            buckets = buckets_of(data)
            for bucket in buckets:
                bucket.pop("rulec", None)
            self.start_background()
            await self.route(user_api_key_dict, data, buckets, str(getattr(call_type, "value", call_type)))
        except ProxyException:
            raise
        except Exception as error:
            self.say_once("routing failed, LiteLLM goes on alone", error)
        return data

    async def route(self, auth: Any, data: dict[str, Any], buckets: list[dict[str, Any]], call_type: str) -> None:
        rules = self.rules  # read once: a reload never mixes two rule sets in one request
        asked = data.get("model")
        if asked is not None and not isinstance(asked, str):
            raise refusal(400, "the model must be a string", rules, None)
        endpoint = ENDPOINT_OF_CALL.get(call_type)
        if endpoint is None and not asked:
            return  # files and the like: nothing to route
        if asked and asked.startswith(OWN_PREFIX):
            raise refusal(404, f"the model {printable(asked)} does not exist", rules, None)
        body, headers = sent_by_client(data, buckets)
        if body.get("model") != asked:
            if asked and named_by_url(data, body, asked) and not await self.may_call(auth, asked):
                raise refusal(403, f"this key may not call the model {printable(asked)}", rules, None)
            body = {**body, "model": asked}
        if rules.keeps_answers:
            limit_cache_wishes(data)
        caller = caller_of(auth, buckets, endpoint)
        unavailable = self.health.unavailable()
        health = self.health.glance() if self.health.troubled else None
        decision = rules.decide(body, headers, **caller, unavailable=unavailable)
        if decision.action != "route":
            await self.leave_or_refuse(decision, asked, auth, rules)
            return
        identity = None if decision.sticky is None else sticky_identity(decision.sticky, caller, body, headers)
        order = rules.balancer.order(decision, identity, self.random, self.state, health)
        course = course_of(decision, order, rules, health)
        if course.groups != (asked,):  # LiteLLM checked only the name that the client used
            course = await self.permitted(course, decision, order, asked, auth, rules, health)
        if course.troubles:
            course = arranged(course, decision.request, unavailable)
        first = course.steps[course.start]
        if "," in first.group:  # LiteLLM would call every part of such a name
            raise refusal(400, "a model name with a comma cannot be routed", rules, decision.rule)
        if log_writer.wanted():
            if course.told is None:
                course.told = f"{printable(first.provider)} ({reason(decision)})"
            log_writer.write("Model: %s -> Provider: %s", printable(asked), course.told)
        if first.group != asked:
            data["model"] = first.group
        if rules.defaults:
            fill_in(data, rules.defaults, endpoint)
        if rules.keeps_answers:
            seconds = rules.balancer.facts.deployment(first).get("cache_ttl")
            if seconds and endpoint in KEPT_ENDPOINTS and may_be_kept(auth):
                data["cache"] = {"use-cache": True, "ttl": seconds, **data.get("cache", {})}
        if endpoint in WITHOUT_FALLBACKS:
            return
        ticket = f"{self.random.getrandbits(64):016x}"
        plan = Plan(course, ticket, decision, rules.fingerprint, time.monotonic())
        plan.blameless = kinds_of_own_terms(body, headers)
        self.keep(plan, course, data, buckets)

    async def leave_or_refuse(self, decision: Any, asked: str | None, auth: Any, rules: Rules) -> None:
        """Leave a request to LiteLLM, if this caller may call every model among which that will choose; or refuse it."""
        log_writer.line("Model: %s -> %s (%s)", printable(asked), decision.action, reason(decision))
        if decision.action == "refuse":
            raise refusal(decision.status or 400, decision.text, rules, decision.rule)
        for group in sorted({one.group for one in decision.candidates}):
            if not await self.may_call(auth, group):
                raise forbidden(group, rules, decision.rule)

    async def permitted(
        self,
        course: Course,
        decision: Any,
        order: list[int],
        asked: str | None,
        auth: Any,
        rules: Rules,
        health: Glance | None,
    ) -> Course:
        """The course through the models that this caller may call.

        Who may call no candidate is refused, whatever the hops are.
        """
        allowed, candidates = {asked}, decision.candidates
        await self.allow(allowed, {one.group for one in candidates}, auth)
        possible = [number for number in order if candidates[number].group in allowed]
        if not possible:
            raise forbidden(candidates[0].group, rules, decision.rule)
        if len(possible) < len(order):
            course = course_of(decision, possible, rules, health)
        if not allowed.issuperset(course.groups):
            await self.allow(allowed, course.groups, auth)
        if allowed.issuperset(course.groups):
            return course
        steps = [step for step in course.steps if step.group in allowed]
        return Course(steps, 0, {step: kind for step, kind in course.troubles.items() if step.group in allowed})

    async def allow(self, allowed: set[str | None], groups: Iterable[str], auth: Any) -> None:
        """Add those of these groups that this caller may call."""
        for group in groups:
            if group not in allowed and await self.may_call(auth, group):
                allowed.add(group)

    async def may_call(self, auth: Any, group: str) -> bool:
        """Whether LiteLLM's own check lets this key call the model; what cannot be checked is not allowed."""
        try:
            if self.access is None:  # neither can be imported before the proxy runs
                from litellm.proxy import proxy_server
                from litellm.proxy.auth.auth_checks import can_key_call_resolved_model

                self.access = proxy_server, can_key_call_resolved_model
            proxy, check = self.access
            await check(model=group, llm_model_list=None, valid_token=auth, llm_router=proxy.llm_router)
        except ProxyException:
            return False
        except Exception as error:
            self.say_once("the access check failed, the model is not allowed", error)
            return False
        return True

    def keep(self, plan: Plan, course: Course, data: dict[str, Any], buckets: list[dict[str, Any]]) -> None:
        """Store the plan under a ticket that no client can choose, and make its steps LiteLLM's fallbacks."""
        if not INTERNAL_KEYS.isdisjoint(data):
            for key in INTERNAL_KEYS.intersection(data):
                del data[key]
        data["num_retries"] = 0
        data["fallbacks"] = course.fallbacks()
        bucket = buckets[0] if buckets else data.setdefault("metadata", {})
        bucket["rulec"] = {"id": plan.ticket, "rule": plan.rule, "version": plan.fingerprint}
        first = plan.steps[plan.start]
        self.state.reserve(plan.ticket, first.provider, first.model)
        if self.health.breakers:
            self.health.reserve(first, plan.ticket)
        self.plans[plan.ticket] = plan
        while len(self.plans) > MAX_PLANS or plan.since - next(iter(self.plans.values())).since > PLAN_SECONDS:
            self.plans.popitem(last=False)

    # -- once per attempt --

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[Any],
        messages: Any,
        request_kwargs: Any = None,
        parent_otel_span: Any = None,
    ) -> list[Any]:
        """Leave only the deployment of the step whose turn it is."""
        try:
            plan = self.plans.get(ticket_of(request_kwargs))
            if plan is None:
                return left_to_litellm(model, healthy_deployments, self.rules.settings)
            step = await self.turn(plan, request_kwargs)
            chosen = deployment_of(step, healthy_deployments)
            info = rulec_info(chosen or next(iter(healthy_deployments), {}))
            self.compare_fingerprints(plan, info.get("fingerprint"))
            if chosen is None:
                self.failed(plan, "server_error")
                raise StepSkipped(f"no deployment of {printable(model)} at {printable(step.provider)} is ready")
            return [ready(chosen, info, self.rules.settings, step.target.litellm_model)]
        except StepSkipped:
            raise
        except Exception as error:
            self.say_once("choosing a deployment failed, LiteLLM chooses", error)
            return healthy_deployments

    async def turn(self, plan: Plan, kwargs: Any) -> PlanStep:
        """The step that LiteLLM is at; begins it unless it is in progress, skips it if it does not suit."""
        index = marked_step(kwargs, plan.at)
        if plan.open and index == plan.at:
            return plan.steps[index]
        if plan.open or (
            index != plan.start and plan.kind is None
        ):  # no hook told us: a stream broke, or nobody was ready
            self.failed(plan, *recorded_failure(kwargs))
        if not plan.suits(index, NO_PROVIDERS if index == plan.start else self.health.unavailable()):
            raise StepSkipped(f"step {index} of the fallback chain does not apply")
        before = plan.tried[-1] if plan.tried else None
        step = plan.begin(index)
        if step.again:
            await asyncio.sleep(step.pause)
        elif before is not None:
            log_writer.line("Fallback triggered: %s -> %s", printable(before.provider), printable(step.provider))
        self.state.begin(plan.ticket, step.provider, step.model)
        self.health.begin(step, plan.ticket)
        return step

    def failed(self, plan: Plan, kind: str, blameless: bool = False, wait: float | None = None) -> None:
        """The attempt in progress failed, maybe for what says nothing of the provider; it may have said how long to wait."""
        if not plan.tried and plan.steps:
            self.health.leave(plan.steps[plan.start], plan.ticket)  # it was never asked
        step = plan.tried[-1] if plan.open else None
        if blameless or kind in plan.blameless:
            self.state.close(plan.ticket)
            if step is not None:
                self.health.leave(step, plan.ticket)
        else:
            self.state.fail(plan.ticket, kind)
            if step is not None:
                self.health.fault(step, plan.ticket, kind, wait)
        plan.fail(kind, step is not None and plan.goes_on_here() and self.health.out(step) is not None)

    def compare_fingerprints(self, plan: Plan, compiled: Any) -> None:
        """Say once that the config was compiled from other rules than this module."""
        if compiled != plan.fingerprint and compiled:
            what = f"the config is of rules {printable(compiled)}, the module of {plan.fingerprint}: "
            what += "routing is up to date, changed providers and models need a restart of the proxy"
            self.say_once(what)

    async def async_post_call_failure_deployment_hook(
        self, request_data: Any, exception: Exception, call_type: Any, fallback_depth: Any = None
    ) -> None:
        """Note the error kind of a failed attempt: it chooses the next step."""
        plan = self.plans.get(ticket_of(request_data))
        if plan is not None:
            kind = error_kind(exception)
            wait = retry_after(exception) if kind == "rate_limit" else None
            self.failed(plan, kind, is_own_limit(exception), wait)

    # -- at the end --
    #
    # Who ends an attempt, as seen on LiteLLM 1.100 and 1.106; each hook is needed, and none is told of every end:
    #   served; client gone in mid-stream              async_log_success_event
    #   error or time-out before the first content     async_post_call_failure_deployment_hook
    #   stream that breaks, on the first attempt       async_log_failure_event, in 1.100 async_post_call_failure_hook
    #   stream that breaks, after a hop                async_post_call_failure_hook
    #   stream without content, and a hop follows      turn(), which begins the next attempt
    #   client gone before the answer                  as if it were still there; with cancel_on_disconnect like a stream
    #                                                  that breaks, by a 499, which is no fault of the deployment

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Note how the deployment served, and forget the plan."""
        try:
            ticket = ticket_of((kwargs or {}).get("litellm_params"))
            plan = self.plans.pop(ticket, None)
            step = plan.tried[-1] if plan is not None and plan.open else None
            if kwargs and kwargs.get("cache_hit"):
                self.state.close(ticket)  # an answer from LiteLLM's cache says nothing of the deployment
                if step is not None:
                    self.health.leave(step, ticket)
                return
            if step is not None:
                self.health.served(step, ticket)
            first_token = kwargs.get("completion_start_time") if kwargs and kwargs.get("stream") else None
            self.state.succeed(ticket, moment(end_time), moment(first_token))
        except Exception as error:
            self.say_once("a served request was not noted", error)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """End the attempt of a stream that broke, which no other hook tells.

        LiteLLM says this once per request: after a failed attempt it is about that one, not about the next.
        """
        try:
            plan = self.plans.get(ticket_of((kwargs or {}).get("litellm_params")))
            if plan is not None and plan.open and plan.kind is None:
                exception = (kwargs or {}).get("exception")
                self.failed(plan, error_kind(exception), is_own_limit(exception))
        except Exception as error:
            self.say_once("a failed request was not noted", error)

    async def async_post_call_failure_hook(
        self, request_data: Any, original_exception: Exception, user_api_key_dict: Any, *more: Any, **later: Any
    ) -> None:
        """The client gets an error, whoever raised it: nothing of this request is under way any more."""
        try:
            ticket = ticket_of(request_data)
            plan = self.plans.get(ticket)
            if plan is not None:
                for step in plan.steps:  # one may be a trial: after the provider answered, or before it was asked
                    self.health.leave(step, ticket)
                plan.end()
            self.state.close(ticket)
            asyncio.get_running_loop().call_later(ENDED_SECONDS, self.plans.pop, ticket, None)
        except Exception as error:
            self.say_once("a failed request was not noted", error)

    async def async_post_call_response_headers_hook(
        self, data: Any, user_api_key_dict: Any, response: Any, request_headers: Any = None, **later: Any
    ) -> dict[str, str] | None:
        """Tell the client the rule, the deployment that served, and the version of the rules."""
        try:
            plan = self.plans.get(ticket_of(data))
            if plan is None:
                return None
            served = plan.tried[-1] if plan.tried and response is not None else None
            return response_headers(plan.fingerprint, plan.rule, served)
        except Exception as error:
            self.say_once("no response headers", error)
            return None

    # -- in the background, off the path of requests --

    def start_background(self) -> None:
        """Follow our own file and what the rules watch, as tasks of the loop that runs; where none does, the first request will."""
        if self.watcher is not None and not self.watcher.done() and not self.watcher.get_loop().is_closed():
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self.watcher = loop.create_task(self.follow_file())
        self.start_watchers()

    def start_watchers(self) -> None:
        """Begin what these rules watch, and end what the rules before them did."""
        for task in self.background:
            task.cancel()
        loop = asyncio.get_running_loop()
        self.background = [loop.create_task(one) for one in self.rules.balancer.tasks(self.state)]

    async def follow_file(self) -> None:
        """Replace the decision part when the file changes; keep the last good one when the file is broken."""
        while self.path:
            await asyncio.sleep(RELOAD_SECONDS)
            stamp = file_stamp(self.path)
            if stamp in (self.seen, None):
                continue
            self.seen = stamp
            try:
                rules = await asyncio.to_thread(load_rules, self.path)
                rules.take_over(self.rules)
            except Exception as error:
                what = type(error).__name__
                log.error("[ROUTER] the changed file is broken (%s); rules %s stay", what, self.rules.fingerprint)
                continue
            log_writer.line("rules %s replace %s", rules.fingerprint, self.rules.fingerprint)
            self.rules = rules
            self.start_watchers()
            self.health.terms = rules.terms

    def say_once(self, what: str, error: BaseException | None = None) -> None:
        """Log a trouble of our own the first time; an exception by its class and place, never by its text."""
        if what in self.said:
            return
        self.said.add(what)
        trace = sys.exc_info()[2]
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" ({type(error).__name__} at line {trace.tb_lineno})" if error and trace else ""
        log.warning("[ROUTER] %s%s", what, place)


def course_of(decision: Any, order: list[int], rules: Rules, health: Glance | None) -> Course:
    """The course through these candidates, around those who are in trouble, where anybody is."""
    if health is None:
        return rules.courses.through(decision, order)
    return rules.courses.around(decision, order, health.passed_over)


def ticket_of(kwargs: Any) -> str:
    """The ticket that we put into this request, or an empty string."""
    for name in BUCKETS if kwargs else ():
        bucket = kwargs.get(name)
        own = bucket.get("rulec") if isinstance(bucket, dict) else None
        if isinstance(own, dict):
            return str(own.get("id"))
    return ""


def marked_step(kwargs: Any, otherwise: int) -> int:
    """The number of the step that this fallback stands for."""
    for mark in map(str, kwargs.get("_excluded_deployment_ids") or ()):
        if mark.startswith(STEP_MARK):
            return int(mark[len(STEP_MARK) :])
    return otherwise


def recorded_failure(kwargs: Any) -> tuple[str, bool]:
    """The kind of the last failure by LiteLLM's own record, and whether that was a limit of its own."""
    for bucket in BUCKETS:
        records = (kwargs.get(bucket) or {}).get("previous_models")
        if records:
            text = records[-1].get("exception_string")
            return kind_of_record(records[-1].get("exception_type"), text), is_own_limit(text)
    return error_kind(None), False


handler = RulecHandler() if "decide" in globals() and __name__ != RELOADED else None
if handler is not None:
    publish_status(handler)
