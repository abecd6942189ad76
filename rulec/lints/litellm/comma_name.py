"""LiteLLM takes a name with a comma in it for several names.

A chat request whose `model` holds a comma is a batch for LiteLLM: it cuts the name at the commas and asks for each part by
itself. A model of the catalogue, an exact rule or a condition with such a name is never what it seems to be.

**Why it matters:** the proxy answers with an error or with several answers where a rule promises a model.

```yaml rules/wrong.yaml wrong
providers: {openai: {litellm: "openai/{model}"}}
models: {"gpt-5,fast": {served_by: {openai: gpt-5-mini}}}
default: pass
```

Give it a name without a comma:

```yaml rules/right.yaml
providers: {openai: {litellm: "openai/{model}"}}
models: {gpt-5-fast: {served_by: {openai: gpt-5-mini}}}
default: pass
```

**When it may stay:** for a model that is asked by other endpoints than chat only.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.litellm.client_names import client_names

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    for name, span, rule in client_names(context.policy):
        if "," in name:
            yield Finding(
                f"LiteLLM takes `{name}` for {name.count(',') + 1} models in a chat request: it cuts names at commas",
                span,
                "use a name without a comma",
                rule=rule,
            )
