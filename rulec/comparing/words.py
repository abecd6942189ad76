"""The words in which differences are told, whatever the format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rulec.analysis.compared.causes import Cause
from rulec.analysis.compared.difference import Difference
from rulec.analysis.compared.grades import Grade
from rulec.analysis.draft import Witness
from rulec.comparing.report import Report
from rulec.diagnostics import printable
from rulec.diagnostics.replay import replay_command
from rulec.lints.requests import described
from rulec.policy.model import Rule

MEANINGS: dict[Grade, str] = {
    "target": "requests go elsewhere",
    "chain": "only what is tried after a failure changes",
    "strategy": "only how one of several is picked changes",
    "metadata": "only names, texts and settings change",
}
_CAUSES = {
    "added": "the rule {} is new",
    "removed": "the rule {} is gone",
    "moved": "the rule {} was moved",
    "changed": "the rule {} was changed",
    "renamed": "the rule {} has a new name",
    "chain": "the chain {} was changed",
    "provider": "the provider {} was changed",
    "model": "the model {} was changed",
    "models": "the models {} were changed",
    "catalogue": "providers and models were changed",
    "header": "the capability is read from the header {}",
    "section": "the section {} was changed",
    "strategy": "the settings of the strategy {} were changed",
    "time": "not all rules were compared in time",
}


def in_backticks(name: str) -> str:
    return f"`{printable(name)}`"


def cause_text(cause: Cause, quoted: Callable[[str], str] = in_backticks) -> str:
    """What was changed, with its name as `quoted` shows it."""
    return _CAUSES[cause.kind].format(quoted(cause.name))


def command_of(witness: Witness | None, rules: str | None) -> str | None:
    """The command that shows where a witness goes; None where the rules are not on the disk, or no client can send it."""
    if witness is None or rules is None or witness.complexity is not None:
        return None
    return replay_command(described(witness), rules)


def destination(decision: Any) -> str:
    """Where a decision sends a request, in a few words."""
    if decision.action == "refuse":
        return f"refused with status {decision.status}"
    if decision.action == "pass" and not decision.candidates:
        return "where LiteLLM sends it (pass)"
    places = [f"{one.provider} as {printable(one.model)}" for one in decision.candidates]
    return places[0] if len(places) == 1 else f"one of {', '.join(places)}"


def providers(decision: Any) -> str:
    """The providers of a decision, in a few words."""
    if decision.action != "route":
        return "a refusal" if decision.action == "refuse" else "LiteLLM's own choice"
    return " or ".join(dict.fromkeys(one.provider for one in decision.candidates))


def then(decision: Any) -> str:
    """What is tried after a failure."""
    hops = [_hop(one) for one in decision.fallbacks]
    retries = f"{decision.retry_attempts} retries each" if decision.retry_attempts else ""
    return "; ".join(part for part in (", then ".join(hops) or "nothing", retries) if part)


def _hop(hop: Any) -> str:
    conditions = [f"on {', '.join(hop.on_error)}"] if hop.on_error else []
    conditions += [f"when {printable(hop.when)}"] if hop.when else []
    return f"{hop.provider} as {printable(hop.model)}" + (f" ({'; '.join(conditions)})" if conditions else "")


def picking(decision: Any) -> str:
    """How one of several candidates is picked."""
    named = [
        printable(one.provider)
        + ("" if one.weight is None else f" weight {one.weight:g}")
        + ("" if one.priority is None else f" priority {one.priority}")
        for one in decision.candidates
    ]
    more = [f"sticky by {decision.sticky}"] if decision.sticky else []
    more += ["warm ones first"] if decision.prefer_warm else []
    return ", ".join([f"{decision.strategy or 'the only one'} of {', '.join(named)}", *more])


def rule_text(rule: Rule | None) -> str:
    return "no rule" if rule is None else printable(rule.name)


def place_text(rule: Rule | None) -> str:
    return "" if rule is None else f"{rule.span.source.path}:{rule.span.line}"


def sides(difference: Difference) -> tuple[str, str]:
    """What happens before and after, as far as the grade says that it differs."""
    old, new = difference.old, difference.new
    if difference.grade == "chain" and then(old) != then(new):
        return f"{destination(old)}, then {then(old)}", f"{destination(new)}, then {then(new)}"
    if difference.grade == "strategy" and picking(old) != picking(new):
        return picking(old), picking(new)
    return destination(old), destination(new)


def request(witness: Witness) -> dict[str, Any]:
    """A witness as explain's options."""
    return described(witness)


def summary(report: Report) -> str:
    """How many changes of which grade there are, in one sentence."""
    if report.same:
        rules = len(report.new.policy.rules)
        alike = report.old.policy.fingerprint() == report.new.policy.fingerprint()
        why = "the rule sets mean the same" if alike else f"proved for all requests and {rules} rules"
        return f"no request is decided differently ({why})"
    counts = []
    for grade, meaning in MEANINGS.items():
        number = sum(one.grade == grade for one in report.groups)
        if number:
            counts.append(f"{number} {'change' if number == 1 else 'changes'} of grade {grade} ({meaning})")
    if report.undecided:
        counts.append(f"{len(report.undecided)} not decided")
    return "; ".join(counts)
