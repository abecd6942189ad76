"""LiteLLM's own complexity router: its config for a virtual model that it splits, and what it cannot express.

It scores by keywords and length, about from 0 to 1, and maps the score to four tiers. Without a threshold its own
boundaries hold: SIMPLE and MEDIUM are simple. With one, all boundaries stand there, so that nothing but the score decides.
"""

from __future__ import annotations

from typing import Any

from rulec.diagnostics import Diagnostics
from rulec.policy.model import NativeTarget, Policy, VirtualTarget
from rulec.syntax import ast

ROUTER_MODEL = "auto_router/complexity_router"
HIGHEST_SCORE = 92.5
"""What the weights of its features give where each is at its most, times 100 (1.100 and 1.106)."""

_BOUNDARIES = ("simple_medium", "medium_complex", "complex_reasoning")


def router_parameters(target: NativeTarget) -> dict[str, Any]:
    """The `litellm_params` of the deployment that stands for the virtual model."""
    tiers = {"SIMPLE": target.simple, "MEDIUM": target.simple, "COMPLEX": target.complex, "REASONING": target.complex}
    config: dict[str, Any] = {"tiers": tiers}
    if target.threshold is not None:
        config["tier_boundaries"] = dict.fromkeys(_BOUNDARIES, round(target.threshold / 100, 6))
    return {"model": ROUTER_MODEL, "complexity_router_config": config}


def check_complexity(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports thresholds that LiteLLM's score never reaches, and a scoring of our own that nobody asks for."""
    native = [rule for rule in policy.rules if isinstance(rule.target, NativeTarget)]
    for rule in native:
        assert isinstance(rule.target, NativeTarget)
        if rule.target.threshold is not None and rule.target.threshold > HIGHEST_SCORE:
            diagnostics.error(
                "native-complexity",
                f"LiteLLM's score never reaches the threshold {rule.target.threshold:g}: {HIGHEST_SCORE:g} is its most",
                rule.span,
                "its own threshold, where none is given, is 35",
                rule=rule.name,
            )
    if native and "complexity" in policy.sections and not _asks_for_our_score(policy):
        diagnostics.error(
            "native-complexity",
            "the section `complexity` has no effect: LiteLLM scores every virtual model",
            policy.places.get("complexity"),
            "remove the section, or write `scored_by: rulec`",
        )


def _asks_for_our_score(policy: Policy) -> bool:
    for rule in policy.rules:
        asked = [hop.when for hop in rule.chain.hops if hop.when is not None]
        if isinstance(rule.match, ast.When):
            asked.append(rule.match.condition)
        if isinstance(rule.target, VirtualTarget) or any("complexity" in one.text for one in asked):
            return True
    return False
