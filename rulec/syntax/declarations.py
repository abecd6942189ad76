"""The sections that say what exists: providers, models, fallback chains and the settings of strategies."""

from __future__ import annotations

import sys
from typing import Any

from rulec.diagnostics import suggest
from rulec.source import Span
from rulec.syntax import ast
from rulec.syntax.checker import Entry, Serving
from rulec.syntax.fields import STRATEGIES, STRATEGY_SYNONYMS
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence
from rulec.syntax.reading import Reading, located, wrong
from rulec.syntax.references import REFERENCE
from rulec.syntax.rule_bodies import MOST_HOPS, RuleBodies
from rulec.syntax.settings import Settings, places, plain_setting
from rulec.syntax.shapes import SHAPES

_SETTINGS = (
    "api_base",
    "api_key",
    "api_version",
    "organization",
    "timeout",
    "stream_timeout",
    "rpm",
    "tpm",
    "max_parallel_requests",
)
"""Keys that LiteLLM knows by the same names in `litellm_params`."""
_HANDLING = ("weight", "priority", "num_retries", "retry_after", "cooldown", "cache_ttl")
"""Keys that say what rulec does with a deployment; LiteLLM would send them to the provider."""
_FACTORS = ("latency", "success_rate", "cost")


class Declarations:
    """Reads what exists; one method for each section."""

    def __init__(self, reading: Reading, settings: Settings) -> None:
        self.reading = reading
        self.rules = reading.rules
        self.diagnostics = reading.diagnostics
        self.check = reading.check
        self.settings = settings
        self.bodies = RuleBodies(reading)

    def provider(self, name: Scalar, body: Node) -> None:
        self.reading.refuse_reserved(name, "provider")
        entry = self.check("Provider", body, name.text)
        if entry is None:
            self.rules.broken.add(("provider", name.text))
            return
        region = entry.get("region")
        self.rules.providers.append(
            ast.ProviderDeclaration(
                name.located(),
                entry["litellm"].located(),
                self.reading.patterns(entry.get("accepts", [])),
                located(entry.get("default_model")),
                entry.get("context"),
                region.text if region is not None else None,
                self.tuning(entry, body),
            )
        )
        if REFERENCE.search(entry["litellm"].text):
            self.diagnostics.error(
                "environment-reference", "an environment reference cannot stand in `litellm`", entry["litellm"].span
            )

    def tuning(self, entry: Entry, body: Node) -> ast.Tuning:
        """How a provider, a model or a deployment is set."""
        settings = {key: self.value(key, entry[key]) for key in _SETTINGS if key in entry}
        settings.update(self.passed(entry.get("litellm_params")))
        handling = {key: plain_setting(entry[key]) for key in _HANDLING if key in entry}
        if "model_info" in entry:
            handling["model_info"] = self.passed(entry["model_info"])
        return ast.Tuning(settings, handling, places(body))

    def value(self, key: str, value: Any) -> Any:
        return self.settings.setting(key, value) if isinstance(value, Scalar) else value

    def passed(self, parameters: Mapping | None) -> dict[str, Any]:
        """What `litellm_params` and `model_info` pass on."""
        pairs = parameters.pairs if parameters is not None else ()
        return {key.text: self.settings.setting(key.text, value) for key, value in pairs}

    def model(self, name: Scalar, body: Node) -> None:
        if isinstance(body, Scalar) and body.value is None:
            body = Mapping([], body.source, body.start, body.end)
        entry = self.check("Model", body, name.text)
        if entry is None:
            self.rules.broken.add(("model", name.text))
            return
        served, cost = entry.get("served_by"), entry.get("cost")
        self.rules.models.append(
            ast.ModelDeclaration(
                name.located(),
                tuple([self.serving(one) for one in served]) if served is not None else None,
                entry.get("size"),
                entry.get("context"),
                tuple(one.located() for one in entry.get("capabilities", ())),
                (float(cost["input"].value), float(cost["output"].value)) if cost is not None else None,
                self.tuning(entry, body),
            )
        )

    def serving(self, one: Serving) -> ast.Serving:
        upstream = one.upstream.text if one.upstream is not None else None
        return ast.Serving(one.provider.located(), upstream, self.tuning(one.entry, one.node))

    def chain(self, name: Scalar, body: Node) -> None:
        self.reading.refuse_reserved(name, "chain")
        entry = self.check("Chain", body, name.text)
        if entry is None:
            self.rules.broken.add(("chain", name.text))
            return
        hops = entry["chain"]
        if len(hops) > MOST_HOPS:
            self.rules.broken.add(("chain", name.text))
            message = f"the chain `{name.text}` has {len(hops)} hops, {MOST_HOPS} are the most"
            raise wrong(message, name.span, "a request that fails that often is better answered", code="too-many")
        retry = body.key("retry_attempts") if isinstance(body, Mapping) else None
        self.rules.chains.append(
            ast.ChainDeclaration(
                name.located(),
                self.bodies.hops(hops),
                entry["retry_attempts"],
                entry["retry_delay_ms"],
                retry.span if retry else None,
            )
        )

    def strategy(self, name: Scalar, body: Node) -> None:
        known = (*STRATEGIES, *STRATEGY_SYNONYMS)
        if name.text not in known:
            help = suggest(name.text, known, "strategy")
            raise wrong(f"there is no strategy `{name.text}`", name.span, help, code="unknown-strategy")
        entry = self.check("StrategySettings", body, name.text)
        if entry is None:
            return
        canonical = STRATEGY_SYNONYMS.get(name.text, name.text)
        values = {key: plain_setting(entry[key]) for key in SHAPES["StrategySettings"]["keys"] if key in entry}
        values["applicable_to"] = [one.located() for one in entry.get("applicable_to", ())]
        if "signal" in entry:
            values["signal"] = entry["signal"].located()
        if "weight_factors" in entry:
            values["weight_factors"] = self.weight_factors(entry["weight_factors"], name.span)
        self.rules.strategies.append(ast.Section(canonical, values, name.span))

    def weight_factors(self, node: Node, span: Span) -> dict[str, float]:
        """`{latency: 0.4}` and `[{latency: 0.4}, {cost: 0.2}]` are one mapping of factors."""
        factors: dict[str, float] = {}
        items = node.items if isinstance(node, Sequence) else [node]
        for item in items:
            if not isinstance(item, Mapping):
                help = "write `{latency: 0.4}`"
                self.diagnostics.error("wrong-factor", "`weight_factors`: a mapping is expected here", item.span, help)
                continue
            for key, value in item.pairs:
                self.factor(key, value, factors)
        if not items:
            self.diagnostics.error("wrong-factor", "`weight_factors` names no factor", span, "write `{latency: 0.4}`")
        return factors

    def factor(self, key: Scalar, node: Node, factors: dict[str, float]) -> None:
        if key.text not in _FACTORS:
            help = suggest(key.text, _FACTORS, "factor")
            self.diagnostics.error("wrong-factor", f"there is no factor `{key.text}`", key.span, help)
            return
        number = node.value if isinstance(node, Scalar) else None
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number <= sys.float_info.max:
            self.diagnostics.error("wrong-factor", f"the factor `{key.text}` is a number from 0 on", key.span)
        else:
            factors[key.text] = number

