"""One rule set decided in three ways: as the policy means, down the tree, and by the emitted module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from rulec.backends.python import generate_module
from rulec.compiler import Compilation, compile_sources
from rulec.diagnostics import Diagnostics
from rulec.ir.decide import Walker
from rulec.policy import meaning
from rulec.policy.model import Policy, Rule
from rulec.runtime.request import Request
from rulec.selfcheck.emitted import load_module, plain_answer, plain_decision
from rulec.source import Source


def as_yaml(document: dict[str, Any]) -> str:
    text: str = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    return text


def compiled(text: str, emit: bool = False) -> Compilation:
    return compile_sources([Source("rules.yaml", text)], Diagnostics(), emit)


@dataclass
class Difference(Exception):
    """Two ways of deciding disagree."""

    what: str
    meant: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.what}:\n  meant {self.meant}\n  found {self.found}"


class ThreeWays:
    """The policy, its tree, and its module."""

    def __init__(self, compilation: Compilation) -> None:
        assert compilation.tree is not None
        self.policy: Policy = compilation.policy
        self.walker = Walker(compilation.tree)
        self.module = generate_module(compilation.tree)
        self.emitted = load_module(self.module.text)["decide"]
        self.rules: dict[str, Rule] = {rule.name: rule for rule in self.policy.rules}

    def request(self, body: Any, headers: Any, caller: dict[str, Any]) -> Request:
        return self.walker.request(body, headers, **caller)

    def size(self, request: Request) -> int | None:
        return meaning.size_of_requested(self.policy, request)

    def compare(self, body: Any, headers: Any, caller: dict[str, Any]) -> meaning.Answer:
        """Decides a request in all three ways; raises Difference where they do not agree."""
        request = self.request(body, headers, caller)
        answer = meaning.decide(self.policy, request)
        walked = self.walker.decide(request)
        self.emitted({"model": body.get("model") if isinstance(body, dict) else None}, {})  # so it knows the name
        emitted = self.emitted(body, headers, **caller)
        meant = plain_answer(answer)
        agree("tree", meant, plain_decision(walked.decision))
        agree("module", meant, plain_decision(emitted))
        agree("text of the refusal", walked.decision.text, emitted.text)
        rule = self.rules.get(answer.rule or "")
        for way, decision in (("tree", walked.decision), ("module", emitted)):
            agree(f"details by the {way}", self.details(rule, answer), details_of(decision))
        if rule is not None:
            for number, place in enumerate(answer.candidates):
                hops = meaning.hops_of(self.policy, rule, request, place, place)
                meant_hops = [(o.place.provider, o.place.upstream, o.place.model, o.on_error, o.when, o.chain) for o in hops]
                for way, decision in (("tree", walked.decision), ("module", emitted)):
                    agree(f"hops by the {way}", meant_hops, plain_hops(decision.hops(decision.candidates[number])))
                self.compare_later(rule, request, place, emitted, number)
        return answer

    def compare_later(self, rule: Rule, request: Request, place: meaning.Place, emitted: Any, number: int) -> None:
        """A hop's own condition, asked again when providers have failed."""
        for hop in emitted.hops(emitted.candidates[number]):
            if hop.when is None:
                continue
            conditions = [one.when for one in rule.chain.hops if one.when is not None and one.when.text == hop.when]
            for failed in ({place.provider}, {place.provider, *self.policy.providers}):
                down = request.unavailable | failed
                meant = [meaning.holds(self.policy, one.condition, request, down) for one in conditions]
                agree("a hop's condition", meant[0], hop.allowed(emitted.request, failed))

    def details(self, rule: Rule | None, answer: meaning.Answer) -> tuple[Any, ...]:
        if rule is None:
            return None, None, 0, 0
        several = len(answer.candidates) > 1
        routed = answer.action == "route"
        sticky = rule.sticky if several else None
        retries = (rule.chain.retry_attempts, rule.chain.retry_delay_ms) if routed else (0, 0)
        return (rule.phase, sticky, *retries)


def details_of(decision: Any) -> tuple[Any, ...]:
    return decision.phase, decision.sticky, decision.retry_attempts, decision.retry_delay_ms


def plain_hops(hops: Any) -> list[tuple[Any, ...]]:
    return [(one.provider, one.model, one.group, one.on_error, one.when, one.chain) for one in hops]


def agree(what: str, meant: Any, found: Any) -> None:
    if meant != found:
        raise Difference(what, meant, found)
