"""A hop repeats an earlier one: it leads to the same provider and upstream model, on the same errors.

A provider and upstream model is tried once. The later hop is dropped where the earlier one had no condition, or one that
holds for every request for which that of the later one does.

**Why it matters:** the chain looks longer than it is.

```yaml rules/wrong.yaml wrong
providers:
  a: {litellm: "openai/{model}", accepts: ".*"}
  b: {litellm: "openai/{model}", accepts: ".*"}
  c: {litellm: "openai/{model}", accepts: ".*"}
default: {provider: a, fallback: [b, c, b]}
```

```yaml rules/right.yaml
providers:
  a: {litellm: "openai/{model}", accepts: ".*"}
  b: {litellm: "openai/{model}", accepts: ".*"}
  c: {litellm: "openai/{model}", accepts: ".*"}
default: {provider: a, fallback: [b, c, {provider: b, on_error: context_window}]}
```

**When it may stay:** never.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.chains.covered_hops import covering, repeats
from rulec.lints.context import Context
from rulec.lints.hops import UsedChains, named
from rulec.lints.lint import Finding

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for used in context.shared(UsedChains).every:
        for at, hop in enumerate(used.chain.hops):
            earlier = covering(context, used, at)
            if repeats(used, at, earlier):
                yield Finding(
                    f"{named(hop)} in {used} repeats an earlier hop: it is dropped",
                    hop.span,
                    "remove it, or lead to another provider or model; `retry_attempts` tries a provider again",
                    (Related("the same provider and model", earlier[0].span),),
                    used.rules[0].name,
                    context.witness(used.rules[0]),
                )
