"""What rules do with a request: in words, and whether two of them do the same."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rulec.analysis.draft import Witness
from rulec.lints.requests import described
from rulec.policy.model import ModelsTarget, Pass, ProvidersTarget, Refuse, Rule

MOST_NAMES_SHOWN = 3
LONGEST_SHOWN = 40


def fate(rule: Rule | None) -> str:
    """What becomes of a request that a rule decides, as the end of a sentence; None is that no rule does."""
    moved, rest = _fate(rule)
    return f"{'goes' if moved else 'is'} {rest}"


def would(rule: Rule) -> str:
    """What would become of a request if a rule decided it."""
    moved, rest = _fate(rule)
    return f"would {'go' if moved else 'be'} {rest}"


def _fate(rule: Rule | None) -> tuple[bool, str]:
    """Whether a request goes somewhere, and the rest of the sentence."""
    target = None if rule is None else rule.target
    if target is None or isinstance(target, Refuse):
        return False, f"refused with {400 if target is None else target.status}"
    if isinstance(target, Pass):
        return False, "left to LiteLLM"
    return True, f"to {destination(target)}"


def destination(target: Any) -> str:
    """The providers or models of a target."""
    if isinstance(target, ProvidersTarget):
        return joined((name for name, _ in target.providers), "or")
    if not isinstance(target, ModelsTarget):
        return joined((target.simple, target.complex), "or")
    models = joined(target.models, "or")
    return models if target.providers is None else f"{models} on {joined((name for name, _ in target.providers), 'or')}"


def joined(names: Iterable[str], word: str = "and") -> str:
    """Names in backticks, a few of them."""
    shown = [f"`{name}`" for name in names]
    if len(shown) > MOST_NAMES_SHOWN:
        shown = [*shown[:MOST_NAMES_SHOWN], f"{len(shown) - MOST_NAMES_SHOWN} more"]
    return f" {word} ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def request_of(witness: Witness) -> str:
    """A request by its model and what else it says, as far as that is short."""
    said = described(witness)
    model = said.pop("model", None)
    text = "a request without a model" if model is None else f"a request for `{model}`"
    found = [one for name in ("headers", "metadata", "body") for one in said.pop(name, {}).items()]
    details = [f"{name}: {_short(value)}" for name, value in (*found, *said.items())]
    return f"{text} with {joined(details)}" if details else text


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        value = value[0]
    text = value if isinstance(value, str) else "…" if isinstance(value, (list, dict)) else json.dumps(value)
    return text if 0 < len(text) <= LONGEST_SHOWN else "…"


def instead(witness: Witness, taker: Rule | None, rule: Rule) -> str:
    """What becomes of a request that one rule decides, and what another would do with it."""
    text = f"{request_of(witness)} {fate(taker)}"
    if taker is not None and outcome(taker) == outcome(rule):
        return f"{text} as it would by this rule"
    if fate(taker) == fate(rule):
        return f"{text} as by this rule, but with another fallback or strategy"
    return f"{text}, where by this rule it {would(rule)}"


def is_meant(one: Rule, other: Rule) -> bool:
    """Whether one of two rules says by `overrides` that they overlap on purpose."""
    return other.name in one.overrides or one.name in other.overrides


def outcome(rule: Rule) -> Any:
    """What two rules have in common that do the same with each request that both take.

    Whether a rule substitutes only says which requests it takes. Of a single provider none is picked.
    """
    target: Any = rule.target
    picked: Any = (rule.strategy, rule.sticky, rule.prefer_warm, rule.strategy_fixed)
    if isinstance(target, ProvidersTarget):
        target = target.providers
        picked = picked if len(target) > 1 else None
    return target, rule.chain, picked
