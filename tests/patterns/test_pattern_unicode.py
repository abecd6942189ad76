"""Our table of Unicode says what RE2 says, for every character."""

from __future__ import annotations

import re2
from unicode_from_re2 import ALL, ranges_of

from rulec.patterns.syntax import complement, normalise
from rulec.patterns.unicode import _orbits, class_names, fold_case, unicode_class

SURROGATES = ((0xD800, 0xDFFF),)


def test_classes_hold_what_re2s_hold() -> None:
    for name in class_names():
        ours = unicode_class(name)
        assert ours is not None
        without = complement(normalise((*complement(ours), *SURROGATES)))
        assert without == normalise(ranges_of(name)), name
    assert len(class_names()) == 200
    assert unicode_class("Cs") == SURROGATES


def test_letters_have_the_cases_that_re2_gives_them() -> None:
    cased, _ = _orbits()
    text = "".join(map(chr, cased)).encode()
    for code in cased:
        found = re2.compile(rf"(?i)\x{{{code:x}}}".encode()).findall(text)
        assert normalise((ord(one.decode()),) * 2 for one in found) == fold_case(((code, code),)), hex(code)


def test_no_other_letter_has_another_case() -> None:
    cased, _ = _orbits()
    others = complement(normalise((code, code) for code in cased))
    assert fold_case(others) == others
    written = "".join(rf"\x{{{low:x}}}-\x{{{high:x}}}" for low, high in others)
    assert re2.compile(f"(?i)[^{written}]".encode()).findall(ALL) == [chr(code).encode() for code in cased]
    assert len(cased) > 2800


def test_ascii_is_folded_as_the_table_says() -> None:
    _, orbits = _orbits()
    for code in range(128):
        assert fold_case(((code, code),)) == normalise((one, one) for one in orbits.get(code, (code,)))
