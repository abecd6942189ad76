"""A fallback leads to a model that lacks the capability for which the rule chose its target.

A capability rule promises a capability; a rule with `tools`, `images` or a `capability` in its condition serves requests that
need it. A model lacks what other models of the catalogue list and it does not. That a model takes tools or images may be
listed as well as `function_calling` or `vision`, or stand in its `model_info` as LiteLLM has it. Of other capabilities,
which say what a model is good at, it tells as an info.

**Why it matters:** when the target fails, clients get an answer that does not help them, or none: a model that knows no images
refuses them.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}"}, vllm: {litellm: "hosted_vllm/{model}"}}
models:
  llava: {served_by: [ollama], capabilities: [vision]}
  qwen2-vl: {served_by: [vllm], capabilities: [vision]}
  mistral: {served_by: [vllm]}
capabilities:
  vision: {provider: ollama, fallback: {model: mistral}}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}"}, vllm: {litellm: "hosted_vllm/{model}"}}
models:
  llava: {served_by: [ollama], capabilities: [vision]}
  qwen2-vl: {served_by: [vllm], capabilities: [vision]}
  mistral: {served_by: [vllm]}
capabilities:
  vision: {provider: ollama, fallback: {model: qwen2-vl}}
```

**When it may stay:** where some answer is better than none.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.draft import Witness
from rulec.diagnostics import Related, Severity
from rulec.lints.abilities import Abilities, is_ability
from rulec.lints.chains.hop_conditions import possible, requests_of
from rulec.lints.context import Context
from rulec.lints.hops import Meeting, UsedChain, UsedChains
from rulec.lints.lint import Finding
from rulec.lints.needs import Need, needs_of
from rulec.lints.outcomes import joined
from rulec.policy.model import Hop, Rule
from rulec.policy.serving import Place
from rulec.records import field, record

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    if not context.shared(Abilities).told:
        return
    for used in context.shared(UsedChains).every:
        needs = {rule.position: list(needs_of(rule)) for rule in used.rules}
        lost: dict[tuple[int, str], Loss] = {}
        for rule, hop, meeting in used.met_by({position for position, found in needs.items() if found}):
            for need in needs[rule.position]:
                loss = lost.setdefault((rule.position, need.capability), Loss(rule, need.written))
                _add(context, used, loss, need, hop, meeting)
        yield from (_finding(used, one) for one in lost.values() if one.hops)


@record(frozen=False)
class Loss:
    """The models that lack a capability of a rule, with the hops to them; it is called as the rule does."""

    rule: Rule
    capability: str
    hops: dict[str, Hop] = field(default_factory=dict)
    witness: Witness | None = None


def _add(context: Context, used: UsedChain, loss: Loss, need: Need, hop: Hop, meeting: Meeting) -> None:
    models = {one.model for one in _lacking(context, meeting, need)} - set(loss.hops)
    if models:
        witness = possible(context, loss.rule, used, hop, need.condition, requests_of(context, meeting.route))
        if witness is not None:
            loss.hops.update((model, hop) for model in sorted(models))
            loss.witness = loss.witness or witness


def _finding(used: UsedChain, loss: Loss) -> Finding:
    do = "does" if len(loss.hops) == 1 else "do"
    return Finding(
        f"`{loss.rule.name}` needs `{loss.capability}`, which {joined(loss.hops)} in {used} {do} not list",
        loss.rule.span,
        "lead to a model that lists it, list it if the model has it, or say `fallback: null`",
        tuple(Related(f"leads to `{model}`", hop.span) for model, hop in loss.hops.items()),
        loss.rule.name,
        loss.witness,
        level=None if is_ability(loss.capability) else "info",
    )


def _lacking(context: Context, meeting: Meeting, need: Need) -> list[Place]:
    """The places of a meeting whose model lacks what that of no candidate does."""
    abilities = context.shared(Abilities)
    if any(abilities.lacks(one.model, need.capability) for one in meeting.route.candidates):
        return []
    return [one for one in meeting.places if abilities.lacks(one.model, need.capability)]
