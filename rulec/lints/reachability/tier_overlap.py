"""Two size tiers share sizes, and the first of them takes those.

A tier of a range, `8B - 13B`, holds both its ends; so do `<=` and `>=`. Where two tiers share a size, the order of the
rules decides. A tier within a later, wider one is an exception before the rule, and not told of.

**Why it matters:** a table of tiers reads as if each size had one row.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
model_size_routing:
  - {size: "<= 13B", provider: ollama}
  - {size: ">= 13B", provider: vllm}
default: pass
```

Leave the shared end out of one of them:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
model_size_routing:
  - {size: "<= 13B", provider: ollama}
  - {size: "> 13B", provider: vllm}
default: pass
```

**When it may stay:** where the order is meant; say so with `overrides: ["size:…"]` in the first of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from rulec.diagnostics import Related, Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import fate, is_meant, request_of
from rulec.lints.reachability.tiers import range_text, tiers_of

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for one, other in combinations(tiers_of(context.rules), 2):
        low, high = max(one.low, other.low), min(one.high, other.high)
        if low > high or one.contains(other) or other.contains(one) or is_meant(one.rule, other.rule):
            continue
        question = f"whether `{one.rule.name}` and `{other.rule.name}` share requests"
        witness = context.decides(one.rule, question, context.analysis.region(other.rule))
        if witness is not None:
            yield Finding(
                f"`{one.rule.name}` and `{other.rule.name}` share {range_text(low, high)}:"
                f" {request_of(witness)} {fate(one.rule)}, by the first of them",
                other.rule.span,
                "let one of them end where the other begins, `< 8B` before `8B - 13B`",
                (Related("takes what they share", one.rule.span),),
                other.rule.name,
                witness,
            )
