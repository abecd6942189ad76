"""Small changes of a policy, of which its cases should notice each: what they do not notice, nobody would.

The policy itself is changed, never its text, so that a mutant is valid and says one thing otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from rulec.diagnostics import Diagnostics, Rejected
from rulec.ir.decide import size_text
from rulec.patterns.compile import compile_pattern
from rulec.patterns.compiled import CompiledPattern
from rulec.policy.findings import report_findings
from rulec.policy.model import (
    Chain,
    Hop,
    ModelsTarget,
    NativeTarget,
    Pass,
    Policy,
    Provider,
    ProvidersTarget,
    Refuse,
    Rule,
    Target,
    VirtualTarget,
)
from rulec.policy.serving import candidates_for
from rulec.records import record, replace
from rulec.source import Located, Source, Span
from rulec.syntax import ast
from rulec.testing.conditions import variants
from rulec.testing.goals import chain_key, chain_name, chains_in_use

NOWHERE = Span(Source("", ""), 0, 0)
Weighted = tuple[tuple[str, float | None], ...]
REFUSED = Refuse("changed by `rulec test --mutate`", 418)


@record
class Mutant:
    """A policy that says one thing otherwise: `what` it is, where that stands, and how to make it.

    `touched` are the positions of the rules that may no longer compile; None: any.
    """

    what: str
    span: Span
    make: Callable[[], Policy]
    touched: tuple[int, ...] | None = ()


def compiles(policy: Policy, touched: tuple[int, ...] | None) -> bool:
    """Whether somebody serves what these rules and their hops name."""
    rules = policy.rules if touched is None else tuple(policy.rules[one - 1] for one in touched)
    if not rules:
        return True
    diagnostics = Diagnostics()
    report_findings(replace(policy, rules=rules, strategies={}), diagnostics)  # which other rules may use
    return not diagnostics.failed and all(
        candidates_for(policy, ModelsTarget((model,), providers), None, filtered=False)
        for rule in rules
        for model, providers in _models_named(rule)
    )


def _models_named(rule: Rule) -> Iterator[tuple[str, Weighted | None]]:
    """The models that a virtual model and hops name, with the provider that is to serve them, where there is one."""
    target = rule.target
    if isinstance(target, (VirtualTarget, NativeTarget)):
        yield from ((one, None) for one in (target.simple, target.complex))
    for hop in rule.chain.hops:
        if hop.model is not None:
            yield hop.model, None if hop.provider is None else ((hop.provider, None),)


def mutants(policy: Policy) -> Iterator[Mutant]:
    """Every mutant, rule by rule, then chain by chain, then provider by provider; some of them do not compile."""
    for number, rule in enumerate(policy.rules):
        yield from _of_order(policy, number)
        for what, other in _of_rule(policy, rule):
            yield Mutant(f"{rule.name}: {what}", rule.span, partial(_with_rule, policy, other), (rule.position,))
    for chain, rules in chains_in_use(policy):
        touched = tuple(one.position for one in rules)
        for what, span, other_chain in _of_chain(chain):
            make = partial(_with_chain, policy, rules[0], other_chain)
            yield Mutant(f"{chain_name(chain, rules)}: {what}", span, make, touched)
    for name, provider in policy.providers.items():
        for what, patterns in _of_patterns(provider.accepts):
            changed = replace(provider, accepts=patterns)
            yield Mutant(f"provider {name}: accepts {what}", provider.span, partial(_with_provider, policy, changed), None)


def _changed(policy: Policy, **parts: Any) -> Policy:
    """The policy with other parts; its fingerprint, which takes longest to make, is asked only by who compares."""
    changed = replace(policy, **parts, _known={"fingerprint": "mutant"})
    if not policy.native:
        return changed
    native = [one.match for one in changed.rules if isinstance(one.target, NativeTarget)]
    return replace(changed, native=frozenset(one.model.text for one in native if isinstance(one, ast.Exact)))


def _with_order(policy: Policy, numbers: Sequence[int]) -> Policy:
    """The policy with these of its rules, in this order."""
    rules = (policy.rules[one] for one in numbers)
    numbered = (one if one.position == place else replace(one, position=place) for place, one in enumerate(rules, 1))
    return _changed(policy, rules=tuple(numbered))


def _with_rule(policy: Policy, changed: Rule) -> Policy:
    before, after = policy.rules[: changed.position - 1], policy.rules[changed.position :]
    return _changed(policy, rules=(*before, changed, *after))


def _with_provider(policy: Policy, changed: Provider) -> Policy:
    return _changed(policy, providers={**policy.providers, changed.name: changed})


def _with_chain(policy: Policy, user: Rule, chain: Chain) -> Policy:
    """The policy in which all rules that share a chain have another one."""
    key = chain_key(user)
    rules = tuple(replace(one, chain=chain) if one.chain.hops and chain_key(one) == key else one for one in policy.rules)
    chains = policy.chains if chain.name is None else {**policy.chains, chain.name: chain}
    return _changed(policy, rules=rules, chains=chains)


# Rules


def _of_order(policy: Policy, number: int) -> Iterator[Mutant]:
    rules, numbers = policy.rules, range(len(policy.rules))
    rule, after = rules[number], rules[number + 1] if number + 1 < len(rules) else None
    yield Mutant(f"{rule.name}: left out", rule.span, partial(_with_order, policy, [*numbers[:number], *numbers[number + 1 :]]))
    if after is not None and after.phase == rule.phase and rule.phase not in ("exact", "capability"):
        swapped = [*numbers[:number], number + 1, number, *numbers[number + 2 :]]
        yield Mutant(f"{rule.name}: behind {after.name}", rule.span, partial(_with_order, policy, swapped))


def _of_rule(policy: Policy, rule: Rule) -> Iterator[tuple[str, Rule]]:
    for what, match in _of_match(rule.match):
        yield what, replace(rule, match=match)
    for what, target in _of_target(policy, rule.target):
        yield what, replace(rule, target=target)
    if rule.strategy != "random":
        yield "any candidate, by no strategy", replace(rule, strategy="random", sticky=None, strategy_fixed=True)


def _of_match(match: ast.Match) -> Iterator[tuple[str, ast.Match]]:
    if isinstance(match, ast.When):
        for what, condition in variants(match.condition):
            yield what, ast.When(condition)
    if isinstance(match, ast.Patterns):
        for what, patterns in _of_patterns(match.patterns):
            yield what, ast.Patterns(patterns)
    if isinstance(match, ast.SizeTier):
        if match.low is not None:
            yield _bound(match.low, match.low_included), replace(match, low_included=not match.low_included)
        if match.high is not None:
            yield _bound(match.high, match.high_included), replace(match, high_included=not match.high_included)


def _bound(size: int, included: bool) -> str:
    return f"{size_text(size)} {'is left out' if included else 'belongs to it'}"


def _of_patterns(patterns: tuple[CompiledPattern, ...]) -> Iterator[tuple[str, tuple[CompiledPattern, ...]]]:
    for number, one in enumerate(patterns):
        before, after = patterns[:number], patterns[number + 1 :]
        if before or after:
            yield f"without `{one.text}`", (*before, *after)
        for text in unanchored(one.text):
            changed = _compiled(text)
            if changed is not None:
                yield f"`{text}` instead of `{one.text}`", (*before, changed, *after)


def unanchored(text: str) -> Iterator[str]:
    """A pattern without each of its anchors."""
    if text.startswith("^") and len(text) > 1:
        yield text[1:]
    if text.endswith("$") and not text.endswith("\\$") and len(text) > 1:
        yield text[:-1]


def _compiled(text: str) -> CompiledPattern | None:
    try:
        return compile_pattern(Located(text, NOWHERE))
    except Rejected:
        return None


def _of_target(policy: Policy, target: Target) -> Iterator[tuple[str, Target]]:
    if isinstance(target, Refuse):
        yield "passed to LiteLLM", Pass()
        return
    yield "refused", REFUSED
    if isinstance(target, (VirtualTarget, NativeTarget)):
        yield "the two models change sides", replace(target, simple=target.complex, complex=target.simple)
    if isinstance(target, ProvidersTarget):
        for what, providers in _of_providers(policy, target.providers):
            yield what, replace(target, providers=providers)
        if target.substitute:
            yield "without `substitute`", replace(target, substitute=False)
    if isinstance(target, ModelsTarget):
        for number, model in enumerate(target.models if len(target.models) > 1 else ()):
            yield f"without {model}", replace(target, models=(*target.models[:number], *target.models[number + 1 :]))
        for what, providers in _of_providers(policy, target.providers or ()):
            yield what, replace(target, providers=providers)


def _of_providers(policy: Policy, providers: Weighted) -> Iterator[tuple[str, Weighted]]:
    """One provider less, weights changed between two; a single one gives way to the next that is declared."""
    names = [name for name, _ in providers]
    others = [one for one in policy.providers if one not in names]
    if len(names) == 1 and others:
        later = list(policy.providers)[list(policy.providers).index(names[0]) :]
        other = next((one for one in later if one in others), others[0])
        yield f"{other} instead of {names[0]}", ((other, providers[0][1]),)
    for number, name in enumerate(names if len(names) > 1 else ()):
        yield f"without {name}", (*providers[:number], *providers[number + 1 :])
    for number, ((name, weight), (other, more)) in enumerate(pairwise(providers)):
        if weight != more:
            swapped = (*providers[:number], (name, more), (other, weight), *providers[number + 2 :])
            yield f"the weights of {name} and {other} change places", swapped


# Chains


def _of_chain(chain: Chain) -> Iterator[tuple[str, Span, Chain]]:
    hops = chain.hops
    for number, hop in enumerate(hops):
        before, after = hops[:number], hops[number + 1 :]
        title = f"hop {number + 1} ({' '.join(one for one in (hop.provider, hop.model) if one is not None)})"
        yield f"{title} left out", hop.span, replace(chain, hops=(*before, *after))
        if after:
            yield f"{title} behind the next one", hop.span, replace(chain, hops=(*before, after[0], hop, *after[1:]))
        for what, changed in _of_hop(hop):
            yield f"{title} {what}", hop.span, replace(chain, hops=(*before, changed, *after))
    if chain.retry_attempts:
        yield "one retry less", hops[0].span, replace(chain, retry_attempts=chain.retry_attempts - 1)


def _of_hop(hop: Hop) -> Iterator[tuple[str, Hop]]:
    if hop.when is not None:
        yield "without its condition", replace(hop, when=None)
        for what, condition in variants(hop.when):
            yield what, replace(hop, when=condition)
    if hop.on_error is not None:
        yield "on any plain error", replace(hop, on_error=None)
        for kind in hop.on_error if len(hop.on_error) > 1 else ():
            yield f"not on {kind}", replace(hop, on_error=tuple(one for one in hop.on_error if one != kind))
