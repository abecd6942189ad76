"""A capability rule asks for a capability that no model of the catalogue lists.

Its candidates are then all models of the catalogue that its providers serve. That is meant where `min_model_size` or
`min_context` choose among them, or where it names its models; else the name of the capability is probably misspelt, here
or in the catalogue.

**Why it matters:** who asks for the capability gets any model.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}"}}
models:
  "llama3.1:8b": {served_by: [ollama], capabilities: [general_chat]}
  "qwen2.5-coder:7b": {served_by: [ollama], capabilities: [code_generation]}
capabilities:
  general_chat: {provider: ollama}
  code-generation: {provider: ollama}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}"}}
models:
  "llama3.1:8b": {served_by: [ollama], capabilities: [general_chat]}
  "qwen2.5-coder:7b": {served_by: [ollama], capabilities: [code_generation]}
capabilities:
  general_chat: {provider: ollama}
  code_generation: {provider: ollama}
```

**When it may stay:** where every model of the provider will do; `preferred_models` says so as well.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity, suggest
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import joined
from rulec.policy.model import ModelsTarget
from rulec.policy.serving import candidates_for
from rulec.syntax import ast

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    policy = context.policy
    listed = dict.fromkeys(one for model in policy.models.values() for one in model.capabilities)
    for rule in context.rules:
        match, target = rule.match, rule.target
        if not isinstance(match, ast.Capability) or not isinstance(target, ModelsTarget) or match.name in listed:
            continue
        filtered = target.min_size is not None or target.min_context is not None
        if target.models_named or filtered or (target.providers and not listed):
            continue
        models = dict.fromkeys(one.model for one in candidates_for(policy, target, None))
        guess = suggest(match.name, list(listed), "capability")
        yield Finding(
            f"no model lists the capability `{match.name}`: requests for it go to any model, {joined(models)}",
            rule.span,
            f"{guess}; " * (guess is not None) + "list it at the models that have it, or name them in `preferred_models`",
            tuple(Related("a model that is a candidate now", policy.models[one].span) for one in list(models)[:1]),
            rule.name,
            context.witness(rule),
        )
