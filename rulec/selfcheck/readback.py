"""The tables of an emitted module read back as a policy, so that it can be compared with the one that was compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rulec.analysis.asked import Asked, atoms
from rulec.ir.rows import deployment_rows, zone_offsets
from rulec.patterns.compiled import CompiledPattern, Spec
from rulec.policy.model import (
    ModelsTarget,
    NativeTarget,
    Pass,
    Policy,
    ProvidersTarget,
    Refuse,
    Rule,
    Target,
    VirtualTarget,
)
from rulec.records import replace
from rulec.runtime.rules import RuleRows
from rulec.selfcheck.conditions import NEVER, Unreadable, bare, column_conditions, condition_of, key_conditions, numbers
from rulec.source import Located
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, Field, ParsedCondition


class ReadBack:
    """What tables say, in the words of the policy that they were made from."""

    def __init__(self, tables: dict[str, Any], policy: Policy) -> None:
        self.tables = tables
        self.policy = policy
        self.rows = RuleRows(tables["rules"], tables["routes"])
        self.rule_patterns: dict[int, Sequence[int]] = self.rows.by_number("pattern", tables["rule_patterns"])
        self._patterns: dict[Spec, CompiledPattern] = {one.spec: one for one in _patterns(policy)}
        self._zones = {zone_offsets(one.zone): one.zone for one in Asked([policy]).times}

    def emitted(self) -> Policy:
        """The policy with what was emitted as its rules, for each what it matches; the rest of a rule is in `said`."""
        found = self._conditions()
        rules = []
        for number, rule in enumerate(self.policy.rules):
            conditions = found.get(number, [])
            specs = self.rule_patterns.get(number)
            if specs is not None and not conditions:
                match: ast.Match = ast.Patterns(tuple(self.pattern(one) for one in specs))
            else:
                match = _matching(rule, conditions)
            rules.append(replace(rule, match=match))
        return replace(self.policy, rules=tuple(rules))

    def _conditions(self) -> dict[int, list[Condition]]:
        """For each rule the conditions one of which must hold."""
        found: dict[int, list[Condition]] = {}
        for name, number in self.rows.exact_numbers.items():
            found.setdefault(number, []).append(when.Compare(Field("model"), "==", name))
        for name, number in self.tables["capabilities"].items():
            found.setdefault(number, []).append(when.Compare(Field("capability"), "==", name))
        sized, cuts, changes = self.tables["sizes"]
        tiers = dict(numbers(Field("model_size"), frozenset(), cuts, changes, len(sized)))
        for tier, number in enumerate(sized):
            found.setdefault(number, []).append(tiers[tier])
        if self.tables["default"] is not None:
            found.setdefault(self.tables["default"], []).append(when.Always())
        for rule, condition in self._clauses():
            found.setdefault(rule, []).append(condition)
        return found

    def _clauses(self) -> Iterator[tuple[int, Condition]]:
        """Each clause of the `when` rules with its rule: a way that leads to it, and what is asked on that way."""
        clauses, keys, groups = self.tables["when"]
        ways: list[list[Condition]] = [[] for _ in clauses]
        for name, argument, table in keys:
            for number, condition in key_conditions(name, argument, table):
                ways[number].append(condition)
        for guard, members, columns in groups:
            asked: list[list[Condition]] = [[] if guard is None else [when.Present(Field(*guard))] for _ in members]
            for row in columns:
                for local, condition in column_conditions(row, len(members)):
                    asked[local].append(condition)
            for number, conditions in zip(members, asked, strict=True):
                ways[number].append(when.And(tuple(conditions)))
        for (rule, rest), way in zip(clauses, ways, strict=True):
            reached = way[0] if len(way) == 1 else when.Or(tuple(way))
            yield rule, reached if rest is None else when.And((reached, self.condition(rest)))

    def condition(self, row: Sequence[Any]) -> Condition:
        return condition_of(row, self.pattern, self.zone)

    def pattern(self, number: int) -> CompiledPattern:
        spec: Spec = self.tables["patterns"][number]
        return self._patterns.get(spec) or CompiledPattern(f"pattern {number}", spec, None)

    def zone(self, number: int) -> str:
        offsets = self.tables["zones"][number]
        if offsets not in self._zones:
            raise Unreadable(f"offsets that are no zone's: {offsets[:3]!r}")
        return self._zones[offsets]

    # What is not matching

    def settings(self) -> dict[str, tuple[Any, Any]]:
        """What the decision reads beside the rules, each as it is meant and as it was emitted."""
        policy, tables = self.policy, self.tables
        providers = {
            one.name: (one.template, tuple(pattern.spec for pattern in one.accepts), one.default_model, one.context)
            for one in policy.providers.values()
        }
        models = {one.name: (one.served_by, one.size, one.context) for one in policy.models.values()}
        return {
            "the header of capabilities": (policy.capability_header, tables["capability_header"]),
            "the scoring": (policy.sections.get("complexity", {}), tables["complexity"]),
            "the deployments": (deployment_rows(policy), tables["deployments"]),
            "the models": ({**models, **dict.fromkeys(policy.native)}, tables["models"]),
            "the providers": (
                providers,
                {
                    name: (template, tuple(tables["patterns"][one] for one in accepts), default_model, context)
                    for name, (template, accepts, default_model, context) in tables["providers"].items()
                },
            ),
        }

    def emits(self, rule: Rule) -> bool:
        """Whether a rule was emitted at all; those behind one that takes every request are not."""
        return rule.position <= self.rows.count

    def said(self, number: int) -> dict[str, Any]:
        """What else is emitted of a rule, as the policy would say it."""
        name, phase, target, chain, strategy, sticky, prefer_warm = self.rows[number]
        return {
            "name": name,
            "phase": phase,
            "target": target_of(target),
            "chain": self.chain(chain),
            "strategy": strategy,
            "sticky": sticky,
            "prefer_warm": prefer_warm,
        }

    def chain(self, number: int) -> tuple[Any, ...]:
        name, hops, attempts, delay = self.tables["chains"][number]
        read = [(*hop[:4], None if hop[4] is None else bare(self.condition(hop[4])), hop[5]) for hop in hops]
        return name, tuple(read), attempts, delay


def meant(rule: Rule) -> dict[str, Any]:
    """What a rule says beside its match, as `ReadBack.said` does."""
    told = None if rule.strategy == "random" and not rule.strategy_fixed else rule.strategy
    hops = tuple(
        (
            hop.provider,
            hop.model,
            hop.on_error,
            None if hop.when is None else hop.when.text,
            None if hop.when is None else bare(hop.when.condition),
            () if hop.when is None else tuple(dict.fromkeys(one.text for one in hop.when.providers)),
        )
        for hop in rule.chain.hops
    )
    target = rule.target
    return {
        "name": rule.name,
        "phase": rule.phase,
        "target": replace(target, threshold=None) if isinstance(target, NativeTarget) else target,
        "chain": (rule.chain.name, hops, rule.chain.retry_attempts, rule.chain.retry_delay_ms),
        "strategy": told,
        "sticky": rule.sticky,
        "prefer_warm": rule.prefer_warm,
    }


def target_of(row: Sequence[Any]) -> Target:
    """The target that a row of the runtime stands for."""
    kind = row[0]
    if kind == "providers":
        return ProvidersTarget(row[1], row[2])
    if kind == "models":
        return ModelsTarget(*row[1:])
    if kind == "refuse":
        return Refuse(row[1], row[2])
    if kind == "pass":
        return Pass()
    if kind == "native":
        return NativeTarget(row[1], row[2], None)
    if kind == "virtual":
        return VirtualTarget(row[1], row[2], row[3])
    raise Unreadable(f"a target of the kind {kind!r}")


def _matching(rule: Rule, conditions: list[Condition]) -> ast.Match:
    """Conditions one of which must hold, as the match of a rule of that phase where it can be one."""
    only = conditions[0] if len(conditions) == 1 else None
    if isinstance(only, when.Compare) and isinstance(only.literal, str):
        if only.field.name == "model" and isinstance(rule.match, ast.Exact):
            return ast.Exact(Located(only.literal, rule.span))
        if only.field.name == "capability":
            return ast.Capability(only.literal)
    condition = when.Or(tuple(conditions)) if conditions else NEVER
    return ast.When(ParsedCondition("", condition if only is None else only, rule.span))


def _patterns(policy: Policy) -> Iterable[CompiledPattern]:
    for provider in policy.providers.values():
        yield from provider.accepts
    for rule in policy.rules:
        if isinstance(rule.match, ast.Patterns):
            yield from rule.match.patterns
        elif isinstance(rule.match, ast.When):
            for atom in atoms(rule.match.condition.condition):
                if isinstance(atom, when.Matches):
                    yield atom.pattern
