"""Cases for a rule set: one for each rule that decides anything, for each edge of what rules take, and for each hop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rulec.analysis.question import Verdict
from rulec.policy.model import Policy
from rulec.records import field, record, replace
from rulec.testing.cases import Case
from rulec.testing.goals import Goal, goals
from rulec.testing.reach import Reach
from rulec.testing.writing import as_text, expectation

HEADER = """\
# Written by `rulec test --generate`: what the rules do, not what they should do. Keep what is meant to stay so.
"""
TITLES = {
    "rule": "Rules: a request that each of them decides",
    "branch": "Edges of what rules take",
    "hop": "Hops, each with errors that lead to it",
}


@record(frozen=False)
class Generated:
    """The cases, each with what it reaches; and what could not be decided in time."""

    cases: list[tuple[Goal, Case]] = field(default_factory=list)
    undecided: list[Goal] = field(default_factory=list)


def generate(policy: Policy, names: Iterable[str] = (), only: Iterable[Goal] | None = None) -> Generated:
    """The cases for all goals, or for `only` some; where a witness is free to choose a model, it prefers these `names`."""
    wanted = [one for one in (goals(policy) if only is None else only) if one.kind != "branch" or one.boundary]
    reach, found = Reach(policy, names), Generated()
    for goal in wanted:
        case = reach.case(goal)
        if isinstance(case, Case):
            found.cases.append((goal, _finished(reach, goal, simplest(reach, goal, _near(reach, goal, case)))))
        elif case is Verdict.UNDECIDED:
            found.undecided.append(goal)
    return found


def _finished(reach: Reach, goal: Goal, case: Case) -> Case:
    """The case with a name and with what the rules decide about it."""
    told = {"rule": f"{goal.what} decides", "branch": goal.what, "hop": f"{goal.what} is tried"}
    return finished(reach, replace(case, name=told[goal.kind], expect={"tried": []} if goal.kind == "hop" else {}))


def finished(reach: Reach, case: Case) -> Case:
    """The case with what the rules decide about it as its expectation."""
    made = replace(case, expect=expectation(reach.asker, case))
    wrong = reach.asker.differences(made)
    assert not wrong, f"{made!r} does not hold: {wrong!r}"
    return made


def simplest(reach: Reach, goal: Goal, case: Case) -> Case:
    """The case without what its request does not need to reach the goal, and with the capability by its own name."""
    headers = dict(case.request.get("headers", {}))
    capability = headers.pop(reach.policy.capability_header, None)
    if capability is not None:
        request = {**case.request, "headers": headers, "capability": capability}
        case = replace(case, request={key: one for key, one in request.items() if one != {}})
    for key in list(case.request):
        fewer = replace(case, request={one: value for one, value in case.request.items() if one != key})
        if goal.key in reach.seen(fewer):
            case = fewer
    return case


def _near(reach: Reach, goal: Goal, case: Case) -> Case:
    """For a pattern, a name that does not match by little: one that does, with one letter more, less or in another case."""
    if goal.key[0] != "pattern":
        return case
    rule = goal.rules[0]
    inside = reach.case(Goal("rule", rule.name, ("rule", rule.position), rule.span, (rule,), decided=True))
    name = inside.request.get("model") if isinstance(inside, Case) else None
    if not isinstance(inside, Case) or not isinstance(name, str):
        return case
    outside = (replace(inside, request={**inside.request, "model": one}) for one in _neighbours(name))
    return next((one for one in outside if goal.key in reach.seen(one)), case)


def _neighbours(name: str) -> Iterator[str]:
    yield from (f"x{name}", f"{name}x", name[1:], name[:-1], name.swapcase())
    yield from (name[:at] + name[at + 1 :] for at in range(1, len(name) - 1))


def as_file(generated: Generated) -> str:
    """The text of a cases file, a document for each kind of goal."""
    documents = []
    for kind, title in TITLES.items():
        cases = [as_text(case) for goal, case in generated.cases if goal.kind == kind]
        if cases:
            documents.append(f"\n# {title}\ncases:\n" + "\n".join(cases))
    left = "".join(f"# Not decided in time: {one.what}\n" for one in generated.undecided)
    return HEADER + left + "\n---".join(documents)
