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
        found._negation = formula
    return found


def _opposite(literal: Literal) -> Formula:
    dimension, test = literal.dimension, literal.test
    rest = dimension.everything & ~literal.cells
    if test is None:
        return Literal(dimension, rest) if rest else FALSE
    return Literal(dimension, rest | literal.cells & dimension.open, test, not literal.wanted)
