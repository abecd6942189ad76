"""Chains as requests meet them: what was tried before, and where each hop leads then.

A rule sends requests of different names to different places, so a hop has one `Meeting` for each. Of the names that the
catalogue does not know, only who accepts some is known: they are one name, `OTHER`, which a hop perhaps serves by its own
name and perhaps by its default model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property

from rulec.lints.context import Context
from rulec.policy.model import PLAIN_KINDS, Chain, Hop, ModelsTarget, Policy, ProvidersTarget, Rule, VirtualTarget
from rulec.policy.names import CatalogueNames
from rulec.policy.serving import Place, candidates_for
from rulec.records import record
from rulec.runtime.plan import MOST_CANDIDATES
from rulec.syntax import ast

_PLAIN = frozenset(PLAIN_KINDS)
OTHER = "\0"
"""A name that the catalogue does not know."""
MOST_ALIKE = 3
"""Of how many names that chains cannot tell apart one sees what becomes of them."""


@record
class Route:
    """Where requests of one name are sent: `model` is what they ask for, "" for no model, None where that does not matter."""

    model: str | None
    candidates: tuple[Place, ...]

    def tries(self, place: Place) -> bool:
        """Whether one of the candidates is the same deployment."""
        return any((one.provider, one.upstream) == (place.provider, place.upstream) for one in self.candidates)


@record
class Meeting:
    """A hop as requests of one name meet it; `rules` send these requests to the same candidates."""

    rules: tuple[Rule, ...]
    route: Route
    places: tuple[Place, ...]
    """Where the hop may lead."""


@record(eq=False)
class UsedChain:
    """A chain with hops, and the rules that decide requests and use it."""

    chain: Chain
    rules: tuple[Rule, ...]
    meetings: tuple[tuple[Meeting, ...], ...]
    """Those of each hop."""

    def __iter__(self) -> Iterator[tuple[Hop, tuple[Meeting, ...]]]:
        return iter(zip(self.chain.hops, self.meetings, strict=True))

    def met_by(self, rules: Collection[int]) -> Iterator[tuple[Rule, Hop, Meeting]]:
        """What the rules at some positions meet."""
        chosen: dict[int, list[Rule]] = {}
        for hop, meetings in self:
            for meeting in meetings if rules else ():
                key = id(meeting.rules)
                if key not in chosen:
                    chosen[key] = [rule for rule in meeting.rules if rule.position in rules]
                yield from ((rule, hop, meeting) for rule in chosen[key])

    def all_tried(self, at: int) -> bool:
        """Whether all candidates were tried when the turn of a hop comes: none of the hops up to it takes what they do not."""
        return all(hop.kinds <= _PLAIN for hop in self.chain.hops[: at + 1])

    def returns(self, at: int) -> bool:
        """Whether a hop leads, wherever it does, only to what was tried as a candidate."""
        met = [meeting for meeting in self.meetings[at] if meeting.places]
        return bool(met) and all(self.is_back(at, one) for one in met)

    def is_back(self, at: int, meeting: Meeting) -> bool:
        """Whether all places of a meeting were tried as candidates."""
        count = len(meeting.route.candidates)
        tried = count == 1 or (count <= MOST_CANDIDATES and self.all_tried(at))
        return tried and all(meeting.route.tries(one) for one in meeting.places)

    def __str__(self) -> str:
        return f"the fallback of `{self.rules[0].name}`" if self.chain.name is None else f"the chain `{self.chain.name}`"


class UsedChains:
    """All chains that requests can come to."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.routing = context.shared(Routing)
        self.every = [found for chain, rules in context.chains if (found := self._used(chain, rules)) is not None]

    def _used(self, chain: Chain, rules: list[Rule]) -> UsedChain | None:
        live = [rule for rule in rules if self.context.witness(rule) is not None]
        if not live or not chain.hops:
            return None
        alike: dict[int, tuple[tuple[Route, ...], list[Rule]]] = {}
        for rule in live:
            routes = self.routing.of(rule)
            alike.setdefault(id(routes), (routes, []))[1].append(rule)
        groups = [(routes, tuple(those)) for routes, those in alike.values()]
        meetings = [
            tuple(
                Meeting(those, route, self.routing.places(hop, route, those[0]))
                for routes, those in groups
                for route in routes
            )
            for hop in chain.hops
        ]
        return UsedChain(chain, tuple(live), tuple(meetings))


class Routing:
    """The routes of rules; rules of which the name says nothing and that have one target share them."""

    def __init__(self, context: Context) -> None:
        self.policy: Policy = context.policy
        self.names: CatalogueNames = context.names
        self._found: dict[object, tuple[Route, ...]] = {}
        self._defaults: dict[str, Place | None] = {}
        self._alike: dict[str, object] = {}

    def of(self, rule: Rule) -> tuple[Route, ...]:
        target = rule.target
        key: object = rule.position
        if not isinstance(target, ProvidersTarget) or self.names.matching(rule) is self.names.every:
            key = target, rule.phase == "when"
        if key not in self._found:
            self._found[key] = tuple(self._routes(rule))
        return self._found[key]

    def _routes(self, rule: Rule) -> Iterator[Route]:
        target = rule.target
        if isinstance(target, VirtualTarget):
            for model in (target.simple, target.complex):
                yield self._route(None, candidates_for(self.policy, ModelsTarget((model,)), None))
        if isinstance(target, ModelsTarget):
            places = candidates_for(self.policy, target, None)
            models = dict.fromkeys(one.model for one in places)
            yield self._route(None, places)
            if target.narrowing and len(models) > 1:
                for model in models:
                    yield self._route(model, [one for one in places if one.model == model])
        if isinstance(target, ProvidersTarget):
            yield from self._of_providers(rule, target)

    def _of_providers(self, rule: Rule, target: ProvidersTarget) -> Iterator[Route]:
        if isinstance(rule.match, ast.Exact):
            yield from self._requested(target, rule.match.model.text)
            return
        taken = self.names.exact if rule.phase != "when" else frozenset[str]()
        for name in self._unlike(name for name in self.names.matching(rule) if name not in taken):
            yield from self._requested(target, name)
        accepting = [name for name, _ in target.providers if self.policy.providers[name].accepts]
        if not accepting and target.substitute:
            yield from self._stand_ins(target, OTHER)
        for names in [[one] for one in accepting] + ([accepting] if len(accepting) > 1 else []):
            fixed = [(one, self.policy.providers[one].fixed_upstream) for one in names]
            yield self._route(OTHER, [Place(one, upstream or OTHER, OTHER) for one, upstream in fixed])
        if rule.phase not in ("pattern", "size"):
            yield from self._stand_ins(target, "")

    def _unlike(self, names: Iterable[str]) -> Iterator[str]:
        """Of names that chains cannot tell apart a few: a catalogue may have thousands."""
        seen: dict[object, int] = {}
        for name in names:
            alike = self._likeness(name)
            seen[alike] = seen.get(alike, 0) + 1
            if seen[alike] <= MOST_ALIKE:
                yield name

    def _likeness(self, name: str) -> object:
        """What of a name chains go by; the name itself where it may stand in for others."""
        if name not in self._alike:
            entry, special = self.policy.models[name], self._special
            served = entry.served_by or ()
            told = (entry.settings.get("timeout"), entry.handling, entry.deployments)
            accepting = tuple(one for one in self.policy.providers if self.policy.accepts(one, name))
            likeness = (entry.context, entry.capabilities, tuple(one for one, _ in served), accepting, repr(told))
            self._alike[name] = name if name in special or not special.isdisjoint(served) else likeness
        return self._alike[name]

    @cached_property
    def _special(self) -> frozenset[object]:
        """Names that hops or providers lead to, and deployments that have several names."""
        hops = (hop.model for rule in self.policy.rules for hop in rule.chain.hops)
        defaults = (one.default_model for one in self.policy.providers.values())
        places = Counter(one for model in self.policy.models.values() for one in model.served_by or ())
        return frozenset((*hops, *defaults, *(one for one, count in places.items() if count > 1)))

    def _requested(self, target: ProvidersTarget, name: str) -> Iterator[Route]:
        places = candidates_for(self.policy, ProvidersTarget(target.providers), name)
        if places:
            yield self._route(name, places)
        elif target.substitute:
            yield from self._stand_ins(target, name)

    def _stand_ins(self, target: ProvidersTarget, name: str) -> Iterator[Route]:
        places = [self._stand_in(one) for one, _ in target.providers]
        if any(places):
            yield self._route(name, [one for one in places if one is not None])

    def _route(self, model: str | None, places: list[Place]) -> Route:
        unique: dict[tuple[str, str], Place] = {}
        for one in places:
            unique.setdefault((one.provider, one.upstream), one)
        return Route(model, tuple(unique.values()))

    def places(self, hop: Hop, route: Route, rule: Rule) -> tuple[Place, ...]:
        """Where a hop may lead after a route of a rule."""
        if hop.model is not None:
            providers = [hop.provider] if hop.provider is not None else self.policy.serving(hop.model)
            served = [(name, self.policy.upstream(name, hop.model)) for name in providers]
            return tuple(Place(name, upstream, hop.model) for name, upstream in served if upstream is not None)
        assert hop.provider is not None
        asked = isinstance(rule.target, ProvidersTarget)
        names = [route.model or ""] if asked else dict.fromkeys(one.model for one in route.candidates)
        return tuple({place: None for name in names for place in self._served(hop.provider, name, route)})

    def _served(self, provider: str, name: str, route: Route) -> Iterator[Place]:
        """What a hop to a provider may serve for a name."""
        if name == OTHER:
            entry = self.policy.providers[provider]
            itself = Place(provider, entry.fixed_upstream or OTHER, OTHER)
            if entry.accepts:
                yield itself
            if itself in route.candidates:
                return
        elif name and (upstream := self.policy.upstream(provider, name)) is not None:
            yield Place(provider, upstream, name)
            return
        other = self._stand_in(provider)
        if other is not None:
            yield other

    def _stand_in(self, provider: str) -> Place | None:
        """A provider's default model."""
        if provider not in self._defaults:
            entry = self.policy.providers[provider]
            default = entry.default_model
            upstream = None if default is None else self.policy.upstream(provider, default) or entry.fixed_upstream or default
            self._defaults[provider] = None if default is None else Place(provider, upstream or "", default)
        return self._defaults[provider]


def shown(place: Place) -> str:
    """A place as findings call it."""
    return f"`{place.provider}`" if place.model in ("", OTHER) else f"`{place.model}` at `{place.provider}`"


def named(hop: Hop) -> str:
    """A hop as findings call it."""
    if hop.provider is None:
        return f"the hop to `{hop.model}`"
    return f"the hop to `{hop.provider}`" + (f" with `{hop.model}`" if hop.model is not None else "")
