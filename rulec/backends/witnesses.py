"""Requests that reach for every rule of a policy: what its own literals suggest, one at a time and in small combinations."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from rulec.policy.model import Policy, Rule
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition

Witness = tuple[dict[str, Any], dict[str, str], dict[str, Any]]
"""Body, headers and caller."""

MOST_STEPS = 2_000_000
"""About how many rules the meaning, a plain loop, may look at in all: more rules, fewer of them have witnesses."""

_STEPS_OF_A_MATCHER = {"automaton": 15, "or": 4, "glob": 2}

_NOW = "2026-06-15T12:00:00+00:00"


def witnesses(policy: Policy) -> Iterator[Witness]:
    """Requests for the self-check, the same ones for the same policy."""
    reached = max(20, MOST_STEPS // (8 * max(1, sum(_steps(rule) for rule in policy.rules))))
    step = max(1, len(policy.rules) // reached)
    names = list(policy.models)[:3]
    yield {}, {}, {"now": _NOW}
    yield {"model": "no-such-model"}, {}, {"now": _NOW}
    for name in islice(policy.models, 0, None, max(1, len(policy.models) // reached)):
        yield {"model": name}, {}, {"now": _NOW}
    for rule in policy.rules[::step]:
        yield from _of_rule(rule, policy, names)


def _steps(rule: Rule) -> int:
    """What it costs the meaning to look at a rule."""
    patterns = rule.match.patterns if isinstance(rule.match, ast.Patterns) else ()
    return 1 + sum(_STEPS_OF_A_MATCHER.get(one.spec[0], 0) for one in patterns)


def _of_rule(rule: Rule, policy: Policy, names: list[str]) -> Iterator[Witness]:
    match = rule.match
    caller = {"now": _NOW}
    if isinstance(match, ast.Exact):
        yield {"model": match.model.text}, {}, caller
        yield {"model": match.model.text + "x"}, {}, caller
        yield {"model": match.model.text, "stream": True}, {}, {**caller, "unavailable": tuple(policy.providers)}
    elif isinstance(match, ast.Patterns):
        for pattern in match.patterns:
            for factor in pattern.factors or ("a",):
                for text in (factor, f"{factor}x", f"x{factor}", f"x{factor}7b"):
                    yield {"model": text}, {}, caller
    elif isinstance(match, ast.Capability):
        for body in ({}, *({"model": name} for name in names)):
            yield {**body, "metadata": {"capability": match.name}}, {}, caller
            yield body, {policy.capability_header: match.name}, caller
    elif isinstance(match, ast.SizeTier):
        for bound in (match.low, match.high):
            if bound is not None:
                for size in (bound - 1_000_000, bound, bound + 1_000_000):
                    yield {"model": f"m-{size // 1_000_000}m"}, {}, caller
    elif isinstance(match, ast.When):
        for name in [None, *names[:2]]:
            yield _of_condition(match.condition.condition, True, name)
            yield _of_condition(match.condition.condition, False, name)


def _of_condition(condition: Condition, wanted: bool, model: str | None) -> Witness:
    """A request that tries to make a condition true (or false), atom by atom."""
    body: dict[str, Any] = {} if model is None else {"model": model}
    headers: dict[str, str] = {}
    caller: dict[str, Any] = {"now": _NOW}
    for atom, positive in _atoms(condition, wanted):
        _satisfy(atom, positive, body, headers, caller)
    return body, headers, caller


def _atoms(condition: Condition, wanted: bool) -> Iterator[tuple[Condition, bool]]:
    if isinstance(condition, when.Not):
        yield from _atoms(condition.item, not wanted)
    elif isinstance(condition, (when.And, when.Or)):
        needs_all = isinstance(condition, when.And) == wanted
        for item in condition.items if needs_all else condition.items[:1]:
            yield from _atoms(item, wanted)
    else:
        yield condition, wanted


_BODY_NUMBERS = ("max_tokens", "temperature", "n")


def _satisfy(
    atom: Condition, wanted: bool, body: dict[str, Any], headers: dict[str, str], caller: dict[str, Any]
) -> None:
    if isinstance(atom, when.Unavailable):
        caller["unavailable"] = (*caller.get("unavailable", ()), atom.provider) if wanted else ()
        return
    if isinstance(atom, when.Tagged):
        caller["tags"] = [atom.tag] if wanted else []
        return
    if not isinstance(atom, (when.Compare, when.Among, when.Present, when.Flag, when.Matches)):
        return
    value = _value(atom, wanted)
    name, argument = atom.field.name, atom.field.argument
    if name == "header" and value is not None:
        headers[argument or ""] = str(value)
    elif name == "metadata" and value is not None:
        body.setdefault("metadata", {})[argument] = value
    elif name in ("key", "team", "user", "endpoint"):
        caller[name] = value
    elif name in ("model", "capability", *_BODY_NUMBERS):
        target = body if name != "capability" else body.setdefault("metadata", {})
        target[name] = value
    elif name == "stream":
        body["stream"] = value
    elif name == "tools":
        body["tools"] = [{}] if value else []
    elif name in ("batch_size", "messages") and isinstance(value, int) and 0 <= value <= 64:
        key = "prompt" if name == "batch_size" else "messages"
        body[key] = ["x"] * value if name == "batch_size" else [{"role": "user", "content": "x"}] * value


def _value(atom: Condition, wanted: bool) -> Any:
    if isinstance(atom, when.Flag):
        return wanted
    if isinstance(atom, when.Present):
        return "x" if wanted else None
    if isinstance(atom, when.Matches):
        return (atom.pattern.factors or ("x",))[0] if wanted else "~"
    literal = atom.literals[0] if isinstance(atom, when.Among) else atom.literal  # type: ignore[union-attr]
    if isinstance(literal, bool):
        return literal == wanted
    if isinstance(literal, str):
        return literal if wanted else literal + "~"
    operator = "==" if isinstance(atom, when.Among) else atom.operator  # type: ignore[union-attr]
    up = operator in (">", ">=") if wanted else operator not in (">", ">=")
    strict = operator in ("<", ">") if wanted else operator in ("==", "<=", ">=")
    return literal + (1 if up else -1) if strict else literal
