"""Tables are read back in pieces, and mean what Python makes of the whole module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulec.backends.python import format_literal, generate_module
from rulec.compiler import compile_folder
from rulec.selfcheck import emitted

HERE = Path(__file__).parent
SIZES = (1, 3, 50)

leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=40))
values = st.recursive(
    leaves, lambda inner: st.one_of(st.lists(inner).map(tuple), st.dictionaries(st.text(max_size=9), inner)), max_leaves=20
)
rows = values.map(lambda one: (one,) * 40)


@pytest.mark.parametrize("lines", SIZES)
@settings(max_examples=60, deadline=None)
@given(value=st.dictionaries(st.text(max_size=9), st.one_of(rows, values), max_size=5))
def test_a_literal_in_pieces_is_the_literal(lines: int, value: dict[str, Any]) -> None:
    written = format_literal({**value, "long": "x" * 120})
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(emitted, "PIECE", lines)
        assert repr(emitted.read_literal(written.split("\n"))) == repr(eval(written))


@pytest.mark.parametrize("lines", SIZES)
def test_the_tables_of_a_module_in_pieces_are_its_tables(lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = compile_folder(HERE / "rules.yaml", emit=False).tree
    assert tree is not None
    text = generate_module(tree).text
    whole: dict[str, Any] = {}
    exec(text.partition("\n# -------------------- sizes")[0], whole)
    monkeypatch.setattr(emitted, "PIECE", lines)
    assert repr(emitted.load_module(text)["TABLES"]) == repr(whole["TABLES"])
