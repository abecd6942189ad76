"""A `*` stands where only LiteLLM reads it as a wildcard, or where it is none.

In LiteLLM's `model_name`, `*` stands for any characters. In rules it does not: a name is compared as it is written, also with
a `*`, and in a regular expression `*` repeats what stands before it, so `gpt-4*` matches `gpt-` as well as `gpt-444`, and
anything that contains them. A catalogue name with a `*` is worse than useless: LiteLLM takes it for a wildcard in the
generated config, finds the longest one first whatever the order of the rules, and matches only the beginning of a name.

**Why it matters:** requests go where neither the rules nor LiteLLM's documentation would lead one to expect.

```yaml rules/wrong.yaml wrong
providers:
  openai: {litellm: "openai/{model}", accepts: "gpt-*"}
  anthropic: {litellm: "anthropic/{model}"}
models: {"claude-*": {served_by: [anthropic]}}
patterns:
  - {pattern: "gpt-*", provider: openai}
default: {model: "claude-*"}
```

Write a regular expression in a rule, and in `accepts` which names the provider serves:

```yaml rules/right.yaml
providers:
  openai: {litellm: "openai/{model}", accepts: "^gpt-"}
  anthropic: {litellm: "anthropic/{model}", accepts: "^claude-"}
patterns:
  - {pattern: "^gpt-", provider: openai}
default: {provider: anthropic}
```

**When it may stay:** where a model really has a `*` in its name, and no other name begins like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulec.analysis.asked import atoms
from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.litellm.client_names import client_names
from rulec.lints.places import place_of
from rulec.patterns.compiled import CompiledPattern
from rulec.policy.model import Policy
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax import conditions as when

LEVEL: Severity = "warning"
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_GLOB = re.compile(r"(?P<before>.*?(?<!\\)(?P<repeated>[-/:_]|[A-Za-z0-9](?=\*\$?$)))\*(?P<after>.*)", re.DOTALL)
"""A `*` behind a character that ends a part of a name, or as the last of a pattern."""


def check(context: Context) -> Iterator[Finding]:
    policy = context.policy
    for name, span, rule in client_names(policy):
        if "*" in name:
            listed = name in policy.models
            yield Finding(
                f"`{name}` is a name like any other here"
                + (", but LiteLLM takes it for a wildcard" if listed else ": `*` stands for itself"),
                span,
                f"ask for a pattern instead, such as `^{name.partition('*')[0].replace('.', '[.]')}`",
                rule=rule,
            )
    yield from _upstream(policy)
    for pattern, span, rule in _patterns(policy):
        found = _GLOB.fullmatch(_CLASS.sub("[]", pattern.text))
        if found is not None:
            yield Finding(
                f"`{pattern.text}` is a regular expression: its `*` repeats the `{found['repeated']}` and is no wildcard",
                span,
                "write `.*` for any characters; at the end of a pattern nothing is needed",
                rule=rule,
            )


def _upstream(policy: Policy) -> Iterator[Finding]:
    """Providers asked for a model with a `*` in its name."""
    for provider in policy.providers.values():
        if "*" in provider.template:
            yield Finding(
                f"`{provider.name}` is asked for the model `{provider.template}`: `*` is not replaced here",
                provider.places.get("litellm", provider.span),
                f"write `{provider.template.replace('*', '{model}', 1)}`",
            )
    for model in policy.models.values():
        for name, upstream in model.served_by or ():
            if "*" in upstream and "*" not in model.name:
                yield Finding(
                    f"`{name}` is asked for the model `{upstream}` where a client asks for `{model.name}`",
                    model.span,
                    f"write the name that `{name}` knows",
                )


def _patterns(policy: Policy) -> Iterator[tuple[CompiledPattern, Span, str | None]]:
    """The patterns that look at names of models."""
    for provider in policy.providers.values():
        for pattern in provider.accepts:
            yield pattern, provider.places.get("accepts", provider.span), None
    for rule in policy.rules:
        if isinstance(rule.match, ast.Patterns):
            yield from ((pattern, rule.span, rule.name) for pattern in rule.match.patterns)
        elif isinstance(rule.match, ast.When):
            condition = rule.match.condition
            for atom in atoms(condition.condition):
                if isinstance(atom, when.Matches) and atom.field.name == "model":
                    yield atom.pattern, place_of(atom.pattern.text, condition), rule.name
