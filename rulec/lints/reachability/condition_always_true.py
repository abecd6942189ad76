"""A condition holds for every request, or a part of it changes nothing.

`always` says so plainly and is not meant here. But of `model != "a" or model != "b"` one side is always true: each model
differs from one of the two. And a side of an `and` or `or` that says nothing beyond the others is most often a slip, too.

**Why it matters:** a rule that takes everything takes it from all rules below; a part that does nothing was meant to do
something.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
request_metadata_routing:
  others: {condition: model != "gpt-4o" or model != "gpt-5", provider: ollama}
default: pass
```

Two names that are left out are joined by `and`:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
request_metadata_routing:
  others: {condition: model != "gpt-4o" and model != "gpt-5", provider: ollama}
default: pass
```

**When it may stay:** where the part is there for readers; `present(…)` beside a comparison is never told of.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.reachability.conditions import Asked, Part, conditions_of, parts
from rulec.syntax.conditions import Always, Condition, Not, Or, Present, show

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for asked in conditions_of(context):
        condition = asked.condition
        if isinstance(condition, Always):
            continue
        if _implied(context, asked, None, condition):
            yield _finding(asked, f"the condition of {asked.owner} holds for every request", _whole_help(condition))
            continue
        if not _implied(context, asked, condition, None):  # else no part of it matters
            for part in parts(condition):
                if _is_idle(context, asked, part):
                    message = f"`{show(part.item)}` changes nothing in the condition of {asked.owner}"
                    yield _finding(asked, message, _part_help(context, asked, part))
                    break


def _finding(asked: Asked, message: str, help: str) -> Finding:
    return Finding(message, asked.span, help, rule=asked.rule_name)


def _whole_help(condition: Condition) -> str:
    items = condition.items if isinstance(condition, Or) else ()
    if len(items) > 1 and all(isinstance(one, Not) for one in items):
        return "a value always differs from one of the two: write `and`"
    return "write `always` if that is meant"


def _part_help(context: Context, asked: Asked, part: Part) -> str:
    if _implied(context, asked, None, part.item):
        return "it holds for every request: turn it around, or remove it"
    return f"the rest of the condition says so already: remove it, or write `{'or' if part.conjoined else 'and'}`"


def _is_idle(context: Context, asked: Asked, part: Part) -> bool:
    """Whether a condition without one of its parts means the same."""
    plain = part.item.item if isinstance(part.item, Not) else part.item
    if isinstance(plain, (Present, Always)):
        return False
    if not part.conjoined and _implied(context, asked, part.item, None):
        return False  # a part that nothing satisfies is the finding of `impossible-condition`
    both = (part.without, asked.condition), (asked.condition, part.without)
    return all(_implied(context, asked, *one) for one in both)


def _implied(context: Context, asked: Asked, given: Condition | None, wanted: Condition | None) -> bool:
    """Whether one condition follows from another; None as the given holds always, as the wanted never."""
    region, question = context.analysis.condition, f"whether all of the condition of {asked.owner} matters"
    all_of = [] if given is None else [region(given)]
    none_of = [] if wanted is None else [region(wanted)]
    return context.proves_none(question, asked.span, all_of, none_of)
