"""Which deployments and providers are in trouble: who is passed over, who gets half the requests, who is tried again.

One breaker for each deployment that failed, and one for each provider, which counts the errors that concern all of its
deployments. A rate limit takes a deployment out by itself. All of it is judged always; whether anything is passed over
or halved is up to the rules.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from rulec.runtime.availability import Availability
from rulec.runtime.breaker import COOLING, DEGRADED, HEALTHY, LIMITED, PROBATION, Breaker, Terms
from rulec.runtime.caller import printable
from rulec.runtime.glance import Glance
from rulec.runtime.records import Candidate
from rulec.runtime.state import FAULTS_OF_REQUESTS, MOST_DEPLOYMENTS, State

KINDS_OF_PROVIDERS = frozenset(("connection", "auth", "quota"))  # not of one model: the whole provider has them
SWEEP_SECONDS = 0.1
MOST_SWEPT = 100
MOST_CHANGES_TOLD = 20
CHANGES_SECONDS = 60.0
MOST_ASKED = 32
NO_PROVIDERS: frozenset[str] = frozenset()


class Health:
    """The trouble that this process has met: breakers by provider and by (provider, upstream model), and rate limits."""

    def __init__(self, terms: Terms, state: State, tell: Callable[[str], None] = lambda text: None) -> None:
        self.terms = terms
        self.state = state
        self.clock = state.clock
        self.tell = tell
        self.told: deque[float] = deque(maxlen=MOST_CHANGES_TOLD)
        self.untold = 0
        self.breakers: OrderedDict[Any, Breaker] = OrderedDict()
        self.limits: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # from when to when
        self.availability = Availability(self)
        self.swept = 0.0

    @property
    def troubled(self) -> bool:
        """Whether anything is to be asked at all."""
        return bool(self.breakers or self.limits)

    # -- what happens to attempts --

    #
    # A request has at most one attempt at a time: which one tries a breaker is told by the ticket of its request.

    def reserve(self, step: Any, ticket: str) -> None:
        """A request was given to this deployment; on probation its attempt is the one that is watched."""
        now = self.clock()
        for breaker in self.breakers_of(step, now):
            if breaker.level == PROBATION and not breaker.blocked(now):
                breaker.trial = now, ticket
                self.availability.stir(step.provider)

    def begin(self, step: Any, ticket: str) -> None:
        """An attempt begins."""
        self.availability.use(step.provider, step.model, self.clock())
        if self.breakers:
            self.reserve(step, ticket)

    def served(self, step: Any, ticket: str) -> None:
        """An attempt was served."""
        if not self.breakers:
            return
        now = self.clock()
        for key in (step.provider, (step.provider, step.model)):
            breaker = self.look(key, now)
            if breaker is not None:
                before = breaker.level
                breaker.succeed(ticket, now, self.terms)
                self.compare(key, breaker, before, now)
                self.availability.stir(step.provider)

    def fault(self, step: Any, ticket: str, kind: str, retry_after: float | None = None) -> None:
        """An attempt failed with this kind of error; a provider may have said when to come again."""
        now = self.clock()
        place = (step.provider, step.model)
        self.availability.use(*place, now)
        own = self.terms.own_cooldown(step)
        key: Any = step.provider if self.is_whole(step, kind) else place
        if kind == "rate_limit":
            seconds = retry_after if retry_after is not None else self.terms.limit if own is None else own
            self.limit(place, now, now + seconds)
        if self.counts(step, kind, own is not None):
            breaker = self.look(key, now) or self.add(key, now)
            before = breaker.level
            breaker.fail(ticket, kind, now, self.terms, self.terms.cooldown if own is None else own)
            self.compare(key, breaker, before, now)
        self.leave(step, ticket)

    def is_whole(self, step: Any, kind: str) -> bool:
        """Whether an error is one of the whole provider, and not of one model.

        What has never served may be a model that our key has no right to, or a name that a client invented.
        """
        if kind == "connection":
            return True
        return kind in KINDS_OF_PROVIDERS and self.state.proven(step.provider, step.model)

    def counts(self, step: Any, kind: str, own: bool) -> bool:
        """Whether an error says something about who made it."""
        if kind == "not_found":
            return self.state.proven(step.provider, step.model)  # else the model may be a name that a client invented
        return kind not in FAULTS_OF_REQUESTS and (kind != "rate_limit" or not (self.terms.limits_count or own))

    def leave(self, step: Any, ticket: str) -> None:
        """An attempt ended; whether it was served is of no account."""
        for breaker in self.breakers_of(step, self.clock()) if self.breakers else ():
            if breaker.is_trial(ticket):
                breaker.trial = None
                self.availability.stir(step.provider)

    def limit(self, place: tuple[str, str], now: float, until: float) -> None:
        if place not in self.limits and len(self.limits) >= MOST_DEPLOYMENTS:
            self.make_room(self.limits, lambda one: self.limits[one][1] <= now)
        since, before = self.limits.get(place, (now, now))
        self.limits[place] = (since if now < before else now, max(before, until))
        if before <= now < until:
            self.availability.stir(place[0])
            self.say(place, f"is {LIMITED} for {until - now:.0f} s (rate_limit)")

    # -- what the rules do about it --

    def out(self, step: Any) -> str | None:
        """The kind of error for which a deployment is to be passed over now, if it is."""
        return self.glance().judged(step)[0]

    def glance(self) -> Glance:
        """How deployments are now, for one request."""
        return Glance(self)

    def gives_way(self, step: Any) -> bool:
        """Whether it is the turn of a degraded deployment to let the others go first: every second time."""
        weak = [one for one in self.breakers_of(step, self.clock()) if one.level in (DEGRADED, PROBATION)]
        for breaker in weak[:1]:
            breaker.gave_way = not breaker.gave_way
            return breaker.gave_way
        return False

    # -- what conditions and people ask --

    def unavailable(self) -> frozenset[str]:
        """The providers that are out as a whole, or with every deployment that was in use lately."""
        if not self.breakers and not self.limits:
            return NO_PROVIDERS
        now = self.clock()
        if now - self.swept >= SWEEP_SECONDS:
            self.swept = now
            self.sweep(now)
        return self.availability.at(now)

    def view(self, place: tuple[str, str], groups: Sequence[str] = ()) -> dict[str, Any]:
        """How a deployment is, for people: times in seconds, `since` of the wall clock.

        It is `out` where the rules have it passed over under one of the names by which clients reach it.
        """
        now = self.clock()
        provider, model = place
        names = [Candidate(provider, model, "", group) for group in groups or (model,)]
        found = [one for one in (self.look(place, now), self.look(provider, now)) if one is not None]
        worst = max(found, key=lambda one: SEVERITY[one.level], default=None)
        level, since, ends, kind = HEALTHY, None, None, None
        if worst is not None and worst.level != HEALTHY:
            level, since, ends, kind = worst.level, worst.since, worst.ends(), worst.kind
        if self.limited(provider, model, now):
            level, (since, ends), kind = LIMITED, self.limits[place], "rate_limit"
        return {
            "level": DEGRADED if level == PROBATION else level,
            "probation": level == PROBATION,
            "out": bool(self.glance().passed_over(names)),
            "since": None if since is None else self.state.wall() - (now - since),
            "left": None if ends is None else ends - now,
            "kind": kind,
            "errors": sum(len(one.errors) for one in found),
        }

    # -- breakers --

    def in_trouble(self, place: tuple[str, str], now: float) -> bool:
        return self.limited(*place, now) or self.is_blocked(place, now)

    def is_blocked(self, key: Any, now: float) -> bool:
        breaker = self.look(key, now)
        return breaker is not None and breaker.blocked(now)

    def limited(self, provider: str, model: str, now: float) -> bool:
        return now < self.limits.get((provider, model), (now, now))[1]

    def breakers_of(self, step: Any, now: float) -> Iterator[Breaker]:
        for key in (step.provider, (step.provider, step.model)):
            breaker = self.look(key, now)
            if breaker is not None:
                yield breaker

    def look(self, key: Any, now: float) -> Breaker | None:
        """The breaker as it is now."""
        breaker = self.breakers.get(key)
        if breaker is not None:
            before = breaker.level
            breaker.settle(now, self.terms.window)
            if breaker.level != before:
                self.compare(key, breaker, before, now)
        return breaker

    def add(self, key: Any, now: float) -> Breaker:
        if len(self.breakers) >= MOST_DEPLOYMENTS:
            self.make_room(self.breakers, lambda one: self.breakers[one].level == HEALTHY)
        breaker = self.breakers[key] = Breaker(now)
        return breaker

    def make_room(self, kept: OrderedDict[Any, Any], is_over: Callable[[Any], bool]) -> None:
        """Forget one without trouble, else one that a client may have invented; the next of them, as all are too many to ask."""
        for expendable in (is_over, self.may_be_invented):
            for _ in range(MOST_ASKED):
                key = next(iter(kept))
                if expendable(key):
                    del kept[key]
                    return
                kept.move_to_end(key)
        kept.popitem(last=False)

    def may_be_invented(self, key: Any) -> bool:
        return not isinstance(key, str) and not self.state.proven(*key)

    def sweep(self, now: float) -> None:
        """Forget what is over; the next of them, as all may be too many to look at."""
        for place in self.next_of(self.limits):
            if self.limits[place][1] <= now:
                del self.limits[place]
                self.say(place, f"is no longer {LIMITED}")
        for key in self.next_of(self.breakers):
            breaker = self.look(key, now)
            if breaker is not None and breaker.quiet():
                del self.breakers[key]

    def next_of(self, kept: OrderedDict[Any, Any]) -> list[Any]:
        """Those whose turn it is."""
        turn = list(islice(kept, MOST_SWEPT))
        if len(turn) < len(kept):
            for key in turn:
                kept.move_to_end(key)
        return turn

    def compare(self, key: Any, breaker: Breaker, before: str, now: float) -> None:
        """Tell a change of the level."""
        if breaker.level == before:
            return
        self.availability.stir(key if isinstance(key, str) else key[0])
        if breaker.level == HEALTHY and key in self.limits:
            return  # not yet: the end of the limit is told
        how_long = f" for {breaker.until - now:.0f} s" if breaker.level == COOLING else ""
        why = f" ({breaker.kind})" if breaker.level in (DEGRADED, COOLING) else ""
        self.say(key, f"is {WORDS_OF_LEVELS[breaker.level]}{how_long}{why}")

    def say(self, key: Any, text: str) -> None:
        """Tell people of a provider or deployment, but never flood them."""
        now = self.clock()
        if len(self.told) == MOST_CHANGES_TOLD and now - self.told[0] < CHANGES_SECONDS:
            self.untold += 1
            return
        self.told.append(now)
        more = f" ({self.untold} changes before were not told)" if self.untold else ""
        self.untold = 0
        self.tell(f"{name_of(key)} {text}{more}")


SEVERITY = {HEALTHY: 0, DEGRADED: 1, PROBATION: 2, COOLING: 3}
WORDS_OF_LEVELS = {HEALTHY: "healthy again", DEGRADED: "degraded", PROBATION: "on probation", COOLING: "out"}


def name_of(key: Any) -> str:
    return printable(key if isinstance(key, str) else f"{key[0]}/{key[1]}")
