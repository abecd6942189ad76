"""Models list a capability that no rule asks for.

A capability is asked for by the capability rule of that name, or by a condition on `capability`. What says of a model that
it takes tools or images (`tools`, `vision` and the like) needs no rule: other lints go by it.

**Why it matters:** a client that asks for the capability is routed as if it had not asked.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", default_model: "qwen2.5-coder:7b"}}
models:
  "qwen2.5-coder:7b": {served_by: [ollama], capabilities: [code_generation, code_review]}
capabilities:
  code_generation: {provider: ollama}
default: {provider: ollama}
```

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", default_model: "qwen2.5-coder:7b"}}
models:
  "qwen2.5-coder:7b": {served_by: [ollama], capabilities: [code_generation, code_review]}
capabilities:
  code_generation: {provider: ollama}
  code_review: {provider: ollama}
default: {provider: ollama}
```

**When it may stay:** where capabilities only describe the models.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.asked import atoms
from rulec.diagnostics import Related, Severity
from rulec.lints.abilities import is_ability
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.policy.model import Model, matcher
from rulec.syntax import ast
from rulec.syntax import conditions as when

LEVEL: Severity = "info"
MOST_MODELS_SHOWN = 3


def check(context: Context) -> Iterator[Finding]:
    listing: dict[str, list[Model]] = {}
    for model in context.policy.models.values():
        for capability in dict.fromkeys(model.capabilities):
            listing.setdefault(capability, []).append(model)
    if not listing:
        return
    rules = {rule.match.name for rule in context.rules if isinstance(rule.match, ast.Capability)}
    conditions = list(_conditions(context))
    for capability, models in listing.items():
        if capability in rules or is_ability(capability) or any(_asks(one, capability) for one in conditions):
            continue
        first, *others = models
        yield Finding(
            f"no rule asks for the capability `{capability}`",
            first.capability_places.get(capability, first.span),
            "write a capability rule of that name, or remove it from the catalogue",
            tuple(
                Related("listed here, too", one.capability_places.get(capability, one.span))
                for one in others[:MOST_MODELS_SHOWN]
            ),
        )


def _conditions(context: Context) -> Iterator[when.Condition]:
    """The parts of conditions that speak of capabilities."""
    told = [rule.match.condition for rule in context.rules if isinstance(rule.match, ast.When)]
    told += [hop.when for chain, _ in context.chains for hop in chain.hops if hop.when is not None]
    for condition in told:
        for atom in atoms(condition.condition):
            if getattr(atom, "field", None) == when.Field("capability"):
                yield atom


def _asks(atom: when.Condition, capability: str) -> bool:
    if isinstance(atom, when.Among):
        return capability in atom.literals
    if isinstance(atom, when.Matches):
        return matcher(atom.pattern.spec)(capability)
    return not isinstance(atom, when.Compare) or atom.operator != "==" or atom.literal == capability
