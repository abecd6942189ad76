"""A secret stands where the rules are only text: in a comment, a description, a name or a condition.

In the settings of providers, signals and LiteLLM a literal secret is an error (`literal-secret`). This lint reads all the
rest of the files: keys and tokens by their shape (`sk-…`, `hf_…`, `ghp_…`, private keys, JSON web tokens, `Bearer …`),
passwords in addresses, and what stands behind words such as `password:` if it looks random. The secret itself is never
printed.

**Why it matters:** rules are read by everybody who reviews them, and stay in the history of the repository. Descriptions
and conditions also go into the generated files.

```yaml rules/wrong.yaml wrong
# while the vault is down: sk-proj-4f9aQ2mZx81LrT0bVw7K
providers: {openai: {litellm: "openai/{model}", accepts: ".*", api_key: "${OPENAI_API_KEY}"}}
default: {provider: openai}
```

Name the variable of the environment instead, and revoke the key:

```yaml rules/right.yaml
# while the vault is down, OPENAI_API_KEY is set by hand
providers: {openai: {litellm: "openai/{model}", accepts: ".*", api_key: "${OPENAI_API_KEY}"}}
default: {provider: openai}
```

**When it may stay:** if it is no secret but only looks like one.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.policy.model import Model, Provider, Rule
from rulec.secrets import written_secrets
from rulec.source import Source, Span

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for source in context.sources:
        for start, end in written_secrets(source.text):
            above = _above(context, source, start)
            yield Finding(
                "what looks like a secret is written here" + ("" if above is None else f", below `{above.name}`"),
                Span(source, start, end),
                "remove it and revoke it: whoever may read these files, or their history, has it",
            )


def _above(context: Context, source: Source, at: int) -> Rule | Provider | Model | None:
    """The rule, provider or model that was begun last."""
    policy = context.policy
    nouns: list[Rule | Provider | Model] = [*policy.rules, *policy.providers.values(), *policy.models.values()]
    begun = [one for one in nouns if one.span.source is source and one.span.end <= at]
    return max(begun, key=lambda one: one.span.start, default=None)
