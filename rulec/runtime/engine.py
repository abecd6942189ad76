"""The decision: tables made by the compiler, walked in the order of the phases."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rulec.runtime.catalogue import Catalogue
from rulec.runtime.complexity import Scoring, longest_judged_text
from rulec.runtime.conditions import Test, Zones, build_test
from rulec.runtime.index import ConditionIndex, LiteralIndex, NumberColumn, numbers_of
from rulec.runtime.matching import any_of
from rulec.runtime.records import Candidate, Decision, Hop
from rulec.runtime.request import Request
from rulec.runtime.rules import EXACT, RuleRows
from rulec.runtime.sizes import LONGEST_NAME, is_regular_name

MOST_STRANGERS = 32_768
MOST_LEAVES = 65_536
MOST_NATIVE_CHARACTERS = 4_000
"""Of the longest text of the user; LiteLLM's router takes milliseconds up to there, minutes for a megabyte."""


class Engine:
    """Decides requests by tables: rules in effective order, one index for each phase (see `ir.tables`)."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.capability_header: str = tables["capability_header"]
        self.catalogue = Catalogue(tables["providers"], tables["models"], tables["patterns"], tables["deployments"])
        self.zones = tables["zones"]
        self.scoring = Scoring(tables["complexity"])
        self.rules = RuleRows(tables["rules"], tables["routes"])
        self.exact = self.rules.exact
        self.chains = [build_chain(row, self.catalogue, self.zones) for row in tables["chains"]]
        clauses, keys, groups = tables["when"]
        self.when = ConditionIndex(clauses, keys, groups, self.catalogue, self.zones) if clauses else None
        self.folded: dict[str, int | None] = tables["names"]
        self.rule_patterns = self.rules.by_number("pattern", tables["rule_patterns"])
        self.takes: dict[int, Callable[[str], bool]] = {}
        self.pattern_index = LiteralIndex(*tables["pattern_index"]) if tables["pattern_index"] else None
        self.capabilities: dict[str, int] = tables["capabilities"]
        self.size_rules, cuts, changes = tables["sizes"]
        self.sizes = NumberColumn(None, 0, cuts, changes)
        self.default: int | None = tables["default"]
        self.nothing = Decision("refuse", None, None, status=400, text=tables["refusal"])
        self.strangers: deque[str] = deque()
        self.most_strangers = MOST_STRANGERS
        self.decided: dict[str | None, Decision] = {}
        self.decided_strangers: dict[str | None, Decision] = {}  # apart, so that a flood of them makes the other table no wider
        self.undecided: dict[str | None, tuple[Outcome | None, Outcome | None]] = {}
        self.leaves: dict[tuple[int, str | None], Outcome | None] = {}

    def decide(self, body: Any, headers: Any, caller: Mapping[str, Any]) -> Decision:
        """The first rule that matches and applies: when, exact, pattern, capability, size, default.

        Most requests name a model that came before and meet no condition: they are answered before any field is read.
        """
        if type(body) is dict and type(headers) is dict:
            try:
                name = body.get("model")
                found = self.decided.get(name) or self.decided_strangers.get(name)
                if found is not None and (self.when is None or self.when.is_passed_by(body, headers, caller)):
                    return found
            except Exception:  # a value that cannot be looked up, whatever it raises: not one that rules know
                pass
        return self.judge(Request(body, headers, caller, self.capability_header, self.scoring))

    def judge(self, request: Request) -> Decision:
        """The decision for a request, phase by phase."""
        model = request.model
        if self.when is not None:
            for rule in self.when.matching(request):
                leaf = self.leaf(rule, model)
                if leaf is not None:
                    return leaf.decision(request)
        decision = self.decided.get(model) or self.decided_strangers.get(model)
        return self.by_name(model, request) if decision is None else decision

    def by_name(self, model: str | None, request: Request) -> Decision:
        """What is left to decide where no condition did; remembered where the name alone decides."""
        names = self.undecided.get(model)
        early, late = names or self.outcomes(model)
        settled = early is not None or not self.capabilities
        leaf = early or (None if settled else self.by_capability(request)) or late
        decision = self.nothing if leaf is None else leaf.decision(request)
        if settled and (leaf is None or not leaf.asks):
            self.remember(model, decision)
        elif names is None:
            for one in (early, late):
                if one is not None:
                    one.keep()
            self.remember(model, (early, late))
        return decision

    def outcomes(self, model: str | None) -> tuple[Outcome | None, Outcome | None]:
        """What the name alone says: by the exact and pattern rules, and by the size rules and the default."""
        early = late = None
        if model is not None:
            early = self.early(model)
            if early is not None and not early.asks:
                return early, None
            late = self.first(self.matching_sizes(model), model)[1]
        if late is None and self.default is not None:
            late = self.make(self.default, model)
        return early, late

    def early(self, model: str) -> Outcome | None:
        """What the exact and pattern rules say; of each other name in the catalogue the compiler knew it."""
        found = self.exactly(model)
        if found is not None:
            return found
        if model not in self.folded:
            return self.first(self.matching_patterns(model), model)[1]
        rule = self.folded[model]
        return None if rule is None else self.make(rule, model)

    def exactly(self, model: str) -> Outcome | None:
        """What the exact rule for a model says, if there is one that applies."""
        if model not in self.exact:
            return None
        return make_leaf(self.rules.row(EXACT, model), model, self.catalogue, self.chains)

    def remember(self, model: str | None, found: Decision | tuple[Outcome | None, Outcome | None]) -> None:
        """Keeps what was found for a name: always for those of the rules and the catalogue, of others for the last ones.

        Long names are forgotten at once.
        """
        decided = self.decided
        if model is not None and model not in self.exact and model not in self.folded:
            if len(model) > LONGEST_NAME:
                return
            if len(self.strangers) >= self.most_strangers:
                first = self.strangers.popleft()
                self.decided_strangers.pop(first, None)
                self.undecided.pop(first, None)
            self.strangers.append(model)
            decided = self.decided_strangers
        if isinstance(found, Decision):
            decided[model] = found
        else:
            self.undecided[model] = found

    def by_capability(self, request: Request) -> Outcome | None:
        capability = request.capability
        rule = None if capability is None else self.capabilities.get(capability)
        return None if rule is None else self.leaf(rule, request.model)

    def matching_patterns(self, model: str) -> Iterator[int]:
        """The pattern rules that take a name, in order."""
        if self.pattern_index is not None and is_regular_name(model):
            takes = self.takes
            for rule in self.pattern_index.possible(model):
                if (takes.get(rule) or self.taking(rule))(model):
                    yield rule

    def taking(self, rule: int) -> Callable[[str], bool]:
        """The test whether a pattern rule takes a name, made when it is first needed."""
        tests = [self.catalogue.matcher(pattern) for pattern in self.rule_patterns[rule]]
        found = self.takes[rule] = tests[0] if len(tests) == 1 else any_of(tests)
        return found

    def matching_sizes(self, model: str) -> Iterator[int]:
        size = self.catalogue.size(model) if self.size_rules else None
        if size is not None:
            for number in numbers_of(self.sizes.at(size)):
                yield self.size_rules[number]

    def first(self, rules: Iterable[int], model: str | None) -> tuple[int | None, Outcome | None]:
        """The first of these rules that applies to a model, and what it does."""
        for rule in rules:
            found = self.make(rule, model)
            if found is not None:
                return rule, found
        return None, None

    def make(self, rule: int, model: str | None) -> Outcome | None:
        """What a rule does with a model; None where it does not apply."""
        return make_leaf(self.rules[rule], model, self.catalogue, self.chains)

    def leaf(self, rule: int, model: str | None) -> Outcome | None:
        """The same as `make`, remembered."""
        key = (rule, model)
        if key in self.leaves:
            return self.leaves[key]
        leaf = self.make(rule, model)
        if leaf is not None:
            leaf.keep()
        if model is None or len(model) <= LONGEST_NAME:
            if len(self.leaves) >= MOST_LEAVES:
                self.leaves.clear()
            self.leaves[key] = leaf
        return leaf


class BuiltChain:
    """A fallback chain: for each hop (provider, model, on_error, text of its condition, its test, providers asked in it).

    `conditions` are, of the hops that have one, the test and the providers asked in it.
    """

    __slots__ = ("conditions", "hops", "name", "retry_attempts", "retry_delay_ms")

    def __init__(
        self, name: str | None, hops: Sequence[tuple[Any, ...]], retry_attempts: int = 0, retry_delay_ms: int = 0
    ) -> None:
        self.name = name
        self.hops = hops
        self.retry_attempts = retry_attempts
        self.retry_delay_ms = retry_delay_ms
        self.conditions: Sequence[tuple[Test, Sequence[str]]] = [hop[4:] for hop in hops if hop[4] is not None]


def build_chain(row: Sequence[Any], catalogue: Catalogue, zones: Zones) -> BuiltChain:
    """The chain of a row of `ir.rows`, its conditions made to tests."""
    name, hops, attempts, delay = row
    built = [
        (provider, model, on_error, text, None if when is None else build_test(when, catalogue, zones), asked)
        for provider, model, on_error, text, when, asked in hops
    ]
    return BuiltChain(name, built, attempts, delay)


class Leaf:
    """A rule and a model together: the candidates are known, only conditions of hops may wait for the request.

    `courses` is for those who follow its decisions, to remember what is the same for many requests.
    """

    __slots__ = ("rule", "model", "places", "strategy", "catalogue", "chain", "rows", "courses", "asks", "ready")

    def __init__(
        self, rule: Sequence[Any], model: str | None, places: tuple[Candidate, ...], catalogue: Catalogue, chain: BuiltChain
    ) -> None:
        self.rule = rule
        self.model = model
        self.places, self.strategy = catalogue.arranged(places, rule[4])
        self.catalogue = catalogue
        self.chain = chain
        self.rows: dict[str, list[tuple[Test | None, str | None, list[Hop]]]] = {}
        self.courses: dict[tuple[Any, ...], Any] = {}
        self.asks = bool(chain.conditions)
        self.ready: Decision | None = None

    def keep(self) -> None:
        """Makes the decision once, where no hop asks about the request: who is remembered is asked again."""
        if not self.asks:
            self.ready = self.make(None)

    def decision(self, request: Request) -> Decision:
        """The decision for a request; where no hop asks about the request it is always an equal one."""
        return self.ready or self.make(request if self.asks else None)

    def make(self, request: Request | None) -> Decision:
        name, phase, target, _, _, sticky, prefer_warm = self.rule
        if target[0] in ("pass", "refuse"):
            refused = target[0] == "refuse"
            text, status = (target[1], target[2]) if refused else (None, None)
            return Decision(target[0], name, phase, status=status, text=text)
        if target[0] == "native":
            return Decision("pass", name, phase, self.places)
        several = len(self.places) > 1
        return Decision(
            "route",
            name,
            phase,
            self.places,
            self.strategy,
            sticky if several else None,
            None,
            retry_attempts=self.chain.retry_attempts,
            retry_delay_ms=self.chain.retry_delay_ms,
            prefer_warm=several and prefer_warm,
            leaf=self,
            request=request,
        )

    def verdicts(self, request: Request | None, picked: Candidate | None) -> tuple[bool | None, ...]:
        """Of each condition of a hop whether it holds; None where that is up to providers that may fail yet.

        Nothing else of a request matters to the hops.
        """
        if request is None:
            return ()
        down = request.unavailable if picked is None else request.unavailable | {picked.provider}
        return tuple([hop_verdict(test, asked, request, down) for test, asked in self.chain.conditions])

    def hops(self, request: Request | None, picked: Candidate | None) -> tuple[Hop, ...]:
        """The hops that are possible once this candidate was picked; with None, as long as it may be any of several."""
        if len(self.places) == 1:
            picked = self.places[0]
        found: list[Hop] = []
        sure: list[Hop] = []
        verdicts = iter(self.verdicts(request, picked))
        for test, text, hops in self.hop_rows((picked or self.places[0]).group):
            verdict = True if test is None else next(verdicts)
            if verdict is False:
                continue
            for hop in hops:
                if picked is not None and same_place(picked, hop):
                    continue
                if any(same_place(one, hop) and one.kinds >= hop.kinds for one in sure):
                    continue
                if verdict is True:
                    sure.append(hop)
                    found.append(hop)
                else:
                    found.append(Hop(hop, hop.on_error, text, hop.chain, test))
        return tuple(found)

    def hop_rows(self, routed: str) -> list[tuple[Test | None, str | None, list[Hop]]]:
        """For each line of the chain its condition, and its hops as they are where that holds; made once for a model."""
        rows = self.rows.get(routed)
        if rows is None:
            rows = self.rows[routed] = [
                (test, text, [Hop(one, on_error, None, self.chain.name) for one in self.hop_places(provider, model, routed)])
                for provider, model, on_error, text, test, _ in self.chain.hops
            ]
        return rows

    def hop_places(self, provider: str | None, model: str | None, routed: str) -> list[Candidate]:
        catalogue = self.catalogue
        if model is not None:
            providers = [provider] if provider is not None else catalogue.serving(model)
            return catalogue.candidates([(one, None) for one in providers], model)
        assert provider is not None
        name = self.model if self.rule[2][0] == "providers" else routed
        place = catalogue.candidate(provider, name) if name is not None else None
        place = catalogue.stand_in(provider) if place is None else place
        return [] if place is None else [place]


class Split:
    """A virtual model: one of two leaves, by the request's complexity."""

    __slots__ = ("simple", "complex", "threshold")
    asks = True

    def __init__(self, simple: Leaf, complex: Leaf, threshold: float) -> None:
        self.simple = simple
        self.complex = complex
        self.threshold = threshold

    def keep(self) -> None:
        """Makes the decisions of both sides."""
        self.simple.keep()
        self.complex.keep()

    def decision(self, request: Request) -> Decision:
        """The decision for a request: `complex` from the threshold on."""
        return (self.simple if request.complexity < self.threshold else self.complex).decision(request)


class Native:
    """A virtual model that LiteLLM's complexity router splits.

    That router's patterns take time that grows with the square of the text: of a long one it is not asked.
    """

    __slots__ = ("left", "complex")
    asks = True

    def __init__(self, left: Leaf, complex: Leaf) -> None:
        self.left = left
        self.complex = complex

    def keep(self) -> None:
        """Makes the decisions of both sides."""
        self.left.keep()
        self.complex.keep()

    def decision(self, request: Request) -> Decision:
        """The decision for a request: LiteLLM's own, or `complex` for a long text."""
        return (self.complex if is_long(request) else self.left).decision(request)


def is_long(request: Request) -> bool:
    return longest_judged_text(request.body) > MOST_NATIVE_CHARACTERS


Outcome = Leaf | Split | Native


def same_place(one: Candidate | Hop, other: Candidate | Hop) -> bool:
    return one.provider == other.provider and one.model == other.model


def hop_verdict(test: Test, asked: Sequence[str], request: Request, down: frozenset[str]) -> bool | None:
    """Whether a hop's condition is true or false whatever more providers turn out unavailable; None where that decides."""
    first = test(request, down)
    waiting = [one for one in asked if one not in down] if asked else ()
    for chosen in range(1, 1 << len(waiting)):
        more = frozenset(one for number, one in enumerate(waiting) if chosen >> number & 1)
        if test(request, down | more) != first:
            return None
    return first


def make_leaf(
    rule: Sequence[Any], model: str | None, catalogue: Catalogue, chains: Sequence[BuiltChain]
) -> Outcome | None:
    """The leaf of a rule for a requested model; None where nobody can serve it, so that the rule does not apply."""
    target = rule[2]
    chain = chains[rule[3]]
    if target[0] == "virtual":
        _, simple, complex, threshold = target
        below, above = (_unique(_model_places((one,), None, None, None, catalogue)) for one in (simple, complex))
        if not below or not above:
            return None  # never in rules that compile
        leaves = [Leaf(rule, model, found, catalogue, chain) for found in (below, above)]
        return Split(leaves[0], leaves[1], threshold)
    if target[0] in ("pass", "refuse"):
        return Leaf(rule, model, (), catalogue, chain)
    if target[0] == "native":
        both, above = (_unique(_model_places(one, None, None, None, catalogue)) for one in (target[1:], target[2:]))
        routed = (*rule[:2], ("models",), *rule[3:])
        return Native(Leaf(rule, model, both, catalogue, chain), Leaf(routed, model, above, catalogue, chain))
    places = _places(target, model, catalogue)
    if target[0] == "models" and target[5]:
        places = [one for one in places if one.group == model] or places
    candidates = _unique(places)
    return Leaf(rule, model, candidates, catalogue, chain) if candidates else None


def _unique(places: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Of candidates with one provider and upstream name the first."""
    if len(places) < 2:
        return tuple(places)
    unique: dict[tuple[str, str], Candidate] = {}
    for place in places:
        unique.setdefault((place.provider, place.model), place)
    return tuple(unique.values())


def _places(target: Sequence[Any], model: str | None, catalogue: Catalogue) -> list[Candidate]:
    if target[0] == "providers":
        return _provider_places(target, model, catalogue)
    _, models, providers, min_size, min_context, _ = target
    return _model_places(models, providers, min_size, min_context, catalogue)


def _provider_places(target: Sequence[Any], model: str | None, catalogue: Catalogue) -> list[Candidate]:
    _, providers, substitute = target
    if model is not None:
        served = catalogue.candidates(providers, model)
        if served or not substitute:
            return served
    stand_ins = [catalogue.stand_in(name, weight) for name, weight in providers]
    return [one for one in stand_ins if one is not None]


def _model_places(
    models: Sequence[str], providers: Any, min_size: int | None, min_context: int | None, catalogue: Catalogue
) -> list[Candidate]:
    places: list[Candidate] = []
    for model in models:
        asked = providers if providers is not None else [(one, None) for one in catalogue.serving(model)]
        places += [one for one in catalogue.candidates(asked, model) if catalogue.fits(one, min_size, min_context)]
    return places
