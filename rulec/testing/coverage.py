"""How much of a rule set its cases cover, and what they do not."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from rulec.analysis.question import Verdict
from rulec.policy.model import Policy
from rulec.records import field, record
from rulec.testing.cases import Case
from rulec.testing.goals import KINDS, PLURALS, Goal, Key, Kind, goals
from rulec.testing.judge import Asker
from rulec.testing.reach import Reach
from rulec.testing.watcher import Watcher

SECONDS = 30.0
"""For all that is not covered: is there a request that reaches it?"""


@record(frozen=False)
class Coverage:
    """All goals: covered ones, those that are not with a case that would do it, those that no request reaches."""

    covered: list[Goal] = field(default_factory=list)
    missing: list[tuple[Goal, Case | None]] = field(default_factory=list)
    """None where neither such a case nor a proof of none was found in time."""
    unreachable: list[Goal] = field(default_factory=list)

    def share(self, kind: Kind) -> tuple[int, int]:
        """How many goals of a kind are covered, and how many there are that can be."""
        covered = sum(one.kind == kind for one in self.covered)
        return covered, covered + sum(one.kind == kind for one, _ in self.missing)

    def percent(self, kind: Kind) -> float:
        covered, total = self.share(kind)
        return 100.0 * covered / total if total else 100.0


def measure(asker: Asker, cases: Iterable[Case], seconds: float = SECONDS) -> Coverage:
    """What these cases, which can all be asked, cover; after so many `seconds` nobody looks for what would cover the rest."""
    policy: Policy = asker.policy
    cases, ends = list(cases), time.perf_counter() + seconds
    watcher = Watcher(policy)
    seen: set[Key] = set()
    for case in cases:
        seen |= watcher.seen(asker.ask(case))
    found = Coverage()
    reach: Reach | None = None
    for goal in goals(policy):
        if goal.key in seen:
            found.covered.append(goal)
            continue
        reach = reach or Reach(policy, names_in(cases))
        reached = reach.case(goal) if time.perf_counter() < ends else Verdict.UNDECIDED
        if reached is Verdict.NONE:
            found.unreachable.append(goal)
        else:
            found.missing.append((goal, reached if isinstance(reached, Case) else None))
    return found


def names_in(cases: Iterable[Case]) -> list[str]:
    """The model names of which cases speak: witnesses prefer them."""
    named = (case.request.get("model") for case in cases)
    return list(dict.fromkeys(one for one in named if isinstance(one, str) and one))


def to_json(coverage: Coverage) -> dict[str, Any]:
    """The coverage as an object: shares by kind, and what is missing with a request that would cover it."""
    shares: dict[str, Any] = {}
    for kind in KINDS:
        covered, total = coverage.share(kind)
        shares[kind] = {"covered": covered, "total": total, "percent": round(coverage.percent(kind), 2)}
    return {
        **shares,
        "missing": [
            {**_goal(one), "request": None if case is None else case.request, **_errors(case)}
            for one, case in coverage.missing
        ],
        "unreachable": [_goal(one) for one in coverage.unreachable],
    }


def _goal(goal: Goal) -> dict[str, Any]:
    return {"kind": goal.kind, "what": goal.what, "file": goal.span.source.path, "line": goal.span.line}


def _errors(case: Case | None) -> dict[str, Any]:
    if case is None or not case.errors.row:
        return {}
    return {"errors": list(case.errors.row), **({"picked": list(case.picked)} if case.picked else {})}


def to_text(coverage: Coverage) -> str:
    """The coverage for people: a line for each kind, then what is missing, and what cannot be covered."""
    lines = []
    for kind in KINDS:
        covered, total = coverage.share(kind)
        lines.append(f"{PLURALS[kind]:<8}  {covered} of {total}  {percent_text(coverage.percent(kind))} %")
    if coverage.missing:
        lines += ["", "not covered:"]
        lines += [_line(one) + ("" if case is not None else ", if any request reaches it") for one, case in coverage.missing]
    unreachable = [one for one in coverage.unreachable if one.kind != "branch"]
    branches = len(coverage.unreachable) - len(unreachable)
    if coverage.unreachable:
        lines += ["", "no request reaches, so not counted:", *map(_line, unreachable)]
        lines += [f"  {branches} branch{'es' if branches > 1 else ''}"] if branches else []
    return "\n".join(lines)


def shortfalls(coverage: Coverage, wanted: dict[str, float]) -> list[str]:
    """What is below the percentage that is wanted of it."""
    return [
        f"{percent_text(coverage.percent(kind))} % of the {PLURALS[kind]} are covered, {wanted[kind]:g} % are wanted"
        for kind in KINDS
        if coverage.percent(kind) < wanted.get(kind, 0.0)
    ]


def percent_text(percent: float) -> str:
    """A percentage, rounded down: it is 100 only where nothing is missing."""
    return f"{int(percent * 10) / 10:g}"


def _line(goal: Goal) -> str:
    return f"  {goal.kind:<6}  {goal.what}  ({goal.span.source.path}:{goal.span.line})"
