"""The windows of rules that divide the day leave a little of it out, or of the week a working day.

Rules that are alike but for the times at which they hold, in the same zone, cover all of the days on which they hold but a
stretch of minutes or of an hour or two. Most often an end was taken for a part of its window (`00:00-23:59` leaves the last
minute of the day out), or one of two ends was moved and the other was not. Or they cover all days but one from Monday to
Friday. A longer time that is left out is taken to be meant, and so is a gap that another rule on request metadata takes.

**Why it matters:** in that stretch requests go to a rule that was not made for them, once a day or a week.

```yaml rules/wrong.yaml wrong
providers: {gpu: {litellm: "hosted_vllm/{model}", accepts: ".*"}, cloud: {litellm: "openai/{model}", accepts: ".*"}}
request_metadata_routing:
  office: {condition: 'time in 08:00-17:59 "Europe/Berlin"', provider: gpu}
  evening: {condition: 'time in 18:00-08:00 "Europe/Berlin"', provider: cloud}
default: {refuse: closed}
```

Let each window begin where another ends:

```yaml rules/right.yaml
providers: {gpu: {litellm: "hosted_vllm/{model}", accepts: ".*"}, cloud: {litellm: "openai/{model}", accepts: ".*"}}
request_metadata_routing:
  office: {condition: 'time in 08:00-18:00 "Europe/Berlin"', provider: gpu}
  evening: {condition: 'time in 18:00-08:00 "Europe/Berlin"', provider: cloud}
default: {refuse: closed}
```

**When it may stay:** where the gap is meant, as for a nightly maintenance.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulec.analysis.draft import Witness
from rulec.diagnostics import Related, Severity
from rulec.lints.clock.windows import DAY, DAYS, WEEK, Division, Divisions, runs, shown
from rulec.lints.context import Context
from rulec.lints.lint import Finding
from rulec.lints.outcomes import fate, outcome
from rulec.policy.model import Rule
from rulec.syntax import conditions as when

LEVEL: Severity = "warning"
MOST_A_DAY = 2 * 60
"""Minutes that may be an oversight; of a single window, whose rest of the day nobody names, it is the last one."""
MOST_RULES_ASKED = 8
WORKING_DAYS = 5
"""From Monday on; weekends are left out on purpose."""


def check(context: Context) -> Iterator[Finding]:
    for division in context.shared(Divisions).all:
        hole = _hole(division)
        if hole:
            yield from _found(context, division, hole)


def _hole(division: Division) -> int:
    """The minutes that windows leave out of the days on which they hold, if they are few; else a working day on which none does."""
    windows = division.windows
    covered = 0
    for one in windows:
        covered |= one.minutes
    active = [day for day in DAYS if day & covered]
    hole = sum(day & ~covered for day in active)
    alone = len(windows) == 1
    if not alone and all(outcome(one.rule) == outcome(windows[0].rule) for one in windows):
        return 0
    if not hole and not alone and len(active) == len(DAYS) - 1:
        return sum(day for day in DAYS[:WORKING_DAYS] if day not in active)
    return hole if hole.bit_count() <= len(active) * (1 if alone else MOST_A_DAY) else 0


def _found(context: Context, division: Division, hole: int) -> Iterator[Finding]:
    start, end = next(runs(hole))
    is_day = end - start >= DAY
    before = next(one for one in division.windows if one.minutes >> (start - 1) % WEEK & 1)
    witness = _left_out(context, division, before.rule, is_day)
    if witness is None:
        return
    others = [one for one in division.windows if one is not before]
    names = " and ".join(f"`{one.rule.name}`" for one in division.windows[:3])
    more = f" and {len(division.windows) - 3} more" if len(division.windows) > 3 else ""
    taker = context.analysis.decide(witness)
    yield Finding(
        f"{names}{more} leave{'' if others else 's'} {shown(start, end)} ({division.zone}) out;"
        f" what comes then {fate(taker)}" + ("" if taker is None else f" by `{taker.name}`"),
        before.rule.span,
        _HELP_OF_DAYS if is_day else _HELP,
        tuple(Related("holds at another time", one.rule.span) for one in others[:3]),
        before.rule.name,
        witness,
    )


_HELP = "a window ends before the minute that is written as its end: let each begin where another ends"
_HELP_OF_DAYS = "name that day in one of them"


def _left_out(context: Context, division: Division, rule: Rule, any_day: bool) -> Witness | None:
    """A request at a time that is left out, which no other rule on request metadata takes; on a day of the windows or on any."""
    days = [when.And(one.days) if one.days and not any_day else when.Always() for one in division.windows]
    missed = [when.Not(when.And(one.times)) for one in division.windows]
    wanted = [context.analysis.condition(when.And((*division.rest, when.Or(tuple(days)), *missed)))]
    takers: list[Rule] = []
    question = f"what is left out around `{rule.name}`"
    while len(takers) < MOST_RULES_ASKED:
        witness = context.find(question, rule.span, wanted, map(context.analysis.region, takers))
        taker = None if witness is None else context.analysis.decide(witness)
        if taker is None or taker.phase != "when" or taker in takers:
            return witness
        takers.append(taker)
    return None
