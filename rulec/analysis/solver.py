"""A cell, and where it is open a text, for each dimension, so that some formulas hold together; or none.

What must hold narrows the dimensions; of several things one of which must hold, those that are ruled out are dropped,
and when no more follows, one is tried after the other (Davis, Logemann and Loveland's procedure, with the search over
words as its theory).
"""

from __future__ import annotations

from collections.abc import Iterable

from rulec.analysis.budget import Budget
from rulec.analysis.dimensions import Dimension, TextDimension
from rulec.analysis.formulas import All, Any, Formula, Literal, TextTest, negation

Part = tuple[int, frozenset[TextTest], frozenset[TextTest]]
"""The cells that a dimension may still be in, and the tests that its text must pass and fail."""
State = dict[Dimension, Part]
Choice = tuple[int, "str | None"]
"""A cell and the text found for it."""
_NO_TESTS: frozenset[TextTest] = frozenset()


def solve(formulas: Iterable[Formula], budget: Budget, unsure: bool = False) -> dict[Dimension, Choice] | None:
    """A choice for which all formulas hold; raises OutOfBudget. `unsure` cells are chosen only where that is asked."""
    solver = _Solver(budget, unsure)
    state: State = {}
    pending: list[Any] = []
    if not all(solver.assume(state, one, pending) for one in formulas):
        return None
    return solver.search(state, pending)


class _Solver:
    def __init__(self, budget: Budget, unsure: bool) -> None:
        self.budget = budget
        self.unsure = unsure

    def part(self, state: State, dimension: Dimension) -> Part:
        found = state.get(dimension)
        if found is None:
            cells = dimension.everything if self.unsure else dimension.everything & ~dimension.unsure
            return cells, _NO_TESTS, _NO_TESTS
        return found

    def assume(self, state: State, formula: Formula, pending: list[Any]) -> bool:
        """Narrows the state by a formula, or puts it off; False where it cannot hold."""
        waiting = [formula]
        while waiting:
            one = waiting.pop()
            if isinstance(one, All):
                waiting += one.items
            elif isinstance(one, Any):
                if len(one.items) != 1:
                    pending.append(one)
                    continue
                waiting += one.items
            elif not self.narrow(state, one):
                return False
        return True

    def narrow(self, state: State, literal: Literal) -> bool:
        cells, passed, failed = self.part(state, literal.dimension)
        cells &= literal.cells
        if literal.test is not None:
            if literal.wanted:
                passed |= {literal.test}
            else:
                failed |= {literal.test}
            if passed & failed:
                return False
        state[literal.dimension] = (cells, passed, failed)
        return cells != 0

    def verdict(self, state: State, formula: Formula) -> bool | None:
        """Whether a formula holds in all that is left, in none of it, or (None) in some."""
        if isinstance(formula, Literal):
            cells, passed, failed = self.part(state, formula.dimension)
            if not cells & formula.cells:
                return False
            if cells & ~formula.cells:
                return None
            known = formula.test is None or formula.test in (passed if formula.wanted else failed)
            return True if known or not cells & formula.dimension.open else None
        decisive = isinstance(formula, Any)  # what one item says alone
        verdicts = {self.verdict(state, one) for one in formula.items}
        return decisive if decisive in verdicts else None if None in verdicts else not decisive

    def search(self, state: State, pending: list[Any]) -> dict[Dimension, Choice] | None:
        self.budget.spend()
        open_items = self.propagate(state, pending)
        if open_items is None:
            return None
        if not open_items:
            return self.realise(state)
        chosen = min(open_items, key=len)
        rest = [Any(one) for one in open_items if one is not chosen]
        for item in sorted(chosen, key=lambda one: not isinstance(one, Literal) or one.test is not None):
            branch, further = dict(state), list(rest)
            if self.assume(branch, item, further):
                found = self.search(branch, further)
                if found is not None:
                    return found
            if not self.assume(state, negation(item), rest):
                return None
        return None

    def propagate(self, state: State, pending: list[Any]) -> list[tuple[Formula, ...]] | None:
        """What of the pending choices is still open; None where one of them has nothing left."""
        while True:
            left: list[tuple[Formula, ...]] = []
            more: list[Any] = []
            narrowed = False
            for one in pending:
                items = []
                for item in one.items:
                    verdict = self.verdict(state, item)
                    if verdict:
                        break
                    if verdict is None:
                        items.append(item)
                else:
                    if not items:
                        return None
                    if len(items) > 1:
                        left.append(tuple(items))
                    elif self.assume(state, items[0], more):
                        narrowed = True
                    else:
                        return None
            if not narrowed:
                return left
            pending = [*map(Any, left), *more]

    def realise(self, state: State) -> dict[Dimension, Choice] | None:
        """The first cell of each dimension in which a text is found, where it needs one."""
        chosen: dict[Dimension, Choice] = {}
        for dimension, (cells, passed, failed) in state.items():
            choice: Choice | None = ((cells & -cells).bit_length() - 1, None)
            if isinstance(dimension, TextDimension):
                choice = dimension.choose(cells, passed, failed, self.budget)
            if choice is None:
                return None
            chosen[dimension] = choice
        return chosen
