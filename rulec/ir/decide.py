"""One walk down the tree for one request, saying at each rule why it was taken or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rulec.ir.rows import Row, Rows
from rulec.ir.tree import Leaf, Match, Node, Range, Switch, Test, Tree
from rulec.patterns.compiled import CompiledPattern
from rulec.policy.model import Rule, matcher
from rulec.records import record
from rulec.runtime.catalogue import Catalogue
from rulec.runtime.complexity import Part, Scoring
from rulec.runtime.conditions import Test as Holds
from rulec.runtime.conditions import build_test
from rulec.runtime.engine import MOST_NATIVE_CHARACTERS, BuiltChain, Native, Split, build_chain, is_long, make_leaf
from rulec.runtime.records import Decision
from rulec.runtime.request import Request
from rulec.runtime.sizes import is_regular_name
from rulec.syntax.conditions import And, Condition, Not, Or


@record
class Considered:
    """One rule on the road to the decision."""

    rule: Rule
    matched: bool
    applies: bool | None
    because: str
    score: tuple[Part, ...] | None = None
    """The parts of the complexity score, where this rule was the first to ask for it."""


@record
class Outcome:
    decision: Decision
    rule: Rule | None
    trace: tuple[Considered, ...]


class Walker:
    """Walks one tree for many requests."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.rows = Rows(tree.policy)
        self.scoring = Scoring(tree.policy.sections.get("complexity", {}))
        self.catalogue = Catalogue(self.rows.providers, self.rows.models, self.rows.patterns, self.rows.deployments)
        self.tests: dict[int, tuple[Condition, Holds]] = {}  # which keeps a condition whose number is its key
        self.rules: dict[int, Row] = {}
        self.chains: list[BuiltChain] = []

    def holds(self, condition: Condition, request: Request, flipped: Condition | None = None) -> bool:
        """Whether a condition holds, or would if one part of it were the other way round; no more is asked than decides it."""
        if isinstance(condition, And):
            return all(self.holds(item, request, flipped) for item in condition.items)
        if isinstance(condition, Or):
            return any(self.holds(item, request, flipped) for item in condition.items)
        if isinstance(condition, Not):
            return not self.holds(condition.item, request, flipped)
        if id(condition) not in self.tests:
            self.tests[id(condition)] = condition, self._test(self.rows.condition(condition))
        return self.tests[id(condition)][1](request, request.unavailable) != (condition is flipped)

    def _test(self, row: Row) -> Holds:
        self._make_room()
        return build_test(row, self.catalogue, self.rows.zones)

    def _make_room(self) -> None:
        """For the matchers of patterns that were numbered since."""
        self.catalogue.matchers += [None] * (len(self.rows.patterns) - len(self.catalogue.matchers))

    def _leaf(self, rule: Rule, model: str | None) -> Any:
        """What a rule does with a model; None where it does not apply."""
        row = self.rules.get(rule.position)
        if row is None:
            row = self.rules[rule.position] = self.rows.rule(rule)
            self._make_room()
            for chain in self.rows.known_chains[len(self.chains) :]:
                self.chains.append(build_chain(chain, self.catalogue, self.rows.zones))
        return make_leaf(row, model, self.catalogue, self.chains)

    def request(self, body: Any, headers: Any, **caller: Any) -> Request:
        return Request(body, headers, caller, self.tree.policy.capability_header, self.scoring)

    def decide(self, request: Request) -> Outcome:
        """The decision for a request and the rules considered on the way to it."""
        trace: list[Considered] = []
        scored = False
        for node in self.tree.nodes():
            for rule, matched, because in self.arms(node, request):
                leaf = None
                if matched:
                    leaf = self._leaf(rule, request.model)
                    applies: bool | None = leaf is not None
                else:
                    applies = None
                decision = None if leaf is None else leaf.decision(request)
                if isinstance(leaf, Split):
                    because = f"{because}, and its complexity {request.complexity:g} is {side(request, leaf)}"
                if isinstance(leaf, Native):
                    because = f"{because}, and {who_chooses(request, rule.target)}"
                if matched and leaf is None:
                    because = f"{because}, but {self.why_not(rule, request)}"
                trace.append(Considered(rule, matched, applies, because, None if scored else request.score))
                scored = request.score is not None
                if decision is not None:
                    return Outcome(decision, rule, tuple(trace))
        nothing = Decision("refuse", None, None, status=400, text=refusal_text(self.tree.policy.fingerprint()))
        return Outcome(nothing, None, tuple(trace))

    def arms(self, node: Node, request: Request) -> Iterator[tuple[Rule, bool, str]]:
        """The rules of a node in order, each with whether it matches and why."""
        if isinstance(node, Test):
            for parsed, rule in node.arms:
                held = self.holds(parsed.condition, request)
                yield rule, held, f"`{parsed.text}` is {'true' if held else 'false'}"
        elif isinstance(node, Switch):
            value = request.model if node.field == "model" else request.capability
            found = node.cases.get(value) if value is not None else None
            if found is not None:
                yield found, True, f"{node.field} is `{value}`"
        elif isinstance(node, Match):
            yield from self.match(node, request)
        elif isinstance(node, Range):
            size = self.catalogue.size(request.model)
            for tier, rule in node.arms:
                held = size is not None and tier.holds(size)
                shown = "the size is unknown" if size is None else f"the size is {size_text(size)}"
                yield rule, held, shown
        elif isinstance(node, Leaf):
            yield node.rule, True, "nothing above decided"

    def match(self, node: Match, request: Request) -> Iterator[tuple[Rule, bool, str]]:
        model = request.model
        if model is None:
            return
        for patterns, rule in node.arms:
            if not is_regular_name(model):
                yield rule, False, "no pattern matches a name over 256 characters or outside printable ASCII"
                continue
            hit = next((one.text for one in patterns if takes(one, model)), None)
            yield (
                rule,
                hit is not None,
                f"`{hit or patterns[0].text}` {'matches' if hit else 'does not match'} `{model}`",
            )

    def why_not(self, rule: Rule, request: Request) -> str:
        providers = getattr(rule.target, "providers", None)
        names = " or ".join(f"`{name}`" for name, _ in providers) if providers else "no provider"
        if request.model is None:
            return f"the request names no model and {names} has no default_model"
        return f"{names} does not serve `{request.model}`" if providers else f"{names} serves its models"


def takes(pattern: CompiledPattern, model: str) -> bool:
    """Whether a pattern matches; no automaton is made for a name that holds none of the literals every match has."""
    possible = pattern.factors is None or any(one in model for one in pattern.factors)
    return possible and matcher(pattern.spec)(model)


def side(request: Request, split: Split) -> str:
    """On which side of a virtual model's threshold a request is."""
    return f"{'below' if request.complexity < split.threshold else 'not below'} the threshold {split.threshold:g}"


def who_chooses(request: Request, target: Any) -> str:
    """Whether LiteLLM or the length of a text decides between the models of a virtual model that LiteLLM splits."""
    if is_long(request):
        return f"what takes more than {MOST_NATIVE_CHARACTERS:,} characters to judge is complex, without asking LiteLLM"
    return f"LiteLLM decides between `{target.simple}` and `{target.complex}`"


def refusal_text(fingerprint: str) -> str:
    """What a client reads where no rule matched."""
    return f"no routing rule matches this request (rule set {fingerprint})"


def size_text(size: int) -> str:
    """Parameters as an operator writes them: 8B, 1.5B, 350M."""
    for unit, exponent in (("B", 9), ("M", 6)):
        if size >= 10**exponent or unit == "M":
            whole, rest = divmod(size, 10**exponent)
            fraction = f"{rest:0{exponent}d}".rstrip("0")
            return f"{whole}{'.' + fraction if fraction else ''}{unit}"
    raise AssertionError("every size has a unit")
