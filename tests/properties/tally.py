"""What drawn rule sets and requests hold, counted, so that a part of the language that is never drawn is noticed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from drawn_requests import Sent
from words import HEADERS, METADATA

from rulec.policy.meaning import Answer
from rulec.policy.model import PHASES, Policy, Rule, VirtualTarget
from rulec.runtime.request import FIELD_READERS, Request
from rulec.syntax import conditions as when
from rulec.syntax.fields import ALL_OPERATORS, ERROR_KINDS, FIELDS, STRATEGIES, STRATEGY_SYNONYMS

SECTIONS = (
    "version",
    "providers",
    "models",
    "exact_matches",
    "patterns",
    "capabilities",
    "redundant_models",
    "model_size_routing",
    "request_metadata_routing",
    "virtual_models",
    "fallback_chains",
    "load_balancing",
    "first_request_routing",
    "rate_limited_fallback",
    "error_based_routing",
    "signals",
    "defaults",
    "request",
    "litellm",
    "complexity",
    "default",
    "x-anything",
)
OPERATORS = (*ALL_OPERATORS, "and", "or", "not", "always", "present", "flag", "in tag", "unavailable", "_unavailable", "/re/")
TARGETS = (
    "provider",
    "providers",
    "weights",
    "model",
    "model on providers",
    "preferred models",
    "all models of a capability",
    "capability on providers",
    "min_model_size",
    "min_context",
    "redundant",
    "virtual",
    "native",
    "pass",
    "refuse",
    "status",
    "substitute",
    "sticky",
    "prefer_warm",
)
CHAINS = (
    "inherited",
    "null",
    "none",
    "provider",
    "hop",
    "list",
    "named chain",
    "no chain",
    "on_error",
    "condition",
    "when",
    "model hop",
    "provider hop",
    "hop of both",
    "retries",
    *(f"on {kind}" for kind in ERROR_KINDS),
)
IN_RULES = frozenset(
    [f"section {one}" for one in SECTIONS]
    + [f"field {one}" for one in FIELDS]
    + [f"operator {one}" for one in OPERATORS]
    + [f"phase {one}" for one in PHASES]
    + [f"target {one}" for one in TARGETS]
    + [f"chain {one}" for one in CHAINS]
    + [f"strategy {one}" for one in (*STRATEGIES, *STRATEGY_SYNONYMS)]
    + [f"provider {one}" for one in ("accepts", "default_model", "context", "region", "api_base", "api_key", "fixed")]
    + [f"model {one}" for one in ("served_by list", "served_by names", "unserved", "size", "context", "capabilities", "cost")]
    + [f"tuned {one}" for one in ("weight", "priority", "num_retries", "retry_after", "cooldown", "cache_ttl", "model_info")]
    + ["deployment", "deployment model"]
    + ["rule name", "rule description", "rule until", "rule overrides", "rule priority", "rule reason"]
)
IN_REQUESTS = frozenset(
    [f"has {one}" for one in FIELDS]
    + [f"decided by {one}" for one in (*PHASES, None)]
    + [f"action {one}" for one in ("route", "pass", "refuse")]
    + ["no model", "irregular model", "unavailable", "several candidates", "several priorities", "fallbacks", "open hop"]
    + ["virtual simple", "virtual complex"]
)
_RULE_SECTIONS = (
    "request_metadata_routing",
    "exact_matches",
    "patterns",
    "capabilities",
    "model_size_routing",
    "virtual_models",
    "redundant_models",
)


def in_rule_set(document: dict[str, Any], policy: Policy) -> set[str]:
    """The features of a rule set."""
    found = {f"section {one}" for one in document if one in SECTIONS}
    found |= {f"phase {rule.phase}" for rule in policy.rules}
    for rule in policy.rules:
        if hasattr(rule.match, "condition"):
            found |= {f"field {name}" for name in field_names(rule.match.condition.condition)}
        for hop in rule.chain.hops:
            if hop.when is not None:
                found |= {f"field {name}" for name in field_names(hop.when.condition)}
    for entry in document["providers"].values():
        found |= {f"provider {key}" for key in entry} | {f"tuned {key}" for key in entry}
        found |= {"provider fixed"} if "{model}" not in entry["litellm"] else set()
    for entry in document["models"].values():
        found |= {f"model {key}" for key in entry}
        served = entry.get("served_by", "unserved")
        shape = "unserved" if served == "unserved" else "served_by names" if isinstance(served, dict) else "served_by list"
        found.add(f"model {shape}")
        for one in served.values() if isinstance(served, dict) else ():
            found |= {"deployment", *(f"deployment {key}" for key in one)} if isinstance(one, dict) else set()
    for section in _RULE_SECTIONS:
        value = document.get(section, {})
        for entry in value.values() if isinstance(value, dict) else value:
            found |= in_rule(section, entry)
    found |= in_rule("default", document["default"]) if isinstance(document.get("default"), dict) else set()
    for chain in document.get("fallback_chains", {}).values():
        found |= {"chain retries"} if "retry_attempts" in chain else set()
        for hop in chain["chain"]:
            found |= in_hop(hop)
    return found


def field_names(condition: when.Condition) -> Iterator[str]:
    if isinstance(condition, (when.And, when.Or)):
        for item in condition.items:
            yield from field_names(item)
    elif isinstance(condition, when.Not):
        yield from field_names(condition.item)
    elif isinstance(condition, when.Tagged):
        yield "tag"
    elif isinstance(condition, (when.Between, when.OnDays)):
        yield "time" if isinstance(condition, when.Between) else "weekday"
    elif hasattr(condition, "field"):
        yield condition.field.name


def in_rule(section: str, entry: dict[str, Any]) -> set[str]:
    found = {f"rule {key}" for key in ("name", "description", "until", "overrides", "priority", "reason") if key in entry}
    found |= {f"target {key}" for key in ("pass", "refuse", "status", "substitute", "sticky", "prefer_warm") if key in entry}
    found |= {f"target {key}" for key in ("provider", "providers", "min_model_size", "min_context") if key in entry}
    providers = entry.get("providers")
    named = "provider" in entry or "providers" in entry
    if isinstance(providers, list) and isinstance(providers[0], dict) and "weight" in providers[0]:
        found.add("target weights")
    if "model" in entry:
        found.add("target model on providers" if named else "target model")
    if section == "capabilities":
        found.add("target preferred models" if "preferred_models" in entry else "target all models of a capability")
        found |= {"target capability on providers"} if named else set()
    found |= {"target redundant"} if section == "redundant_models" else set()
    if section == "virtual_models":
        found.add("target native" if entry["complexity"].get("scored_by") == "litellm" else "target virtual")
    found |= {f"strategy {entry['routing_strategy']}"} if "routing_strategy" in entry else set()
    for key in ("condition", "when"):
        found |= in_condition(entry[key]) if key in entry else set()
    return found | in_fallback(entry)


def in_fallback(entry: dict[str, Any]) -> set[str]:
    if "fallback_chain" in entry:
        return {"chain no chain" if entry["fallback_chain"] in (None, "none") else "chain named chain"}
    if "fallback" not in entry:
        return {"chain inherited"}
    value = entry["fallback"]
    if isinstance(value, list):
        return {"chain list"}.union(*(in_hop(hop) for hop in value))
    if isinstance(value, dict):
        return {"chain hop"} | in_hop(value)
    return {"chain null" if value is None else "chain none" if value == "none" else "chain provider"}


def in_hop(hop: dict[str, Any]) -> set[str]:
    found = {f"chain {key}" for key in ("on_error", "condition", "when") if key in hop}
    model = "model" in hop or "preferred_model" in hop
    provider = any(key in hop for key in ("provider", "primary", "secondary", "tertiary"))
    found.add("chain hop of both" if model and provider else "chain model hop" if model else "chain provider hop")
    kinds = hop.get("on_error", [])
    found |= {f"chain on {kind}" for kind in (kinds if isinstance(kinds, list) else [kinds])}
    for key in ("condition", "when"):
        found |= in_condition(hop[key]) if key in hop else set()
    return found


_SPELLED = {
    "in": r"(?<!not) in ",
    "not": r"(?:^|\(|and |or )not ",
    "always": r"\balways\b",
    "present": r"\bpresent\(",
    "flag": r"(?:^|\(|and |or |not )(?:stream|tools|images)(?:$|\)| and| or)",
    "in tag": r"""['"] in tag\b""",
    "unavailable": r"\bunavailable\(",
    "_unavailable": r"\w_unavailable\b",
    "/re/": r" matches /",
}


def in_condition(text: str) -> set[str]:
    return {f"operator {one}" for one in OPERATORS if re.search(_SPELLED.get(one, f" {re.escape(one)} "), text)}


def in_request(sent: Sent, request: Request, answer: Answer, rule: Rule | None, sized: bool) -> set[str]:
    """The features of a request and of its answer."""
    _, headers, _ = sent
    phase = rule.phase if rule is not None else None
    found = {f"decided by {phase}", f"action {answer.action}", "has time", "has weekday"}
    for name, read in FIELD_READERS.items():
        usual = {"batch_size": 1}.get(name, 0)
        if read(request) not in (None, False, usual, frozenset()):
            found.add(f"has {name}")
    if rule is not None and isinstance(rule.target, VirtualTarget):
        found.add("virtual simple" if request.complexity < rule.target.threshold else "virtual complex")
    found |= {"has header"} if any(name in headers for name in HEADERS) else set()
    found |= {"has metadata"} if any(request.metadata_value(name) is not None for name in METADATA) else set()
    found |= {"has model_size"} if sized else set()
    found |= {"no model"} if request.model is None else set()
    found |= {"irregular model"} if request.model is not None and not request.model.isprintable() else set()
    found |= {"unavailable"} if request.unavailable else set()
    found |= {"several candidates"} if len(answer.candidates) > 1 else set()
    found |= {"several priorities"} if len({one.priority for one in answer.candidates}) > 1 else set()
    found |= {"fallbacks"} if answer.fallbacks else set()
    found |= {"open hop"} if any(step.when is not None for step in answer.fallbacks) else set()
    return found


class Tally:
    """Totals, and how often each feature occurred."""

    def __init__(self) -> None:
        self.rule_sets = 0
        self.discarded = 0
        self.requests = 0
        self.rules: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()

    def rare(self) -> dict[str, float]:
        """The features below one in a hundred, with their share in percent."""
        shares = {name: 100 * self.rules[name] / max(1, self.rule_sets) for name in IN_RULES}
        shares.update({name: 100 * self.sent[name] / max(1, self.requests) for name in IN_REQUESTS})
        return {name: round(share, 2) for name, share in sorted(shares.items()) if share < 1}
