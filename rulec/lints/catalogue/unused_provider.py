"""No rule and no hop can ever send a request to a provider.

A provider is used where a rule or a hop names it, where it serves a model that a rule or hop names, or where a rule passes
requests through that it can serve.

**Why it matters:** it was meant to serve something; or it is left over, and its key and address are still in the config.

```yaml rules/wrong.yaml wrong
providers:
  ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}
  vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}
default: {provider: ollama}
```

```yaml rules/right.yaml
providers:
  ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}
  vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}
patterns:
  - {pattern: "^meta-llama/", provider: vllm}
default: {provider: ollama}
```

**When it may stay:** while a provider is prepared that is to be used later.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.catalogue.usage import Usage
from rulec.lints.context import Context
from rulec.lints.lint import Finding

LEVEL: Severity = "info"
MOST_MODELS_SHOWN = 3


def check(context: Context) -> Iterator[Finding]:
    policy, usage = context.policy, context.shared(Usage)
    for name, provider in policy.providers.items():
        if name in usage.providers or not policy.rules:
            continue
        models = [one for one in policy.models.values() if policy.serving(one.name) == [name]]
        yield Finding(
            f"`{name}` is not used: no rule and no hop sends anything to it",
            provider.span,
            "name it in a rule or a hop, or remove it",
            tuple(Related("only it serves this model", one.span) for one in models[:MOST_MODELS_SHOWN]),
        )
