"""The sections that hold rules: each of their entries becomes a rule declaration."""

from __future__ import annotations

from rulec.source import Located, Span
from rulec.syntax import ast
from rulec.syntax.checker import Entry, opening
from rulec.syntax.condition_parser import parse_condition
from rulec.syntax.literals import parse_date
from rulec.syntax.nodes import Mapping, Node, Scalar
from rulec.syntax.reading import Reading, candidate, located, wrong
from rulec.syntax.rule_bodies import RuleBodies
from rulec.syntax.tiers import parse_tier


class RuleSections:
    """Reads rules; one method for each section."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.rules = reading.rules
        self.diagnostics = reading.diagnostics
        self.check = reading.check
        self.bodies = RuleBodies(reading)

    def exact(self, name: Scalar, body: Node) -> None:
        entry = self.check("ExactRule", body, name.text)
        if entry is not None:
            model = name.located()
            self.rule("exact", model.text, ast.Exact(model), entry, model.span, body)

    def pattern(self, body: Node) -> None:
        entry = self.check("PatternRule", body)
        if entry is None:
            return
        written: list[Scalar] = entry["pattern"]
        if not written:
            raise wrong("a pattern rule needs a pattern", opening(body))
        patterns = self.reading.patterns(written)
        if len(patterns) == len(written):
            match = ast.Patterns(patterns, tuple([one.located() for one in written]))
            self.rule("pattern", written[0].text, match, entry, written[0].span, body)

    def capability(self, name: Scalar, body: Node) -> None:
        entry = self.check("CapabilityRule", body, name.text)
        if entry is None:
            return
        substitute = body.key("substitute") if "substitute" in entry and isinstance(body, Mapping) else None
        if substitute is not None:
            self.diagnostics.error(
                "substitute-in-capability",
                "`substitute` has no meaning in a capability rule",
                substitute.span,
                "a capability always replaces the model: remove the key",
            )
        self.rule("capability", name.text, ast.Capability(name.text), entry, name.span, body)

    def size_tier(self, body: Node) -> None:
        entry = self.check("SizeRule", body)
        if entry is not None:
            tier, text = parse_tier(entry["size"].located())
            self.rule("size", text, tier, entry, entry["size"].span, body)

    def metadata_rule(self, name: Scalar, body: Node) -> None:
        entry = self.check("WhenRule", body, name.text)
        if entry is None:
            return
        condition = self.one_condition(entry.get("condition"), entry.get("when"))
        if condition is None:
            help = 'write `condition: header.x-priority == "high"`'
            raise wrong(f"the rule `{name.text}` has no condition", name.span, help, code="no-condition")
        entry.setdefault("name", name)
        self.rule("when", name.text, ast.When(parse_condition(condition.located())), entry, name.span, body)

    def one_condition(self, first: Scalar | None, second: Scalar | None) -> Scalar | None:
        if first is not None and second is not None:
            later = max(first, second, key=lambda one: one.start)
            self.diagnostics.error(
                "two-conditions", "`when` and `condition` are the same key", later.span, "join the two with `and`"
            )
        return first if first is not None else second

    def virtual(self, name: Scalar, body: Node) -> None:
        entry = self.check("VirtualModel", body, name.text)
        if entry is None:
            return
        split: Entry = entry["complexity"]
        threshold = split["threshold"].value if "threshold" in split else None
        models = split["simple"].located(), split["complex"].located()
        target = ast.VirtualTarget(*models, threshold, split.get("scored_by", "rulec"))
        model = name.located()
        self.rule("exact", name.text, ast.Exact(model), entry, model.span, body, target)

    def default(self, key: Scalar, body: Node) -> None:
        if isinstance(body, Scalar) and body.text != "pass":
            help = f'write `default: {{provider: {body.text}}}`, `pass` or `{{refuse: "text"}}`'
            raise wrong(f"`default`: `{body.text}` is no target", body.span, help, code="no-target")
        entry = {"pass": True} if isinstance(body, Scalar) else self.check("DefaultRule", body, "default")
        if entry is not None:
            self.rule("default", "", ast.Everything(), entry, key.span, body)

    def redundant(self, name: Scalar, body: Node) -> None:
        entry = self.check("Redundant", body, name.text)
        if entry is not None:
            settings = ast.RouteTarget(strategy=located(entry.get("routing_strategy")), sticky=entry.get("sticky"))
            providers = tuple(candidate(one) for one in entry["providers"])
            self.rules.redundant.append(ast.RedundantModel(name.located(), providers, settings))

    def rule(
        self,
        phase: str,
        key: str,
        match: ast.Match,
        entry: Entry,
        span: Span,
        body: Node,
        target: ast.VirtualTarget | None = None,
    ) -> None:
        """Adds a rule, unless its body contradicts itself."""
        if target is None:
            found = self.bodies.target(phase, entry, span, body)
        else:
            found = self.bodies.only_target(target, entry, body)
        until: Scalar | None = entry.get("until")
        date = parse_date(until.text) if until is not None else None
        if until is not None and date is None:
            raise wrong(f"`until`: `{until.text}` is no date", until.span, "write it as 2026-12-31", code="wrong-date")
        description = entry.get("description") or entry.get("reason")
        overrides: tuple[Located, ...] = tuple([one.located() for one in entry.get("overrides", ())])
        self.rules.rules.append(
            ast.RuleDeclaration(
                phase,
                key,
                located(entry.get("name")),
                match,
                found,
                self.bodies.fallback(entry, body),
                span,
                description.text if description is not None else None,
                date,
                overrides,
                body.span,
            )
        )
