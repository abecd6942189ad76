"""What a client is told besides the answer of its model: response headers, refusals, and the log line's reason."""

from __future__ import annotations

from typing import Any

from rulec.runtime.caller import printable
from rulec.runtime.plan import PlanStep
from rulec.runtime.reload import Rules

try:
    from litellm.proxy._types import ProxyException
except ImportError:  # decide() alone needs no LiteLLM
    ProxyException = None


def reason(decision: Any) -> str:
    """`exact match`, `pattern match` and so on; for a rule on request metadata its name."""
    if decision.phase == "when":
        return f"rule {printable(decision.rule)}"
    return {None: "no rule", "default": "default"}.get(decision.phase) or f"{decision.phase} match"


def response_headers(fingerprint: str, rule: str | None, served: PlanStep | None) -> dict[str, str]:
    """The headers of an answer; a step, which is of one rule and rule set, keeps its own."""
    if served is not None and served.headers is not None:
        return served.headers
    headers = {"x-rulec-version": fingerprint}
    if rule:
        headers["x-rulec-rule"] = printable(rule)
    if served is not None:
        headers["x-rulec-target"] = printable(f"{served.provider}/{served.model}")
        served.headers = headers
    return headers


def refusal(status: int, text: Any, rules: Rules, rule: str | None) -> Exception:
    """The answer to a request that is not served, in the shape of an OpenAI error."""
    kind = "permission_error" if status in (401, 403) else "invalid_request_error" if status < 500 else "server_error"
    headers = response_headers(rules.fingerprint, rule, None)
    answer: Exception = ProxyException(
        message=str(text or "refused by the routing rules"), type=kind, param="model", code=status, headers=headers
    )
    answer.status_code = status  # type: ignore[attr-defined]  # what /v1/completions of 1.100 answers with
    return answer


def forbidden(group: str, rules: Rules, rule: str | None) -> Exception:
    return refusal(403, f"this key may not call the model {printable(group)}, which the rules choose", rules, rule)
