"""Patterns that are read without a syntax tree mean what they mean with one."""

from __future__ import annotations

from itertools import product

from rulec.diagnostics import Rejected
from rulec.patterns.compile import _globs, _simple_glob
from rulec.patterns.parser import parse
from rulec.source import Located, Source, Span

SIGNS = (
    "a",
    "b",
    ".",
    ".*",
    "*",
    "+",
    "?",
    "^",
    "$",
    "\\",
    "\\.",
    "\\*",
    "\\-",
    "|",
    "(",
    "[",
    "]",
    "{",
    "}",
    "{2}",
    "é",
    "\n",
)


def test_simple_patterns_are_those_of_the_tree() -> None:
    simple = 0
    for length in range(4):
        for signs in product(SIGNS, repeat=length):
            text = "".join(signs)
            glob = _simple_glob(text)
            if glob is None:
                continue
            simple += 1
            try:
                tree = parse(Located(text, Span(Source("", text), 0, len(text))))
            except Rejected as rejected:
                raise AssertionError(f"{text!r} is no pattern: {rejected}") from None
            assert _globs(tree) == (glob,), repr(text)
    assert simple > 500
