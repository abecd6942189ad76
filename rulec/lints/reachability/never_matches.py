"""A rule can never match: the rules before it take every request that it asks for.

The first rule that matches and applies decides, so a rule behind others sees only what these leave. This lint proves
that nothing is left, over all dimensions of a request at once; it names a smallest set of earlier rules that take all of it,
of which none can be left out.

**Why it matters:** who wrote the rule believes that it does something.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^meta-llama/", provider: vllm}
  - {pattern: "^meta-llama/Llama-3", provider: ollama}
default: pass
```

Put the narrower rule first:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^meta-llama/Llama-3", provider: ollama}
  - {pattern: "^meta-llama/", provider: vllm}
default: pass
```

**When it may stay:** while a rule above it is there for a time only; say so with `# rulec: ignore[never-matches] …`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.dead import Cause, covered, taken_by
from rulec.lints.lint import Finding

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for dead in context.dead(Cause.TAKEN):
        movable = all(one.phase == dead.rule.phase for one in dead.covers)
        yield Finding(
            f"`{dead.rule.name}` can never match: {covered(context, dead)}",
            dead.rule.span,
            f"{'move it up, ' if movable else ''}let the rules before it take less, or remove it",
            taken_by(dead),
            dead.rule.name,
            dead.witness,
        )
