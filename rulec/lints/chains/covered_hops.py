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
            if not earlier:
                return []
            found.update((id(one), one) for one in earlier)
    return list(found.values())


def repeats(used: UsedChain, at: int, earlier: list[Hop]) -> bool:
    """Whether one hop has taken all of a hop, and is the same: it leads to the same places, on the same errors."""
    if len(earlier) != 1:
        return False
    before = used.meetings[used.chain.hops.index(earlier[0])]
    same = all(_keys(one) == _keys(other) for one, other in zip(before, used.meetings[at], strict=True))
    return same and used.chain.hops[at].kinds == earlier[0].kinds


def _earlier(context: Context, used: UsedChain, at: int, number: int, place: Place) -> list[Hop]:
    """The earlier hop that surely led to a place of a meeting, or several of which one did for each request; none if there are none."""
    hop, rules = used.chain.hops[at], used.meetings[at][number].rules
    leading = [
        one
        for index, one in enumerate(used.chain.hops[:at])
        if hop.kinds <= one.kinds and _surely_leads(one, used.meetings[index][number], hop, place)
        if one.when is None or not one.when.providers  # these may be available yet when its turn comes
    ]
    for some in [*([one] for one in leading), *([leading] if len(leading) > 1 else [])]:
        if all(_one_holds(context, rule, hop, some) for rule in rules):
            return some
    return []


def _surely_leads(earlier: Hop, meeting: Meeting, hop: Hop, place: Place) -> bool:
    """Whether a hop leads to a place for sure; what two hops serve that name the same is the same."""
    alike = (earlier.provider, earlier.model) == (hop.provider, hop.model)
    sure = alike or earlier.model is not None or len(meeting.places) == 1
    return sure and (place.provider, place.upstream) in _keys(meeting)


def _keys(meeting: Meeting) -> set[tuple[str, str]]:
    return {(one.provider, one.upstream) for one in meeting.places}


def _one_holds(context: Context, rule: Rule, hop: Hop, earlier: list[Hop]) -> bool:
    """Whether, for each request of a rule for which the condition of a hop holds, that of an earlier one does."""
    conditions = [one.when.condition for one in earlier if one.when is not None]
    if len(conditions) < len(earlier):
        return True
    later = when.Always() if hop.when is None else hop.when.condition
    regions = [context.analysis.region(rule), context.analysis.condition(later)]
    question = f"whether {named(hop)} repeats {named(earlier[0])}"
    return context.proves_none(question, hop.span, regions, map(context.analysis.condition, conditions))
