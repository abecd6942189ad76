"""A rule and all hops of its chain stand with one provider.

A fallback to another model of the same provider helps against a limit or a fault of the one model, not where the provider
is down. Nothing is said of hops that take neither `connection` nor `server_error`, and where there is only one provider.

**Why it matters:** when the provider is down, every step of the chain fails.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}"}, vllm: {litellm: "hosted_vllm/{model}"}}
models: {large: {served_by: [ollama]}, small: {served_by: [ollama]}, spare: {served_by: [vllm]}}
exact_matches:
  large: {provider: ollama, fallback: {model: small}}
  spare: {provider: vllm}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}"}, vllm: {litellm: "hosted_vllm/{model}"}}
models: {large: {served_by: [ollama]}, small: {served_by: [ollama]}, spare: {served_by: [vllm]}}
exact_matches:
  large: {provider: ollama, fallback: [{model: small}, {model: spare}]}
  spare: {provider: vllm}
```

**When it may stay:** where another provider may not see the requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.context import Context
from rulec.lints.hops import UsedChain, UsedChains
from rulec.lints.lint import Finding
from rulec.policy.model import Rule

LEVEL: Severity = "warning"
OUTAGES = frozenset(("connection", "server_error"))


def check(context: Context) -> Iterator[Finding]:
    if len(context.policy.providers) < 2:
        return
    for used in context.shared(UsedChains).every:
        if all(map(used.returns, range(len(used.chain.hops)))):
            continue
        for rule, provider in _alone(used):
            yield Finding(
                f"every step of `{rule.name}` stands with `{provider}`: where it is down, {used} does not help",
                rule.span,
                "add a hop to another provider",
                tuple(Related("the same provider", hop.span) for hop in used.chain.hops),
                rule.name,
                context.witness(rule),
            )


def _alone(used: UsedChain) -> Iterator[tuple[Rule, str]]:
    """The rules for which all steps that help against an outage stand with one provider, and that provider."""
    met: dict[int, tuple[tuple[Rule, ...], set[str]]] = {}
    for hop, meetings in used:
        for meeting in meetings if not hop.kinds.isdisjoint(OUTAGES) else ():
            if meeting.places:
                _, providers = met.setdefault(id(meeting.rules), (meeting.rules, set()))
                providers.update(one.provider for one in (*meeting.route.candidates, *meeting.places))
    for rules, providers in met.values():
        if len(providers) == 1:
            yield from ((rule, next(iter(providers))) for rule in rules)
