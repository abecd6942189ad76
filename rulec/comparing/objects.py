"""Differences as the JSON object that others build on."""

from __future__ import annotations

from typing import Any

from rulec.analysis.compared.difference import Difference
from rulec.comparing.report import Group, Report
from rulec.comparing.words import cause_text, request
from rulec.ir.tree import Tree
from rulec.policy.model import Rule

Object = dict[str, Any]


def to_object(report: Report, labels: tuple[str, str], traffic: Object | None) -> Object:
    """The whole report."""
    return {
        "old": _state(labels[0], report.old),
        "new": _state(labels[1], report.new),
        "same": report.same,
        "changes": [_group(one) for one in report.groups],
        "undecided": [_undecided(one) for one in report.undecided],
        **({"traffic": traffic} if traffic is not None else {}),
    }


def _state(label: str, tree: Tree) -> Object:
    return {"name": label, "fingerprint": tree.policy.fingerprint(), "rules": len(tree.policy.rules)}


def _group(group: Group) -> Object:
    return {
        "grade": group.grade,
        "cause": {"kind": group.cause.kind, "name": group.cause.name, "text": cause_text(group.cause)},
        "differences": [_difference(one) for one in group.differences],
        "more": group.more,
    }


def _difference(one: Difference) -> Object:
    assert one.witness is not None
    return {
        "grade": one.grade,
        "witness": request(one.witness),
        "assumes": list(one.witness.assumes),
        "old": {"rule": _rule(one.old_rule), **_decision(one.old)},
        "new": {"rule": _rule(one.new_rule), **_decision(one.new)},
    }


def _rule(rule: Rule | None) -> Object | None:
    if rule is None:
        return None
    return {"name": rule.name, "file": rule.span.source.path, "line": rule.span.line}


def _decision(decision: Any) -> Object:
    refusal = {"status": decision.status, "text": decision.text} if decision.action == "refuse" else {}
    return {
        "action": decision.action,
        "candidates": [{**_place(one), "weight": one.weight, "priority": one.priority} for one in decision.candidates],
        "strategy": decision.strategy,
        "fallbacks": [
            {**_place(one), "on_error": one.on_error and list(one.on_error), "when": one.when, "chain": one.chain}
            for one in decision.fallbacks
        ],
        **refusal,
    }


def _place(one: Any) -> Object:
    return {
        "provider": one.provider,
        "model": one.model,
        "litellm_model": one.litellm_model,
        "model_group": one.group,
    }


def _undecided(one: Difference) -> Object:
    return {
        "cause": {"kind": one.cause.kind, "name": one.cause.name, "text": cause_text(one.cause)},
        "old_rule": _rule(one.old_rule),
        "new_rule": _rule(one.new_rule),
    }
