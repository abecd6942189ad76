"""The one question: a request in all of these regions and in none of those, or proof that there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from rulec.analysis.budget import Budget, OutOfBudget
from rulec.analysis.dimensions import Dimension
from rulec.analysis.draft import Draft, Witness
from rulec.analysis.formulas import Formula, negation
from rulec.analysis.solver import Choice, solve


class Verdict(Enum):
    """What is said where there is no witness: that none exists, or that this was not decided within the budget."""

    NONE = "none"
    UNDECIDED = "undecided"


class WitnessFails(Exception):
    """A request does not go where the analysis says that it goes: a bug of rulec."""


class Region:
    """Requests, as a formula and as what the runtime says of each."""

    __slots__ = ("formula", "holds")

    def __init__(self, formula: Formula, holds: Callable[[Witness], bool]) -> None:
        self.formula = formula
        self.holds = holds


def find(
    all_of: Iterable[Region], none_of: Iterable[Region] = (), budget: Budget | None = None, replayed: bool = True
) -> Witness | Verdict:
    """A request in all of some regions and in none of others; or why there is no witness.

    It is replayed, unless who asks does that (`replayed` False).
    """
    budget = budget or Budget()
    wanted, unwanted = list(all_of), list(none_of)
    formulas = [one.formula for one in wanted] + [negation(one.formula) for one in unwanted]

    def stands(witness: Witness) -> bool:
        return all(one.holds(witness) for one in wanted) and not any(one.holds(witness) for one in unwanted)

    try:
        choice = solve(formulas, budget)
        if choice is not None:
            witness = built(choice)
            if replayed and not stands(witness):
                raise WitnessFails(f"{witness!r} is not where it was found")
            return witness
        choice = solve(formulas, budget, unsure=True)
    except OutOfBudget:
        return Verdict.UNDECIDED
    if choice is None:
        return Verdict.NONE
    if any(word is None and dimension.unsure >> cell & 1 for dimension, (cell, word) in choice.items()):
        return Verdict.UNDECIDED  # a request too large to be built
    witness = built(choice)
    return witness if stands(witness) else Verdict.UNDECIDED


def is_covered(wanted: Iterable[Region], covers: Iterable[Region], budget: Budget) -> bool:
    """Whether every request in all of some regions is in one of others; False also where that is not decided."""
    formulas = [one.formula for one in wanted] + [negation(one.formula) for one in covers]
    try:
        return solve(formulas, budget) is None and solve(formulas, budget, unsure=True) is None
    except OutOfBudget:
        return False


def built(choice: dict[Dimension, Choice]) -> Witness:
    """The request in which each dimension is as it was chosen."""
    draft = Draft()
    for dimension, (cell, word) in choice.items():
        value = dimension.values[cell] if word is None else word
        if value is not None:
            dimension.put(draft, value)
    return draft.witness()
