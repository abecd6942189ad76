"""YAML as it is written for LiteLLM: any parser reads back what was meant."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rulec.backends.yaml_text import block, to_yaml

HARD = (
    "", " ", "true", "No", "null", "~", "1", "1e3", "0x1f", "8:30", "2026-01-01", "<<", "=", "- a", "a: b", "a:", "a #b", "#a",
    "[a", "{a}", "*a", "&a", "!a", "%a", "@a", "`a", "'a'", '"a"', "a\nb", "\n", "a\n", " a", "a ", "a\tb", "é☃😀", "\x85", "\u2028",
    "\x7f", "a" * 300, "llama3.1:8b", "os.environ/KEY", "y", "ON", "a:b:c", "a::b", "7b", ".5", "+1", "=x", "?", "? a", "--- a", "...",
    "Yes", "NULL", "a" * 99 + ": b", "\U0001f600" * 90, "a\r\nb", "\ufeffa", "\x00", "\x1b[0m", "k: |", "a" * 1100,
)  # fmt: skip

texts = st.one_of(st.sampled_from(HARD), st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
keys = st.one_of(texts, scalars.filter(lambda one: not isinstance(one, float)))
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=3)), max_leaves=12
)


@settings(deadline=None)
@given(values)
def test_what_is_written_reads_back_equal(value: Any) -> None:
    text = to_yaml(value)
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        read = yaml.load(text, loader)
        assert repr(read) == repr(value), text


def test_hard_numbers_read_back_equal() -> None:
    for one in (0.0, -0.0, 1e16, 1e-7, -2.5e300, 5e-324, 0.1, float("inf"), float("-inf"), float("nan"), 10**30, -1):
        for loader in (yaml.CSafeLoader, yaml.SafeLoader):
            assert repr(yaml.load(to_yaml({"number": [one]}), loader)) == repr({"number": [one]})


def test_a_block_stands_as_far_from_the_left_as_it_should() -> None:
    inner = {"text": "a\nb", "list": [1, [2, {"three": {}}]], "none": None}
    assert yaml.load(f"outer:\n  deep:\n{block(inner, 4)}", yaml.CSafeLoader) == {"outer": {"deep": inner}}
    assert block({}, 4) == ""


def test_hard_texts_read_back_equal() -> None:
    for one in HARD:
        document = {"text": one, "list": [one, {one: one}, [one]], one: {one: [one]}}
        assert yaml.load(to_yaml(document), yaml.CSafeLoader) == document, one
