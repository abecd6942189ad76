"""The plan of one request: which deployments are tried in which order, and which of them suits after a failure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

STEP_MARK = "rulec:step:"  # makes each fallback a target of its own, and tells the filter hook which one it is

# Another deployment of the same kind is not worth trying where the request itself is at fault,
KINDS_OF_THE_REQUEST = frozenset(("context_window", "content_policy", "bad_request"))
# and the same deployment again only where the fault may pass.
KINDS_THAT_PASS = frozenset(("rate_limit", "timeout", "connection", "server_error"))
# Of a thousand candidates the best ones are tried: who has waited for so many failures waits in vain for the rest.
MOST_CANDIDATES = 20
NOBODY_OUT: frozenset[str] = frozenset()
MOST_COURSES = 32_768  # of some two kilobytes
MOST_ORDERED = 4  # candidates whose orders come again often enough to be remembered


class PlanStep:
    """One deployment to try: a candidate, a hop of the chain, or a retry of the step before it (`again`).

    `pause` is how many seconds a retry waits. `place` is where it was found last among the deployments of its group, or
    before that where it stands among the candidates, most often the same; `headers` is what a client is told of it.
    """

    __slots__ = ("again", "group", "headers", "hop", "model", "pause", "place", "provider", "target")

    def __init__(self, target: Any, hop: Any = None, again: bool = False, pause: float = 0.0, place: int = 0) -> None:
        self.target = target
        self.provider: str = target.provider
        self.model: str = target.model
        self.group: str = target.group
        self.hop = hop
        self.again = again
        self.pause = pause
        self.place = place
        self.headers: dict[str, str] | None = None

    def takes(self, kind: str) -> bool:
        """Whether this step is for a request whose last attempt failed with `kind`."""
        if self.again:
            return kind in KINDS_THAT_PASS
        return kind not in KINDS_OF_THE_REQUEST if self.hop is None else bool(self.hop.takes(kind))

    def same_target(self, other: PlanStep) -> bool:
        return self.provider == other.provider and self.model == other.model


NO_TROUBLES: Mapping[PlanStep, str] = {}


class Course:
    """Steps in their order, and what LiteLLM and people are told of them: requests that go the same way share it.

    `troubles` are the steps to be passed over, each with the kind of error for which; `told` is the end of their line
    in the log.
    """

    __slots__ = ("groups", "start", "steps", "told", "troubles")

    def __init__(
        self, steps: Sequence[PlanStep], start: int = 0, troubles: Mapping[PlanStep, str] = NO_TROUBLES
    ) -> None:
        self.steps = steps
        self.start = start  # the step to begin with
        self.groups = tuple(dict.fromkeys([step.group for step in steps]))
        self.troubles = troubles
        self.told: str | None = None

    @property
    def out(self) -> frozenset[str]:
        """The providers of the steps that are to be passed over."""
        return frozenset([step.provider for step in self.troubles]) if self.troubles else NOBODY_OUT

    def fallbacks(self) -> list[dict[str, Any]]:
        """The steps behind the first as LiteLLM's fallbacks, for one request."""
        behind = self.start + 1
        return [
            {"model": step.group, "_excluded_deployment_ids": [f"{STEP_MARK}{index}"]}
            for index, step in enumerate(self.steps[behind:], behind)
        ]


class Courses:
    """The courses of one rule set: each leaf remembers its own, and of all together so many are kept."""

    def __init__(self, facts: Any) -> None:
        self.facts = facts
        self.kept: deque[dict[tuple[Any, ...], Course]] = deque()

    def through(self, decision: Any, order: list[int]) -> Course:
        """The course through these candidates of a decision and the hops of the first.

        The decision's leaf remembers it by that order and by what the request makes of the conditions of hops. Where
        there are too many, the leaf that made the oldest forgets all of its own.
        """
        if decision.leaf is None or len(order) > MOST_ORDERED:
            return Course(plan_steps(decision, order, self.facts))
        known: dict[tuple[Any, ...], Course] = decision.leaf.courses
        key = (*decision.leaf.verdicts(decision.request, decision.candidates[order[0]]), *order)
        course = known.get(key)
        if course is None:
            if len(self.kept) >= MOST_COURSES:
                self.kept.popleft().clear()
            self.kept.append(known)
            course = known[key] = Course(plan_steps(decision, order, self.facts))
        return course

    def around(self, decision: Any, order: list[int], passed_over: Callable[[Sequence[Any]], dict[int, str]]) -> Course:
        """The course while somebody is in trouble: a candidate that is `passed_over` goes behind the others.

        `passed_over` tells of many by their numbers who is to be, and for which kind of error.
        """
        out = passed_over(decision.candidates)
        course = self.through(decision, sorted(order, key=out.__contains__) if out else order)
        out = passed_over(course.steps)
        return Course(course.steps, 0, {course.steps[number]: kind for number, kind in out.items()}) if out else course


class Plan:
    """The steps of one request and where it stands; it only goes forward, and skips an unsuitable step for good."""

    __slots__ = (
        "at",
        "blameless",
        "failed",
        "fingerprint",
        "given_up",
        "kind",
        "open",
        "request",
        "rule",
        "since",
        "start",
        "steps",
        "ticket",
        "tried",
    )

    def __init__(self, course: Course, ticket: str, decision: Any, fingerprint: str, since: float) -> None:
        self.steps = course.steps
        self.start = self.at = course.start
        self.ticket = ticket
        self.rule: str | None = decision.rule
        self.request = decision.request  # which conditions of hops ask
        self.fingerprint = fingerprint
        self.since = since
        self.open = False  # an attempt has begun whose end is not known
        self.tried: list[PlanStep] = []
        self.failed = course.out  # providers; for conditions it is as if what is out had failed
        self.kind: str | None = None  # of the last failure
        self.given_up = False  # whether the deployment that failed last is out now, and not to be tried again
        self.blameless: frozenset[str] = frozenset()  # kinds of errors that say nothing about a deployment

    def suits(self, index: int, unavailable: frozenset[str] = frozenset()) -> bool:
        """Whether the step with this number is to be tried now."""
        if index == self.start:
            return not self.tried
        if not self.at < index < len(self.steps) or self.kind is None:
            return False
        step = self.steps[index]
        if not step.takes(self.kind):
            return False
        if step.again:
            return self.at == index - 1 and not self.given_up
        if step.hop is None:
            return True
        candidate_tried = any(done.hop is None and done.same_target(step) for done in self.tried)
        return not candidate_tried and bool(step.hop.allowed(self.request, self.failed | unavailable))

    def begin(self, index: int) -> PlanStep:
        """Take the step with this number; it is the one that serves unless it fails."""
        self.at = index
        self.open = True
        self.tried.append(self.steps[index])
        return self.steps[index]

    def goes_on_here(self) -> bool:
        """Whether the next step is the same deployment again."""
        return self.at + 1 < len(self.steps) and self.steps[self.at + 1].again

    def fail(self, kind: str, given_up: bool = False) -> None:
        """The attempt in progress failed with this kind."""
        self.open = False
        self.given_up = given_up
        self.kind = kind
        if self.tried:
            self.failed |= {self.tried[-1].provider}

    def end(self) -> None:
        """Nothing is tried any more, and the request is forgotten."""
        self.steps, self.tried, self.open, self.request = [], [], False, None


def plan_steps(decision: Any, order: list[int], facts: Any) -> list[PlanStep]:
    """The steps of a decision: its candidates in the strategy's order, the hops of the first, and retries of each."""
    candidates = decision.candidates
    steps = [PlanStep(candidates[index], place=index) for index in order[:MOST_CANDIDATES]]
    steps += [PlanStep(hop, hop) for hop in decision.hops(candidates[order[0]])]
    if decision.retry_attempts or facts.deployments:
        steps = [attempt for step in steps for attempt in (step, *retries(step, decision, facts.deployment(step)))]
    return steps


def retries(step: PlanStep, decision: Any, said: dict[str, Any]) -> list[PlanStep]:
    """The retries of a step: as its deployment says, else as the chain does."""
    count = said.get("retries", decision.retry_attempts or 0)
    if count <= 0:
        return []
    pause = said.get("retry_delay", (decision.retry_delay_ms or 0) / 1000)
    return [PlanStep(step.target, step.hop, True, pause, step.place) for _ in range(count)]


def arranged(course: Course, request: Any, unavailable: frozenset[str] = NOBODY_OUT) -> Course:
    """The course with what is out as the last resort, and the step to begin with.

    Where all candidates are out, that is the first hop for the kind of error that put the first one out. Where there is
    no such hop, the steps stay as they are: an attempt that may fail is better than none.
    """
    troubles = course.troubles
    ordered = sorted(course.steps, key=troubles.__contains__)
    first = next(step for step in course.steps if step.hop is None)
    if first not in troubles:
        return Course(ordered, 0, troubles)
    failed = course.out | unavailable
    for index, step in enumerate(ordered):
        ready = step.hop is not None and not step.again and step not in troubles
        if ready and step.takes(troubles[first]) and step.hop.allowed(request, failed):
            return Course(ordered, index, troubles)
    return course
