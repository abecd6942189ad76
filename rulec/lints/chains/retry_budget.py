"""Attempts, their time-outs and the pauses between them add up to more than a client may have to wait.

Counted is what a request waits for if every step runs into its time-out: the candidates, then the hops that take timeouts,
each with its retries and their pauses. Conditions that cannot hold together do not count together. A step without a
`timeout` (of the deployment, its model, its provider, or `router_settings`) counts with its pauses only, though LiteLLM
would wait 6000 seconds for it. The budget is 600 seconds, unless `retry-budget-seconds` says otherwise.

**Why it matters:** clients and balancers give up long before, while the proxy still holds the request and keeps trying.

```yaml rules/wrong.yaml wrong
providers:
  a: {litellm: "openai/{model}", accepts: ".*", timeout: 120}
  b: {litellm: "openai/{model}", accepts: ".*", timeout: 120}
fallback_chains:
  stubborn: {chain: [{provider: b}], retry_attempts: 3}
default: {provider: a, fallback_chain: stubborn}
```

```yaml rules/right.yaml
providers:
  a: {litellm: "openai/{model}", accepts: ".*", timeout: 60}
  b: {litellm: "openai/{model}", accepts: ".*", timeout: 60}
fallback_chains:
  stubborn: {chain: [{provider: b}], retry_attempts: 1}
default: {provider: a, fallback_chain: stubborn}
```

**When it may stay:** for batch jobs, whose clients wait for hours.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from rulec.analysis.draft import Witness
from rulec.diagnostics import Related, Severity
from rulec.lints.chains.hop_conditions import possible, requests_of
from rulec.lints.context import Context
from rulec.lints.hops import OTHER, Meeting, Route, Routing, UsedChain, UsedChains
from rulec.lints.lint import Finding
from rulec.policy.model import Chain, Hop, Model, Policy, Provider, Rule
from rulec.policy.serving import Place
from rulec.records import record
from rulec.runtime.plan import MOST_CANDIDATES
from rulec.syntax.ast import Tuning

LEVEL: Severity = "warning"


@record
class Wait:
    """How long requests of a rule may wait, and one of them."""

    seconds: float
    rule: Rule
    witness: Witness | None


def check(context: Context) -> Iterator[Finding]:
    budget, waits = context.settings.retry_budget_seconds, Waits(context.policy)
    if not waits.any:
        return
    for used in context.shared(UsedChains).every:
        longest = max(_of_chain(context, waits, used), key=lambda one: one.seconds, default=None)
        if longest is not None and longest.seconds > budget:
            steps = tuple(Related("a step that is waited for", hop.span) for hop in used.chain.hops if "timeout" in hop.kinds)
            yield _finding(context, longest, steps)
    for rule in context.rules:
        if not rule.chain.hops and context.witness(rule) is not None:
            seconds = max((waits.before_hops(rule.chain, one) for one in context.shared(Routing).of(rule)), default=0)
            if seconds > budget:
                yield _finding(context, Wait(seconds, rule, context.witness(rule)), ())


def _finding(context: Context, wait: Wait, steps: tuple[Related, ...]) -> Finding:
    return Finding(
        f"a request of `{wait.rule.name}` may wait {wait.seconds:g} seconds until its last attempt has failed,"
        f" more than {context.settings.retry_budget_seconds:g}",
        wait.rule.span,
        "shorten `timeout`, `retry_attempts` or `retry_delay_ms`, or drop hops",
        steps,
        wait.rule.name,
        wait.witness,
    )


class Waits:
    """How long attempts may take, by what the settings say."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        settings = policy.sections.get("litellm", {})
        named = (settings.get("router_settings", {}).get("timeout"), settings.get("litellm_settings", {}).get("request_timeout"))
        self.usual = next((one for one in map(_seconds, named) if one), 0.0)
        self.deployment = lru_cache(maxsize=None)(policy.deployment)

    @property
    def any(self) -> bool:
        """Whether anything says how long an attempt takes, or that it is repeated after a pause."""
        policy = self.policy
        levels: list[Provider | Model | Tuning] = [*policy.providers.values(), *policy.models.values()]
        levels += [one for model in policy.models.values() for one in model.deployments.values()]
        pauses = any(chain.retry_delay_ms for chain in policy.chains.values())
        return bool(self.usual) or pauses or any("timeout" in one.settings or "retry_after" in one.handling for one in levels)

    def at(self, chain: Chain, place: Place) -> float:
        """The seconds of all attempts at a place."""
        said = self.deployment(place.provider, None if place.model in ("", OTHER) else place.model)
        retries: int = said.handling.get("num_retries", chain.retry_attempts)
        pause: float = said.handling.get("retry_after", chain.retry_delay_ms / 1000)
        return (1 + retries) * (_seconds(said.settings.get("timeout")) or self.usual) + retries * pause

    def before_hops(self, chain: Chain, route: Route) -> float:
        """The seconds of the candidates of a route, of which only so many are tried."""
        return sum(sorted((self.at(chain, one) for one in route.candidates), reverse=True)[:MOST_CANDIDATES])


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0.0


def _of_chain(context: Context, waits: Waits, used: UsedChain) -> Iterator[Wait]:
    """How long requests may wait that use a chain, where that may be more than the budget."""
    for number, first in enumerate(used.meetings[0]):
        always = waits.before_hops(used.chain, first.route)
        further: list[tuple[Hop, float]] = []
        tried = {(one.provider, one.upstream) for one in first.route.candidates}
        for hop, meetings in used:
            new = {(one.provider, one.upstream): waits.at(used.chain, one) for one in meetings[number].places}
            seconds = [more for key, more in new.items() if key not in tried] if "timeout" in hop.kinds else []
            if not seconds:
                continue
            wait = max(seconds) if hop.model is None else sum(seconds)  # one place, or one after the other
            if hop.when is None:
                always += wait
                tried.update(new)
            else:
                further.append((hop, wait))
        if always + sum(wait for _, wait in further) > context.settings.retry_budget_seconds:
            yield _together(context, used, first, always, further)


def _together(
    context: Context, used: UsedChain, meeting: Meeting, seconds: float, further: list[tuple[Hop, float]]
) -> Wait:
    """The wait with those of further hops to which one and the same request can come, the longest first."""
    rule, holds = meeting.rules[0], [requests_of(context, meeting.route)]
    witness = None
    for hop, more in sorted(further, key=lambda pair: -pair[1]):
        found = possible(context, rule, used, hop, *holds)
        if found is not None and hop.when is not None:
            witness, seconds = found, seconds + more
            holds += [] if hop.when.providers else [hop.when.condition]
    return Wait(seconds, rule, witness or context.witness(rule))
