"""Two rules of one kind share requests and send them elsewhere; the order of the rules decides.

Neither of the two contains the other, so it is not an exception before the rule: for what both match, one of the two says
something else. Rules of different kinds are not compared, as their order is that of the language (metadata, exact names,
patterns, capabilities, sizes); tiers have `tier-overlap`, windows that divide the day `time-overlap`. Overlaps are many by
nature: they are told once for each rule that loses requests, a few of them, and it is told how many pairs were not looked at.

**Why it matters:** who reorders the rules, or adds one, moves requests without having meant it.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^meta-llama/", provider: vllm}
  - {pattern: "-gguf$", provider: ollama}
default: pass
```

Say that it is meant:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}, vllm: {litellm: "hosted_vllm/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^meta-llama/", provider: vllm, overrides: ["pattern:-gguf$"]}
  - {pattern: "-gguf$", provider: ollama}
default: pass
```

**When it may stay:** where the order is meant; `overrides` in one of the two says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rulec.analysis.overlaps import Overlap, overlaps
from rulec.diagnostics import Related, Severity
from rulec.lints.clock.windows import Slips
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import instead, is_meant, joined, outcome
from rulec.policy.model import Rule

LEVEL: Severity = "info"
MOST_PAIRS = 200
MOST_TOLD = 10
MOST_RELATED = 3


def check(context: Context) -> Iterator[Finding]:
    live = [rule for rule, _ in context.live() if rule.phase in ("when", "pattern")]
    told = context.shared(Slips).pairs if "time-overlap" in context.running else ()

    def matters(one: Rule, other: Rule) -> bool:
        return _matters(one, other) and (one.position, other.position) not in told

    found = overlaps(context.analysis, live, matters, MOST_PAIRS)
    for one, other in found.undecided:
        context.not_decided(f"whether `{one.name}` and `{other.name}` share requests", other.span)
    losers: dict[int, list[Overlap]] = {}
    for pair in found.found:
        if not _is_exception(context, pair.one, pair.other):
            losers.setdefault(pair.other.position, []).append(pair)
    for position in sorted(losers)[:MOST_TOLD]:
        yield _lost(losers[position])
    untold = max(len(losers) - MOST_TOLD, 0)
    if untold or found.left_out:
        yield _left_out(context, untold, found.left_out)


def _matters(one: Rule, other: Rule) -> bool:
    return one.phase == other.phase and outcome(one) != outcome(other) and not is_meant(one, other)


def _is_exception(context: Context, one: Rule, other: Rule) -> bool:
    """Whether the later rule takes all that the earlier does; that the earlier took all of a live one cannot be."""
    question = f"whether `{other.name}` contains `{one.name}`"
    return context.proves_none(question, one.span, [context.analysis.region(one)], [context.analysis.region(other)])


def _lost(pairs: list[Overlap]) -> Finding:
    """What one rule loses to rules before it."""
    first = pairs[0]
    names = joined(one.one.name for one in pairs)
    return Finding(
        f"`{first.other.name}` shares requests with {names}, which {'comes' if len(pairs) == 1 else 'come'} first:"
        f" {instead(first.witness, first.one, first.other)}",
        first.other.span,
        f"write `overrides: [{json.dumps(first.other.name)}]` in the earlier rule if that is meant, else make one of them narrower",
        tuple(Related("comes first", one.one.span) for one in pairs[:MOST_RELATED]),
        first.other.name,
        first.witness,
    )


def _left_out(context: Context, untold: int, pairs: int) -> Finding:
    """What is not said of a large rule set."""
    told = [f"{untold:,} more rules lose requests to rules before them"] if untold else []
    told += [f"{pairs:,} more pairs of rules may share requests and were not looked at"] if pairs else []
    return Finding("; ".join(told), None, "rules are compared as long as that stays quick, those with known names first")
