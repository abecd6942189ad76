"""Requests that no other rule takes fall through to the default, or to nobody.

Where other names of the catalogue have rules, it tells (as an info) which have none but the default. Where there is no
default, or it cannot serve a request, nobody takes it, and the client gets a 400: that is a warning for names that the
catalogue or a rule knows, and an info where only other names are refused.

**Why it matters:** a name that was forgotten goes somewhere without anybody having said so.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}"}, vllm: {litellm: "hosted_vllm/{model}"}}
models:
  llama-8b: {served_by: [ollama]}
  llama-70b: {served_by: [vllm]}
exact_matches:
  llama-8b: {provider: ollama}
```

Give every name a rule, and say what becomes of the others:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}"}, vllm: {litellm: "hosted_vllm/{model}"}}
models:
  llama-8b: {served_by: [ollama]}
  llama-70b: {served_by: [vllm]}
exact_matches:
  llama-8b: {provider: ollama}
  llama-70b: {provider: vllm}
default: {refuse: "we offer llama-8b and llama-70b"}
```

**When it may stay:** where the default is meant for them, or the refusal.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.draft import NOON, Witness
from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.dead import Cause
from rulec.lints.lint import Finding
from rulec.lints.outcomes import fate, joined, request_of
from rulec.policy.model import Rule
from rulec.source import Span

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    if not context.rules:
        return
    last = context.rules[-1]
    default = last if last.phase == "default" else None
    if any(one.rule is default for one in context.dead(Cause.UNSERVED)):
        return  # of a default that takes nothing `never-applies` tells
    alone = [_plain(name) for name in context.policy.models]
    takers = [context.analysis.decide(one) for one in alone]
    if default is not None:
        yield from _taken(context, default, [one for one, by in zip(alone, takers, strict=True) if by is default])
    yield from _refused(context, default, [one for one, by in zip(alone, takers, strict=True) if by is None])


def _plain(name: str) -> Witness:
    return Witness({"model": name}, {}, {"now": NOON})


def _taken(context: Context, default: Rule, named: list[Witness]) -> Iterator[Finding]:
    """What the default takes, unless it takes all names alike."""
    if not named or len(named) == len(context.policy.models):
        return
    has = "has" if len(named) == 1 else "have"
    yield Finding(
        f"{_names(named)} of the catalogue {has} no rule but the default: {request_of(named[0])} {fate(default)}",
        default.span,
        "a rule of their own would say where they go",
        (),
        default.name,
        named[0],
        level="info",
    )


def _refused(context: Context, default: Rule | None, named: list[Witness]) -> Iterator[Finding]:
    """What nobody takes."""
    analysis, question = context.analysis, "whether each request is taken"
    witness = named[0] if named else context.decides(None, question, analysis.known_names)
    known = witness is not None
    if witness is None:
        witness = context.decides(None, question, analysis.regular_names)
    if witness is None:
        return
    what = f"{_names(named)} of the catalogue" if named else request_of(witness)
    because = "" if default is None else "; the default does not apply, as its provider does not serve it"
    yield Finding(
        f"no rule takes {what}: {'it' if len(named) < 2 else 'each'} is refused with 400{because}",
        default.span if default is not None else _place(context, named),
        "give it a rule, or write a `default` that takes everything" if known else "a `default` takes what no rule asks for",
        witness=witness,
        level=None if known else "info",
    )


def _names(witnesses: list[Witness]) -> str:
    return joined(one.body["model"] for one in witnesses)


def _place(context: Context, named: list[Witness]) -> Span:
    """The first model that has no rule, else the last rule, which a default would follow."""
    return context.policy.models[named[0].body["model"]].span if named else context.rules[-1].span
