"""No request can be sent to a model of the catalogue: not even one that names it.

A request that names a model goes where the first rule sends it that matches: perhaps to another model, or past all
providers that serve the one that was named. Hops and the models that stand in for others count as well. A model whose
providers are not used at all is told with them, by `unused-provider`.

**Why it matters:** clients see the name in `/v1/models`, and get something else, or an error.

```yaml rules/wrong.yaml wrong
providers:
  ollama: {litellm: "ollama_chat/{model}", default_model: "llama3.1:8b"}
  vllm: {litellm: "hosted_vllm/{model}"}
models:
  "llama3.1:8b": {served_by: [ollama]}
  qwen-72b: {served_by: [vllm]}
  qwen-32b: {served_by: [vllm]}
exact_matches:
  qwen-72b: {provider: vllm}
default: {provider: ollama, substitute: true}
```

```yaml rules/right.yaml
providers:
  ollama: {litellm: "ollama_chat/{model}", default_model: "llama3.1:8b"}
  vllm: {litellm: "hosted_vllm/{model}"}
models:
  "llama3.1:8b": {served_by: [ollama]}
  qwen-72b: {served_by: [vllm]}
  qwen-32b: {served_by: [vllm]}
patterns:
  - {pattern: "^qwen-", provider: vllm}
default: {provider: ollama, substitute: true}
```

**When it may stay:** while a model is prepared that is to be used later.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.draft import Witness
from rulec.diagnostics import Severity
from rulec.lints.catalogue.usage import Usage
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import joined

LEVEL: Severity = "info"


def check(context: Context) -> Iterator[Finding]:
    policy, usage = context.policy, context.shared(Usage)
    for name, model in policy.models.items():
        serving = policy.serving(name)
        if name in usage.models or not policy.rules or (serving and usage.providers.isdisjoint(serving)):
            continue
        where = f", which {joined(serving)} serve{'s' if len(serving) == 1 else ''}" if serving else ", which nobody serves"
        yield Finding(
            f"no request can be sent to `{name}`{where}",
            model.span,
            "write a rule that sends requests for it to its provider, or remove it",
            witness=Witness({"model": name}, {}, {}),
        )
