"""YAML as it is written for LiteLLM: any parser reads back what was meant."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rulec.backends.yaml_text import to_yaml

HARD = (
    "", " ", "true", "No", "null", "~", "1", "1e3", "0x1f", "8:30", "2026-01-01", "<<", "=", "- a", "a: b", "a:", "a #b", "#a",
    "[a", "{a}", "*a", "&a", "!a", "%a", "@a", "`a", "'a'", '"a"', "a\nb", "\n", "a\n", " a", "a ", "a\tb", "é☃😀", "\x85", "\u2028",
    "\x7f", "a" * 300, "llama3.1:8b", "os.environ/KEY", "y", "ON", "a:b:c", "a::b", "7b", ".5", "+1", "=x", "?", "? a", "--- a", "...",
)  # fmt: skip

texts = st.one_of(st.sampled_from(HARD), st.text(st.characters(exclude_categories=("Cs",)), max_size=20))
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), texts)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)), max_leaves=12
)


@settings(deadline=None)
@given(values)
def test_what_is_written_reads_back_equal(value: Any) -> None:
    text = to_yaml(value)
    for loader in (yaml.CSafeLoader, yaml.SafeLoader):
        read = yaml.load(text, loader)
        assert repr(read) == repr(value), text


def test_hard_texts_read_back_equal() -> None:
    for one in HARD:
        document = {"text": one, "list": [one, {one: one}, [one]], one: {one: [one]}}
        assert yaml.load(to_yaml(document), yaml.CSafeLoader) == document, one
