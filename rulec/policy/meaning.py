"""The meaning of a policy: a plain loop over its rules, as short as can be.

The tree, the generated module and the running proxy are compared with this; nobody but tests and the compiler's
self-check imports it. It answers with plain values, so that nothing here is shared with what it judges.
"""

from __future__ import annotations

from datetime import timezone
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from rulec.policy import model as nouns
from rulec.policy.model import Policy, Rule
from rulec.records import record, replace
from rulec.runtime.complexity import longest_judged_text
from rulec.runtime.engine import MOST_NATIVE_CHARACTERS
from rulec.runtime.request import FIELD_READERS, Request
from rulec.runtime.sizes import is_regular_name
from rulec.syntax import ast
from rulec.syntax import conditions as when


@record
class Place:
    """A candidate: who serves, by which upstream name, for which client-visible model, with what weight."""

    provider: str
    upstream: str
    model: str
    weight: float | None = None
    priority: int | None = None


@record
class Step:
    """A hop that is possible for the request."""

    place: Place
    on_error: tuple[str, ...] | None
    when: str | None
    chain: str | None


@record
class Answer:
    """What a policy does with a request."""

    action: str
    rule: str | None
    candidates: tuple[Place, ...] = ()
    strategy: str | None = None
    fallbacks: tuple[Step, ...] = ()
    status: int | None = None
    text: str | None = None
    prefer_warm: bool = False


def decide(policy: Policy, request: Request) -> Answer:
    """The first rule in the effective order that matches and applies decides."""
    for rule in policy.rules:
        answer = answer_of(policy, rule, request)
        if answer is not None:
            return answer
    return Answer("refuse", None, status=400)


def answer_of(policy: Policy, rule: Rule, request: Request) -> Answer | None:
    """What a rule alone does with a request; None where it does not match or does not apply."""
    if not matches(policy, rule, request):
        return None
    if isinstance(rule.target, nouns.Pass):
        return Answer("pass", rule.name)
    if isinstance(rule.target, nouns.Refuse):
        return Answer("refuse", rule.name, status=rule.target.status, text=rule.target.text)
    if isinstance(rule.target, nouns.NativeTarget) and longest_judged_text(request.body) <= MOST_NATIVE_CHARACTERS:
        models = nouns.ModelsTarget((rule.target.simple, rule.target.complex))
        return Answer("pass", rule.name, arranged(policy, rule, unique(model_candidates(policy, models)))[0])
    candidates = candidates_of(policy, rule, request)
    if not candidates:
        return None
    candidates, strategy = arranged(policy, rule, candidates)
    only = candidates[0] if len(candidates) == 1 else None
    hops = hops_of(policy, rule, request, candidates[0], only)
    return Answer("route", rule.name, candidates, strategy, hops, prefer_warm=rule.prefer_warm and only is None)


# Matching


def matches(policy: Policy, rule: Rule, request: Request) -> bool:
    match = rule.match
    if isinstance(match, ast.When):
        return holds(policy, match.condition.condition, request)
    if isinstance(match, ast.Exact):
        return request.model == match.model.text
    if isinstance(match, ast.Patterns):
        return any(pattern_matches(pattern, request.model, "model") for pattern in match.patterns)
    if isinstance(match, ast.Capability):
        return request.capability == match.name
    if isinstance(match, ast.SizeTier):
        size = size_of_requested(policy, request)
        return size is not None and in_tier(match, size)
    return True


def in_tier(tier: ast.SizeTier, size: int) -> bool:
    above = tier.low is None or size > tier.low or (size == tier.low and tier.low_included)
    below = tier.high is None or size < tier.high or (size == tier.high and tier.high_included)
    return above and below


def size_of_requested(policy: Policy, request: Request) -> int | None:
    if request.model is None or not is_regular_name(request.model):
        return None
    return policy.size(request.model)


def pattern_matches(pattern: Any, text: str | None, field: str) -> bool:
    if text is None or (field == "model" and not is_regular_name(text)):
        return False
    return nouns.matcher(pattern.spec)(text)


def holds(policy: Policy, condition: when.Condition, request: Request, unavailable: Any = None) -> bool:
    """Two-valued: a comparison with an absent field is false. `unavailable` overrides what the request knows."""
    if isinstance(condition, when.Always):
        return True
    if isinstance(condition, when.And):
        return all(holds(policy, item, request, unavailable) for item in condition.items)
    if isinstance(condition, when.Or):
        return any(holds(policy, item, request, unavailable) for item in condition.items)
    if isinstance(condition, when.Not):
        return not holds(policy, condition.item, request, unavailable)
    if isinstance(condition, when.Unavailable):
        return condition.provider in (request.unavailable if unavailable is None else unavailable)
    if isinstance(condition, when.Tagged):
        return condition.tag in request.tags
    if isinstance(condition, when.Between):
        local = request.moment().astimezone(ZoneInfo(condition.zone))
        minute = local.hour * 60 + local.minute
        if condition.start < condition.end:
            return condition.start <= minute < condition.end
        return minute >= condition.start or minute < condition.end
    if isinstance(condition, when.OnDays):
        local = request.moment().astimezone(timezone.utc).astimezone(ZoneInfo(condition.zone))
        return ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[local.weekday()] in condition.days
    if isinstance(condition, when.Present):
        return value_of(policy, condition.field, request) not in (None, frozenset())
    if isinstance(condition, when.Flag):
        return value_of(policy, condition.field, request) is True
    value = value_of(policy, condition.field, request)
    if isinstance(condition, when.Matches):
        text = value if isinstance(value, str) else None
        return pattern_matches(condition.pattern, text, condition.field.name)
    if isinstance(condition, when.Among):
        return any(compare(policy, condition.field, "==", one, request, value) for one in condition.literals)
    return compare(policy, condition.field, condition.operator, condition.literal, request, value)


def value_of(policy: Policy, field: when.Field, request: Request) -> Any:
    if field.name == "header":
        return request.header(field.argument or "")
    if field.name == "metadata":
        return request.metadata_value(field.argument or "")
    if field.name == "model_size":
        return size_of_requested(policy, request)
    return FIELD_READERS[field.name](request) if field.name in FIELD_READERS else True


def compare(policy: Policy, field: when.Field, operator: str, literal: Any, request: Request, value: Any) -> bool:
    if field.name == "header" and not isinstance(literal, str):
        value = request.header_number(field.argument or "")
    if value is None:
        return False
    textual = isinstance(literal, str)
    if isinstance(value, str) != textual or isinstance(value, bool) != isinstance(literal, bool):
        return False
    if operator == "==":
        return bool(value == literal)
    if operator in ("contains", "starts_with", "ends_with"):
        found = {
            "contains": literal in value,
            "starts_with": value.startswith(literal),
            "ends_with": value.endswith(literal),
        }
        return bool(found[operator])
    smaller, larger = value < literal, value > literal
    return bool((smaller, not larger, larger, not smaller)[("<", "<=", ">", ">=").index(operator)])


# Targets


def candidates_of(policy: Policy, rule: Rule, request: Request) -> tuple[Place, ...]:
    """Where the rule sends the request; none means that the rule does not apply to it."""
    target = rule.target
    if isinstance(target, nouns.ProvidersTarget):
        return unique(provider_candidates(policy, target, request.model))
    assert isinstance(target, (nouns.ModelsTarget, nouns.VirtualTarget, nouns.NativeTarget))
    if isinstance(target, nouns.NativeTarget):
        target = nouns.ModelsTarget((target.complex,))
    if isinstance(target, nouns.VirtualTarget):
        simple = request.complexity < target.threshold
        target = nouns.ModelsTarget((target.simple if simple else target.complex,))
    places = model_candidates(policy, target)
    requested = [place for place in places if place.model == request.model]
    return unique(requested if target.narrowing and requested else places)


def provider_candidates(policy: Policy, target: nouns.ProvidersTarget, model: str | None) -> list[Place]:
    if model is not None:
        served = [(name, policy.upstream(name, model), weight) for name, weight in target.providers]
        found = [Place(name, upstream, model, weight) for name, upstream, weight in served if upstream is not None]
        if found or not target.substitute:
            return found
    stand_ins = [(stand_in(policy, name), weight) for name, weight in target.providers]
    return [Place(one.provider, one.upstream, one.model, weight) for one, weight in stand_ins if one is not None]


def stand_in(policy: Policy, provider: str) -> Place | None:
    """A provider's default model, by the catalogue's name for it where there is one."""
    entry = policy.providers[provider]
    if entry.default_model is None:
        return None
    upstream = policy.upstream(provider, entry.default_model)
    return Place(provider, upstream or entry.fixed_upstream or entry.default_model, entry.default_model)


def model_candidates(policy: Policy, target: nouns.ModelsTarget) -> list[Place]:
    places = []
    for model in target.models:
        providers = target.providers
        for name, weight in providers if providers is not None else [(one, None) for one in policy.serving(model)]:
            upstream = policy.upstream(name, model)
            if upstream is not None and passes_filters(policy, target, name, model, upstream):
                places.append(Place(name, upstream, model, weight))
    return places


def passes_filters(policy: Policy, target: nouns.ModelsTarget, provider: str, model: str, upstream: str) -> bool:
    if target.min_size is not None:
        size = policy.size(model, upstream)
        if size is None or size < target.min_size:
            return False
    if target.min_context is not None:
        entry = policy.models.get(model)
        context = entry.context if entry is not None and entry.context is not None else None
        context = policy.providers[provider].context if context is None else context
        return context is not None and context >= target.min_context
    return True


def unique(places: list[Place]) -> tuple[Place, ...]:
    first: dict[tuple[str, str], Place] = {}
    for place in places:
        first.setdefault((place.provider, place.upstream), place)
    return tuple(first.values())


def arranged(policy: Policy, rule: Rule, places: tuple[Place, ...]) -> tuple[tuple[Place, ...], str | None]:
    """Several candidates by priority, with their deployments' weights where the rule says nothing else."""
    if len(places) == 1:
        return places, None
    told = [policy.deployment(one.provider, one.model).handling for one in places]
    says_nothing = rule.strategy == "random" and not rule.strategy_fixed
    unweighted = all(one.weight is None for one in places)
    if (says_nothing or rule.strategy == "weighted") and unweighted and any("weight" in one for one in told):
        places = tuple(replace(one, weight=said.get("weight", 1)) for one, said in zip(places, told, strict=True))
        strategy = "weighted"
    else:
        strategy = rule.strategy
    places = tuple(replace(one, priority=said.get("priority")) for one, said in zip(places, told, strict=True))
    numbered = sorted((one for one in places if one.priority is not None), key=lambda one: one.priority or 0)
    return (*numbered, *(one for one in places if one.priority is None)), strategy


# Chains


def hops_of(policy: Policy, rule: Rule, request: Request, routed: Place, only: Place | None) -> tuple[Step, ...]:
    """The hops that are possible for the request; `only` is the target where there is just one candidate."""
    steps: list[Step] = []
    sure: list[tuple[Place, frozenset[str]]] = []
    for hop in rule.chain.hops:
        verdict = hop_verdict(policy, hop, request, only)
        if verdict is False:
            continue
        for place in hop_places(policy, hop, request, routed, rule):
            if only is not None and (place.provider, place.upstream) == (only.provider, only.upstream):
                continue
            if any((a.provider, a.upstream) == (place.provider, place.upstream) and k >= hop.kinds for a, k in sure):
                continue
            open_text = hop.when.text if verdict is None and hop.when is not None else None
            steps.append(Step(place, hop.on_error, open_text, rule.chain.name))
            if verdict is True:
                sure.append((place, hop.kinds))
    return tuple(steps)


def hop_verdict(policy: Policy, hop: nouns.Hop, request: Request, only: Place | None) -> bool | None:
    """Whether the hop's condition is true or false whatever providers turn out unavailable; None where that decides."""
    if hop.when is None:
        return True
    known = request.unavailable | ({only.provider} if only is not None else set())
    open_names = sorted({one.text for one in hop.when.providers} - known)
    answers = {
        holds(
            policy, hop.when.condition, request, known | {n for n, down in zip(open_names, downs, strict=True) if down}
        )
        for downs in product((False, True), repeat=len(open_names))
    }
    return answers.pop() if len(answers) == 1 else None


def hop_places(policy: Policy, hop: nouns.Hop, request: Request, routed: Place, rule: Rule) -> list[Place]:
    if hop.model is not None:
        providers = [hop.provider] if hop.provider is not None else policy.serving(hop.model)
        served = [(name, policy.upstream(name, hop.model)) for name in providers]
        return [Place(name, upstream, hop.model) for name, upstream in served if upstream is not None]
    assert hop.provider is not None
    name = routed.model
    if isinstance(rule.target, nouns.ProvidersTarget):  # after a stand-in, the name that the request has counts
        name = request.model or ""
    upstream = policy.upstream(hop.provider, name) if name else None
    if upstream is not None:
        return [Place(hop.provider, upstream, name)]
    other = stand_in(policy, hop.provider)
    return [other] if other is not None else []
