"""What cases can cover: every rule, every branch of what rules ask, and every hop.

A branch is one outcome of one test. A condition is taken apart into its comparisons: each must have been true and false
in a request for which it was asked, where `and` stops at what is false and `or` at what is true. A comparison with a
number must also have met that very number; so must the bounds of sizes, from both sides. Each pattern of a rule must
have matched, and once none of them. A rule that can match what it does not apply to must have done so, and both sides
of a virtual model's threshold must have been taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from rulec.ir.decide import size_text
from rulec.policy.model import Chain, Pass, Policy, Refuse, Rule, VirtualTarget
from rulec.records import field, record
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, show

Kind = Literal["rule", "branch", "hop"]
KINDS: tuple[Kind, ...] = ("rule", "branch", "hop")
PLURALS: dict[Kind, str] = {"rule": "rules", "branch": "branches", "hop": "hops"}
Key = tuple[Any, ...]
ORDERED = ("<", "<=", ">", ">=")
MODEL, SIZE = when.Field("model"), when.Field("model_size")


@record
class Goal:
    """Something to cover: `key` is what the watcher of a request sees when it is.

    It is reached by a request that gets to one of `rules`, or is decided by it (`decided`), and for which `holds`.
    """

    kind: Kind
    what: str
    key: Key
    span: Span = field(compare=False)
    rules: tuple[Rule, ...] = field(compare=False)
    holds: Condition = when.Always()
    decided: bool = False
    boundary: bool = False
    """Whether it stands at the edge of what a rule takes."""
    line: int | None = None
    """The number of the hop in the chain, for hops."""


def goals(policy: Policy) -> Iterator[Goal]:
    """All there is to cover, in the order of the rules, then of the chains."""
    for rule in policy.rules:
        yield Goal("rule", rule.name, ("rule", rule.position), rule.span, (rule,), decided=True)
        yield from _branches(rule)
    for chain, rules in chains_in_use(policy):
        yield from _hops(chain, rules)


def chains_in_use(policy: Policy) -> list[tuple[Chain, tuple[Rule, ...]]]:
    """Every chain that a route may follow, with the rules that use it."""
    users: dict[Key, tuple[Chain, list[Rule]]] = {}
    for rule in policy.rules:
        if rule.chain.hops and not isinstance(rule.target, (Pass, Refuse)):
            users.setdefault(chain_key(rule), (rule.chain, []))[1].append(rule)
    return [(chain, tuple(rules)) for chain, rules in users.values()]


def chain_key(rule: Rule) -> Key:
    """What tells chains apart: their name, or the rule whose own fallback it is."""
    return ("chain", rule.chain.name) if rule.chain.name is not None else ("own", rule.position)


def chain_name(chain: Chain, rules: tuple[Rule, ...]) -> str:
    """How people are told which chain is meant."""
    return f"chain {chain.name}" if chain.name is not None else f"the fallback of {rules[0].name}"


def _branches(rule: Rule) -> Iterator[Goal]:
    match = rule.match
    if isinstance(match, ast.When):
        yield from _of_condition(match.condition.condition, ("when", rule.position), rule.name, rule.span, (rule,))
    if isinstance(match, ast.Patterns):
        yield from _of_patterns(rule, match)
    if isinstance(match, ast.SizeTier):
        for bound in (match.low, match.high):
            if bound is not None:
                yield from _of_bound(rule, bound)
    if isinstance(rule.target, VirtualTarget):
        for side in ("simple", "complex"):
            key = ("side", rule.position, side)
            yield Goal("branch", f"{rule.name}: the {side} side", key, rule.span, (rule,), decided=True, boundary=True)
    what = f"{rule.name}: matches, but does not apply"
    yield Goal("branch", what, ("inapplicable", rule.position), rule.span, (rule,))


def _of_patterns(rule: Rule, match: ast.Patterns) -> Iterator[Goal]:
    for number, one in enumerate(match.patterns if len(match.patterns) > 1 else ()):
        key = ("pattern", rule.position, number)
        matches = when.Matches(MODEL, one)
        yield Goal("branch", f"{rule.name}: `{one.text}` matches", key, rule.span, (rule,), matches)
    none = when.And((when.Present(MODEL), *(when.Not(when.Matches(MODEL, one)) for one in match.patterns)))
    what = f"{rule.name}: a name that does not match"
    yield Goal("branch", what, ("pattern", rule.position, None), rule.span, (rule,), none, boundary=True)


def _of_bound(rule: Rule, bound: int) -> Iterator[Goal]:
    for word, operator in (("below", "<"), ("of", "=="), ("above", ">")):
        holds = when.Compare(SIZE, operator, bound)
        what = f"{rule.name}: a size {word} {size_text(bound)}"
        yield Goal("branch", what, ("size", rule.position, bound, operator), rule.span, (rule,), holds, boundary=True)


def _of_condition(
    condition: Condition, owner: Key, name: str, span: Span, rules: tuple[Rule, ...], decided: bool = False
) -> Iterator[Goal]:
    for number, atom, asked in atoms(condition):
        for outcome, holds in outcomes(atom):
            text = f"`{show(atom)}` is {'true' if outcome is True else 'false' if outcome is False else 'at its bound'}"
            whole = when.And((*asked, holds)) if asked else holds
            boundary = isinstance(atom, when.Compare) and atom.operator in ORDERED
            yield Goal("branch", f"{name}: {text}", (*owner, number, outcome), span, rules, whole, decided, boundary)


def atoms(condition: Condition, asked: tuple[Condition, ...] = ()) -> list[tuple[int, Condition, tuple[Condition, ...]]]:
    """Each comparison of a condition with its number, and what must hold for it to be asked."""
    found = list(_atoms(condition, asked))
    return [(number, atom, before) for number, (atom, before) in enumerate(found)]


def _atoms(condition: Condition, asked: tuple[Condition, ...]) -> Iterator[tuple[Condition, tuple[Condition, ...]]]:
    if isinstance(condition, when.Not):
        yield from _atoms(condition.item, asked)
    elif isinstance(condition, (when.And, when.Or)):
        for number, item in enumerate(condition.items):
            before = condition.items[:number]
            if isinstance(condition, when.Or):
                before = tuple(when.Not(one) for one in before)
            yield from _atoms(item, (*asked, *before))
    elif not isinstance(condition, when.Always):
        yield condition, asked


def outcomes(atom: Condition) -> Iterator[tuple[bool | str, Condition]]:
    """The outcomes of a comparison, each with the condition for it."""
    yield True, atom
    yield False, when.Not(atom)
    if isinstance(atom, when.Compare) and atom.operator in ORDERED and atom.field.name != "complexity":
        yield "bound", when.Compare(atom.field, "==", atom.literal)


def _hops(chain: Chain, rules: tuple[Rule, ...]) -> Iterator[Goal]:
    owner, name = chain_key(rules[0]), chain_name(chain, rules)
    for line, hop in enumerate(chain.hops):
        target = " ".join(one for one in (hop.provider, hop.model) if one is not None)
        title = f"{name}, hop {line + 1} ({target})"
        yield Goal("hop", title, ("hop", *owner, line), hop.span, rules, decided=True, line=line)
        if hop.when is not None:
            yield from _of_condition(hop.when.condition, ("when", *owner, line), title, hop.span, rules, decided=True)
