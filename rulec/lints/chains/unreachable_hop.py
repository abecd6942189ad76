"""A hop is never taken: it can serve nothing that comes to it, or earlier hops have taken all that it would.

A hop with a provider serves the model that the rule routed, where the provider knows it, else the provider's
`default_model`. A hop with a model serves that, at who has it. Where there is nothing to serve, the hop is dropped; so it is
where an earlier hop led to the same provider and model and took more kinds of errors, be it another one for each request.

**Why it matters:** who wrote the hop counts on it when a provider fails.

```yaml rules/wrong.yaml wrong
providers:
  vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}
  ollama: {litellm: "ollama_chat/{model}", accepts: ':[0-9]+b$'}
patterns:
  - {pattern: "^meta-llama/[A-Z]+$", provider: vllm, fallback: ollama}
default: {provider: ollama}
```

```yaml rules/right.yaml
providers:
  vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}
  ollama: {litellm: "ollama_chat/{model}", accepts: ':[0-9]+b$', default_model: "llama3.1:8b"}
patterns:
  - {pattern: "^meta-llama/[A-Z]+$", provider: vllm, fallback: ollama}
default: {provider: ollama}
```

An earlier hop without a condition hides nothing: when it fails, too, the next one is tried.

**When it may stay:** never.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Related, Severity
from rulec.lints.chains.covered_hops import covering, repeats
from rulec.lints.context import Context
from rulec.lints.hops import OTHER, Meeting, UsedChains, named
from rulec.lints.lint import Finding
from rulec.policy.model import Hop
from rulec.syntax import conditions as when

LEVEL: Severity = "warning"
MOST_RULES_SHOWN = 3


def check(context: Context) -> Iterator[Finding]:
    for used in context.shared(UsedChains).every:
        for at, hop in enumerate(used.chain.hops):
            earlier = covering(context, used, at)
            if earlier and not repeats(used, at, earlier):
                why, related = "earlier hops have taken all that it would", "leads there before"
                help, spans = "let it take other errors, lead to another provider or model, or remove it", [one.span for one in earlier]
            elif _serves_nothing(context, hop, used.meetings[at]):
                why, related = "it can serve nothing that comes to it", "what comes to it"
                help, spans = _SERVE, [rule.span for rule in used.rules[:MOST_RULES_SHOWN]]
            else:
                continue
            yield Finding(
                f"{named(hop)} in {used} is never taken: {why}",
                hop.span,
                help,
                tuple(Related(related, span) for span in spans),
                used.rules[0].name,
                context.witness(used.rules[0]),
            )


_SERVE = "give the provider a `default_model`, name a `model` that it serves, or remove the hop"


def _serves_nothing(context: Context, hop: Hop, meetings: tuple[Meeting, ...]) -> bool:
    if any(place.model != OTHER for meeting in meetings for place in meeting.places):
        return False
    return not any(_serves_some(context, hop, meeting) for meeting in meetings)


def _serves_some(context: Context, hop: Hop, meeting: Meeting) -> bool:
    """Whether the provider of a hop accepts some name that the catalogue does not know."""
    if not meeting.places or hop.provider is None:
        return False
    patterns = context.policy.providers[hop.provider].accepts
    accepted = when.Or(tuple(when.Matches(when.Field("model"), one) for one in patterns))
    for rule in meeting.rules:
        regions = [context.analysis.region(rule), context.analysis.condition(accepted)]
        if not context.proves_none(f"whether {named(hop)} can serve something", hop.span, regions):
            return True
    return False
