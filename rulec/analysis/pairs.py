"""Which of many regions may hold one request together, found without a look at all pairs.

For each dimension a column knows which regions admit which cells, as bits; where open texts are tested, what they begin
and end with is compared. What this rules out is certain; what stays is only possible, and is for `question.find` to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rulec.analysis.dimensions import Dimension
from rulec.analysis.formulas import All, Formula, Literal
from rulec.analysis.language import positions
from rulec.patterns.compiled import Spec
from rulec.records import record

FEW = 64
"""A region that admits more named cells than this is taken to admit all."""
LONGEST_END = 64


@record(frozen=False)
class _Part:
    """What one region admits in one dimension: cells, and how its open texts begin and end."""

    cells: int
    prefix: str = ""
    suffix: str = ""


Parts = dict[Dimension, _Part]
"""What one region admits, in each dimension that it asks about by itself."""


class Pairs:
    """The regions of some formulas by number; a region must admit in each dimension what its literals that stand alone say."""

    def __init__(self, formulas: Sequence[Formula]) -> None:
        self._parts = [parts_of(one) for one in formulas]
        everyone = (1 << len(formulas)) - 1
        members: dict[Dimension, dict[int, _Part]] = {}
        for number, parts in enumerate(self._parts):
            for dimension, part in parts.items():
                members.setdefault(dimension, {})[number] = part
        self._columns = {dimension: _Column(dimension, found, everyone) for dimension, found in members.items()}
        self._everyone = everyone

    def partners(self, number: int) -> int:
        """The regions, as bits, with which one may have a request in common; it is one of them itself."""
        found = self._everyone
        for dimension, part in self._parts[number].items():
            found &= self._columns[dimension].partners(part)
        return found

    def sharing(self, number: int, dimension: Dimension) -> int:
        """Those that admit a cell with a name which this one admits too."""
        part = self._parts[number].get(dimension)
        return 0 if part is None else self._columns[dimension].sharing(part)


def may_meet(one: Parts, other: Parts) -> bool:
    """Whether the regions of two formulas may have a request in common, by their parts alone."""
    for dimension, mine in one.items():
        theirs = other.get(dimension)
        if theirs is None:
            continue
        cells = mine.cells & theirs.cells
        if not cells:
            return False
        if not cells & ~dimension.open and not (
            _alike(mine.prefix, theirs.prefix) and _alike(mine.suffix[::-1], theirs.suffix[::-1])
        ):
            return False
    return True


def _alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


class _Column:
    def __init__(self, dimension: Dimension, members: dict[int, _Part], everyone: int) -> None:
        self.open = dimension.open
        self.free = everyone
        self.named: dict[int, int] = {}
        self.some = self.many = 0
        self.unnamed: dict[int, int] = {}
        self.prefixes, self.suffixes = _Ends(), _Ends()
        for number, part in members.items():
            bit = 1 << number
            self.free ^= bit
            named = part.cells & ~self.open
            if named.bit_count() > FEW:
                self.many |= bit
            else:
                _enter(self.named, positions(named), bit)
            if named:
                self.some |= bit
            _enter(self.unnamed, positions(part.cells & self.open), bit)
            self.prefixes.add(part.prefix, bit)
            self.suffixes.add(part.suffix[::-1], bit)

    def sharing(self, part: _Part) -> int:
        named = part.cells & ~self.open
        if named.bit_count() > FEW:
            return self.some
        return _united(self.named, positions(named)) | (self.many if named else 0)

    def partners(self, part: _Part) -> int:
        unnamed = _united(self.unnamed, positions(part.cells & self.open))
        if unnamed:
            unnamed &= self.prefixes.like(part.prefix) & self.suffixes.like(part.suffix[::-1])
        return self.free | self.sharing(part) | unnamed


class _Ends:
    """Texts that begin alike: one of the two begins with the other."""

    def __init__(self) -> None:
        self.empty = 0
        self.exact: dict[str, int] = {}
        self.longer: dict[str, int] = {}

    def add(self, text: str, bit: int) -> None:
        if not text:
            self.empty |= bit
            return
        _enter(self.exact, [text], bit)
        _enter(self.longer, (text[:length] for length in range(len(text))), bit)

    def like(self, text: str) -> int:
        if not text:
            return -1
        return self.empty | self.longer.get(text, 0) | _united(self.exact, (text[:n] for n in range(1, len(text) + 1)))


def _enter(table: dict[Any, int], keys: Iterable[Any], bit: int) -> None:
    for key in keys:
        table[key] = table.get(key, 0) | bit


def _united(table: dict[Any, int], keys: Iterable[Any]) -> int:
    found = 0
    for key in keys:
        found |= table.get(key, 0)
    return found


def parts_of(formula: Formula) -> Parts:
    """The parts of a formula: what its literals that stand alone say."""
    found: Parts = {}
    for one in formula.items if isinstance(formula, All) else (formula,):
        if not isinstance(one, Literal):
            continue
        part = found.setdefault(one.dimension, _Part(one.dimension.everything))
        part.cells &= one.cells
        if one.test is not None and one.wanted:
            prefix, suffix = ends(one.test.spec)
            part.prefix = max(part.prefix, prefix[:LONGEST_END], key=len)
            part.suffix = max(part.suffix, suffix[-LONGEST_END:], key=len)
    return found


def ends(spec: Spec) -> tuple[str, str]:
    """What each text that a matcher takes begins and ends with, as far as that is easily seen."""
    kind = spec[0]
    if kind == "prefix":
        return spec[1], ""
    if kind == "between":
        _, start, head, _, tail, end = spec
        return head if start else "", tail if end else ""
    if kind == "suffix":
        return "", spec[1]
    if kind == "glob":
        _, start, parts, end = spec
        return parts[0] if start else "", parts[-1] if end else ""
    return (_beginning(spec[2]), "") if kind == "automaton" else ("", "")


def _beginning(row: Any) -> str:
    """The characters that an automaton reads one after the other before it has a choice, where the text must begin there."""
    states, start, classes = row[:3]
    ranges = [one.partition(":") for one in classes.split()]
    firsts = [int(first, 16) for first, _, _ in ranges]
    numbers = [int(number) for _, _, number in ranges]
    text, anchored = "", False
    state = states[start]
    while len(text) < LONGEST_END:
        if state[0] == "split" and len(state[1]) == 1:
            state = states[state[1][0]]
        elif state[0] == "assert" and state[1] == "text_start" and not text:
            anchored, state = True, states[state[2]]
        elif state[0] == "chars" and anchored:
            at = [place for place, number in enumerate(numbers) if state[1] >> number & 1]
            if len(at) != 1 or at[0] + 1 == len(firsts) or firsts[at[0] + 1] - firsts[at[0]] != 1:
                break
            text, state = text + chr(firsts[at[0]]), states[state[2]]
        else:
            break
    return text
