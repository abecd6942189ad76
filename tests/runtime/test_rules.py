"""The rules in the tables of a module are the policy's, one by one; what they share is there once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rulec.compiler import Compilation, compile_folder, compile_sources
from rulec.diagnostics import Diagnostics
from rulec.ir.rows import Rows
from rulec.ir.tables import decision_tables
from rulec.runtime.engine import Engine
from rulec.source import Source

SHIPPED = Path(__file__).parents[2] / "rules"
RULES = """
providers:
  one: {litellm: "openai/{model}", accepts: ".*"}
models: {a: {served_by: [one]}, c: {served_by: [one]}, d: {served_by: [one]}}
request_metadata_routing:
  gold: {provider: one, condition: 'header.x == "1"'}
exact_matches:
  a: {provider: one}
  b: {provider: one, name: beta}
patterns:
  - {pattern: "d.*", provider: one}
default: {provider: one}
"""
ALL = """  all: {pass: true, condition: always}
  none: {pass: true, condition: stream}
"""
ALL_TAKEN = RULES.replace("exact_matches:", f"{ALL}exact_matches:")


def engine(compilation: Compilation) -> tuple[Engine, Rows]:
    assert compilation.tree is not None
    rows = Rows(compilation.policy)
    return Engine(decision_tables(compilation.tree, "0" * 12, rows)), rows


def compiled(text: str) -> Compilation:
    return compile_sources([Source("rules.yaml", text)], Diagnostics(), emit=False)


@pytest.mark.parametrize("compile", [lambda: compiled(RULES), lambda: compile_folder(SHIPPED, emit=False)], ids=["small", "shipped"])
def test_the_rows_are_those_of_the_policy(compile: Callable[[], Compilation]) -> None:
    made, rows = engine(compile())
    wanted = list(enumerate(rows.rules))
    assert list(made.rules.numbered()) == wanted
    assert [(number, made.rules[number]) for number, _ in reversed(wanted)] == wanted[::-1]
    with pytest.raises(KeyError):
        made.rules[len(wanted)]
    assert sorted(map(repr, made.rules.routes)) == sorted({repr(row[2:]) for row in rows.rules})
    assert [rows.rules[number][1] for number in made.rules.exact_numbers.values()] == ["exact"] * len(made.exact)


def test_an_exact_rule_is_called_after_its_model_or_by_its_own_name() -> None:
    made, _ = engine(compiled(RULES))
    names = {model: made.decide({"model": model}, {}, {}).rule for model in "abcde"}
    assert names == {"a": "exact:a", "b": "beta", "c": "default", "d": "pattern:d.*", "e": "default"}
    assert (set(made.exact), made.folded) == ({"a", "b"}, {"c": None, "d": 3})


def test_rules_behind_one_that_takes_every_request_are_not_emitted() -> None:
    made, _ = engine(compiled(ALL_TAKEN))
    assert [row[0] for _, row in made.rules.numbered()] == ["gold", "all"]
    assert made.decide({"model": "a"}, {}, {}).rule == "all"
