"""Which requests can come to a hop: those that its rule decides and for which its condition may hold when its turn comes.

What a condition says of the request is decided when that comes. `unavailable(P)` is decided when the hop's turn comes: P is
then unavailable if it failed before, else perhaps, whatever it was when the request came.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from rulec.analysis.asked import atoms
from rulec.analysis.draft import Witness
from rulec.analysis.question import Verdict
from rulec.lints.context import Context
from rulec.lints.hops import OTHER, Route, Routing, UsedChain, named
from rulec.policy.model import Hop, Rule
from rulec.syntax import conditions as when

MOST_OPEN = 6
"""Of how many providers in one condition it is asked whether they are unavailable."""
_MODEL = when.Field("model")
_NEVER: when.Condition = when.Not(when.Always())


def possible(context: Context, rule: Rule, used: UsedChain, hop: Hop, *within: when.Condition) -> Witness | None:
    """A request, of those for which more conditions hold, that a rule decides and that may come to a hop."""
    found = asked(context, rule, used, hop, *within)
    return found if isinstance(found, Witness) else None


def asked(context: Context, rule: Rule, used: UsedChain, hop: Hop, *within: when.Condition) -> Witness | Verdict:
    """The same with the verdict."""
    further = [context.analysis.condition(one) for one in within if not isinstance(one, when.Always)]
    if hop.when is None and not further:
        return context.witness(rule) or Verdict.UNDECIDED
    question = f"whether a request of `{rule.name}` can come to {named(hop)} in {used}"
    verdict = Verdict.NONE
    for condition in open_conditions(context, rule, used, hop):
        found = context.ask_of(rule, question, context.analysis.condition(condition), *further)
        if isinstance(found, Witness):
            return found
        if found is Verdict.UNDECIDED:
            verdict = found
    return verdict


def requests_of(context: Context, route: Route) -> when.Condition:
    """What requests that take a route ask for."""
    if route.model is None:
        return when.Always()
    if route.model == "":
        return when.Not(when.Present(_MODEL))
    if route.model == OTHER:
        return when.And((when.Present(_MODEL), when.Not(when.Among(_MODEL, tuple(context.policy.models)))))
    return when.Compare(_MODEL, "==", route.model)


def open_conditions(context: Context, rule: Rule, used: UsedChain, hop: Hop) -> Iterator[when.Condition]:
    """A hop's condition, for each set of providers that may be unavailable when its turn comes."""
    if hop.when is None:
        yield when.Always()
        return
    asked = {atom.provider for atom in atoms(hop.when.condition) if isinstance(atom, when.Unavailable)}
    failed = asked & _failed(context, rule, used, hop) if asked else asked
    left = sorted(asked - failed)[:MOST_OPEN]
    for downs in product((False, True), repeat=len(left)):
        down = failed | {name for name, is_down in zip(left, downs, strict=True) if is_down}
        yield _decided(hop.when.condition, down)


def _failed(context: Context, rule: Rule, used: UsedChain, hop: Hop) -> set[str]:
    """The providers that have failed when a hop's turn comes, whatever else happened."""
    at = next(number for number, one in enumerate(used.chain.hops) if one is hop)
    tried = [_tried(route, used.all_tried(at)) for route in context.shared(Routing).of(rule)]
    found = set.intersection(*tried) if tried else set()
    later = set(hop.kinds)
    for number in range(at - 1, -1, -1):
        earlier = used.chain.hops[number]
        surely = all(meeting.places for meeting in used.meetings[number])
        if earlier.when is None and earlier.provider is not None and later <= earlier.kinds and surely:
            found.add(earlier.provider)
        later |= earlier.kinds
    return found


def _tried(route: Route, all_tried: bool) -> set[str]:
    """The providers of a route at which something was tried."""
    providers = {one.provider for one in route.candidates}
    return providers if all_tried or len(providers) == 1 else set()


def _decided(condition: when.Condition, down: set[str]) -> when.Condition:
    """A condition in which it is decided which providers are unavailable."""
    if isinstance(condition, when.Unavailable):
        return when.Always() if condition.provider in down else _NEVER
    if isinstance(condition, when.Not):
        return when.Not(_decided(condition.item, down))
    if isinstance(condition, (when.And, when.Or)):
        return type(condition)(tuple(_decided(item, down) for item in condition.items))
    return condition
