"""Which signal `least_utilized` goes by."""

from __future__ import annotations

from rulec.diagnostics import Diagnostics, suggest
from rulec.policy.model import Policy

STRATEGY = "least_utilized"
ID_KEY = "chute_id"
"""The key of `model_info` that holds a deployment's id in the feed, where the signal names no other."""


def signal_of(policy: Policy) -> str | None:
    """The signal that the strategy's settings name, else the only one that is declared."""
    named = policy.strategies.get(STRATEGY, {}).get("signal")
    signals = list(policy.sections.get("signals", {}))
    if named is not None:
        return str(named.text)
    return signals[0] if len(signals) == 1 else None


def signals_in_use(policy: Policy) -> list[str]:
    """The signals that some rule goes by."""
    signal = signal_of(policy)
    return [signal] if signal is not None and any(rule.strategy == STRATEGY for rule in policy.rules) else []


def signal_id_key(policy: Policy) -> str | None:
    """The key of `model_info` under which deployments carry their id for the signal in use, if one is."""
    for signal in signals_in_use(policy):
        return str(policy.sections["signals"][signal].get("id_key", ID_KEY))
    return None


def check_signals(policy: Policy, diagnostics: Diagnostics) -> None:
    """Reports a signal that does not exist, and rules that use the strategy while nothing says by which signal."""
    signals = policy.sections.get("signals", {})
    named = policy.strategies.get(STRATEGY, {}).get("signal")
    if named is not None and named.text not in signals:
        help = suggest(named.text, list(signals), "signal") or _DECLARE
        diagnostics.error("unknown-signal", f"there is no signal `{named.text}`", named.span, help)
    if named is not None or len(signals) == 1:
        return
    users = [rule for rule in policy.rules if rule.strategy == STRATEGY]
    if not users:
        return
    if signals:
        message = "uses `least_utilized`, but nothing says by which of the signals"
        help = f"name one: `load_balancing: {{least_utilized: {{signal: {next(iter(signals))}}}}}`"
    else:
        message, help = "uses `least_utilized`, but no signal is declared", _DECLARE
    diagnostics.error(
        "unknown-signal",
        f"`{users[0].name}` {message}",
        users[0].span,
        help,
        rule=users[0].name,
    )


_DECLARE = 'declare one: `signals: {gpu: {kind: utilization, url: "https://metrics.example/gpu"}}`'
