"""A comment is meant to switch off a lint, but names none that there is, or gives no reason.

It is written `# rulec: ignore[LINT] reason`; several lints are parted by commas. Without a name, or without a reason, it
switches off nothing.

**Why it matters:** the finding is told although somebody meant to have answered it; and in a year nobody knows why.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^meta-llama/", provider: ollama}
  - {pattern: "^meta-llama/Llama-3", provider: ollama}  # rulec: ignore[never-matches]
default: pass
```

Say why:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^meta-llama/", provider: ollama}
  - {pattern: "^meta-llama/Llama-3", provider: ollama}  # rulec: ignore[never-matches] counts again when the first one goes
default: pass
```

**When it may stay:** never.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity, suggest
from rulec.lints.context import Context
from rulec.lints.lint import Finding, lints

LEVEL: Severity = "warning"
LAST = True
_FORM = "write `# rulec: ignore[LINT] why it is meant`"


def check(context: Context) -> Iterator[Finding]:
    names = [one.name for one in lints()]
    for one in context.suppressions.items:
        if not one.lint:
            yield Finding("the comment does not say which lint it switches off", one.span, _FORM)
        elif one.lint not in names:
            yield Finding(f"there is no lint `{one.lint}`", one.span, suggest(one.lint, names, "lint"))
        elif not one.reason:
            yield Finding(f"the comment does not say why `{one.lint}` is switched off", one.span, _FORM)
