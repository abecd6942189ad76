"""The search over names against z3: 5,000 random questions, each with a name that does or a proof that both agree on."""

from __future__ import annotations

import os
from random import Random
from typing import Any

import pytest
from drawn_questions import question

from rulec.analysis.alphabet import NAMES
from rulec.analysis.budget import Budget
from rulec.analysis.language import language_of
from rulec.analysis.search import shortest_word
from rulec.patterns.compile import compile_pattern
from rulec.patterns.parser import parse
from rulec.patterns.syntax import Alternate, Assertion, Chars, Concat, Pattern, Repeat
from rulec.policy.model import matcher
from rulec.runtime.sizes import LONGEST_NAME
from rulec.source import Located, Source, Span

if "RULEC_NEEDS_Z3" in os.environ:
    import z3
else:
    z3 = pytest.importorskip("z3")

QUESTIONS = 5_000


@pytest.mark.slow
def test_every_answer_is_right() -> None:
    random = Random(20)
    none = unknown = 0
    for _ in range(QUESTIONS):
        wanted, unwanted = question(random)
        specs = [[compile_pattern(located(text)).spec for text in texts] for texts in (wanted, unwanted)]
        alls, nones = ([language_of(spec, NAMES) for spec in one] for one in specs)
        word = shortest_word(alls, nones, NAMES, Budget(20, 200_000), 1, LONGEST_NAME)
        if word is not None:
            assert all(matcher(one)(word) for one in specs[0]), (word, wanted, unwanted)
            assert not any(matcher(one)(word) for one in specs[1]), (word, wanted, unwanted)
            continue
        none += 1
        verdict = asked(wanted, unwanted)
        unknown += verdict == z3.unknown
        assert verdict != z3.sat, (wanted, unwanted)
    print(f"{none} of {QUESTIONS} have no answer, {unknown} of these z3 did not decide")
    assert none > QUESTIONS // 8
    assert unknown * 20 < none


def asked(wanted: list[str], unwanted: list[str]) -> Any:
    """What z3 says of the same question."""
    solver = z3.Solver()
    solver.set("timeout", 10_000)
    name = z3.String("name")
    solver.add(z3.InRe(name, z3.Plus(z3.Range(" ", "~"))), z3.Length(name) <= LONGEST_NAME)
    for text in wanted:
        solver.add(z3.InRe(name, searched(text)))
    for text in unwanted:
        solver.add(z3.Not(z3.InRe(name, searched(text))))
    return solver.check()


def searched(text: str) -> Any:
    """A pattern that is searched, as z3's whole-text expression; `^` begins it and `$` ends it, if they are there."""
    tree = parse(located(text))
    items = list(tree.items) if isinstance(tree, Concat) else [tree]
    anything = z3.Full(z3.ReSort(z3.StringSort()))
    before, after = [anything], [anything]
    while items and items[0] == Assertion("text_start"):
        before, items = [], items[1:]
    while items and items[-1] == Assertion("text_end"):
        after, items = [], items[:-1]
    return joined([*before, *map(expression, items), *after])


def joined(parts: list[Any]) -> Any:
    parts = parts or [z3.Re("")]
    return parts[0] if len(parts) == 1 else z3.Concat(*parts)


def expression(tree: Pattern) -> Any:
    if isinstance(tree, Chars):
        ranges = [(max(low, 32), min(high, 126)) for low, high in tree.ranges if low <= 126 and high >= 32]
        found = [z3.Range(chr(low), chr(high)) for low, high in ranges]
        return found[0] if len(found) == 1 else z3.Union(*found) if found else z3.Empty(z3.ReSort(z3.StringSort()))
    if isinstance(tree, Concat):
        return joined([expression(one) for one in tree.items])
    if isinstance(tree, Alternate):
        return z3.Union(*map(expression, tree.branches))
    assert isinstance(tree, Repeat), tree
    body = expression(tree.body)
    if tree.high is not None:
        return z3.Loop(body, tree.low, tree.high) if tree.high else z3.Re("")
    return joined([body] * tree.low + [z3.Star(body)])


def located(text: str) -> Located:
    return Located(text, Span(Source("", text), 0, len(text)))
