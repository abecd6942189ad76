"""A rule sends requests to one region because of who sends them or what they ask, and its fallback leads to another.

A rule is taken to promise a region if its condition asks for the `team` or the `key`, for a header, a metadata key or a tag
that speaks of a region (`x-region`, `metadata.country`), or compares something with the region's name, and all its
candidates stand in that region. The chain `default` that it inherits counts as its own.

**Why it matters:** data leave the region as soon as a provider fails, which nobody tests.

```yaml rules/wrong.yaml wrong
providers:
  frankfurt: {litellm: "azure/{model}", region: eu}
  ohio: {litellm: "azure/{model}", region: us}
models: {gpt-4o: {served_by: [frankfurt, ohio]}}
request_metadata_routing:
  personnel: {condition: 'team == "hr"', provider: frankfurt}
fallback_chains: {default: {chain: [{provider: ohio}]}}
default: {provider: ohio}
```

```yaml rules/right.yaml
providers:
  frankfurt: {litellm: "azure/{model}", region: eu}
  ohio: {litellm: "azure/{model}", region: us}
models: {gpt-4o: {served_by: [frankfurt, ohio]}}
request_metadata_routing:
  personnel: {condition: 'team == "hr"', provider: frankfurt, fallback: null}
fallback_chains: {default: {chain: [{provider: ohio}]}}
default: {provider: ohio}
```

**When it may stay:** where the rule chose the region for its speed or its price.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulec.analysis.asked import atoms
from rulec.analysis.draft import Witness
from rulec.diagnostics import Related, Severity
from rulec.lints.chains.hop_conditions import possible, requests_of
from rulec.lints.context import Context
from rulec.lints.hops import Meeting, Routing, UsedChain, UsedChains
from rulec.lints.lint import Finding
from rulec.lints.outcomes import joined
from rulec.policy.model import Hop, Rule
from rulec.records import field, record
from rulec.syntax import ast
from rulec.syntax import conditions as when

LEVEL: Severity = "warning"
CALLERS = ("team", "key")
SPEAKS_OF_REGIONS = re.compile(r"region|residen|countr|jurisdiction|location|geo")


def check(context: Context) -> Iterator[Finding]:
    if len({one.region for one in context.policy.providers.values()} - {None}) < 2:
        return
    for used in context.shared(UsedChains).every:
        found = [(rule, _promised(context, rule)) for rule in used.rules]
        promised = {rule.position: region for rule, region in found if region is not None}
        left: dict[int, Leaving] = {}
        for rule, hop, meeting in used.met_by(promised):
            leaving = left.setdefault(rule.position, Leaving(rule, promised[rule.position]))
            _add(context, used, leaving, hop, meeting)
        yield from (_finding(context, used, one) for one in left.values() if one.hops)


@record(frozen=False)
class Leaving:
    """The providers outside of a rule's region, with the hops to them."""

    rule: Rule
    region: str
    hops: dict[str, Hop] = field(default_factory=dict)
    witness: Witness | None = None


def _promised(context: Context, rule: Rule) -> str | None:
    """The region in which a rule keeps its requests, if it does."""
    if not isinstance(rule.match, ast.When):
        return None
    providers = {one.provider for route in context.shared(Routing).of(rule) for one in route.candidates}
    regions = {context.policy.providers[one].region for one in providers}
    region = regions.pop() if len(regions) == 1 else None
    if region is None or not any(_speaks_of(one, region) for one in atoms(rule.match.condition.condition)):
        return None
    return region


def _speaks_of(atom: when.Condition, region: str) -> bool:
    """Whether a part of a condition asks who sends a request, or for a region."""
    field = getattr(atom, "field", None)
    if field is not None and (field.name in CALLERS or SPEAKS_OF_REGIONS.search(field.argument or "")):
        return True
    texts = [atom.tag] if isinstance(atom, when.Tagged) else []
    texts += [str(one) for one in atom.literals] if isinstance(atom, when.Among) else []
    texts += [str(atom.literal)] if isinstance(atom, when.Compare) else []
    words = {word for text in texts for word in re.split(r"[^a-z0-9]+", text.lower())}
    return region.lower() in words or any(SPEAKS_OF_REGIONS.search(text.lower()) for text in texts)


def _add(context: Context, used: UsedChain, leaving: Leaving, hop: Hop, meeting: Meeting) -> None:
    providers = {one.provider for one in meeting.places if _is_elsewhere(context, one.provider, leaving.region)}
    new = providers - set(leaving.hops)
    if new:
        witness = possible(context, leaving.rule, used, hop, requests_of(context, meeting.route))
        if witness is not None:
            leaving.hops.update((provider, hop) for provider in sorted(new))
            leaving.witness = leaving.witness or witness


def _finding(context: Context, used: UsedChain, leaving: Leaving) -> Finding:
    regions = dict.fromkeys(str(context.policy.providers[one].region) for one in leaving.hops)
    are = "is" if len(leaving.hops) == 1 else "are"
    return Finding(
        f"{used} leaves the region `{leaving.region}` that `{leaving.rule.name}` chose:"
        f" {joined(leaving.hops)} {are} in {joined(regions)}",
        leaving.rule.span,
        "give the rule a fallback within the region, or say `fallback: null`",
        tuple(Related(f"leads to `{provider}`", hop.span) for provider, hop in leaving.hops.items()),
        leaving.rule.name,
        leaving.witness,
    )


def _is_elsewhere(context: Context, provider: str, region: str) -> bool:
    found = context.policy.providers[provider].region
    return found is not None and found.lower() != region.lower()
