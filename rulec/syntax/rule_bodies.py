"""The body of a rule in YAML: its target and its fallback, as the syntax tree has them."""

from __future__ import annotations

from rulec.diagnostics import Diagnostic, Diagnostics, Rejected
from rulec.source import Located, Span
from rulec.syntax import ast, vocabulary
from rulec.syntax.condition_parser import parse_condition
from rulec.syntax.conditions import ParsedCondition
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence

MOST_HOPS = 50
"""A chain is walked in one request: nobody waits for more attempts."""
NO_FALLBACK = ast.ChainReference(None)


class RuleBodies:
    """Reads the bodies of rules that the vocabulary has let through; what contradicts itself is reported."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics

    def only_target(self, target: ast.Target, body: Node) -> ast.Target:
        routing = ("provider", "providers", "model", "pass", "refuse", "status", "substitute", "routing_strategy")
        for name in (*routing, "sticky", "prefer_warm"):
            key = body.key(name) if isinstance(body, Mapping) else None
            if key is not None:
                self.diagnostics.error(
                    "two-targets",
                    f"a virtual model has no `{name}`",
                    key.span,
                    "its targets are `simple` and `complex`",
                )
        return target

    def target(self, entry: vocabulary.Rule, span: Span, body: Node) -> ast.Target:
        routed = entry.provider is not None or entry.providers is not None or entry.model is not None
        targets = [routed, entry.pass_ is True, entry.refuse is not None]
        is_capability = isinstance(entry, vocabulary.CapabilityRule)
        if sum(targets) > 1:
            raise Rejected(
                wrong("this rule has two targets", span, "keep one of a route (provider, model), `pass` and `refuse`")
            )
        if entry.provider is not None and entry.providers is not None:
            raise Rejected(wrong("`provider` and `providers` are the same key", span, "keep `providers`"))
        if entry.pass_ is False:
            raise Rejected(wrong("`pass` can only be true", span, "remove the key"))
        if entry.refuse is not None or entry.pass_:
            self.refuse_keys(
                body, ("substitute", "routing_strategy", "sticky", "prefer_warm"), "where nothing is routed"
            )
        elif entry.model is not None:
            self.refuse_keys(body, ("substitute",), "beside `model`")
        if entry.refuse is not None:
            return ast.RefuseTarget(entry.refuse.text, entry.status or 400)
        if entry.status is not None:
            key = body.key("status") if isinstance(body, Mapping) else None
            place = key.span if key else span
            raise Rejected(wrong("`status` belongs to `refuse`", place, 'write `refuse: "text"` beside it'))
        if entry.pass_:
            return ast.PassTarget()
        if not routed and not is_capability and not self.is_redundant_stub(entry):
            help = 'name a `provider`, a `model`, `pass: true` or `refuse: "text"`'
            raise Rejected(wrong("the rule has no target", span, help))
        return self.route(entry)

    def refuse_keys(self, body: Node, names: tuple[str, ...], where: str) -> None:
        for name in names:
            key = body.key(name) if isinstance(body, Mapping) else None
            if key is not None:
                self.diagnostics.error("unused-key", f"`{name}` has no meaning {where}", key.span, "remove it")

    def is_redundant_stub(self, entry: vocabulary.Rule) -> bool:
        """An exact rule may leave its candidates to `redundant_models`; whether it is there is known after binding."""
        return isinstance(entry, vocabulary.ExactRule)

    def route(self, entry: vocabulary.Rule) -> ast.RouteTarget:
        providers = entry.providers if entry.providers is not None else entry.provider
        capability = entry if isinstance(entry, vocabulary.CapabilityRule) else None
        return ast.RouteTarget(
            tuple(candidate(one) for one in providers or ()),
            located(entry.model),
            tuple(one.located() for one in capability.preferred_models) if capability else (),
            entry.substitute,
            located(entry.routing_strategy),
            entry.sticky,
            entry.prefer_warm,
            capability.min_model_size if capability else None,
            capability.min_context if capability else None,
        )

    def fallback(
        self, entry: vocabulary.Rule, body: Node
    ) -> ast.ChainReference | tuple[ast.HopDeclaration, ...] | None:
        if not isinstance(body, Mapping):
            return None
        own, chain = body.key("fallback"), body.key("fallback_chain")
        if own is not None and chain is not None:
            self.diagnostics.error(
                "two-fallbacks", "`fallback` and `fallback_chain` stand in one rule", chain.span, "keep one of the two"
            )
        if own is not None:
            if len(entry.fallback or ()) > MOST_HOPS:
                raise Rejected(wrong(f"this fallback has more than {MOST_HOPS} hops", own.span))
            hops = self.hops(entry.fallback or [], body.get("fallback"))
            return hops if entry.fallback else NO_FALLBACK
        if entry.fallback_chain is not None:
            name = entry.fallback_chain.located()
            return NO_FALLBACK if name.text == "none" else ast.ChainReference(name)
        value = body.get("fallback_chain")
        return NO_FALLBACK if isinstance(value, Scalar) and value.value is None else None

    def hops(self, entries: list[vocabulary.Hop], node: Node | None) -> tuple[ast.HopDeclaration, ...]:
        nodes = node.items if isinstance(node, Sequence) else [node] * len(entries)
        hops = []
        for entry, place in zip(entries, nodes, strict=False):
            providers = (entry.provider, entry.primary, entry.secondary, entry.tertiary, entry.quaternary)
            provider = next((one for one in providers if one is not None), None)
            model = entry.model if entry.model is not None else entry.preferred_model
            condition = entry.when if entry.when is not None else entry.condition
            assert place is not None
            hops.append(
                ast.HopDeclaration(
                    located(provider),
                    located(model),
                    tuple(dict.fromkeys(entry.on_error)) if entry.on_error else None,
                    self.hop_condition(condition),
                    (provider or model or place).span,
                )
            )
        return tuple(hops)

    def hop_condition(self, condition: Scalar | None) -> ParsedCondition | None:
        if condition is None:
            return None
        try:
            return parse_condition(condition.located())
        except Rejected as rejected:
            self.diagnostics.items.append(rejected.diagnostic)
            return None


def wrong(message: str, span: Span, help: str | None = None) -> Diagnostic:
    return Diagnostic("wrong-value", "error", message, span, help)


def located(scalar: Scalar | None) -> Located | None:
    return None if scalar is None else scalar.located()


def candidate(entry: vocabulary.Weighted) -> ast.Candidate:
    weight = entry.weight
    return ast.Candidate(entry.provider.located(), None if weight is None else weight.value, weight and weight.span)
