"""A rule matches requests, but its providers can serve none of those that reach it.

A rule that names a provider applies where this provider serves the requested model: the catalogue places it there, or the
provider accepts the name. Otherwise the next rule is tried. Here this happens to every request that the rules before leave.

**Why it matters:** who wrote the rule believes that it decides, and the requests go where a later rule says.

```yaml rules/wrong.yaml wrong
providers:
  ollama: {litellm: "ollama_chat/{model}", accepts: '.*'}
  vllm: {litellm: "hosted_vllm/{model}", accepts: '^meta-llama/'}
patterns:
  - {pattern: '^mistralai/', provider: vllm}
default: {provider: ollama}
```

Let the provider accept the names, or list the models in the catalogue with `served_by`:

```yaml rules/right.yaml
providers:
  ollama: {litellm: "ollama_chat/{model}", accepts: '.*'}
  vllm: {litellm: "hosted_vllm/{model}", accepts: ['^meta-llama/', '^mistralai/']}
patterns:
  - {pattern: '^mistralai/', provider: vllm}
default: {provider: ollama}
```

**When it may stay:** while models are about to be added to the provider; say so with `# rulec: ignore[never-applies] …`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.dead import Cause, taken_by
from rulec.lints.lint import Finding
from rulec.lints.outcomes import destination, fate, joined, request_of

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for dead in context.dead(Cause.UNSERVED):
        assert dead.witness is not None, "nobody serves it, so there is one"
        left = f"what {joined(one.name for one in dead.covers)} leave{'s' * (len(dead.covers) == 1)} of what " if dead.covers else "what "
        yield Finding(
            f"`{dead.rule.name}` never applies: {destination(dead.rule.target)} can serve nothing of {left}it matches,"
            f" so {request_of(dead.witness)} {fate(context.analysis.decide(dead.witness))}",
            dead.rule.span,
            "let the provider accept the names with `accepts`, or list the models in the catalogue with `served_by`",
            taken_by(dead),
            dead.rule.name,
            dead.witness,
        )
