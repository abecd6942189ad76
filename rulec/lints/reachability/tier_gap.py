"""Between two size tiers there are sizes that no tier holds.

Such a size goes to the default, or to nobody. There are models of 7.5B and 13.5B, and `< 8B` beside `> 8B` leaves 8B out.
A wide gap that the default takes may be meant, and is only an info.

**Why it matters:** a table of tiers reads as if every size had a row.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
model_size_routing:
  - {size: "< 8B", provider: ollama}
  - {size: "> 8B", provider: vllm}
default: {provider: vllm}
```

Let each tier begin where the one before ends:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
model_size_routing:
  - {size: "< 8B", provider: ollama}
  - {size: ">= 8B", provider: vllm}
default: {provider: vllm}
```

**When it may stay:** where the default is meant for the sizes between; say so with `# rulec: ignore[tier-gap] …`.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import fate, request_of
from rulec.lints.reachability.tiers import range_text, tiers_of
from rulec.policy.model import Rule

LEVEL: Severity = "warning"
NARROW = 1.25
"""Up to how many times its lower end a gap ends whose sizes nobody leaves out on purpose."""


def check(context: Context) -> Iterator[Finding]:
    tiers = sorted(tiers_of(context.rules), key=lambda one: one.low)
    below = tiers[:1]
    for above in tiers[1:]:
        low, high = below[-1].high + 1, above.low - 1
        if low <= high:
            yield from _gap(context, (below[-1].rule, above.rule), int(low), int(high))
        if above.high > below[-1].high:
            below.append(above)


def _gap(context: Context, beside: tuple[Rule, Rule], low: int, high: int) -> Iterator[Finding]:
    below, above = beside
    region = context.analysis.sizes(low, high)
    question = f"who takes the sizes between `{below.name}` and `{above.name}`"
    last = context.rules[-1]
    taker = None
    witness = context.decides(None, question, region)
    if witness is None and last.phase == "default":
        taker, witness = last, context.decides(last, question, region)
    if witness is None:
        return
    yield Finding(
        f"no tier holds {range_text(low, high)}: {request_of(witness)} {fate(taker)}"
        + ("" if taker is None else " by the default"),
        above.span,
        "let it begin where the tier below ends, or that one end where it begins",
        (Related("the tier below", below.span),),
        above.name,
        witness,
        level=None if taker is None or high <= NARROW * low else "info",
    )
