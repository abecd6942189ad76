"""A rule stands longer than it was meant to.

`until` names the last day on which a rule is meant to stand. It never changes routing by itself: that day passes, and the
rule goes on deciding.

**Why it matters:** a stopgap that outlives its reason surprises whoever meets it next, and often nobody knows any more why
it was there.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, spare: {litellm: "openai/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^qwen", provider: spare, until: 2024-06-30, description: while the GPU is away}
default: {provider: ollama}
```

Remove the rule, or say until when it is needed now:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, spare: {litellm: "openai/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^qwen", provider: spare, until: 2099-06-30, description: while the GPU is away}
default: {provider: ollama}
```

**When it may stay:** never for long: a new date says that somebody looked.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    today = context.settings.today.isoformat()
    for rule in context.rules:
        if rule.until is not None and rule.until < today:
            yield Finding(
                f"`{rule.name}` was meant to stand until {rule.until}, and still decides",
                rule.span,
                "remove it, or move its `until` to the day on which somebody should look at it again",
                rule=rule.name,
            )
