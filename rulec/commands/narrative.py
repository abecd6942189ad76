"""The text of `rulec explain`: what an operator reads at night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rulec.commands.answers import Answerer
from rulec.diagnostics import printable
from rulec.ir.decide import Considered, Outcome
from rulec.runtime.complexity import total
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, show

MOST_NEAR_MISSES = 3
MOST_SHOWN = 8


def narrate(answerer: Answerer, request: Mapping[str, Any], outcome: Outcome) -> str:
    """The decision, the rule that made it, what comes after a failure, and the road to it."""
    return "\n".join(printable(line) for line in _lines(answerer, request, outcome)) + "\n"


def _lines(answerer: Answerer, request: Mapping[str, Any], outcome: Outcome) -> Iterator[str]:
    yield f"request   {request_text(request)}"
    yield from _verdict(answerer, outcome)
    yield from _rule(answerer, outcome)
    yield from _fallbacks(answerer, outcome)
    yield from _score(outcome)
    near = _near_misses(answerer, request, outcome)
    yield from _road(outcome, near)
    if near:
        yield "near misses"
        yield from (f"          {name} would match if {change}" for name, change in near.items())
    yield f"rule set  {answerer.fingerprint}"


def request_text(request: Mapping[str, Any]) -> str:
    """The request in one line."""
    parts = [f"model {printable(str(request['model']))}"] if request.get("model") else []
    body = request.get("body")
    if not parts and isinstance(body, dict) and isinstance(body.get("model"), str):
        parts.append(f"model {printable(body['model'][:256])}")
    headers = request.get("headers") or []
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    parts += [f"{printable(str(key))}: {printable(str(value))[:80]}" for key, value in pairs]
    for name in ("stream", "capability", "metadata", "endpoint", "key", "team", "user", "tag", "at", "unavailable"):
        value = request.get(name)
        if value:
            parts.append(name if name == "stream" else f"{name} {printable(_plain(value))}")
    return ", ".join(parts) or "names no model and sets nothing"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _verdict(answerer: Answerer, outcome: Outcome) -> Iterator[str]:
    decision = outcome.decision
    if decision.action == "pass" and decision.candidates:
        yield "goes to   one of these, which LiteLLM's complexity router decides (pass)"
        yield from (f"            {_place(answerer, one)}" for one in decision.candidates)
    elif decision.action == "pass":
        yield "goes      where LiteLLM sends it by itself (pass)"
    elif decision.action == "refuse":
        yield f"refused   with status {decision.status}: {printable(str(decision.text))}"
    elif len(decision.candidates) == 1:
        yield f"goes to   {_place(answerer, decision.candidates[0])}"
    else:
        sticky = f", sticky by {decision.sticky}" if decision.sticky else ""
        warm = ", warm ones first" if decision.prefer_warm else ""
        yield f"goes to   one of {len(decision.candidates)}, chosen by {decision.strategy}{sticky}{warm}"
        for one in decision.candidates:
            weight = "" if one.weight is None else f"  weight {one.weight:g}"
            priority = "" if one.priority is None else f"  priority {one.priority}"
            yield f"            {_place(answerer, one)}{weight}{priority}"


def _place(answerer: Answerer, one: Any) -> str:
    return f"{one.provider} as {printable(one.model)}  (deployment {printable(answerer.deployment(one))})"


def _rule(answerer: Answerer, outcome: Outcome) -> Iterator[str]:
    rule = outcome.rule
    if rule is None:
        yield "by        no rule: nothing matched, and there is no default"
        return
    count = len(answerer.policy.rules)
    place = f"{rule.span.source.path}:{rule.span.line}"
    yield f"by        {rule.name}  ({rule.phase} rule {rule.position} of {count}, {place})"
    if rule.description:
        yield f"          {printable(rule.description)}"
    yield f"because   {outcome.trace[-1].because}"


def _score(outcome: Outcome) -> Iterator[str]:
    """The complexity score, where a rule asked for it."""
    for parts in [one.score for one in outcome.trace if one.score is not None]:
        counted = ", ".join(f"{one.feature} {one.found}: {one.points:+g}" for one in parts if one.found)
        yield f"score     {total(parts):g}  ({counted or 'nothing to count'})"


def _fallbacks(answerer: Answerer, outcome: Outcome) -> Iterator[str]:
    decision = outcome.decision
    if decision.action != "route":
        return
    if not decision.fallbacks:
        yield "then      nothing: there is no fallback"
        return
    name = decision.fallbacks[0].chain
    yield f"then      {f'from chain {name}' if name else 'the fallback of the rule'}, in this order"
    for number, hop in enumerate(decision.fallbacks, 1):
        conditions = [f"on {', '.join(hop.on_error)}"] if hop.on_error else []
        conditions += [f"when {hop.when}"] if hop.when else []
        tail = f"  {'; '.join(conditions)}" if conditions else ""
        yield f"          {number:>2} {_place(answerer, hop)}{tail}"
    if decision.retry_attempts:
        yield f"          each tried {decision.retry_attempts} more times, {decision.retry_delay_ms} ms apart"


def _road(outcome: Outcome, near: Mapping[str, str]) -> Iterator[str]:
    before = outcome.trace[:-1] if outcome.rule is not None else outcome.trace
    skipped = [one for one in before if one.matched]
    if skipped:
        yield "matched, but did not apply"
        for one in skipped[:MOST_SHOWN]:
            yield f"          {one.rule.name}: {one.because}"
    others = [one for one in before if not one.matched and one.rule.name not in near]
    if others:
        yield "looked at before"
        for one in others[:MOST_SHOWN]:
            yield f"          {one.rule.name}: {one.because}"
        if len(others) > MOST_SHOWN:
            yield f"          … and {len(others) - MOST_SHOWN} more"


def _near_misses(answerer: Answerer, request: Mapping[str, Any], outcome: Outcome) -> dict[str, str]:
    """The first rules that one change would make match, each with that change."""
    found: dict[str, str] = {}
    for one in outcome.trace:
        change = None if one.matched else near_miss(answerer, request, one)
        if change is not None:
            found[one.rule.name] = change
        if len(found) == MOST_NEAR_MISSES:
            break
    return found


def near_miss(answerer: Answerer, request: Mapping[str, Any], considered: Considered) -> str | None:
    """The one change that would make a rule's condition true, where one change is enough."""
    from rulec.commands.requests import describe

    match = considered.rule.match
    if not isinstance(match, ast.When):
        return None
    walker = answerer.walker
    described = describe(request, answerer.policy.capability_header)
    facts = walker.request(described.body, described.headers, **described.caller)
    for atom in _atoms(match.condition.condition):
        if walker.holds(match.condition.condition, facts, atom):
            truth = walker.holds(atom, facts)
            return f"`{show(when.Not(atom) if truth else atom)}` held"
    return None


def _atoms(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, when.Not):
        yield from _atoms(condition.item)
    elif isinstance(condition, (when.And, when.Or)):
        for item in condition.items:
            yield from _atoms(item)
    else:
        yield condition
