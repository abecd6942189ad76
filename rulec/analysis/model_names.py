"""Model names: those that are known one by one, all others by their size, and names that no pattern looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from rulec.analysis.alphabet import NAMES, Alphabet
from rulec.analysis.asked import Asked, Values
from rulec.analysis.dimensions import OpenText, TextDimension
from rulec.analysis.language import Graph, Language
from rulec.analysis.numbers import whole_intervals
from rulec.analysis.size_names import counted_names, sized_names, unsized_names
from rulec.patterns.compiled import CompiledPattern, Spec
from rulec.policy.model import Policy
from rulec.policy.names import NameIndex
from rulec.runtime.sizes import size_from_name

_PRINTABLE = ((32, 126),)
_NICE_SIZES = (7, 8, 13, 70, 1, 3, 34, 100, 400)
_BILLION, _MILLION = 10**9, 10**6
_STEPS = (_BILLION, _BILLION // 2, _BILLION // 10, _BILLION // 100, _MILLION)


class ModelDimension(TextDimension):
    """The requested model. Known names come first, so that witnesses are real where they can be; absent comes last.

    `sizes` has for each cell the size that is read from its names, or None.
    """

    def __init__(self, policies: Sequence[Policy], names: Iterable[str], asked: Asked) -> None:
        known = dict.fromkeys(one for policy in policies for one in policy.models)
        known.update(dict.fromkeys(names))
        known.update(asked.fields.get(("model", None), Values()).texts)
        known.pop("", None)
        self.known = tuple(known)
        values: list[Any] = list(self.known)
        self.sizes: list[int | None] = [None] * len(values)
        size_asked = asked.fields.get(("model_size", None))
        self._open_cells(values, size_asked, set(known))
        super().__init__("model", values, _put)
        last = len(values) - 1
        self.absent = 1 << last
        self.irregular = 1 << last - 1
        self.regular = self.parted = self.open & ~self.irregular
        self.unsure = self.where(lambda value: isinstance(value, OpenText) and value.within is counted_names)
        self._index = NameIndex(self.known)
        self._accepted: dict[Spec, int] = {}

    def _open_cells(self, values: list[Any], asked: Values | None, taken: set[str]) -> None:
        def add(
            sample: str,
            within: Callable[[Alphabet], Language] | None = None,
            contains: Callable[[str], bool] = lambda name: True,
            size: int | None = None,
        ) -> None:
            while sample in taken:
                sample = "x" + sample
            values.append(OpenText(sample, within, contains, regular=True))
            self.sizes.append(size)

        if asked is None:
            add("some-model")
        else:
            add("some-model", unsized_names, lambda name: size_from_name(name) is None)
        intervals = [] if asked is None else whole_intervals(asked.numbers)
        for low, high in intervals:
            add(f"model-{_size_in(low, high)}", _sized(low, high), _has_size(low, high), low)
        for low, high in intervals:  # names with a count have each size, as far as their language says
            add("model-3x7b", counted_names, _has_size(low, high), low)
        values += [OpenText("modèle", _irregular), None]
        self.sizes += [None, None]

    def accepted(self, pattern: CompiledPattern) -> int:
        """The known names that a pattern takes."""
        found = self._accepted.get(pattern.spec)
        if found is None:
            found = 0
            for number in self._index.matched(pattern):
                found |= 1 << self.numbers[self._index.names[number]]
            self._accepted[pattern.spec] = found
        return found


def _put(draft: Any, value: Any) -> None:
    draft.body["model"] = value


def _sized(low: int, high: int | None) -> Callable[[Alphabet], Language]:
    return lambda alphabet: _sized_names(low, high) if alphabet is NAMES else sized_names(low, high, alphabet)


def _has_size(low: int, high: int | None) -> Callable[[str], bool]:
    def contains(name: str) -> bool:
        size = size_from_name(name)
        return size is not None and low <= size and (high is None or size <= high)

    return contains


@lru_cache(maxsize=256)
def _sized_names(low: int, high: int | None) -> Language:
    return sized_names(low, high, NAMES)


def _size_in(low: int, high: int | None) -> str:
    """A size between two, as names have it."""
    rounded = (-(-low // step) * step for step in _STEPS)
    for nice in (*(one * _BILLION for one in _NICE_SIZES), *(one * _MILLION for one in _NICE_SIZES), *rounded, low):
        if low <= nice and (high is None or nice <= high):
            break
    letter, unit = ("b", _BILLION) if nice >= _BILLION else ("m", _MILLION)
    whole, rest = divmod(nice, unit)
    fraction = f".{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}{fraction}{letter}"


def _irregular(alphabet: Alphabet) -> Language:
    """Names with a character that is not printable ASCII. Names that are only too long are never needed: doubled, with such a
    character between, they hold, begin and end with the same texts."""
    graph = Graph(alphabet)
    return graph.language(graph.chars(alphabet.everything & ~alphabet.within(_PRINTABLE), graph.match))
