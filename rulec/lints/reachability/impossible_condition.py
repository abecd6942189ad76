"""Nothing satisfies a condition, or a pattern: its parts contradict each other.

A rule with such a condition never decides, a hop with it is never taken; so it is with one side of an `or`.

**Why it matters:** the rule looks as if it did something. Most often an `and` is meant to be an `or`, or a comparison points
in the wrong direction.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
request_metadata_routing:
  medium: {condition: model_size < 8B and model_size > 13B, provider: ollama}
default: pass
```

Say what is meant:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
request_metadata_routing:
  medium: {condition: model_size >= 8B and model_size <= 13B, provider: ollama}
default: pass
```

**When it may stay:** never; a rule that shall rest for a while is better commented out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.dead import Cause
from rulec.lints.lint import Finding
from rulec.lints.reachability.conditions import Asked, conditions_of, parts
from rulec.syntax import ast
from rulec.syntax.conditions import And, Condition, show

LEVEL: Severity = "warning"
MOST_TRIED = 12
"""Parts of a condition of which each two are looked at."""


def check(context: Context) -> Iterator[Finding]:
    yield from _patterns(context)
    for asked in conditions_of(context):
        held = asked.rule is not None and context.witness(asked.rule) is not None
        if not held and _contradict(context, asked, [asked.condition]):
            yield _finding(asked, f"nothing satisfies the condition of {asked.owner}", _why(context, asked))
            continue
        for part in parts(asked.condition):
            if not part.conjoined and _contradict(context, asked, [part.item]):
                why = _why(context, asked, part.item)
                yield _finding(asked, f"nothing satisfies `{show(part.item)}` in the condition of {asked.owner}", why)
                break


def _patterns(context: Context) -> Iterator[Finding]:
    """Rules without a condition that nothing matches."""
    for dead in context.dead(Cause.IMPOSSIBLE):
        match = dead.rule.match
        if not isinstance(match, ast.When):
            what = "pattern" if isinstance(match, ast.Patterns) else "name"
            message = f"no request matches `{dead.rule.name}`: its {what} contradicts itself"
            yield Finding(message, dead.rule.span, "correct it, or remove the rule", rule=dead.rule.name)


def _finding(asked: Asked, what: str, why: str) -> Finding:
    help = "turn a comparison around, write `or` for `and`, or remove it"
    return Finding(f"{what}: {why}", asked.span, help, rule=asked.rule_name)


def _why(context: Context, asked: Asked, condition: Condition | None = None) -> str:
    """The fewest parts of a condition that contradict each other."""
    condition = condition or asked.condition
    items = list(condition.items) if isinstance(condition, And) else [condition]
    for count in (1, 2):
        for some in combinations(items[:MOST_TRIED], count):
            if _contradict(context, asked, some):
                return _told([show(one) for one in some])
    for one in items:
        rest = [other for other in items if other is not one]
        if _contradict(context, asked, rest):
            items = rest
    return _told([show(one) for one in items])


def _told(texts: list[str]) -> str:
    if len(texts) == 1:
        return f"no request has `{texts[0]}`"
    each = "each other" if len(texts) == 2 else "one another"
    return f"{', '.join(f'`{one}`' for one in texts[:-1])} and `{texts[-1]}` contradict {each}"


def _contradict(context: Context, asked: Asked, items: Iterable[Condition]) -> bool:
    question = f"whether anything satisfies the condition of {asked.owner}"
    return context.proves_none(question, asked.span, map(context.analysis.condition, items))
