"""The windows of two rules that divide the day or the week overlap a little.

Two rules are alike but for the times at which they hold, in the same zone, do different things, and for some minutes or
hours both hold. Neither holds whenever the other does: a window within another is taken for an exception. The first of the
two decides then, and the second does not begin, or end, when it says.

**Why it matters:** between 17:00 and 18:00 requests still go where the day shift sends them, although the evening has begun.

```yaml rules/wrong.yaml wrong
providers: {gpu: {litellm: "hosted_vllm/{model}", accepts: ".*"}, cloud: {litellm: "openai/{model}", accepts: ".*"}}
request_metadata_routing:
  office: {condition: 'time in 08:00-18:00 "Europe/Berlin"', provider: gpu}
  evening: {condition: 'time in 17:00-08:00 "Europe/Berlin"', provider: cloud}
default: {provider: cloud}
```

Begin one window where the other ends; an end is no longer part of its window:

```yaml rules/right.yaml
providers: {gpu: {litellm: "hosted_vllm/{model}", accepts: ".*"}, cloud: {litellm: "openai/{model}", accepts: ".*"}}
request_metadata_routing:
  office: {condition: 'time in 08:00-18:00 "Europe/Berlin"', provider: gpu}
  evening: {condition: 'time in 18:00-08:00 "Europe/Berlin"', provider: cloud}
default: {provider: cloud}
```

**When it may stay:** where the first rule is meant to win; say so with `overrides: [evening]`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.clock.windows import DAY, Slip, Slips, runs, shown
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.syntax.fields import WEEKDAYS

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for slip in context.shared(Slips).all:
        yield from _found(context, slip)


def _found(context: Context, slip: Slip) -> Iterator[Finding]:
    first, second = slip.one.rule, slip.other.rule
    question = f"whether `{first.name}` and `{second.name}` overlap"
    witness = context.decides(first, question, context.analysis.region(second))
    if witness is not None:
        start, end = next(runs(slip.both))
        when = f"on {WEEKDAYS[start // DAY]}" if end - start >= DAY else f"from {shown(start, end)}"
        yield Finding(
            f"`{first.name}` and `{second.name}` both hold {when} ({slip.zone}), where `{first.name}` decides",
            second.span,
            f"let one window begin where the other ends, or write `overrides: [{second.name}]` in `{first.name}`",
            (Related("holds then, too", first.span),),
            second.name,
            witness,
        )
