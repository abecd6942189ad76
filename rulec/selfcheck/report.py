"""What a maintainer needs to find out why a module disagrees with its rules; secrets in the rules are masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rulec.policy.model import Model, Policy, Provider, Rule
from rulec.secrets import mask_line
from rulec.source import Source

if TYPE_CHECKING:
    from rulec.selfcheck.answers import ModuleDisagrees


def report_of(error: ModuleDisagrees, policy: Policy) -> str:
    """The difference, the request that shows it where there is one, and the rules."""
    lines = [f"rule set {policy.fingerprint()}", f"differs: {error.what}"]
    if error.rule is not None:
        where = error.rule.span.source.path
        lines.append(f"rule: {error.rule.name} ({where}:{error.rule.span.line})")
    if error.witness is not None:
        one = error.witness
        request = {"body": one.body, "headers": one.headers, "caller": one.caller, "assumes": one.assumes}
        lines.append(f"request: {json.dumps(request, ensure_ascii=False, default=repr)}")
    lines += [f"expected: {error.expected!r}", f"got: {error.got!r}"]
    for source in _sources(policy):
        lines += ["", f"--- {source.path}", *source.text.splitlines()]
    return "\n".join(map(mask_line, lines)) + "\n"


def _sources(policy: Policy) -> list[Source]:
    """The files in which the policy was written."""
    nouns: tuple[Provider | Model | Rule, ...] = (*policy.providers.values(), *policy.models.values(), *policy.rules)
    return list({one.span.source.path: one.span.source for one in nouns}.values())
