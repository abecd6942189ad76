"""Letters: characters of which no pattern at hand tells one from another are one letter, written as its nicest character."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from rulec.patterns.compiled import Spec
from rulec.patterns.syntax import LAST, NEWLINE, WORD

_PRINTABLE = "".join(map(chr, range(32, 127)))
NICE = "abcdefghijklmnopqrstuvwxyz7123456890-_/.:" + _PRINTABLE
"""Printable characters in the order in which witnesses prefer them."""


class Alphabet:
    """Letters in the order in which witnesses prefer them; sets of letters are bits of an int."""

    def __init__(self, codes: Sequence[int]) -> None:
        self.codes = codes
        self.everything = (1 << len(codes)) - 1
        self._numbers = {code: number for number, code in enumerate(codes)}
        self.newline = self.within(NEWLINE)
        self.word = self.within(WORD)

    def letter(self, character: str) -> int:
        """The letter of a character that has one of its own, as a set; empty where the alphabet has no such character."""
        number = self._numbers.get(ord(character))
        return 0 if number is None else 1 << number

    def letters(self, characters: str) -> int:
        found = 0
        for one in characters:
            found |= self.letter(one)
        return found

    def within(self, ranges: Iterable[tuple[int, int]]) -> int:
        """The letters whose characters lie in these ranges."""
        found = 0
        for low, high in ranges:
            for number, code in enumerate(self.codes):
                if low <= code <= high:
                    found |= 1 << number
        return found

    def nicest(self, letters: int) -> str:
        """The first character of a set of letters."""
        return chr(self.codes[(letters & -letters).bit_length() - 1])


NAMES = Alphabet(tuple(dict.fromkeys(map(ord, NICE))))
"""The characters that a model name may hold where patterns and sizes look at it: printable ASCII."""


def alphabet_of(specs: Sequence[Spec]) -> Alphabet:
    """The letters over all characters that these patterns, or plain decimal numbers, tell apart; one is for all the others."""
    literals = set(map(ord, "0123456789.-"))
    tables: list[tuple[list[int], list[str]]] = []
    for spec in specs:
        _gather(spec, literals, tables)
    edges = {0, 127, *literals, *(code + 1 for code in literals)}
    edges.update(edge for ranges in (NEWLINE, WORD) for low, high in ranges for edge in (low, high + 1))
    edges.update(start for starts, _ in tables for start in starts)

    def signature(code: int) -> tuple[object, ...]:
        classes = [numbers[bisect_right(starts, code) - 1] for starts, numbers in tables]
        is_word = any(low <= code <= high for low, high in WORD)
        return (code if code in literals else None, code == 10, is_word, 32 <= code < 127, *classes)

    codes: dict[tuple[object, ...], int] = {}
    for code in (*map(ord, NICE), 0xE9, 0x4E00, *sorted(edge for edge in edges if edge <= LAST)):
        codes.setdefault(signature(code), code)
    return Alphabet(tuple(codes.values()))


def _gather(spec: Spec, literals: set[int], tables: list[tuple[list[int], list[str]]]) -> None:
    kind = spec[0]
    if kind == "or":
        for one in spec[1:]:
            _gather(one, literals, tables)
    elif kind in ("automaton", "between"):
        row = spec[2] if kind == "automaton" else spec[3]
        ranges = [one.partition(":") for one in row[2].split()]
        tables.append(([int(first, 16) for first, _, _ in ranges], [number for _, _, number in ranges]))
        literals.update(map(ord, spec[1] if kind == "automaton" else spec[2] + spec[4]))
    elif kind != "any":
        texts = spec[2] if kind == "glob" else spec[1]
        literals.update(map(ord, "".join(texts)))
