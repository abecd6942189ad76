"""A rule changes no decision: without it, the rules after it decide all of its requests alike.

The rule does match, but providers, models, strategy and fallbacks are the same as those of the rules that would take its
requests next. It is a warning where that is a rule of the same kind, and an info where a name or a size repeats what a later
kind of rule or the default says, since such things are often written down on purpose.

**Why it matters:** a rule that does nothing has to be read, and changed, as if it did.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^llama-3", provider: ollama}
  - {pattern: "^llama-", provider: ollama}
default: {provider: vllm}
```

Remove it:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^llama-", provider: ollama}
default: {provider: vllm}
```

**When it may stay:** where it says on purpose what happens to be so already.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import fate, request_of
from rulec.lints.reachability.redundancy import Redundancy
from rulec.lints.removal import removal

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    redundancy = Redundancy(context)
    for rule, witness in context.live():
        successor = redundancy.successor(rule, witness)
        if successor is None or not redundancy.is_alike(rule, successor) or not redundancy.is_proved(rule):
            continue
        useless = successor.phase == rule.phase
        yield Finding(
            f"`{rule.name}` changes no decision: without it, {request_of(witness)} {fate(successor)} all the same,"
            f" by `{successor.name}`",
            rule.span,
            "remove it" if useless else "remove it, unless it is there for readers",
            (Related("decides alike", successor.span),),
            rule.name,
            witness,
            removal(rule.span) if useless else (),
            level=None if useless else "info",
        )
