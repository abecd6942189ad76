"""The tables are those of the grammar, and running them accepts what Lark, reading the grammar itself, accepts."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
from lark import Lark, UnexpectedInput

from rulec.diagnostics import Diagnostics
from rulec.source import Source
from rulec.syntax.dsl.generator import TABLES, grammar, tables_text
from rulec.syntax.dsl.parser import NAMES, Unexpected, parse
from rulec.syntax.dsl.reader import STATEMENTS, read_dsl_document
from rulec.syntax.dsl.tables import STATEMENTS as KEYWORDS
from rulec.syntax.fields import ALL_OPERATORS

HERE = Path(__file__).parent
SENTENCES = (HERE / "sentences.rules").read_text(encoding="utf-8").split("\n\n")


@pytest.fixture(scope="module")
def lark() -> Lark:
    return grammar()


def test_tables_are_fresh() -> None:
    assert TABLES.read_text(encoding="utf-8") == tables_text(), "run `python -m rulec.syntax.dsl.generator`"


def shape(node: Any) -> Any:
    """A tree of Lark's as nested tuples: names of rules, and texts of tokens."""
    if node is None or isinstance(node, str):
        return node and str(node)
    return (str(node.data), *(shape(child) for child in node.children))


def ours(text: str) -> Any:
    """The same of our parser."""

    def value(child: Any) -> Any:
        return child.text if hasattr(child, "kind") else child

    callbacks = {
        name: lambda children, name=name: (name, *(value(child) for child in children))
        for name in NAMES
        if not name.startswith("_")
    }
    return parse(text, 0, len(text), callbacks)


def both(lark: Lark, text: str) -> tuple[Any, Any]:
    try:
        theirs = shape(lark.parse(text))
    except UnexpectedInput:
        theirs = None
    try:
        return theirs, ours(text)
    except Unexpected:
        return theirs, None


@pytest.mark.parametrize("text", SENTENCES)
def test_sentences_read_alike(lark: Lark, text: str) -> None:
    theirs, found = both(lark, text)
    assert theirs is not None, "a sentence of the suite is a sentence"
    assert found == theirs


def test_mutilated_sentences_read_alike(lark: Lark) -> None:
    """Pieces left out, doubled and swapped: thousands of texts, most of them wrong."""
    chosen = random.Random(7)
    accepted = 0
    pieces = re.compile(r"""[ \n]+|"[^"\n]*"|/(?:\\.|[^/\n])+/|[A-Za-z_][\w.-]*|[0-9][\w.:%]*|->|[<>=!]=|.""")
    words = [piece for text in SENTENCES for piece in pieces.findall(text)]
    for _ in range(4000):
        parts = pieces.findall(chosen.choice(SENTENCES))
        at = chosen.randrange(len(parts))
        way = chosen.randrange(4)
        if way == 0:
            del parts[at]
        elif way == 1:
            parts.insert(at, chosen.choice(words))
        elif way == 2:
            parts[at] = chosen.choice(words)
        else:
            other = chosen.randrange(len(parts))
            parts[at], parts[other] = parts[other], parts[at]
        text = "".join(parts)
        theirs, found = both(lark, text)
        assert found == theirs, text
        accepted += theirs is not None
    assert 400 < accepted < 3600, "both kinds of text are there"


def test_broken_text_is_told_and_nothing_else_happens() -> None:
    """Whatever is cut off or put in: diagnostics, with a place each."""
    chosen = random.Random(8)
    whole = "\n\n".join(SENTENCES)
    for _ in range(1500):
        start = chosen.randrange(len(whole))
        text = whole[start : start + chosen.randrange(300)]
        at = chosen.randrange(len(text) + 1)
        text = (
            text[:at]
            + chosen.choice(['"', "'", "/", "{", "}", "(", "[", "#", "\0", "é", "->", "\\", "%", "\n", ": ", "="])
            + text[at:]
        )
        diagnostics = Diagnostics()
        read_dsl_document(Source("rules.rules", text), diagnostics)
        for one in diagnostics.items:
            assert one.span is not None
            assert 0 <= one.span.start <= len(text)
            assert one.message


def test_statements_are_those_of_the_grammar() -> None:
    assert sorted(STATEMENTS) == sorted(KEYWORDS)


def test_operators_are_those_of_the_fields(lark: Lark) -> None:
    text = " ".join(terminal.pattern.to_regexp() for terminal in lark.terminals)
    for operator in ALL_OPERATORS:
        assert all(word in text for word in operator.split()), operator
