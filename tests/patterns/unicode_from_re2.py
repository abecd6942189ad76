"""What RE2 knows of Unicode, asked of RE2 itself; `python tests/patterns/unicode_from_re2.py` rewrites our table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import re2

TABLE = Path(__file__).parents[2] / "rulec" / "patterns" / "unicode.txt"
HEAD = """\
# Characters after the Unicode Character Database 15.1 (https://www.unicode.org/license.txt), as RE2 has them, so that a
# pattern means the same with every version of Python. A word with a colon begins a class; `370-373` is a range of code
# points. In `fold`, `41-5a+20` says that each of 41 to 5a is the same letter as the one 20 above it but for its case;
# `100-12e/2+1` says it of every second one. Written by tests/patterns/unicode_from_re2.py, which asks RE2.
"""
SURROGATES = "d800-dfff"  # no text in UTF-8 has one, so RE2 cannot be asked
ALL = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF).encode()
CASED = ("Lu", "Ll", "Lt", "Lo", "Lm", "Mn", "Nl", "So")  # where letters with another case are found


def ranges_of(name: str) -> list[tuple[int, int]]:
    """The ranges of a class such as `Greek`, without surrogates."""
    found: list[tuple[int, int]] = []
    for match in re2.compile(rf"\p{{{name}}}+".encode()).finditer(ALL):
        text = match.group().decode()
        low, high = ord(text[0]), ord(text[-1])
        if low < 0xD800 and high > 0xDFFF:  # neighbours in this text, but not in Unicode
            found += [(low, 0xD7FF), (0xE000, high)]
        else:
            found.append((low, high))
    return found


def orbits() -> list[list[int]]:
    """The sets of characters that `(?i)` takes for one another."""
    cased = "".join(chr(code) for name in CASED for low, high in ranges_of(name) for code in range(low, high + 1))
    cased = "".join(sorted(set(cased) - {chr(c) for c in (*range(0x3400, 0xA000), *range(0xAC00, 0xD7A4))}))
    data = cased.encode()
    found = set()
    for character in cased:
        same = re2.compile(rf"(?i)\x{{{ord(character):x}}}".encode()).findall(data)
        if len(same) > 1:
            found.add(tuple(sorted(ord(one.decode()) for one in same)))
    return [list(one) for one in sorted(found)]


def _fold_words(pairs: Iterable[tuple[int, int]]) -> list[str]:
    """Runs of pairs with one distance, each next or every second one."""
    runs: list[list[int]] = []  # first, last, step (0: not yet known), distance
    for low, high in sorted(pairs):
        if runs and runs[-1][3] == high - low and low - runs[-1][1] in ((1, 2) if not runs[-1][2] else (runs[-1][2],)):
            runs[-1][2] = low - runs[-1][1]
            runs[-1][1] = low
        else:
            runs.append([low, low, 0, high - low])
    return [f"{first:x}-{last:x}{'/2' if step == 2 else ''}+{distance:x}" for first, last, step, distance in runs]


def table_text(names: Iterable[str]) -> str:
    """The whole table for these classes."""
    entries = {
        name: [SURROGATES]
        if name == "Cs"
        else [f"{low:x}-{high:x}" if low < high else f"{low:x}" for low, high in ranges_of(name)]
        for name in names
    }
    entries["fold"] = _fold_words((low, high) for orbit in orbits() for low, high in pairwise(orbit))
    written = (
        textwrap.fill(" ".join([f"{name}:", *words]), 120, subsequent_indent="  ", break_on_hyphens=False)
        for name, words in entries.items()
    )
    return HEAD + "\n".join(written) + "\n"


if __name__ == "__main__":
    known = [word[:-1] for word in TABLE.read_text("utf-8").split() if word.endswith(":") and word != "fold:"]
    TABLE.write_text(table_text(known), "utf-8")
