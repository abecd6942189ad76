"""Two names differ only by case or by characters that look alike, or a name is not what it seems to be.

Names of models, providers, chains and capabilities are compared character by character, and so are the values of headers,
metadata, tags, teams, users and keys. What a reader takes for one name may be two: `gpt-4o` and `gpt-4O`, `high` and
`High`, or a name with a Cyrillic letter, a full-width character or an invisible one in it, often pasted from a web page.
Such a character is reported also where the name stands alone. Which characters look alike is from Unicode's list of
confusables (UTS #39). An exact rule that sends another spelling of a name to its model is meant, and so are rules
that do the same for both spellings.

**Why it matters:** the request that seems to fit a rule does not, and nobody sees why.

```yaml rules/wrong.yaml wrong
providers: {vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}, ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
request_metadata_routing:
  urgent: {condition: 'header.x-priority == "high"', provider: vllm}
  urgent_batches: {condition: 'header.x-priority == "High" and batch_size > 1', provider: ollama}
default: {provider: ollama}
```

Write one name in one way:

```yaml rules/right.yaml
providers: {vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}, ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
request_metadata_routing:
  urgent_batches: {condition: 'header.x-priority == "high" and batch_size > 1', provider: ollama}
  urgent: {condition: 'header.x-priority in ["high", "High"]', provider: vllm}
default: {provider: ollama}
```

**When it may stay:** where both names exist, and whoever uses them knows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.asked import atoms
from rulec.diagnostics import Related, Severity
from rulec.lints.catalogue.spelling import deceptive, described, difference, skeleton
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import outcome
from rulec.lints.places import place_of
from rulec.policy.model import ModelsTarget, Policy, Rule
from rulec.records import record
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax import conditions as when

LEVEL: Severity = "warning"


@record
class Use:
    """A name at a place; `rule` is the rule that asks for it."""

    kind: str
    name: str
    span: Span
    rule: Rule | None = None


def check(context: Context) -> Iterator[Finding]:
    known: dict[tuple[str, str], dict[str, list[Use]]] = {}
    for use in _uses(context.policy):
        known.setdefault((use.kind, skeleton(use.name)), {}).setdefault(use.name, []).append(use)
    for names in known.values():
        first, *others = names.values()
        for uses in others:
            if not _is_meant(context.policy, first, uses):
                yield _alike(first[0], uses[0])
    for names in known.values():
        if len(names) == 1:
            yield from _deceptive(next(iter(names.values()))[0])


def _alike(first: Use, use: Use) -> Finding:
    return Finding(
        f"the {use.kind} `{use.name}` differs from `{first.name}` only {difference(first.name, use.name)}",
        use.span,
        "write one name in one way, or give one of the two a name that nobody confuses with the other",
        (Related(f"`{first.name}` stands here", first.span),),
        None if use.rule is None else use.rule.name,
    )


def _deceptive(use: Use) -> Iterator[Finding]:
    odd = list(dict.fromkeys(deceptive(use.name)))
    if odd:
        yield Finding(
            f"the {use.kind} `{use.name}` is not what it seems: it has {' and '.join(map(described, odd))} in it",
            use.span,
            "type it anew, in plain letters",
            rule=None if use.rule is None else use.rule.name,
        )


def _is_meant(policy: Policy, first: list[Use], uses: list[Use]) -> bool:
    """Whether one rule asks for both names, one is sent on as the other, both are served alike, or case makes no difference."""
    rules = {one.rule.position for one in first if one.rule is not None}
    if any(one.rule is not None and one.rule.position in rules for one in uses):
        return True
    if uses[0].kind != "model":
        outcomes = [None if one.rule is None else outcome(one.rule) for one in (*first, *uses)]
        by_case = first[0].name.casefold() == uses[0].name.casefold()
        return by_case and outcomes[0] is not None and all(one == outcomes[0] for one in outcomes)
    if any(one.rule is not None and isinstance(one.rule.target, ModelsTarget) for one in (*first, *uses)):
        return True
    served = [policy.models[one].served_by for one in (first[0].name, uses[0].name) if one in policy.models]
    return len(served) == 2 and served[0] is not None and served[0] == served[1]


# Where names stand


def _uses(policy: Policy) -> Iterator[Use]:
    for provider in policy.providers.values():
        yield Use("provider", provider.name, provider.span)
    for model in policy.models.values():
        yield Use("model", model.name, model.span)
        for name in model.capabilities:
            yield Use("capability", name, model.capability_places.get(name, model.span))
    for chain in policy.chains.values():
        if chain.name is not None and chain.span is not None:
            yield Use("chain", chain.name, chain.span)
    for rule in policy.rules:
        yield from _asked(rule)


def _asked(rule: Rule) -> Iterator[Use]:
    match = rule.match
    if isinstance(match, ast.Exact):
        yield Use("model", match.model.text, match.model.span, rule)
    elif isinstance(match, ast.Capability):
        yield Use("capability", match.name, rule.span, rule)
    elif isinstance(match, ast.Patterns):
        for pattern in match.patterns:
            if not pattern.text.isascii():
                yield Use("pattern", pattern.text, rule.span, rule)
    elif isinstance(match, ast.When):
        condition = match.condition
        for atom in atoms(condition.condition):
            for kind, value in _values(atom):
                yield Use(kind, value, place_of(value, condition), rule)


def _values(atom: when.Condition) -> Iterator[tuple[str, str]]:
    """The texts that a field is compared with, and what they are."""
    literals: tuple[when.Literal, ...] = ()
    if isinstance(atom, when.Tagged):
        yield "tag", atom.tag
    elif isinstance(atom, when.Among):
        literals = atom.literals
    elif isinstance(atom, when.Compare) and atom.operator == "==":
        literals = (atom.literal,)
    if isinstance(atom, (when.Among, when.Compare)):
        field = atom.field
        kind = field.name if field.argument is None else f"value of `{field}`"
        yield from ((kind, one) for one in literals if isinstance(one, str) and field.name != "endpoint")
