"""A YAML file to the syntax tree: each entry of each section is read by itself, so that every mistake is reported."""

from __future__ import annotations

import re
from collections.abc import Callable

from rulec.diagnostics import Diagnostics, suggest
from rulec.source import Source, Span
from rulec.syntax import ast
from rulec.syntax.declarations import Declarations
from rulec.syntax.nodes import Mapping, Node, Scalar, Sequence, read_document
from rulec.syntax.reading import Reading
from rulec.syntax.rule_sections import RuleSections
from rulec.syntax.settings import Settings
from rulec.syntax.shapes import SECTIONS

_DSL = re.compile(
    r"(?:\s|#[^\n]*(?:\n|\Z))*"
    r"(version|provider|model|when|exact|virtual|redundant|pattern|capability|size|default|chain|strategy|signal)"
    r"[ \t]+[^\s:]"
)
"""How a file of the DSL begins: a keyword, and no colon after it."""
SectionReader = Callable[[Scalar, Node], None]

_REFERENCING_SECTIONS = frozenset(("providers", "signals", "litellm"))
_ELSEWHERE = {
    "model_list": "rulec writes the model list from `providers` and `models`",
    "router_config": "its models go to `providers` and `models`, what is LiteLLM's own to `litellm: {router_settings: …}`",
    "connection_config": "Redis goes to `litellm: {router_settings: {redis_host: …, redis_port: …}}`",
    "routing_config": "its keys go to the model in `models`, or to one of its deployments in `served_by`",
    "embedding_model": "an embedding model is a model like any other: write it in `models`",
    "rerank_model": "a rerank model is a model like any other: write it in `models`",
    "fallback_models": "write the models as a chain in `fallback_chains`, or as `fallback` of a rule",
    "fallbacks": "write chains in `fallback_chains`",
    "cache_enabled": "write `cache_ttl` at a provider, a model or a deployment",
    "allowed_fails": "write `error_based_routing: {error_threshold: 3}`",
    "cooldown_time": "write `cooldown` at a provider, a model or a deployment",
    "num_retries": "write it at a provider, a model or a deployment, or `retry_attempts` in a chain",
    "secrets_encrypted": "secrets stand in the environment of the proxy: `api_key: \"{azure_api_key}\"` reads AZURE_API_KEY",
}
"""Help for sections of other gateways' configs."""
_LITELLM_SECTIONS = frozenset(("router_settings", "litellm_settings", "general_settings"))


def read_rule_file(source: Source, rules: ast.RuleSet, diagnostics: Diagnostics) -> None:
    """Adds what a YAML file declares to the rule set; an empty file declares nothing."""
    statement = _DSL.match(source.text)
    if statement is not None:
        diagnostics.error(
            "yaml-syntax",
            "this is the DSL, not YAML",
            Span(source, statement.start(1), statement.end(1)),
            "rules in the DSL stand in files that end in .rules",
        )
        return
    document = read_document(source, diagnostics)
    if document is not None:
        read_rule_document(document, rules, diagnostics)


def read_rule_document(document: Node, rules: ast.RuleSet, diagnostics: Diagnostics) -> None:
    """Adds what one document (the node of its root) declares to the rule set."""
    if isinstance(document, Scalar) and document.value is None:
        return
    if not isinstance(document, Mapping):
        message = "a rule file is a mapping of sections: providers, models, exact_matches, patterns, …"
        diagnostics.error("wrong-shape", message, document.span)
        return
    _Reader(rules, diagnostics).document(document)


class _Reader:
    """Walks the sections of one document."""

    def __init__(self, rules: ast.RuleSet, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.reading = Reading(rules, diagnostics)
        self.settings = settings = Settings(self.reading)
        declared = Declarations(self.reading, settings)
        read = RuleSections(self.reading)
        self.sections: dict[str, SectionReader] = {
            "version": self.version,
            "providers": self.each(declared.provider),
            "models": self.each(declared.model),
            "exact_matches": self.each(read.exact),
            "patterns": self.each_item(read.pattern),
            "capabilities": self.each(read.capability),
            "redundant_models": self.each(read.redundant),
            "model_size_routing": self.each_item(read.size_tier),
            "request_metadata_routing": self.each(read.metadata_rule),
            "virtual_models": self.each(read.virtual),
            "fallback_chains": self.each(declared.chain),
            "load_balancing": self.each(declared.strategy),
            "signals": self.each(settings.signal),
            "first_request_routing": settings.section("FirstRequest"),
            "rate_limited_fallback": settings.section("RateLimited"),
            "error_based_routing": settings.section("ErrorBased"),
            "request": settings.section("RequestSettings"),
            "complexity": settings.complexity,
            "litellm": settings.litellm,
            "defaults": settings.defaults,
            "default": lambda key, body: self.reading.attempt(read.default, key, body),
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
                self.settings.refuse_references(value, key.text)
            read(key, value)

    def unknown_section(self, key: Scalar) -> None:
        help = suggest(key.text, SECTIONS, "section")
        if key.text in _LITELLM_SECTIONS:
            help = f"write it inside `litellm:`: `litellm: {{{key.text}: …}}`"
        elif key.text in _ELSEWHERE:
            help = _ELSEWHERE[key.text]
        self.diagnostics.error("unknown-section", f"`{key.text}` is no section of a rule file", key.span, help)

    def version(self, key: Scalar, value: Node) -> None:
        if not (isinstance(value, Scalar) and value.value == 1 and not isinstance(value.value, bool)):
            self.diagnostics.error(
                "unknown-version", "the only version of the rule language is 1", value.span, "write `version: 1`"
            )

    def each(self, read: Callable[[Scalar, Node], None]) -> SectionReader:
        """The reader of a section that is a mapping of names."""

        def section(key: Scalar, value: Node) -> None:
            if isinstance(value, Scalar) and value.value is None:
                return
            if not isinstance(value, Mapping):
                message = f"`{key.text}` is a mapping of names to their settings"
                self.diagnostics.error("wrong-shape", message, value.span)
                return
            for name, body in value.pairs:
                if not name.text.strip():
                    self.diagnostics.error("wrong-value", f"a name in `{key.text}` is empty", name.span)
                else:
                    self.reading.attempt(read, name, body)

        return section

    def each_item(self, read: Callable[[Node], None]) -> SectionReader:
        """The reader of a section that is a list."""

        def section(key: Scalar, value: Node) -> None:
            if isinstance(value, Scalar) and value.value is None:
                return
            if not isinstance(value, Sequence):
                message = f"`{key.text}` is a list"
                self.diagnostics.error("wrong-shape", message, value.span, "begin each entry with `- `")
                return
            for item in value.items:
                self.reading.attempt(read, item)

        return section
