"""A negated comparison lets requests without the header through to a privileged target.

A comparison with a header that is absent is false, so its negation is true: `header.x-tier != "free"` also matches every
request that has no `X-Tier` at all. The same goes for `metadata` and `capability`. This lint speaks of it where the rule
leads to a privileged target (see `privileged-header`).

**Why it matters:** who wrote the rule thought of the other values of the header; most clients never send one.

```yaml rules/wrong.yaml wrong
providers: {openai: {litellm: "openai/{model}"}}
models:
  gpt-5: {served_by: [openai], cost: {input: 5, output: 20}}
  gpt-5-mini: {served_by: [openai], cost: {input: 0.2, output: 1}}
request_metadata_routing:
  paying: {condition: 'header.x-tier != "free"', model: gpt-5}
default: {model: gpt-5-mini}
```

Ask for what the header must be, or that it is there, and, as a client writes it itself, who the client is:

```yaml rules/right.yaml
providers: {openai: {litellm: "openai/{model}"}}
models:
  gpt-5: {served_by: [openai], cost: {input: 5, output: 20}}
  gpt-5-mini: {served_by: [openai], cost: {input: 0.2, output: 1}}
request_metadata_routing:
  paying: {condition: 'team == "paying" and header.x-tier != "free"', model: gpt-5}
default: {model: gpt-5-mini}
```

**When it may stay:** where something before the proxy sets the header on every request.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.diagnostics.surfaces import DSL_SUFFIX
from rulec.lints.context import Context
from rulec.lints.lint import Edit, Finding
from rulec.lints.safety.privilege import Privilege, Privileges, opens
from rulec.policy.model import Rule
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, Field, ParsedCondition

LEVEL: Severity = "warning"
_OFTEN_ABSENT = ("header", "metadata", "capability")


def check(context: Context) -> Iterator[Finding]:
    privileges = context.shared(Privileges)
    for rule in context.rules:
        if not isinstance(rule.match, ast.When) or opens(rule.match.condition.condition):
            continue
        fields = [one for one in dict.fromkeys(_negated(rule.match.condition.condition)) if one is not None]
        privilege = privileges.of(rule) if fields else None
        if privilege is not None:
            yield from _found(privileges, rule, rule.match.condition, fields, privilege)


def _found(
    privileges: Privileges, rule: Rule, condition: ParsedCondition, fields: list[Field], privilege: Privilege
) -> Iterator[Finding]:
    for field in fields:
        witness = privileges.witness(rule, privilege, when.Not(when.Present(field)))
        if witness is not None:
            yield Finding(
                f"`{rule.name}` also sends requests without `{field}` to `{privilege.what}`, {privilege.why}",
                condition.span,
                f"what is absent differs from every value: ask for `present({field})` beside it, or for the values that are meant",
                (privilege.related,),
                rule.name,
                witness,
                _with_presence(condition, field),
            )
            return


def _negated(condition: Condition, negated: bool = False) -> Iterator[Field | None]:
    """The fields of negated comparisons; that a field is absent may be asked for, and is no comparison."""
    if isinstance(condition, when.Not):
        yield from _negated(condition.item, not negated)
    elif isinstance(condition, (when.And, when.Or)):
        for item in condition.items:
            yield from _negated(item, negated)
    elif negated and isinstance(condition, (when.Compare, when.Among, when.Matches)):
        yield condition.field if condition.field.name in _OFTEN_ABSENT else None


def _with_presence(condition: ParsedCondition, field: Field) -> tuple[Edit, ...]:
    """`present(…) and` before a condition without alternatives, of which it would change others too; none in a block of YAML."""
    source, start = condition.span.source, condition.span.start
    if _has_alternatives(condition.condition):
        return ()
    if not source.path.endswith(DSL_SUFFIX):
        if source.text[start] in "|>":
            return ()
        start += source.text[start] in "\"'"
    return (Edit(Span(source, start, start), f"present({field}) and "),)


def _has_alternatives(condition: Condition) -> bool:
    if isinstance(condition, when.Not):
        return _has_alternatives(condition.item)
    if isinstance(condition, when.And):
        return any(map(_has_alternatives, condition.items))
    return isinstance(condition, when.Or)
