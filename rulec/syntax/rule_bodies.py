"""The body of a rule: its target and its fallback, as the syntax tree has them; what contradicts itself is reported."""

from __future__ import annotations

from rulec.diagnostics import Rejected
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax.checker import Entry, Hop
from rulec.syntax.condition_parser import parse_condition
from rulec.syntax.conditions import ParsedCondition
from rulec.syntax.nodes import Mapping, Node, Scalar
from rulec.syntax.reading import Reading, candidate, located, wrong

MOST_HOPS = 50
"""A chain is walked in one request: nobody waits for more attempts."""
NO_FALLBACK = ast.ChainReference(None)

_ROUTING = ("provider", "providers", "model", "pass", "refuse", "status", "substitute", "routing_strategy")
_CHOOSING = ("substitute", "routing_strategy", "sticky", "prefer_warm")
_PROVIDER_WORDS = ("provider", "primary", "secondary", "tertiary", "quaternary")


class RuleBodies:
    """Reads the bodies of rules that the checker has let through."""

    def __init__(self, reading: Reading) -> None:
        self.diagnostics = reading.diagnostics

    def only_target(self, target: ast.Target, entry: Entry, body: Node) -> ast.Target:
        """The target of a virtual model, which has no other."""
        for name in (*_ROUTING, "sticky", "prefer_warm"):
            key = written(entry, name, body)
            if key is not None:
                help = "its targets are `simple` and `complex`"
                self.diagnostics.error("two-targets", f"a virtual model has no `{name}`", key.span, help)
        return target

    def target(self, phase: str, entry: Entry, span: Span, body: Node) -> ast.Target:
        routed = "provider" in entry or "providers" in entry or "model" in entry
        passes, refuses = entry.get("pass"), "refuse" in entry
        if routed + (passes is True) + refuses > 1:
            help = "keep one of a route (provider, model), `pass` and `refuse`"
            raise wrong("this rule has two targets", span, help, code="two-targets")
        if "provider" in entry and "providers" in entry:
            raise wrong("`provider` and `providers` are the same key", span, "keep `providers`", code="two-targets")
        if passes is False:
            raise wrong("`pass` can only be true", span, "remove the key")
        if passes or refuses:
            self.refuse_keys(entry, body, _CHOOSING, "where nothing is routed")
        elif "model" in entry:
            self.refuse_keys(entry, body, ("substitute",), "beside `model`")
        if refuses:
            return ast.RefuseTarget(entry["refuse"].text, entry.get("status") or 400)
        status = written(entry, "status", body)
        if status is not None:
            raise wrong(
                "`status` belongs to `refuse`", status.span, 'write `refuse: "text"` beside it', code="unused-key"
            )
        if passes:
            return ast.PassTarget()
        # An exact rule may leave its candidates to `redundant_models`; whether it is there is known after binding.
        if not routed and phase != "capability":
            self.refuse_merged(body)
        if not routed and phase not in ("capability", "exact"):
            help = 'name a `provider`, a `model`, `pass: true` or `refuse: "text"`'
            raise wrong("the rule has no target", span, help, code="no-target")
        return route(entry)

    def refuse_merged(self, body: Node) -> None:
        """A target that only a merge key names is no second mistake: the first is told again, which is told once."""
        for one in self.diagnostics.items:
            span = one.span
            here = span is not None and span.source is body.source and body.start <= span.start < body.end
            if here and one.code == "yaml-merge-key":
                raise Rejected(one)

    def refuse_keys(self, entry: Entry, body: Node, names: tuple[str, ...], where: str) -> None:
        for name in names:
            key = written(entry, name, body)
            if key is not None:
                self.diagnostics.error("unused-key", f"`{name}` has no meaning {where}", key.span, "remove it")

    def fallback(self, entry: Entry, body: Node) -> ast.ChainReference | tuple[ast.HopDeclaration, ...] | None:
        if "fallback" not in entry and "fallback_chain" not in entry:
            return None
        own, chain = written(entry, "fallback", body), written(entry, "fallback_chain", body)
        if own is not None and chain is not None:
            self.diagnostics.error(
                "two-fallbacks", "`fallback` and `fallback_chain` stand in one rule", chain.span, "keep one of the two"
            )
        if own is not None:
            hops = entry["fallback"]
            if len(hops) > MOST_HOPS:
                raise wrong(f"this fallback has more than {MOST_HOPS} hops", own.span, code="too-many")
            return self.hops(hops) or NO_FALLBACK
        name = entry["fallback_chain"]
        return NO_FALLBACK if name is None or name.text == "none" else ast.ChainReference(name.located())

    def hops(self, hops: list[Hop]) -> tuple[ast.HopDeclaration, ...]:
        return tuple(self.hop(one.entry, one.node) for one in hops)

    def hop(self, entry: Entry, node: Node) -> ast.HopDeclaration:
        provider = next((entry[one] for one in _PROVIDER_WORDS if one in entry), None)
        model = entry.get("model") or entry.get("preferred_model")
        kinds = entry.get("on_error")
        return ast.HopDeclaration(
            located(provider),
            located(model),
            tuple(dict.fromkeys(kinds)) if kinds else None,
            self.hop_condition(entry.get("when") or entry.get("condition")),
            (provider or model or node).span,
        )

    def hop_condition(self, condition: Scalar | None) -> ParsedCondition | None:
        if condition is None:
            return None
        try:
            return parse_condition(condition.located())
        except Rejected as rejected:
            self.diagnostics.items.append(rejected.diagnostic)
            return None


def route(entry: Entry) -> ast.RouteTarget:
    """The route that a rule with neither `pass` nor `refuse` means."""
    providers = entry.get("providers") or entry.get("provider") or ()
    return ast.RouteTarget(
        tuple([candidate(one) for one in providers]),
        located(entry.get("model")),
        tuple([one.located() for one in entry.get("preferred_models", ())]),
        entry.get("substitute", False),
        located(entry.get("routing_strategy")),
        entry.get("sticky"),
        entry.get("prefer_warm", False),
        entry.get("min_model_size"),
        entry.get("min_context"),
    )


def written(entry: Entry, name: str, body: Node) -> Scalar | None:
    """The key of a value as it was written; None where it is not there."""
    return body.key(name) if name in entry and isinstance(body, Mapping) else None
