"""The size that a model's name tells of, as languages over names (see `runtime.sizes`).

The name is scanned for the leftmost number with a unit. At each place where such a number may begin, the scan goes on,
dying where the number turns out to be one, or a reader takes over that wants this number's size. Products of two
unbounded numbers are beyond any automaton, so names such as `8x7b` are exact for a few counts of experts; all names of
that shape are a language of their own, whose sizes are open.
"""

from __future__ import annotations

from decimal import Decimal

from rulec.analysis.alphabet import Alphabet
from rulec.analysis.decimals import add_decimal
from rulec.analysis.language import Graph, Language

EXACT_COUNTS = (8, 2, 4, 16)
"""Counts of experts, `8` in `8x7b`, for which sizes are exact."""

_DIGITS = "0123456789"
_ALPHANUMERIC = _DIGITS + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_UNITS = (("bB", 9), ("mM", 6))


def sized_names(low: int, high: int | None, alphabet: Alphabet) -> Language:
    """The names of which a size from `low` to `high` parameters is read, both included, but for counts that are not exact."""
    graph = Graph(alphabet)
    ended = _after_unit(graph)
    numbers = _number_between(graph, ended, low, high)
    for count in EXACT_COUNTS:
        least = -(-low // count)
        most = None if high is None else high // count
        if most is None or least <= most:
            cross = graph.chars(alphabet.letters("xX"), graph.split(*_number_between(graph, ended, least, most)))
            zeros = graph.split()
            counted = graph.text(str(count), cross)
            graph.states[zeros] = ("split", (graph.text("0", zeros), counted))
            numbers.append(zeros)
    return graph.language(graph.at_start(_scan(graph, graph.split(*numbers), None)))


def counted_names(alphabet: Alphabet) -> Language:
    """The names of which a size is read that has a count, such as `8x7b`."""
    graph = Graph(alphabet)
    digits = alphabet.letters(_DIGITS)
    units = [graph.chars(alphabet.letters(unit), _after_unit(graph)) for unit, _ in _UNITS]
    ended = graph.split(*units)
    fraction = _some(graph, digits, ended)
    whole = _some(graph, digits, graph.split(ended, graph.text(".", fraction)))
    token = _some(graph, digits, graph.chars(alphabet.letters("xX"), whole))
    return graph.language(graph.at_start(_scan(graph, token, None)))


def unsized_names(alphabet: Alphabet) -> Language:
    """The names of which no size is read."""
    graph = Graph(alphabet)
    return graph.language(graph.at_start(_scan(graph, None, graph.at_end(graph.match))))


def _number_between(graph: Graph, ended: int, low: int, high: int | None) -> list[int]:
    """States that read a number with a unit; what is read of it is rounded down to whole parameters."""
    found = []
    for unit, exponent in _UNITS:
        bounds = [Decimal(low).scaleb(-exponent)]
        if high is not None:
            bounds.append(Decimal(high + 1).scaleb(-exponent))
        following = graph.chars(graph.alphabet.letters(unit), ended)
        found.append(
            add_decimal(
                graph, following, tuple(bounds), lambda orders: orders[0] >= 0 and all(o < 0 for o in orders[1:])
            )
        )
    return [one for one in found if one is not None]


def _after_unit(graph: Graph) -> int:
    """No letter or digit follows a unit; then anything may."""
    alphabet = graph.alphabet
    other = alphabet.everything & ~alphabet.letters(_ALPHANUMERIC)
    return graph.split(graph.at_end(graph.match), graph.chars(other, graph.match))


def _some(graph: Graph, letters: int, following: int) -> int:
    loop = graph.split()
    begin = graph.chars(letters, loop)
    graph.states[loop] = ("split", (begin, following))
    return begin


def _scan(graph: Graph, token: int | None, end: int | None) -> int:
    """Reads names in which no size is found so far; goes over to `token` where one may begin, to `end` where none will."""
    alphabet = graph.alphabet
    digits, point = alphabet.letters(_DIGITS), alphabet.letter(".")
    units, cross = alphabet.letters("bBmM"), alphabet.letters("xX")
    word = alphabet.letters(_ALPHANUMERIC)
    other = alphabet.everything & ~word & ~point
    # What was read last, each with what may follow: nothing of a number, the inside of a word, parts of a number, its unit.
    table: dict[str, list[tuple[int, str]]] = {
        "boundary": [(digits, "count"), (word & ~digits | point, "inside")],
        "inside": [(word | point, "inside")],
        "count": [(digits, "count"), (cross, "cross"), (point, "point"), (units, "unit")],
        "cross": [(digits, "whole")],
        "whole": [(digits, "whole"), (point, "point"), (units, "unit")],
        "point": [(digits, "fraction")],
        "fraction": [(digits, "fraction"), (units, "unit")],
        "unit": [(word, "inside")],
    }
    numbers = {name: graph.split() for name in table}
    for name, steps in table.items():
        taken = 0
        for letters, _ in steps:
            taken |= letters
        further = [*steps, ((word | point) & ~taken, "inside"), (other, "boundary")] if name != "unit" else steps
        nexts = [graph.chars(letters, numbers[target]) for letters, target in further if letters]
        if name == "boundary" and token is not None:
            nexts.append(token)
        if name != "unit" and end is not None:
            nexts.append(end)
        graph.states[numbers[name]] = ("split", tuple(nexts))
    return numbers["boundary"]
