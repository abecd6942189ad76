"""A YAML file to the syntax tree: each entry of each section is checked by itself, so that every mistake is reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rulec.diagnostics import Diagnostics, Rejected, Related, suggest
from rulec.patterns.compile import CompiledPattern, compile_pattern
from rulec.secrets import looks_secret
from rulec.source import Source, Span
from rulec.syntax import ast, vocabulary
from rulec.syntax.condition_parser import parse_condition, parse_date
from rulec.syntax.fields import STRATEGIES, STRATEGY_SYNONYMS, STRIPPED_HEADERS
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence, read_documents
from rulec.syntax.references import REFERENCE, environment_parts
from rulec.syntax.rule_bodies import MOST_HOPS, RuleBodies, candidate, located, wrong
from rulec.syntax.tiers import parse_tier

Entry = TypeVar("Entry", bound=BaseModel)

_REFERENCING_SECTIONS = frozenset(("providers", "signals", "litellm"))
_PROVIDER_SETTINGS = (
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


def read_rule_file(source: Source, rules: ast.RuleSet, diagnostics: Diagnostics) -> None:
    """Adds what a YAML file declares to the rule set; an empty file declares nothing."""
    documents = read_documents(source, diagnostics)
    if len(documents) > 1:
        diagnostics.error(
            "yaml-documents",
            "a rule file holds one YAML document",
            documents[1].span,
            "move what stands below `---` into a file of its own",
        )
    for document in documents[:1]:
        read_rule_document(document, rules, diagnostics)


def read_rule_document(document: Node, rules: ast.RuleSet, diagnostics: Diagnostics) -> None:
    """Adds what one document (the node of its root) declares to the rule set."""
    if isinstance(document, Scalar) and document.value is None:
        return
    if not isinstance(document, Mapping):
        diagnostics.error("wrong-shape", vocabulary.Document.expected(None), document.span)
        return
    _Reader(rules, diagnostics).document(document)


class _Reader:
    """Walks the sections of one document."""

    def __init__(self, rules: ast.RuleSet, diagnostics: Diagnostics) -> None:
        self.rules = rules
        self.diagnostics = diagnostics
        self.bodies = RuleBodies(diagnostics)
        self.sections: dict[str, Callable[[Scalar, Node], None]] = {
            "version": self.version,
            "providers": self.each(self.provider),
            "models": self.each(self.model),
            "exact_matches": self.each(self.exact),
            "patterns": self.each_item(self.pattern),
            "capabilities": self.each(self.capability),
            "redundant_models": self.each(self.redundant),
            "model_size_routing": self.each_item(self.size_tier),
            "request_metadata_routing": self.each(self.metadata_rule),
            "virtual_models": self.each(self.virtual),
            "fallback_chains": self.each(self.chain),
            "load_balancing": self.each(self.strategy),
            "signals": self.each(self.signal),
            "first_request_routing": self.settings(vocabulary.FirstRequest),
            "rate_limited_fallback": self.settings(vocabulary.RateLimited),
            "error_based_routing": self.settings(vocabulary.ErrorBased),
            "request": self.settings(vocabulary.RequestSettings),
            "litellm": self.litellm,
            "defaults": self.defaults,
            "default": self.default,
        }

    def document(self, document: Mapping) -> None:
        for key, value in document.pairs:
            if key.text.startswith("x-"):
                continue
            read = self.sections.get(key.text)
            if read is None:
                self.unknown_section(key)
                continue
            if key.text not in _REFERENCING_SECTIONS:
                self.refuse_references(value, key.text)
            read(key, value)

    def unknown_section(self, key: Scalar) -> None:
        help = suggest(key.text, list(self.sections), "section")
        moved = {"router_settings", "litellm_settings", "general_settings"}
        if key.text in moved:
            help = f"write it inside `litellm:`: `litellm: {{{key.text}: …}}`"
        elif key.text == "model_list":
            help = "rulec writes the model list from `providers` and `models`"
        self.diagnostics.error("unknown-section", f"`{key.text}` is no section of a rule file", key.span, help)

    # Walking sections

    def each(self, read: Callable[[Scalar, Node], None]) -> Callable[[Scalar, Node], None]:
        def section(key: Scalar, value: Node) -> None:
            if isinstance(value, Scalar) and value.value is None:
                return
            if not isinstance(value, Mapping):
                self.diagnostics.error(
                    "wrong-shape", f"`{key.text}` is a mapping of names to their settings", value.span
                )
                return
            for name, body in value.pairs:
                if not name.text.strip():
                    self.diagnostics.error("wrong-value", f"a name in `{key.text}` is empty", name.span)
                else:
                    self.attempt(read, name, body)

        return section

    def each_item(self, read: Callable[[Node], None]) -> Callable[[Scalar, Node], None]:
        def section(key: Scalar, value: Node) -> None:
            if isinstance(value, Scalar) and value.value is None:
                return
            if not isinstance(value, Sequence):
                self.diagnostics.error(
                    "wrong-shape", f"`{key.text}` is a list", value.span, "begin each entry with `- `"
                )
                return
            for item in value.items:
                self.attempt(read, item)

        return section

    def attempt(self, read: Callable[..., None], *arguments: Any) -> None:
        try:
            read(*arguments)
        except Rejected as rejected:
            self.diagnostics.items.append(rejected.diagnostic)

    def check(self, model: type[Entry], node: Node, name: str | None = None) -> Entry | None:
        """The node as an instance of a vocabulary model; what is wrong with it is reported at its narrowest place."""
        try:
            return model.model_validate(_plain(node), context=self.diagnostics)
        except ValidationError as failure:
            for error in failure.errors(include_url=False, include_input=False):
                self.report(error, node, name)
            return None

    def report(self, error: Any, node: Node, name: str | None = None) -> None:
        place = _find(node, error["loc"])
        if error["type"] == "missing":
            key = error["loc"][-1]
            self.diagnostics.error("missing-key", f"the key `{key}` is missing here", _opening(place))
        elif error["type"] == "rulec":
            context = error["ctx"]
            key = next((step for step in reversed(error["loc"]) if isinstance(step, str) and step != "[key]"), name)
            message = context["message"] if key is None else f"`{key}`: {context['message']}"
            self.diagnostics.error("wrong-value", message, place.span, context["help"])
        else:
            shape = {"dict_type": "a mapping", "list_type": "a list", "model_type": "a mapping"}.get(error["type"])
            key = next((step for step in reversed(error["loc"]) if isinstance(step, str)), "this")
            self.diagnostics.error("wrong-value", f"`{key}`: {shape or 'another value'} is expected here", place.span)

    # Sections

    def version(self, key: Scalar, value: Node) -> None:
        if not (isinstance(value, Scalar) and value.value == 1 and not isinstance(value.value, bool)):
            self.diagnostics.error(
                "wrong-value", "the only version of the rule language is 1", value.span, "write `version: 1`"
            )

    def provider(self, name: Scalar, body: Node) -> None:
        self.refuse_reserved(name, "provider")
        entry = self.check(vocabulary.Provider, body, name.text)
        if entry is None:
            self.rules.broken.add(("provider", name.text))
            return
        settings = {key: getattr(entry, key) for key in _PROVIDER_SETTINGS if getattr(entry, key) is not None}
        settings.update({str(key): value for key, value in entry.litellm_params.items()})
        self.rules.providers.append(
            ast.ProviderDeclaration(
                name.located(),
                entry.litellm.located(),
                self.patterns(entry.accepts),
                located(entry.default_model),
                entry.context,
                entry.region.text if entry.region else None,
                {key: self.setting(key, value) for key, value in settings.items()},
                _places(body, settings),
            )
        )
        self.refuse_template_reference(entry.litellm)

    def refuse_template_reference(self, template: Scalar) -> None:
        if REFERENCE.search(template.text):
            self.diagnostics.error(
                "environment-reference", "an environment reference cannot stand in `litellm`", template.span
            )

    def model(self, name: Scalar, body: Node) -> None:
        if isinstance(body, Scalar) and body.value is None:
            body = Mapping([], body.source, body.start, body.end)
        entry = self.check(vocabulary.Model, body, name.text)
        if entry is None:
            self.rules.broken.add(("model", name.text))
            return
        settings = {key: getattr(entry, key) for key in ("rpm", "tpm") if getattr(entry, key) is not None}
        settings.update({str(key): self.setting(str(key), value) for key, value in entry.litellm_params.items()})
        cost = (float(entry.cost.input.value), float(entry.cost.output.value)) if entry.cost else None
        assert isinstance(body, Mapping)
        self.rules.models.append(
            ast.ModelDeclaration(
                name.located(),
                self.served_by(body.get("served_by")),
                entry.size,
                entry.context,
                tuple(one.located() for one in entry.capabilities),
                settings,
                cost,
                _places(body, settings),
            )
        )

    def served_by(self, node: Node | None) -> tuple[ast.Serving, ...] | None:
        if node is None or (isinstance(node, Scalar) and node.value is None):
            return None
        if isinstance(node, Scalar):
            return (ast.Serving(node.located()),)
        if isinstance(node, Mapping):
            return tuple(self.serving(key, value) for key, value in node.pairs)
        servings: list[ast.Serving] = []
        for item in node.items:
            if isinstance(item, Scalar):
                servings.append(ast.Serving(item.located()))
            elif isinstance(item, Mapping):
                servings += [self.serving(key, value) for key, value in item.pairs]
            else:
                self.diagnostics.error("wrong-value", "a provider is expected here", item.span)
        return tuple(servings)

    def serving(self, provider: Scalar, upstream: Node) -> ast.Serving:
        if not isinstance(upstream, Scalar):
            self.diagnostics.error(
                "wrong-value",
                "`served_by`: the name that the provider knows the model by is expected here",
                upstream.span,
                f"write `{provider.text}: name-there`",
            )
            return ast.Serving(provider.located())
        return ast.Serving(provider.located(), upstream.text if upstream.value is not None else None)

    def exact(self, name: Scalar, body: Node) -> None:
        entry = self.check(vocabulary.ExactRule, body, name.text)
        if entry is not None:
            self.rule("exact", name.text, ast.Exact(name.located()), entry, name.span, body)

    def pattern(self, body: Node) -> None:
        entry = self.check(vocabulary.PatternRule, body)
        if entry is None:
            return
        if not entry.pattern:
            raise Rejected(wrong("a pattern rule needs a pattern", _opening(body)))
        patterns = self.patterns(entry.pattern)
        if len(patterns) == len(entry.pattern):
            self.rule("pattern", entry.pattern[0].text, ast.Patterns(patterns), entry, entry.pattern[0].span, body)

    def patterns(self, scalars: list[Scalar]) -> tuple[CompiledPattern, ...]:
        compiled = []
        for scalar in scalars:
            try:
                compiled.append(compile_pattern(scalar.located()))
            except Rejected as rejected:
                self.diagnostics.items.append(rejected.diagnostic)
        return tuple(compiled)

    def capability(self, name: Scalar, body: Node) -> None:
        entry = self.check(vocabulary.CapabilityRule, body, name.text)
        if entry is None:
            return
        substitute = body.key("substitute") if isinstance(body, Mapping) else None
        if substitute is not None:
            self.diagnostics.error(
                "substitute-in-capability",
                "`substitute` has no meaning in a capability rule",
                substitute.span,
                "a capability always replaces the model: remove the key",
            )
        self.rule("capability", name.text, ast.Capability(name.text), entry, name.span, body)

    def size_tier(self, body: Node) -> None:
        entry = self.check(vocabulary.SizeRule, body)
        if entry is not None:
            tier, text = parse_tier(entry.size.located())
            self.rule("size", text, tier, entry, entry.size.span, body)

    def metadata_rule(self, name: Scalar, body: Node) -> None:
        entry = self.check(vocabulary.WhenRule, body, name.text)
        if entry is None:
            return
        condition = self.one_condition(entry.condition, entry.when)
        if condition is None:
            help = 'write `condition: header.x-priority == "high"`'
            raise Rejected(wrong(f"the rule `{name.text}` has no condition", name.span, help))
        parsed = parse_condition(condition.located())
        explicit = name if entry.name is None else entry.name
        entry.name = explicit
        self.rule("when", name.text, ast.When(parsed), entry, name.span, body)

    def one_condition(self, first: Scalar | None, second: Scalar | None) -> Scalar | None:
        if first is not None and second is not None:
            later = max(first, second, key=lambda one: one.start)
            self.diagnostics.error(
                "two-conditions", "`when` and `condition` are the same key", later.span, "join the two with `and`"
            )
        return first if first is not None else second

    def virtual(self, name: Scalar, body: Node) -> None:
        entry = self.check(vocabulary.VirtualModel, body, name.text)
        if entry is None:
            return
        split = entry.complexity
        threshold = 50 if split.threshold is None else split.threshold.value
        target = ast.VirtualTarget(split.simple.located(), split.complex.located(), threshold)
        self.rule("exact", name.text, ast.Exact(name.located()), entry, name.span, body, target)

    def default(self, key: Scalar, body: Node) -> None:
        try:
            document = vocabulary.Document.model_validate({"default": _plain(body)}, context=self.diagnostics)
        except ValidationError as failure:
            root = Mapping([(key, body)], key.source, key.start, body.end)
            for error in failure.errors(include_url=False, include_input=False):
                self.report(error, root)
            return
        if document.default is None:
            self.diagnostics.error("wrong-value", "`default` goes nowhere", key.span, "write `default: pass`")
        else:
            self.attempt(self.rule, "default", "", ast.Everything(), document.default, key.span, body)

    def redundant(self, name: Scalar, body: Node) -> None:
        entry = self.check(vocabulary.Redundant, body, name.text)
        if entry is None:
            return
        if not entry.providers:
            raise Rejected(wrong(f"the redundant model `{name.text}` names no provider", name.span))
        settings = ast.RouteTarget(strategy=located(entry.routing_strategy), sticky=entry.sticky)
        self.rules.redundant.append(
            ast.RedundantModel(name.located(), tuple(candidate(one) for one in entry.providers), settings)
        )

    def chain(self, name: Scalar, body: Node) -> None:
        self.refuse_reserved(name, "chain")
        entry = self.check(vocabulary.Chain, body, name.text)
        if entry is None:
            self.rules.broken.add(("chain", name.text))
            return
        hops = body.get("chain") if isinstance(body, Mapping) else None
        if len(entry.chain) > MOST_HOPS:
            self.rules.broken.add(("chain", name.text))
            message = f"the chain `{name.text}` has {len(entry.chain)} hops, {MOST_HOPS} are the most"
            raise Rejected(wrong(message, name.span, "a request that fails that often is better answered"))
        retry = body.key("retry_attempts") if isinstance(body, Mapping) else None
        self.rules.chains.append(
            ast.ChainDeclaration(
                name.located(),
                self.bodies.hops(entry.chain, hops),
                entry.retry_attempts,
                entry.retry_delay_ms,
                retry.span if retry else None,
            )
        )

    def refuse_reserved(self, name: Scalar, what: str) -> None:
        if name.text == "none":
            self.diagnostics.error(
                "reserved-name", f"`none` is no name for a {what}", name.span, "`none` says that there is no fallback"
            )

    def strategy(self, name: Scalar, body: Node) -> None:
        known = [*STRATEGIES, *STRATEGY_SYNONYMS]
        if name.text not in known:
            help = suggest(name.text, known, "strategy")
            raise Rejected(wrong(f"there is no strategy `{name.text}`", name.span, help))
        entry = self.check(vocabulary.StrategySettings, body, name.text)
        if entry is None:
            return
        canonical = STRATEGY_SYNONYMS.get(name.text, name.text)
        self.declare_once(self.rules.strategies, canonical, name, f"the strategy `{canonical}`")
        values = {key: _settings_value(value) for key, value in entry if value is not None}
        if entry.weight_factors is not None:
            values["weight_factors"] = self.weight_factors(entry.weight_factors, name.span)
        applicable = [one.located() for one in entry.applicable_to]
        self.rules.strategies[canonical] = ast.Section({**values, "applicable_to": applicable}, name.span)

    def weight_factors(self, value: Any, span: Span) -> dict[str, float]:
        """`{latency: 0.4}` and `[{latency: 0.4}, {cost: 0.2}]` are one mapping of factors."""
        items = value if isinstance(value, list) else [value]
        factors: dict[str, float] = {}
        for item in items:
            for key, scalar in item.items() if isinstance(item, dict) else ():
                if key not in ("latency", "success_rate", "cost"):
                    help = suggest(key, ("latency", "success_rate", "cost"), "factor")
                    self.diagnostics.error("wrong-value", f"there is no factor `{key}`", key.scalar.span, help)
                    continue
                number = scalar.value if isinstance(scalar, Scalar) else None
                if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < float("inf"):
                    self.diagnostics.error("wrong-value", f"the factor `{key}` is a number from 0 on", key.scalar.span)
                    continue
                factors[key] = number
        if not items:
            self.diagnostics.error("wrong-value", "`weight_factors` names no factor", span, "write `{latency: 0.4}`")
        return factors

    def signal(self, name: Scalar, body: Node) -> None:
        entry = self.check(vocabulary.Signal, body, name.text)
        if entry is None:
            return
        section = self.rules.sections.setdefault("signals", ast.Section({}, name.span))
        if name.text in section.values:
            raise Rejected(wrong(f"the signal `{name.text}` is declared twice", name.span))
        values = {key: value for key, value in entry if value is not None}
        section.values[name.text] = {key: self.setting(key, value) for key, value in values.items()}

    def settings(self, model: type[BaseModel]) -> Callable[[Scalar, Node], None]:
        def section(key: Scalar, body: Node) -> None:
            entry = self.check(model, body, key.text)
            if entry is not None:
                self.declare_once(self.rules.sections, key.text, key, f"the section `{key.text}`")
                values = {name: _settings_value(value) for name, value in entry if value is not None}
                self.rules.sections[key.text] = ast.Section(values, key.span)
                self.refuse_stripped(getattr(entry, "capability_header", None))

        return section

    def refuse_stripped(self, header: Scalar | None) -> None:
        if header is not None and header.text.lower() in STRIPPED_HEADERS:
            self.diagnostics.error(
                "wrong-value",
                f"the proxy strips the header `{header.text}` before any rule sees it",
                header.span,
                "name another header, such as `X-Capability`",
            )

    def litellm(self, key: Scalar, body: Node) -> None:
        entry = self.check(vocabulary.LiteLLMSettings, body, key.text)
        if entry is not None:
            self.declare_once(self.rules.sections, "litellm", key, "the section `litellm`")
            values = {
                name: {str(one): self.setting(str(one), value) for one, value in settings.items()}
                for name, settings in entry
            }
            places = {"": key.span}
            for name, node in body.pairs if isinstance(body, Mapping) else ():
                for one, _ in node.pairs if isinstance(node, Mapping) else ():
                    places[f"{name.text}.{one.text}"] = one.span
            self.rules.sections["litellm"] = ast.Section({**values, "places": places}, key.span)

    def defaults(self, key: Scalar, body: Node) -> None:
        if not isinstance(body, Mapping):
            self.diagnostics.error("wrong-shape", "`defaults` is a mapping of request parameters", body.span)
            return
        self.declare_once(self.rules.sections, "defaults", key, "the section `defaults`")
        for scalar in _scalars(body, without=""):
            if isinstance(scalar.value, float) and not isfinite(scalar.value):
                self.diagnostics.error("wrong-value", f"`{scalar.text}` is no finite number", scalar.span)
        for name, _ in body.pairs:
            if name.text in ("model", "messages", "fallbacks", "metadata", "api_key", "api_base"):
                self.diagnostics.error(
                    "wrong-value",
                    f"`{name.text}` cannot have a default",
                    name.span,
                    "defaults are parameters such as temperature",
                )
        self.rules.sections["defaults"] = ast.Section(_value(_plain(body)), key.span)

    def declare_once(self, declared: dict[str, ast.Section], name: str, key: Scalar, what: str) -> None:
        if name in declared:
            self.diagnostics.error(
                "declared-twice",
                f"{what} is declared twice",
                key.span,
                "keep one of the two",
                related=(Related("first declared here", declared[name].span),),
            )

    # Rules

    def rule(
        self,
        phase: str,
        key: str,
        match: ast.Match,
        entry: vocabulary.Rule,
        span: Span,
        body: Node,
        target: ast.Target | None = None,
    ) -> None:
        target = self.bodies.target(entry, span, body) if target is None else self.bodies.only_target(target, body)
        until = None
        if entry.until is not None:
            until = parse_date(entry.until.text)
            if until is None:
                raise Rejected(
                    wrong(f"`until`: `{entry.until.text}` is no date", entry.until.span, "write it as 2026-12-31")
                )
        description = entry.description or entry.reason
        self.rules.rules.append(
            ast.RuleDeclaration(
                phase,
                key,
                located(entry.name),
                match,
                target,
                self.bodies.fallback(entry, body),
                span,
                description.text if description is not None else None,
                until,
                tuple(one.located() for one in entry.overrides),
                body.span,
            )
        )

    # Settings

    def setting(self, key: str, value: Any) -> Any:
        """A value for LiteLLM: environment references become EnvironmentText, a literal secret is refused."""
        if isinstance(value, dict):
            return {str(name): self.setting(str(name), one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.setting(key, one) for one in value]
        if not isinstance(value, Scalar):
            return value
        if isinstance(value.value, float) and not isfinite(value.value):
            self.diagnostics.error("wrong-value", f"`{key}`: `{value.text}` is no finite number", value.span)
            return None
        parts = environment_parts(value.text)
        defaults = [part[1] or "" for part in parts if isinstance(part, tuple)]
        if any(looks_secret(key, one) for one in defaults or [value.text]):
            value.source.hide(value.start, value.end)
            self.diagnostics.error(
                "literal-secret",
                f"`{key}` holds a literal secret",
                value.span,
                f"put it in the environment and write `${{{re.sub('[^A-Za-z0-9]', '_', key).upper()}}}`",
            )
            return None
        if not defaults:
            return value.value
        return ast.EnvironmentText(parts)

    def refuse_references(self, node: Node, section: str) -> None:
        """References stand in settings for LiteLLM: here only below `litellm_params`."""
        for scalar in _scalars(node, without="litellm_params"):
            found = REFERENCE.search(scalar.text) if "${" in scalar.text else None
            if found is not None:
                self.diagnostics.error(
                    "environment-reference",
                    f"the environment reference `{found.group()}` cannot stand in `{section}`",
                    scalar.located().part(found.start(), found.end()),
                    "it may stand in the settings of providers, signals and litellm",
                )


def _plain(node: Node) -> Any:
    """The node as dicts and lists for pydantic; leaves stay scalars, keys remember theirs."""
    if isinstance(node, Scalar):
        return node
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    result: dict[str, Any] = {}
    for key, value in node.pairs:
        name = vocabulary.KeyText(key.text)
        name.scalar = key
        result[name] = _plain(value)
    return result


def _value(value: Any) -> Any:
    """Plain values: scalars by the core schema."""
    if isinstance(value, dict):
        return {str(key): _value(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_value(one) for one in value]
    return value.value if isinstance(value, Scalar) else value


def _settings_value(value: Any) -> Any:
    if isinstance(value, Scalar):
        return value.text if not isinstance(value.value, (int, float)) or isinstance(value.value, bool) else value.value
    return _value(value)


def _find(node: Node, location: tuple[str | int, ...]) -> Node:
    """The deepest node that an error's location leads to."""
    for step in location:
        if isinstance(node, Mapping) and isinstance(step, str):
            found = node.get(step)
            if found is None:
                return node
            node = found
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
    return node


def _opening(node: Node) -> Span:
    """Where a mapping begins: its first key, as the whole of it may be many lines."""
    if isinstance(node, Mapping) and node.pairs:
        return node.pairs[0][0].span
    return node.span


def _places(body: Node, settings: dict[str, Any]) -> dict[str, Span]:
    """Where the values of an entry's settings stand, also those under `litellm_params`."""
    assert isinstance(body, Mapping)
    passed = body.get("litellm_params")
    pairs = [*body.pairs, *(passed.pairs if isinstance(passed, Mapping) else ())]
    return {key.text: value.span for key, value in pairs if key.text in settings}


def _scalars(node: Node, without: str) -> Iterator[Scalar]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Scalar):
            yield one
        elif isinstance(one, Sequence):
            waiting += one.items
        else:
            waiting += [part for pair in one.pairs if pair[0].text != without for part in pair]
