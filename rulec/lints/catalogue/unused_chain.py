"""No rule uses a fallback chain.

A rule uses the chain that it names; one that says nothing of fallbacks uses the chain named like its capability, else the
chain `default`. A rule that says `fallback: null`, or names its own hops, uses no other chain.

**Why it matters:** who wrote the chain counts on it when a provider fails.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
fallback_chains:
  high_availability: {chain: [{provider: vllm}]}
default: {provider: ollama}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
fallback_chains:
  high_availability: {chain: [{provider: vllm}]}
default: {provider: ollama, fallback_chain: high_availability}
```

**When it may stay:** never; what is prepared for later can wait in a comment.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    used = {rule.chain.name for rule in context.rules}
    for name, chain in context.policy.chains.items():
        if name not in used:
            yield Finding(
                f"no rule uses the fallback chain `{name}`",
                chain.span,
                f"name it in a rule with `fallback_chain: {name}`, or remove it"
                if name != "default"
                else "every rule says itself what its fallback is: remove the chain",
            )
