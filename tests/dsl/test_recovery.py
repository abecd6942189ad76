"""A broken statement is one diagnostic, and takes nothing from the statements around it."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from rulec.diagnostics import Diagnostics
from rulec.source import Source
from rulec.syntax.dsl.reader import read_dsl_document
from rulec.syntax.nodes import Mapping

SENTENCES = (Path(__file__).parent / "sentences.rules").read_text(encoding="utf-8")
LINES = [line for line in SENTENCES.splitlines() if re.match("[a-z]", line)]
PIECES = re.compile(r"""#[^\n]*|"[^"\n]*"|'[^'\n]*'|/(?:\\.|[^/\n])+/|->|[A-Za-z_0-9.%-]+|[^\s]""")
NEXT = (
    "version 1",
    'provider z { litellm "z/{model}" }',
    'model "z"',
    "when z: stream -> a",
    'exact "z" -> a',
    'virtual "z" -> "m" below 5 else "n"',
    'redundant "z" -> a',
    "pattern /z/ -> a",
    'capability z -> "m"',
    "size < 1B -> a",
    "default -> a",
    "chain z -> a",
    'strategy random { description "x" }',
    'signal z { kind utilization  url "https://z.example" }',
    "request { capability_header X-B }",
    "defaults { temperature 1 }",
    "x-z 1",
)


ODD = (*"{}()[]/,#:.-\"'$%é", "=>", "@@", "->", "then", "or", "via", "when", "1", "8B", "70%")


def read(text: str) -> tuple[int, int]:
    """How many diagnostics a text has, and how many sections."""
    diagnostics = Diagnostics()
    document = read_dsl_document(Source("x.rules", text), diagnostics)
    return len(diagnostics.items), 0 if document is None else len(document.pairs)


def beginnings() -> Iterator[str]:
    """The lines of the suite that begin a statement, broken off behind each word; only what is no statement then."""
    for line in LINES:
        for found in PIECES.finditer(line):
            if read(line[: found.end()]) == (1, 0):
                yield line[: found.end()]


def test_nothing_is_taken_from_the_next_statement() -> None:
    unfinished = list(beginnings())
    assert len(unfinished) > 400
    for number, text in enumerate(unfinished):
        for shift in range(0, len(NEXT), 9):
            following = NEXT[(number + shift) % len(NEXT)]
            assert read(f"{text}\n{following}\n") == (1, 1), f"{text}\n{following}"


def test_a_broken_statement_is_told_once_and_alone() -> None:
    """Words left out, doubled or put in, behind the first: at most one diagnostic, in its line; the neighbours stay."""
    chosen = random.Random(11)
    broken = 0
    for _ in range(1200):
        line = chosen.choice(LINES)
        places = list(PIECES.finditer(line))[1:]
        if not places:
            continue
        place, odd = chosen.choice(places), chosen.choice((*ODD, "", "again"))
        word = place.group()
        changed = {"": "", "again": f"{word} {word}"}.get(odd, f"{odd} {word}")
        text = f'exact "above" -> a\n{line[: place.start()]}{changed}{line[place.end() :]}\nexact "below" -> a\n'
        diagnostics = Diagnostics()
        document = read_dsl_document(Source("x.rules", text), diagnostics)
        assert document is not None
        exact = next(value for key, value in document.pairs if key.text == "exact_matches")
        assert isinstance(exact, Mapping)
        assert {"above", "below"} <= {key.text for key, _ in exact.pairs}, text
        told = [one for one in diagnostics.items if one.code in ("dsl-syntax", "condition-syntax")]
        assert len(told) <= 1, text
        assert all(one.span is not None and one.span.line == 2 for one in diagnostics.items), text
        broken += len(told)
    assert broken > 500
