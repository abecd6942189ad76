"""A hop's condition can never hold for the requests that come to it.

Only requests that a rule with this chain decides come to the hop. This lint proves that its condition holds for none of
them, in the order of rules that counts. `unavailable(P)` is decided when the hop's turn comes: a provider that was tried
before has failed by then.

**Why it matters:** who wrote the hop counts on it when a provider fails.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
request_metadata_routing:
  streamed: {condition: stream, provider: ollama, fallback: {provider: vllm, when: not stream}}
default: {provider: ollama}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
request_metadata_routing:
  streamed: {condition: stream, provider: ollama, fallback: {provider: vllm, when: not tools}}
default: {provider: ollama}
```

**When it may stay:** in a chain that further rules are to use.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.question import Verdict
from rulec.diagnostics import Related, Severity
from rulec.lints.chains.hop_conditions import asked
from rulec.lints.context import Context
from rulec.lints.hops import UsedChain, UsedChains, named
from rulec.lints.lint import Finding
from rulec.policy.model import Hop

LEVEL: Severity = "warning"
MOST_RULES_SHOWN = 3


def check(context: Context) -> Iterator[Finding]:
    for used in context.shared(UsedChains).every:
        for at, hop in enumerate(used.chain.hops):
            if hop.when is None or used.returns(at) or not _is_impossible(context, used, hop):
                continue
            yield Finding(
                f"{named(hop)} in {used} is never taken: `{hop.when.text}` holds for no request that comes to it",
                hop.span,
                "change the condition, or remove the hop",
                tuple(Related("what comes to it", rule.span) for rule in used.rules[:MOST_RULES_SHOWN]),
                used.rules[0].name,
                context.witness(used.rules[0]),
            )


def _is_impossible(context: Context, used: UsedChain, hop: Hop) -> bool:
    """Whether no request can come to a hop; a condition that contradicts itself is for `impossible-condition` to tell."""
    if any(asked(context, rule, used, hop) is not Verdict.NONE for rule in used.rules):
        return False
    assert hop.when is not None
    alone = context.analysis.condition(hop.when.condition)
    return not context.proves_none(f"whether the condition of {named(hop)} can hold", hop.span, [alone])
