"""A rule before it takes the name of an exact rule: the exact rule decides nothing.

Rules over request metadata are tried before exact names. Where such a rule asks for the model itself, it may take a name
that has a rule of its own further down, always and whatever else the request says.

**Why it matters:** an exact rule looks like the last word on its name; whoever changes it wonders why nothing happens.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
request_metadata_routing:
  coders: {condition: 'model contains "coder"', provider: vllm}
exact_matches:
  "qwen2.5-coder:7b": {provider: ollama}
default: pass
```

Leave the name out, or remove the exact rule:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
request_metadata_routing:
  coders: {condition: 'model contains "coder" and model != "qwen2.5-coder:7b"', provider: vllm}
exact_matches:
  "qwen2.5-coder:7b": {provider: ollama}
default: pass
```

**When it may stay:** while the rule before it is there for a time only; say so with `# rulec: ignore[exact-name-taken] …`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.dead import Cause, covered, taken_by
from rulec.lints.lint import Finding

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for dead in context.dead(Cause.NAME_TAKEN):
        yield Finding(
            f"the name of `{dead.rule.name}` is taken: {covered(context, dead)}",
            dead.rule.span,
            "leave the name out of the rule before it, or remove the exact rule",
            taken_by(dead),
            dead.rule.name,
            dead.witness,
        )
