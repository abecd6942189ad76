"""A comment switches off a finding that there is not.

The rules have changed since, or the comment stands at another line than the finding.

**Why it matters:** the next finding at this place would be hidden without anybody having looked at it.

```yaml rules/wrong.yaml wrong
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  # rulec: ignore[never-matches] the narrower one comes back in June
  - {pattern: "^meta-llama/", provider: ollama}
default: pass
```

Remove it:

```yaml rules/right.yaml
providers: {ollama: {litellm: "ollama_chat/{model}", accepts: ".*"}}
patterns:
  - {pattern: "^meta-llama/", provider: ollama}
default: pass
```

**When it may stay:** never for long.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding

LEVEL: Severity = "warning"
LAST = True


def check(context: Context) -> Iterator[Finding]:
    for one in context.suppressions.unused():
        if one.lint in context.running:
            yield Finding(f"there is no `{one.lint}` here to ignore", one.span, "remove the comment")
