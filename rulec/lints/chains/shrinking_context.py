"""A hop takes shorter prompts than what it stands in for.

A model has the `context` of the catalogue, else that of its provider; where none is given, nothing is said. A condition that
keeps long prompts from the hop, such as `estimated_tokens <= 4096`, is heeded.

**Why it matters:** prompts that the target takes fail at the hop, with an error that speaks of the wrong thing, or are cut.

```yaml rules/wrong.yaml wrong
providers: {cloud: {litellm: "gemini/{model}"}, vllm: {litellm: "hosted_vllm/{model}", context: 4096}}
models: {gemini-flash: {served_by: [cloud], context: 1000000}, llama-8b: {served_by: [vllm]}}
exact_matches:
  gemini-flash: {provider: cloud, fallback: {model: llama-8b}}
```

```yaml rules/right.yaml
providers: {cloud: {litellm: "gemini/{model}"}, vllm: {litellm: "hosted_vllm/{model}", context: 4096}}
models: {gemini-flash: {served_by: [cloud], context: 1000000}, llama-8b: {served_by: [vllm]}}
exact_matches:
  gemini-flash: {provider: cloud, fallback: {model: llama-8b, when: estimated_tokens <= 4096}}
```

**When it may stay:** where prompts are known to be short.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.draft import Witness
from rulec.diagnostics import Related, Severity
from rulec.lints.chains.hop_conditions import possible, requests_of
from rulec.lints.context import Context
from rulec.lints.contexts import context_of, longer_than
from rulec.lints.hops import Meeting, UsedChain, UsedChains, named, shown
from rulec.lints.lint import Finding
from rulec.policy.model import Hop, Rule
from rulec.policy.serving import Place

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for used in context.shared(UsedChains).every:
        for hop, meetings in used:
            for meeting in meetings:
                pair = _shrinks(context, meeting)
                found = _confirmed(context, used, hop, meeting, pair[1]) if pair is not None else None
                if pair is None or found is None:
                    continue
                instead, place = pair
                rule, witness = found
                yield Finding(
                    f"{named(hop)} in {used} takes {context_of(context.policy, place)} tokens, fewer than the"
                    f" {context_of(context.policy, instead)} of {shown(instead)}, for which it stands in",
                    hop.span,
                    "lead to a model with as long a context, or keep long prompts away:"
                    f" `when: estimated_tokens <= {context_of(context.policy, place)}`",
                    (Related("sends longer prompts there", rule.span),),
                    rule.name,
                    witness,
                )
                break


def _shrinks(context: Context, meeting: Meeting) -> tuple[Place, Place] | None:
    """The candidate with the shortest context, and a place of the hop with a shorter one."""
    candidates = [(context_of(context.policy, one), one) for one in meeting.route.candidates]
    known = [(length, one) for length, one in candidates if length is not None]
    if not known or len(known) < len(candidates):
        return None
    shortest, instead = min(known, key=lambda pair: pair[0])
    for place in meeting.places:
        length = context_of(context.policy, place)
        if length is not None and length < shortest and not meeting.route.tries(place):
            return instead, place
    return None


def _confirmed(
    context: Context, used: UsedChain, hop: Hop, meeting: Meeting, place: Place
) -> tuple[Rule, Witness] | None:
    """A rule whose long prompts come to the hop, and a request that it decides."""
    asks = requests_of(context, meeting.route)
    for rule in meeting.rules:
        witness = possible(context, rule, used, hop, asks)
        if witness is not None and possible(context, rule, used, hop, asks, longer_than(context, place)) is not None:
            return rule, witness
    return None

