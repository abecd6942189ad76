"""Which small changes of a rule set its cases notice; for each that they do not, a case that does, or the proof that nobody could."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from rulec.analysis.analysis import Analysis
from rulec.analysis.budget import Budget
from rulec.analysis.differences import differences
from rulec.analysis.question import is_covered
from rulec.analysis.space import Space
from rulec.commands.requests import BadRequest
from rulec.ir.lower import lower
from rulec.policy.model import Policy
from rulec.records import field, record, replace
from rulec.testing.cases import Case
from rulec.testing.coverage import names_in, percent_text
from rulec.testing.errors import Errors, first_order
from rulec.testing.judge import Asker
from rulec.testing.mutants import Mutant, compiles, mutants
from rulec.testing.reach import place, representative_kinds, requests
from rulec.testing.writing import as_text, expectation

SECONDS = 120.0
QUESTION_SECONDS = 10.0
"""For whether a mutant is equivalent."""
MOST_DIFFERENCES = 20
MOST_ERRORS = 3
MOST_BEFORE = 200
"""Rules that are all looked at, where the comparison of the policies does not decide."""


@record(frozen=False)
class Mutation:
    """What became of all mutants; of a survivor with a case that kills it, None where it shows in nothing that cases see."""

    killed: int = 0
    equivalent: list[Mutant] = field(default_factory=list)
    survivors: list[tuple[Mutant, Case | None]] = field(default_factory=list)
    undecided: list[Mutant] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many mutants could be killed, as far as is known."""
        return self.killed + len(self.survivors) + len(self.undecided)

    @property
    def score(self) -> float:
        return 100.0 * self.killed / self.total if self.total else 100.0


def mutate(policy: Policy, cases: Iterable[Case], seconds: float = SECONDS) -> Mutation:
    """Tries cases, which all hold, on every mutant; what is left after so many seconds is not decided."""
    cases, ends = list(cases), time.perf_counter() + seconds
    original, names = Asker(lower(policy)), names_in(cases)
    likely: dict[str, list[Case]] = {}
    for case in cases:
        likely.setdefault(_rule_of(original, case), []).append(case)
    found = Mutation()
    for mutant in mutants(policy):
        if time.perf_counter() > ends:
            found.undecided.append(mutant)
            continue
        policy_of_mutant = mutant.make()
        if not compiles(policy_of_mutant, mutant.touched):
            continue
        changed = Asker(lower(policy_of_mutant))
        first = likely.get(mutant.what.partition(": ")[0], [])  # most mutants of a rule are killed by its own cases
        if any(notices(changed, case) for some in (first, cases) for case in some):
            found.killed += 1
            continue
        verdict = _survivor(original, changed, mutant, names)
        if verdict == "equivalent":
            found.equivalent.append(mutant)
        elif verdict == "undecided":
            found.undecided.append(mutant)
        else:
            found.survivors.append((mutant, verdict if isinstance(verdict, Case) else None))
    return found


def _rule_of(asker: Asker, case: Case) -> str:
    rule = asker.ask(case).outcome.rule
    return "" if rule is None else rule.name


def notices(asker: Asker, case: Case) -> bool:
    """Whether a case fails, or cannot even be asked."""
    try:
        return bool(asker.differences(case))
    except BadRequest:
        return True


def _survivor(original: Asker, changed: Asker, mutant: Mutant, names: list[str]) -> Case | str:
    """A case that kills a mutant; else that it is equivalent, that this is not decided, or that it is never seen."""
    verdict = "equivalent"
    found = differences(original.policy, changed.policy, names, QUESTION_SECONDS)
    for _, one in zip(range(MOST_DIFFERENCES), found, strict=False):
        if one.grade is None:
            verdict = "undecided" if verdict == "equivalent" else verdict
            continue
        verdict = "unseen"
        for case in requests(one.witness) if one.witness is not None else ():
            for killing in _told(original, replace(case, name=f"notices {mutant.what}")):
                if notices(changed, killing):
                    return killing
    return "equivalent" if verdict == "undecided" and takes_the_same(original.policy, changed.policy) else verdict


def takes_the_same(old: Policy, new: Policy) -> bool:
    """Whether the only rule that a mutant changes takes, of what no rule before it takes, what it took before.

    Names whose size is a product are hard to make one of; that there is none, which no other rule takes, is proved here.
    """
    apart = [(one, other) for one, other in zip(old.rules, new.rules, strict=False) if one != other]
    if len(apart) != 1 or len(old.rules) != len(new.rules) or replace(apart[0][0], match=apart[0][1].match) != apart[0][1]:
        return False
    position = apart[0][0].position
    if position > MOST_BEFORE or old.models != new.models or old.providers != new.providers:
        return False
    space, budget = Space([old, new]), Budget(QUESTION_SECONDS)
    analyses = [Analysis(one, space=space) for one in (old, new)]
    before = [analyses[0].region(one) for one in old.rules[: position - 1]]
    here, there = (one.region(rule) for one, rule in zip(analyses, apart[0], strict=True))
    return is_covered([here], [there, *before], budget) and is_covered([there], [here, *before], budget)


def _told(asker: Asker, case: Case) -> Iterator[Case]:
    """The case with what the rules decide, then with errors and what follows from them."""
    yield replace(case, expect=expectation(asker, case))
    asked = asker.ask(case)
    decision = asked.outcome.decision
    if decision.action != "route" or asked.outcome.rule is None:
        return
    order = first_order(decision)
    picked = tuple(place(decision.candidates[one]) for one in order) if len(order) > 1 else ()
    kinds = representative_kinds(asked.outcome.rule)
    for count in range(1, MOST_ERRORS + 1):
        for row in product(kinds, repeat=count):
            played = replace(case, errors=Errors(row), picked=picked)
            yield replace(played, expect=expectation(asker, played))


# For people and machines


def shortfall(mutation: Mutation, wanted: float) -> list[str]:
    """What is to be said of a score that is less than what is wanted."""
    if mutation.score >= wanted:
        return []
    return [f"{percent_text(mutation.score)} % of the mutants are killed, {wanted:g} % are wanted"]


def to_text(mutation: Mutation) -> str:
    """The score, then each survivor with the case that is missing."""
    lines = [
        f"mutants   {mutation.killed} of {mutation.total} killed  {percent_text(mutation.score)} %",
        f"          {len(mutation.equivalent)} more decide everything as the rules do",
    ]
    for mutant, case in mutation.survivors:
        lines += ["", f"survives: {mutant.what}  ({_place(mutant)})"]
        lines.append(as_text(case).rstrip() if case is not None else "  it differs in nothing that a case can expect")
    if mutation.undecided:
        lines += ["", "not decided in time:", *(f"  {one.what}  ({_place(one)})" for one in mutation.undecided)]
    return "\n".join(lines)


def to_json(mutation: Mutation) -> dict[str, Any]:
    """The score and all mutants that were not killed."""

    def told(mutant: Mutant) -> dict[str, Any]:
        return {"what": mutant.what, "file": mutant.span.source.path, "line": mutant.span.line}

    return {
        "score": round(mutation.score, 2),
        "killed": mutation.killed,
        "survivors": [
            {**told(one), "killed_by": None if case is None else as_text(case)} for one, case in mutation.survivors
        ],
        "equivalent": [told(one) for one in mutation.equivalent],
        "undecided": [told(one) for one in mutation.undecided],
    }


def _place(mutant: Mutant) -> str:
    return f"{mutant.span.source.path}:{mutant.span.line}"
