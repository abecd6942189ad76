"""What is asked of a request, as literals on dimensions joined by `All` and `Any`; nothing is negated but literals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rulec.patterns.compiled import Spec

if TYPE_CHECKING:
    from rulec.analysis.dimensions import Dimension


class TextTest:
    """A pattern that open texts are tested with; one object for each pattern, compared by identity.

    `names_only`: as a model name it takes regular names alone, as `matches` does and `contains` does not.
    """

    __slots__ = ("spec", "names_only")

    def __init__(self, spec: Spec, names_only: bool) -> None:
        self.spec = spec
        self.names_only = names_only


class Literal:
    """One dimension is in one of these cells and, where its cell is open, its text passes `test` (or fails it)."""

    __slots__ = ("dimension", "cells", "test", "wanted", "_negation")

    def __init__(self, dimension: Dimension, cells: int, test: TextTest | None = None, wanted: bool = True) -> None:
        self.dimension = dimension
        self.cells = cells
        self.test = test
        self.wanted = wanted
        self._negation: Formula | None = None


class All:
    """Every one of these holds; of none it is true."""

    __slots__ = ("items", "_negation")

    def __init__(self, items: tuple[Formula, ...]) -> None:
        self.items = items
        self._negation: Formula | None = None


class Any:
    """One of these holds; of none it is false."""

    __slots__ = ("items", "_negation")

    def __init__(self, items: tuple[Formula, ...]) -> None:
        self.items = items
        self._negation: Formula | None = None


Formula = Literal | All | Any
TRUE = All(())
FALSE = Any(())
TRUE._negation, FALSE._negation = FALSE, TRUE


def all_of(items: Iterable[Formula]) -> Formula:
    found: list[Formula] = []
    for one in items:
        if isinstance(one, Any) and not one.items:
            return FALSE
        found += one.items if isinstance(one, All) else (one,)
    return found[0] if len(found) == 1 else All(tuple(found))


def any_of(items: Iterable[Formula]) -> Formula:
    found: list[Formula] = []
    for one in items:
        if isinstance(one, All) and not one.items:
            return TRUE
        found += one.items if isinstance(one, Any) else (one,)
    return found[0] if len(found) == 1 else Any(tuple(found))


def negation(formula: Formula) -> Formula:
    """What holds exactly where the formula does not."""
    found = formula._negation
    if found is None:
        if isinstance(formula, Literal):
            found = _opposite(formula)
        elif isinstance(formula, All):
            found = any_of(map(negation, formula.items))
        else:
            found = all_of(map(negation, formula.items))
        formula._negation = found
        found._negation = found._negation or formula  # TRUE and FALSE have theirs, whatever dimension is asked
    return found


def _opposite(literal: Literal) -> Formula:
    dimension, test = literal.dimension, literal.test
    rest = dimension.everything & ~literal.cells
    if test is None:
        return Literal(dimension, rest) if rest else FALSE
    return Literal(dimension, rest | literal.cells & dimension.open, test, not literal.wanted)


def cells_apart(one: Formula, other: Formula, dimension: Dimension) -> int | None:
    """The cells of a dimension outside of which two formulas of one shape are the same; None where their shapes differ."""
    if isinstance(one, Literal) or isinstance(other, Literal):
        if not isinstance(one, Literal) or not isinstance(other, Literal) or one.dimension is not other.dimension:
            return None
        if one.test is not other.test or one.wanted is not other.wanted:
            return None
        apart = one.cells ^ other.cells
        return apart if not apart or one.dimension is dimension else None
    if type(one) is not type(other) or len(one.items) != len(other.items):
        return None
    found = 0
    for mine, theirs in zip(one.items, other.items, strict=True):
        apart_here = cells_apart(mine, theirs, dimension)
        if apart_here is None:
            return None
        found |= apart_here
    return found


def cells_within(formula: Formula, dimension: Dimension) -> int:
    """The cells of a dimension that a formula allows, or more."""
    if isinstance(formula, Literal):
        return formula.cells if formula.dimension is dimension else dimension.everything
    parts = [cells_within(one, dimension) for one in formula.items]
    cells = dimension.everything if isinstance(formula, All) else 0
    for one in parts:
        cells = cells & one if isinstance(formula, All) else cells | one
    return cells
