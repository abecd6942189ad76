"""Formulas: negation, which what is always or never true keeps for itself."""

from __future__ import annotations

from rulec.analysis.dimensions import Dimension
from rulec.analysis.formulas import FALSE, TRUE, Literal, negation


def test_what_is_never_true_is_no_negation_of_one_dimension() -> None:
    """A literal over all cells has no opposite but FALSE, which all policies of a process share."""
    dimension = Dimension("stream", [False, True], lambda draft, value: None)
    everything = Literal(dimension, dimension.everything)
    assert negation(everything) is FALSE
    assert negation(FALSE) is TRUE
    assert negation(TRUE) is FALSE
    assert negation(negation(Literal(dimension, 1))).cells == 1  # type: ignore[union-attr]
