"""A pattern matches no name of the catalogue, and none that a routing test asks for.

Patterns are there for names that nobody listed, so this may well be right. But where a catalogue exists, a pattern that
takes none of it may be misspelt; a name that it takes but for capital letters is told.

**Why it matters:** a rule that nothing reaches in practice looks as if it did something.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
models:
  Llama-3.1-8B: {served_by: [ollama]}
patterns:
  - {pattern: '^llama-', provider: ollama}
default: pass
```

Write it as the names are:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
models:
  Llama-3.1-8B: {served_by: [ollama]}
patterns:
  - {pattern: '^Llama-', provider: ollama}
default: pass
```

**When it may stay:** where the pattern is for names beyond the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.patterns.written import Written, compiled, patterns_of_rules

LEVEL: Severity = "info"
MOST_TOLD = 20


def check(context: Context) -> Iterator[Finding]:
    model = context.analysis.space.model
    if not context.policy.models:
        return
    idle = [one for one in patterns_of_rules(context) if not model.accepted(one.pattern)]
    for one in idle[:MOST_TOLD]:
        yield Finding(
            f"`{one.text}` matches no name of the catalogue, a rule or a test",
            one.span,
            _near(context, one),
            rule=one.rule_name,
        )
    if len(idle) > MOST_TOLD:
        yield Finding(f"{len(idle) - MOST_TOLD:,} more patterns match no name of the catalogue", idle[MOST_TOLD].span)


def _near(context: Context, one: Written) -> str:
    """What would match, if capital letters did not count."""
    model = context.analysis.space.model
    cells = model.accepted(compiled(f"(?i){one.text}"))
    if cells:
        name = model.known[(cells & -cells).bit_length() - 1]
        return f"`{name}` differs in capital letters alone: write it so, or `(?i){one.text}`"
    return "check how it is spelt, or list the model under `models:`"
