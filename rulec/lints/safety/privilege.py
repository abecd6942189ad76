"""Doors to privileged targets: what a client can write itself, and what is kept for some callers or dear."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rulec.analysis.asked import atoms
from rulec.analysis.draft import Witness
from rulec.analysis.space import CALLERS
from rulec.diagnostics import Related
from rulec.lints.context import Context
from rulec.policy.model import ModelsTarget, Policy, ProvidersTarget, Rule
from rulec.policy.serving import candidates_for
from rulec.policy.undecided import settled
from rulec.records import record
from rulec.syntax import ast
from rulec.syntax import conditions as when
from rulec.syntax.conditions import Condition, Field

CLAIMS = ("header", "metadata", "capability", "tag")
"""What a client writes itself to say who it is or what it may have."""
UNPRICED_CLAIMS = ("header", "metadata", "tag")
"""Those that open what is dear: a capability asks for a kind of model, as a name does."""
Thing = tuple[str, str]
"""A provider or a model: ("provider", name)."""


@record
class Privilege:
    """Why a target is privileged, and the requests of those who have no right to it: of one of these kinds."""

    what: str
    why: str
    related: Related
    others: tuple[Condition, ...]


def field_of(atom: Condition) -> Field | None:
    """The field that a comparison asks."""
    if isinstance(atom, when.Tagged):
        return Field("tag")
    found = getattr(atom, "field", None)
    return found if isinstance(found, Field) else None


def asks(condition: Condition, names: Iterable[str]) -> bool:
    """Whether some of these fields are asked at all."""
    return any(_is_of(atom, names) for atom in atoms(condition))


def needs(condition: Condition, names: Iterable[str]) -> bool:
    """Whether nothing matches that has none of these fields."""
    return settled(condition, lambda atom: False if _is_of(atom, names) else None) is False


def opens(condition: Condition, claims: Iterable[str] = CLAIMS) -> bool:
    """Whether a claim opens a condition for somebody of whom nothing is known, and nothing else does."""
    return asks(condition, claims) and needs(condition, (*claims, *CALLERS))


def without_claims(condition: Condition) -> Condition:
    """A condition where nothing is claimed."""
    if isinstance(condition, (when.And, when.Or)):
        return type(condition)(tuple(map(without_claims, condition.items)))
    if isinstance(condition, when.Not):
        return when.Not(without_claims(condition.item))
    return NEVER if _is_of(condition, CLAIMS) else condition


def _is_of(atom: Condition, names: Iterable[str]) -> bool:
    field = field_of(atom)
    return field is not None and field.name in names


def weakened(condition: Condition, keep: Callable[[Condition], bool], wanted: bool = True) -> Condition:
    """What a condition asks of some fields, whatever the others are."""
    if isinstance(condition, when.And):
        return when.And(tuple(weakened(item, keep, wanted) for item in condition.items))
    if isinstance(condition, when.Or):
        return when.Or(tuple(weakened(item, keep, wanted) for item in condition.items))
    if isinstance(condition, when.Not):
        return when.Not(weakened(condition.item, keep, not wanted))
    if keep(condition):
        return condition
    return when.Always() if wanted else NEVER


NEVER = when.Not(when.Always())
NOBODY_IN_PARTICULAR = when.And(tuple(when.Not(when.Present(Field(name))) for name in CALLERS))
"""A caller of whom nothing is known."""


def condition_of(rule: Rule) -> Condition:
    """What a rule of `when` or for a capability asks for."""
    if isinstance(rule.match, ast.When):
        return rule.match.condition.condition
    assert isinstance(rule.match, ast.Capability)
    return when.Compare(Field("capability"), "==", rule.match.name)


class Privileges:
    """What is privileged in one policy."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.policy: Policy = context.policy
        self.reserved: dict[Thing, list[Rule]] = {}
        self._reached_by_name: dict[str, bool] = {}
        self._strangers: dict[Thing, tuple[Condition, ...]] = {}
        opened: set[Thing] = set()
        for rule in context.rules:
            if isinstance(rule.match, ast.When) and needs(condition_of(rule), CALLERS):
                for thing in self.things(rule):
                    self.reserved.setdefault(thing, []).append(rule)
            elif self._is_open(rule):
                opened.update(self.things(rule))
        for thing in opened:
            self.reserved.pop(thing, None)
        self.default_cost = self._default_cost()
        self.dear = [name for name in self.policy.models if self.times_the_default(name) >= context.settings.cost_ratio]

    @staticmethod
    def _is_open(rule: Rule) -> bool:
        """Whether a rule sends requests of anybody to its target who says nothing special, and names no exact model."""
        if isinstance(rule.match, ast.When):
            return not asks(rule.match.condition.condition, (*CLAIMS, *CALLERS))
        return rule.phase not in ("exact", "capability")

    def things(self, rule: Rule) -> Iterator[Thing]:
        """The providers or the models that a rule sends requests to."""
        if isinstance(rule.target, ProvidersTarget):
            yield from (("provider", name) for name, _ in rule.target.providers)
        elif isinstance(rule.target, ModelsTarget):
            yield from (("model", name) for name in rule.target.models)

    # What a rule opens

    def witness(self, rule: Rule, privilege: Privilege, wanted: Condition) -> Witness | None:
        """A request of somebody who has no right to it that a rule takes to its target, and for which this holds, too."""
        question = f"whether `{rule.name}` opens `{privilege.what}` to others"
        for others in privilege.others:
            region = self.context.analysis.condition(when.And((others, wanted)))
            witness = self.context.decides(rule, question, region)
            if witness is not None:
                return witness
        return None

    def of(self, rule: Rule, priced: bool = True) -> Privilege | None:
        """The privilege that a rule gives; what is dear is none unless `priced`."""
        return self._reserved_target(rule) or (self._dear_target(rule) if priced else None)

    def _reserved_target(self, rule: Rule) -> Privilege | None:
        for thing in (*self.things(rule), *self._only_providers(rule)):
            keepers = self.reserved.get(thing, [])
            if not keepers or self._is_cheap(thing):
                continue
            first = next((one for one in keepers if one is not rule), keepers[0])
            return Privilege(
                thing[1],
                f"which `{first.name}` keeps for certain callers",
                Related(f"asks who the caller is before it gives `{thing[1]}`", first.span),
                self._others(thing),
            )
        return None

    def _others(self, thing: Thing) -> tuple[Condition, ...]:
        """The requests of callers for whom a thing is not reserved, but for names that lead everybody to it."""
        if thing not in self._strangers:
            callers = [weakened(condition_of(one), lambda atom: _is_of(atom, CALLERS)) for one in self.reserved[thing]]
            strangers = when.And(tuple(map(when.Not, callers)))
            reserved = when.Not(when.Among(Field("model"), tuple(self._free_names(thing))))
            # who is nobody in particular is quickly asked of, and mostly enough
            self._strangers[thing] = when.And((NOBODY_IN_PARTICULAR, reserved)), when.And((strangers, reserved))
        return self._strangers[thing]

    def _free_names(self, thing: Thing) -> Iterator[str]:
        """The exact names by which a thing is reached without any claim."""
        for rule in self.context.rules:
            if isinstance(rule.match, ast.Exact) and thing in self.things(rule):
                name = rule.match.model.text
                if self.context.analysis.decide(Witness({"model": name}, {}, {})) is rule:
                    yield name

    def _only_providers(self, rule: Rule) -> Iterator[Thing]:
        """The one provider behind the models of a rule, where there is one only."""
        if isinstance(rule.target, ModelsTarget):
            names = {place.provider for place in candidates_for(self.policy, rule.target, None)}
            if len(names) == 1:
                yield ("provider", names.pop())

    def _is_cheap(self, thing: Thing) -> bool:
        """Whether a reserved model costs less than the default: then it is no privilege."""
        return thing[0] == "model" and 0 <= self.times_the_default(thing[1]) < 1

    def _dear_target(self, rule: Rule) -> Privilege | None:
        names = self._dear_names(rule) if self.dear else []
        if not names:
            return None
        name = max(names, key=self.times_the_default)
        times = self.times_the_default(name)
        costs = "which costs something" if times == float("inf") else f"which costs {times:.3g} times as much as the default"
        default = self.context.rules[-1]
        others: Condition = NOBODY_IN_PARTICULAR
        if isinstance(rule.target, ProvidersTarget) and not rule.target.substitute:
            others = when.And((others, when.Compare(Field("model"), "==", name)))
        return Privilege(name, costs, Related("the default", default.span), (others,))

    def _dear_names(self, rule: Rule) -> list[str]:
        """The dear models that a rule sends requests to, and that a request does not reach just by their names."""
        target = rule.target
        if isinstance(target, ModelsTarget):
            return [name for name in target.models if name in self.dear]
        if not isinstance(target, ProvidersTarget):
            return []
        if target.substitute:
            stand_ins = {self.policy.providers[name].default_model for name, _ in target.providers}
            return [name for name in self.dear if name in stand_ins]
        served = [name for name in self.dear if candidates_for(self.policy, target, name)]
        return [name for name in served if not self._is_reached_by_name(name)]

    def _is_reached_by_name(self, name: str) -> bool:
        if name not in self._reached_by_name:
            taker = self.context.analysis.decide(Witness({"model": name}, {}, {}))
            target = None if taker is None else taker.target
            by_name = isinstance(target, ProvidersTarget) and bool(candidates_for(self.policy, target, name))
            self._reached_by_name[name] = by_name or isinstance(target, ModelsTarget) and name in target.models
        return self._reached_by_name[name]

    # Costs

    def times_the_default(self, name: str) -> float:
        """How many times as much as the default a model costs; -1 where that is not known."""
        entry = self.policy.models.get(name)
        if entry is None or entry.cost is None or self.default_cost is None:
            return -1
        cost = sum(entry.cost)
        if not self.default_cost:
            return float("inf") if cost else 1
        return cost / self.default_cost

    def _default_cost(self) -> float | None:
        """What the dearest model costs that the default sends requests to, where all their costs are known."""
        default = self.context.rules[-1] if self.context.rules else None
        if default is None or default.phase != "default":
            return None
        names: list[str | None] = []
        if isinstance(default.target, ModelsTarget):
            names = list(default.target.models)
        elif isinstance(default.target, ProvidersTarget):
            names = [self.policy.providers[name].default_model for name, _ in default.target.providers]
        entries = [self.policy.models.get(name) for name in names if name is not None]
        costs = [sum(one.cost) for one in entries if one is not None and one.cost is not None]
        return max(costs) if costs and len(costs) == len(names) else None
