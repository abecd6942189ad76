"""What explain and test say about a decision, as the JSON object that others build on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rulec.commands.requests import BadRequest, describe
from rulec.diagnostics import suggest
from rulec.gateway.groups import WILDCARD, client_names, deployment_id, group_members
from rulec.ir.decide import Considered, Outcome, Walker
from rulec.ir.tree import Tree
from rulec.policy.model import Rule
from rulec.runtime.complexity import Part, total


class Answerer:
    """Answers many requests by one tree."""

    def __init__(self, tree: Tree) -> None:
        self.policy = tree.policy
        self.walker = Walker(tree)
        self.names = client_names(tree.policy)
        self.fingerprint = tree.policy.fingerprint()

    def outcome(self, options: Mapping[str, Any]) -> Outcome:
        """The walk for a described request; raises BadRequest."""
        described = describe(options, self.policy.capability_header)
        for name in described.caller.get("unavailable", ()):
            if name not in self.policy.providers:
                help_text = suggest(name, list(self.policy.providers), "provider")
                raise BadRequest(f"there is no provider `{name}` ({help_text})")
        return self.walker.decide(self.walker.request(described.body, described.headers, **described.caller))

    def answer(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The object of `rulec explain --format json`; raises BadRequest."""
        return self.render(options, self.outcome(options))

    def render(self, options: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
        decision = outcome.decision
        candidates = [self.candidate(one) for one in decision.candidates]
        refusal = {"status": decision.status, "text": decision.text} if decision.action == "refuse" else {}
        return {
            "request": dict(options),
            "rule": None if outcome.rule is None else rule_object(outcome.rule),
            "action": decision.action,
            "target": self.place(decision.candidates[0]) if len(decision.candidates) == 1 else None,
            "candidates": candidates,
            "strategy": decision.strategy,
            **({"sticky": decision.sticky} if decision.sticky else {}),
            **({"prefer_warm": True} if decision.prefer_warm else {}),
            "fallbacks": [self.hop(one) for one in decision.fallbacks],
            **refusal,
            "trace": [considered(one) for one in outcome.trace],
            "fingerprint": self.fingerprint,
        }

    def place(self, one: Any) -> dict[str, Any]:
        return {
            "provider": one.provider,
            "model": one.model,
            "litellm_model": one.litellm_model,
            "model_group": one.group,
        }

    def candidate(self, one: Any) -> dict[str, Any]:
        shown = {**self.place(one), "weight": 1 if one.weight is None else one.weight}
        return shown if one.priority is None else {**shown, "priority": one.priority}

    def hop(self, hop: Any) -> dict[str, Any]:
        shown = {
            **self.place(hop),
            "on_error": None if hop.on_error is None else list(hop.on_error),
            "chain": hop.chain,
        }
        return {**shown, "when": hop.when} if hop.when is not None else shown

    def deployment(self, one: Any) -> str:
        """The id of the deployment in the generated config; names known only by pattern share a group."""
        group = one.group if one.group in self.names and group_members(self.policy, one.group) else WILDCARD
        return deployment_id(group, one.provider)


def considered(one: Considered) -> dict[str, Any]:
    """A rule on the road to the decision; `complexity` where it was the first to ask for the score."""
    shown = {"name": one.rule.name, "matched": one.matched, "applies": one.applies, "because": one.because}
    return shown if one.score is None else {**shown, "complexity": score_object(one.score)}


def score_object(parts: Sequence[Part]) -> dict[str, Any]:
    """A complexity score with its parts."""
    counted = {one.feature: {"found": one.found, "points": one.points} for one in parts}
    return {"score": total(parts), "parts": counted}


def rule_object(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "phase": rule.phase,
        "file": rule.span.source.path,
        "line": rule.span.line,
        "position": rule.position,
    }
