"""Sizes and numbers as languages: they hold exactly the texts of which the runtime reads them."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

from rulec.analysis.alphabet import NAMES
from rulec.analysis.header_numbers import number_of, number_texts, other_texts, spelled
from rulec.analysis.language import Language
from rulec.analysis.size_names import EXACT_COUNTS, counted_names, sized_names, unsized_names
from rulec.runtime.sizes import size_from_name

_COUNT = re.compile(r"(?<![A-Za-z0-9.])(?:([0-9]+)[xX])?[0-9]+(?:\.[0-9]+)?[bBmM](?![A-Za-z0-9])")
_BILLION = 10**9
SIZES = (
    (0, 7 * _BILLION),
    (7 * _BILLION + 1, 8 * _BILLION - 1),
    (8 * _BILLION, 13 * _BILLION),
    (13 * _BILLION + 1, None),
    (350 * 10**6, 350 * 10**6),
    (1_500 * 10**6, 1_500 * 10**6),
    (0, 0),
)
_BEFORE = ("", "a-", "7x", "_", "b", ".", "8-", "1.")
_COUNTS = ("", "8x", "08x", "2X", "3x", "16x")
_NUMBERS = (
    "7",
    "8",
    "13",
    "07.",
    "13.0",
    "13.000000001",
    "1.5",
    "350",
    "350.0000001",
    "349.9999999",
    "7999",
    "0",
    "0.0",
)
_AFTER = ("", "-x", ".gguf", "z", "_1b", "-13b")


def holds(language: Language, text: str) -> bool:
    return language.accepts([NAMES.letter(one) for one in text])


def test_sizes_of_names() -> None:
    random = Random(3)
    sized = [(low, high, sized_names(low, high, NAMES)) for low, high in SIZES]
    unsized, counted = unsized_names(NAMES), counted_names(NAMES)
    for _ in range(1_500):
        if random.random() < 0.5:
            name = "".join(random.choices("0178.xXbBmM-_a ", k=random.randint(1, 9)))
        else:
            parts = (_BEFORE, _COUNTS, _NUMBERS, ("", "5"), ("b", "B", "m", "M"), _AFTER)
            name = "".join(random.choice(one) for one in parts)
        size = size_from_name(name)
        found = _COUNT.search(name)
        count = found and found.group(1)
        assert holds(unsized, name) == (size is None), name
        assert holds(counted, name) == (count is not None), name
        for low, high, language in sized:
            within = size is not None and low <= size and (high is None or size <= high)
            exact = count is None or int(count) in EXACT_COUNTS
            assert holds(language, name) == (within and exact), (low, high, name)


CUTS = (-2, -0.5, 0, 1, 10, 10.5, 100)


def test_numbers_of_headers() -> None:
    random = Random(2)
    bounds = (None, *CUTS, None)
    cells = [cell for low, high in pairwise(bounds) for cell in ((low, high), (high, high)) if cell != (None, None)]
    languages = [number_texts(low, high, NAMES) for low, high in cells]
    no_number = other_texts(NAMES)
    signs = ("", "", "-", "0", "00", "+")
    numbers = ("0", "1", "10", "10.5", "100", "0.5", "00.50", "2", "2.0", "10.49", "", ".5", "1e3")
    for _ in range(2_000):
        text = random.choice(signs) + random.choice(numbers) + random.choice(("", "0", ".0", "."))
        number = number_of(text)
        held = [cell for cell, language in zip(cells, languages, strict=True) if holds(language, text)]
        assert len(held) == (number is not None), (text, held)
        assert holds(no_number, text) == (number is None), text
        for low, high in held:
            assert number is not None
            assert number == low if low == high else (low is None or low < number) and (high is None or number < high)


def test_numbers_are_spelled_as_they_are_read() -> None:
    for number in (0, 1, -1, 10**30, 0.1, 1e22, 1e-7, -2.5):
        taken: set[str] = set()
        for _ in range(3):
            text = spelled(number, taken)
            assert text not in taken and number_of(text) == number
            taken.add(text)
