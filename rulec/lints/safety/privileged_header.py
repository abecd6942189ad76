"""Something that a client writes itself opens a target that is kept for certain callers, or dear.

Headers, metadata, capabilities and tags come from the client: whoever knows the word can write it. `team`, `key` and `user`
come from the key by which a request was let in. A target is privileged here if another rule asks for one of these before it
sends requests there (and no rule gives it to everybody), or if its catalogue cost is at least `cost-ratio` (5) times the
default's. Requests for an exact name that leads everybody there need no privilege. The request that is printed is of
somebody else, and goes there all the same.

**Why it matters:** a word in a header is no permission. It is copied from one client's settings to the next, and the bill or
the queue of the GPU tells of it weeks later.

```yaml rules/wrong.yaml wrong
providers:
  small: {litellm: "ollama_chat/{model}", accepts: ".*"}
  gpu: {litellm: "hosted_vllm/{model}", accepts: ".*"}
request_metadata_routing:
  research: {condition: 'team == "research"', provider: gpu}
  urgent: {condition: 'header.x-priority == "high"', provider: gpu}
default: {provider: small}
```

Ask who the caller is, too:

```yaml rules/right.yaml
providers:
  small: {litellm: "ollama_chat/{model}", accepts: ".*"}
  gpu: {litellm: "hosted_vllm/{model}", accepts: ".*"}
request_metadata_routing:
  research: {condition: 'team == "research"', provider: gpu}
  urgent: {condition: 'header.x-priority == "high" and team in ["research", "support"]', provider: gpu}
default: {provider: small}
```

**When it may stay:** where something before the proxy sets the header and removes what clients send, or where the models
that a key may call (LiteLLM checks them after every rewrite) draw the line.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.asked import atoms
from rulec.diagnostics import Severity
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.safety.privilege import (
    CLAIMS,
    UNPRICED_CLAIMS,
    Privileges,
    condition_of,
    field_of,
    opens,
    without_claims,
)
from rulec.policy.model import Rule
from rulec.syntax import conditions as when

LEVEL: Severity = "warning"


def check(context: Context) -> Iterator[Finding]:
    privileges = context.shared(Privileges)
    for rule in context.rules:
        if rule.phase not in ("when", "capability") or not opens(condition_of(rule)):
            continue
        privilege = privileges.of(rule, priced=opens(condition_of(rule), UNPRICED_CLAIMS))
        if privilege is None:
            continue
        witness = privileges.witness(rule, privilege, when.Not(without_claims(condition_of(rule))))
        if witness is not None:
            yield Finding(
                f"`{rule.name}` takes whoever sends {_claims(rule)} to `{privilege.what}`, {privilege.why}",
                rule.span,
                "a client writes that itself: ask for its `team`, `key` or `user` as well",
                (privilege.related,),
                rule.name,
                witness,
            )


def _claims(rule: Rule) -> str:
    """What a client has to write, such as "`header.x-tier`"."""
    fields = dict.fromkeys(map(field_of, atoms(condition_of(rule))))
    return " or ".join(f"`{one}`" for one in fields if one is not None and one.name in CLAIMS)
