"""Rules have neither a fallback nor a second candidate.

Where their only provider fails, the request fails. A rule that says `fallback: null` means it.

**Why it matters:** the provider's bad hour is a bad hour of everybody who is sent there.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}}
patterns:
  - {pattern: "^meta-llama/", provider: vllm}
default: {provider: ollama, fallback: null}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}}
patterns:
  - {pattern: "^meta-llama/", provider: vllm, fallback: ollama}
default: {provider: ollama, fallback: null}
```

**When it may stay:** where nothing else could serve; `fallback: null` says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import joined
from rulec.policy.model import ModelsTarget, Policy, ProvidersTarget, Rule, VirtualTarget
from rulec.policy.serving import candidates_for

LEVEL: Severity = "info"
MOST_RULES_SHOWN = 5


def check(context: Context) -> Iterator[Finding]:
    alone = [rule for rule in context.rules if not rule.fallback_named and not rule.chain.hops]
    alone = [rule for rule in alone if _is_routed(rule) and not _has_a_choice(context.policy, rule)]
    if not alone:
        return
    first, *others = alone
    have = "have" if others else "has"
    yield Finding(
        f"{joined([rule.name for rule in alone])} {have} no fallback: where the provider fails, the request fails",
        first.span,
        "name a `fallback`, write a chain `default`, or say that it is meant with `fallback: null`",
        tuple(Related("no fallback here, too", rule.span) for rule in others[:MOST_RULES_SHOWN]),
        first.name,
        context.witness(first),
    )


def _is_routed(rule: Rule) -> bool:
    return isinstance(rule.target, (ProvidersTarget, ModelsTarget, VirtualTarget))


def _has_a_choice(policy: Policy, rule: Rule) -> bool:
    target = rule.target
    if isinstance(target, ProvidersTarget):
        return len(target.providers) > 1
    if isinstance(target, VirtualTarget):
        return all(len(policy.serving(model)) > 1 for model in (target.simple, target.complex))
    assert isinstance(target, ModelsTarget)
    return len(candidates_for(policy, target, None)) > 1
