"""Hops for which nothing is left: earlier hops have led to all their places, on all their errors, for all their requests."""

from __future__ import annotations

from rulec.lints.context import Context
from rulec.lints.hops import Meeting, UsedChain, named
from rulec.policy.model import Hop, Rule
from rulec.policy.serving import Place
from rulec.syntax import conditions as when


def covering(context: Context, used: UsedChain, at: int) -> list[Hop]:
    """The earlier hops that have led to the places of a hop; none where it has a place or a request of its own."""
    if used.returns(at):
        return []
    found: dict[int, Hop] = {}
    for number, meeting in enumerate(used.meetings[at]):
        for place in () if used.is_back(at, meeting) else meeting.places:
            earlier = _earlier(context, used, at, number, place)
            if earlier is None:
                return []
            found[id(earlier)] = earlier
    return list(found.values())


def repeats(used: UsedChain, at: int, earlier: Hop) -> bool:
    """Whether a hop is the same as an earlier one: it leads to the same places, on the same errors."""
    before = used.meetings[used.chain.hops.index(earlier)]
    same = all(_keys(one) == _keys(other) for one, other in zip(before, used.meetings[at], strict=True))
    return same and used.chain.hops[at].kinds == earlier.kinds


def _earlier(context: Context, used: UsedChain, at: int, number: int, place: Place) -> Hop | None:
    """An earlier hop that surely led to a place of a meeting."""
    hop, rules = used.chain.hops[at], used.meetings[at][number].rules
    for index, one in enumerate(used.chain.hops[:at]):
        leads = hop.kinds <= one.kinds and _surely_leads(one, used.meetings[index][number], hop, place)
        if leads and all(_holds(context, rule, hop, one) for rule in rules):
            return one
    return None


def _surely_leads(earlier: Hop, meeting: Meeting, hop: Hop, place: Place) -> bool:
    """Whether a hop leads to a place for sure; what two hops serve that name the same is the same."""
    alike = (earlier.provider, earlier.model) == (hop.provider, hop.model)
    sure = alike or earlier.model is not None or len(meeting.places) == 1
    return sure and (place.provider, place.upstream) in _keys(meeting)


def _keys(meeting: Meeting) -> set[tuple[str, str]]:
    return {(one.provider, one.upstream) for one in meeting.places}


def _holds(context: Context, rule: Rule, hop: Hop, earlier: Hop) -> bool:
    """Whether the condition of an earlier hop holds for all requests of a rule for which that of a later hop does."""
    if earlier.when is None:
        return True
    if earlier.when.providers:
        return False  # they may be available yet when its turn comes
    later = when.Always() if hop.when is None else hop.when.condition
    regions = [context.analysis.region(rule), context.analysis.condition(later)]
    question = f"whether {named(hop)} repeats {named(earlier)}"
    return context.proves_none(question, hop.span, regions, [context.analysis.condition(earlier.when.condition)])
