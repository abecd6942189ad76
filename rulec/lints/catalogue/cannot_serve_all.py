"""A rule takes requests that its target cannot serve.

That is so where

* it asks for names that its providers neither list nor `accept`: such a request goes on to the next rule,
* it asks for long prompts, and the model it sends them to has a shorter `context`,
* it asks for images or tools, and the model it sends them to lacks what others of the catalogue list (`vision`, `tools`).

Only requests count that come to the rule: those that rules before it take do not. Of names beyond the catalogue it speaks
where the rule itself goes by the model's name, and its providers accept some of these; odd names, such as `team-//x`, do not
count.

**Why it matters:** the rule says that they are served here. They go elsewhere, or fail.

```yaml rules/wrong.yaml wrong
providers:
  vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}
  cloud: {litellm: "gemini/{model}"}
models:
  llama-8b: {served_by: [vllm], context: 8192}
  gemini-flash: {served_by: [cloud], context: 1000000}
request_metadata_routing:
  long: {condition: estimated_tokens > 30000, model: llama-8b}
patterns:
  - {pattern: "llama", provider: vllm}
default: {model: gemini-flash}
```

```yaml rules/right.yaml
providers:
  vllm: {litellm: "hosted_vllm/{model}", accepts: "^meta-llama/"}
  cloud: {litellm: "gemini/{model}"}
models:
  llama-8b: {served_by: [vllm], context: 8192}
  gemini-flash: {served_by: [cloud], context: 1000000}
request_metadata_routing:
  long: {condition: estimated_tokens > 30000, model: gemini-flash}
patterns:
  - {pattern: "^meta-llama/|^llama-8b$", provider: vllm}
default: {model: gemini-flash}
```

**When it may stay:** where the next rule is meant to serve what this one cannot.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.asked import atoms
from rulec.analysis.question import Verdict
from rulec.diagnostics import Related, Severity
from rulec.lints.abilities import Abilities, is_ability
from rulec.lints.context import Context
from rulec.lints.contexts import TOKENS, context_of
from rulec.lints.hops import Route, Routing, shown
from rulec.lints.lint import Finding
from rulec.lints.needs import demanded, needs_of
from rulec.lints.outcomes import fate, joined, request_of
from rulec.patterns.compile import compile_pattern
from rulec.policy.model import ModelsTarget, ProvidersTarget, Rule, VirtualTarget
from rulec.policy.serving import Place
from rulec.source import Located, Source, Span
from rulec.syntax import ast
from rulec.syntax import conditions as when

LEVEL: Severity = "warning"
_WORDS = Source("", r"^[A-Za-z0-9]+([-_.:/@+][A-Za-z0-9]+)*$")
PLAUSIBLE = when.Matches(when.Field("model"), compile_pattern(Located(_WORDS.text, Span(_WORDS, 0, len(_WORDS.text)))))
"""Names as models have them: words and single signs between them."""


def check(context: Context) -> Iterator[Finding]:
    for rule, _ in context.live():
        yield from _names(context, rule)
        if isinstance(rule.match, ast.When):
            yield from _prompts(context, rule)
        if isinstance(rule.target, (ModelsTarget, VirtualTarget)):
            yield from _abilities(context, rule)


# Names


def _names(context: Context, rule: Rule) -> Iterator[Finding]:
    """Requests that a rule matches and that nobody can serve for it."""
    target = rule.target
    asked = _asked_of_names(rule)
    if not isinstance(target, ProvidersTarget) or not asked:
        return
    question = f"whether somebody serves all that `{rule.name}` takes"
    witness = context.unserved(rule, question, context.analysis.known_names)
    if witness is None and "model" in asked:
        witness = context.unserved(rule, question, context.analysis.condition(PLAUSIBLE))
        witness = witness if witness is not None and _accepts_some(context, rule, target) else None
    if witness is None:
        return
    taker = context.analysis.decide(witness)
    instead = f"it {fate(taker)}" + ("" if taker is None else f" by `{taker.name}`")
    yield Finding(
        f"`{rule.name}` does not apply to {request_of(witness)}, as {joined((name for name, _ in target.providers), 'or')}"
        f" cannot serve it: {instead}",
        rule.span,
        "list the model with `served_by`, accept its name, ask for fewer names, or say `substitute: true` for the"
        " provider's `default_model`",
        () if taker is None else (Related("takes it instead", taker.span),),
        rule.name,
        witness,
    )


def _accepts_some(context: Context, rule: Rule, target: ProvidersTarget) -> bool:
    """Whether the providers of a rule accept some of the names that it asks for."""
    patterns = [one for name, _ in target.providers for one in context.policy.providers[name].accepts]
    accepted = when.Or(tuple(when.Matches(PLAUSIBLE.field, one) for one in patterns))
    regions = [context.analysis.matched(rule), context.analysis.condition(accepted)]
    return not context.proves_none(f"whether somebody accepts names of `{rule.name}`", rule.span, regions)


def _asked_of_names(rule: Rule) -> set[str]:
    """Whether a rule asks for some names (`model`), some sizes (`model_size`), or both."""
    if rule.phase in ("pattern", "size"):
        return {"model" if rule.phase == "pattern" else "model_size"}
    parts = demanded(rule.match.condition.condition) if isinstance(rule.match, ast.When) else ()
    fields = (getattr(part, "field", None) for part in parts if not isinstance(part, when.Present))
    return {field.name for field in fields if field is not None} & {"model", "model_size"}


# Prompts


def _prompts(context: Context, rule: Rule) -> Iterator[Finding]:
    """Prompts of a length that a rule asks for and that its target does not take."""
    place = _shortest(context, rule) if _measures(rule) else None
    length = None if place is None else context_of(context.policy, place)
    if place is None or length is None:
        return
    question = f"whether the prompts of `{rule.name}` are too long for {shown(place)}"
    too_long = context.analysis.condition(when.Compare(TOKENS, ">", length))
    fits = context.analysis.condition(when.Compare(TOKENS, "<=", length))
    longest = max(context.analysis.space.asked.fields["estimated_tokens", None].numbers)
    endless = context.analysis.condition(when.Compare(TOKENS, ">", longest))
    if context.ask_of(rule, question, fits) is Verdict.NONE:
        witness, what = context.witness(rule), "only prompts"
    elif context.ask_of(rule, question, endless) is Verdict.NONE:
        witness, what = context.decides(rule, question, too_long), "prompts"
    else:
        return
    if witness is not None:
        yield Finding(
            f"`{rule.name}` takes {what} that are longer than the {length} tokens of {shown(place)}",
            rule.span,
            "send them to a model with a longer context",
            (Related("takes shorter prompts", _span(context, place)),),
            rule.name,
            witness,
        )


def _measures(rule: Rule) -> bool:
    """Whether the condition of a rule goes by the length of prompts."""
    assert isinstance(rule.match, ast.When)
    fields = (getattr(atom, "field", None) for atom in atoms(rule.match.condition.condition))
    return any(field is not None and field.name in ("estimated_tokens", "prompt_chars") for field in fields)


def _shortest(context: Context, rule: Rule) -> Place | None:
    """The place with the shortest context; of names that clients choose, the one with the longest, where all are known."""
    places = [one for route in context.shared(Routing).of(rule) for one in route.candidates]
    lengths = [(length, place) for place in places if (length := context_of(context.policy, place)) is not None]
    if not lengths:
        return None
    if isinstance(rule.target, ProvidersTarget):
        return max(lengths, key=lambda pair: pair[0])[1] if len(lengths) == len(places) else None
    return min(lengths, key=lambda pair: pair[0])[1]


# Images and tools


def _abilities(context: Context, rule: Rule) -> Iterator[Finding]:
    """Requests with images or tools, which a rule asks for, at models that do not take them."""
    abilities = context.shared(Abilities)
    for need in needs_of(rule) if abilities.told else ():
        lacking = [one for one in _candidates(context, rule) if abilities.lacks(one.model, need.capability)]
        if not lacking or not is_ability(need.capability):
            continue
        asked = context.analysis.condition(need.condition)
        witness = context.decides(rule, f"whether requests of `{rule.name}` need `{need.written}`", asked)
        if witness is not None:
            models = dict.fromkeys(one.model for one in lacking)
            yield Finding(
                f"`{rule.name}` asks for `{need.written}`, which {joined(models)}"
                f" {'does' if len(models) == 1 else 'do'} not list",
                rule.span,
                "send them to a model that lists it, or list it if the model has it",
                tuple(Related("does not list it", context.policy.models[one].span) for one in models),
                rule.name,
                witness,
            )


def _candidates(context: Context, rule: Rule) -> list[Place]:
    routes: tuple[Route, ...] = context.shared(Routing).of(rule)
    return [place for route in routes for place in route.candidates]


def _span(context: Context, place: Place) -> Span:
    model = context.policy.models.get(place.model)
    return context.policy.providers[place.provider].span if model is None or model.context is None else model.span
