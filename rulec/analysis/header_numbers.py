"""Texts that are compared as numbers: how a number is spelled, and the texts of all numbers between two, as languages."""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from functools import lru_cache

from rulec.analysis.alphabet import Alphabet
from rulec.analysis.decimals import add_decimal
from rulec.analysis.language import Graph, Language
from rulec.analysis.numbers import Number
from rulec.runtime.request import Request

_DIGITS = "0123456789"


@lru_cache(maxsize=8192)
def number_of(text: str) -> Number | None:
    """The number that a header's text is, if it is a plain decimal one."""
    return Request({}, {"x": text}).header_number("x")


def spelled(number: Number, taken: Container[str]) -> str:
    """A number as a plain decimal that is none of the texts in `taken`."""
    sign, text = "-" if number < 0 else "", format(abs(Decimal(repr(number))), "f")
    while sign + text in taken:
        text = "0" + text
    return sign + text


def number_texts(low: Number | None, high: Number | None, alphabet: Alphabet) -> Language:
    """The texts of numbers strictly between two, or of the one that both are."""
    graph = Graph(alphabet)
    ended = graph.at_end(graph.match)
    bounds = [Decimal(repr(one)) for one in (low, high) if one is not None]

    def begin(sign: int) -> int | None:
        def wanted(magnitudes: tuple[int, ...]) -> bool:
            orders = [_signed(sign, bound, order) for bound, order in zip(bounds, magnitudes, strict=True)]
            if low is not None and low == high:
                return not any(orders)
            above = low is None or orders[0] > 0
            return above and (high is None or orders[-1] < 0)

        return add_decimal(graph, ended, tuple(abs(one) for one in bounds), wanted)

    positive, negative = begin(1), begin(-1)
    starts = [positive, None if negative is None else graph.text("-", negative)]
    return graph.language(graph.at_start(graph.split(*(one for one in starts if one is not None))))


def _signed(sign: int, bound: Decimal, order: int) -> int:
    """How a number of this sign compares with a bound, from how their magnitudes compare."""
    if bound == 0:
        return sign * order
    return sign * order if (bound > 0) == (sign > 0) else sign


def other_texts(alphabet: Alphabet) -> Language:
    """The texts that are no plain decimal number."""
    graph = Graph(alphabet)
    digits, point, minus = alphabet.letters(_DIGITS), alphabet.letter("."), alphabet.letter("-")
    steps = {
        "begin": ((digits, "whole"), (minus, "sign")),
        "sign": ((digits, "whole"),),
        "whole": ((digits, "whole"), (point, "point")),
        "point": ((digits, "fraction"),),
        "fraction": ((digits, "fraction"),),
        "other": (),
    }
    numbers = {name: graph.split() for name in steps}
    for name, known in steps.items():
        taken = sum(letters for letters, _ in known)
        nexts = [graph.chars(letters, numbers[target]) for letters, target in known]
        nexts.append(graph.chars(alphabet.everything & ~taken, numbers["other"]))
        if name not in ("whole", "fraction"):
            nexts.append(graph.at_end(graph.match))
        graph.states[numbers[name]] = ("split", tuple(nexts))
    return graph.language(graph.at_start(numbers["begin"]))
