"""A hop returns to where the request comes from: it leads only to what was tried before the chain began.

Before the first hop all candidates of the rule are tried. A hop to one of them is dropped, so it helps nobody. Of a chain
that several rules use, a hop is told if it is so for all of them. A named chain may begin with the target, as a list of all
that is tried, if something else follows.

**Why it matters:** the chain looks longer than it is.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
default: {provider: ollama, fallback: [vllm, ollama]}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
default: {provider: ollama, fallback: vllm}
```

To try a provider again, say so with `retry_attempts`.

**When it may stay:** in a chain that further rules are to use.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.context import Context
from rulec.lints.hops import UsedChains, named
from rulec.lints.lint import Finding

LEVEL: Severity = "warning"
MOST_RULES_SHOWN = 3


def check(context: Context) -> Iterator[Finding]:
    for used in context.shared(UsedChains).every:
        back = [used.returns(at) for at in range(len(used.chain.hops))]
        lists_all = used.chain.name is not None and not all(back)
        for at, hop in enumerate(used.chain.hops):
            if back[at] and (at > 0 or not lists_all):
                yield Finding(
                    f"{named(hop)} in {used} returns to where requests come from: they were tried there before, so it is dropped",
                    hop.span,
                    "remove it, or lead to another provider or model; `retry_attempts` tries a provider again",
                    tuple(Related("sends requests there", rule.span) for rule in used.rules[:MOST_RULES_SHOWN]),
                    used.rules[0].name,
                    context.witness(used.rules[0]),
                )
