"""Our patterns match what RE2 matches, and what they compile to is linear; RE2 itself is the judge."""

from __future__ import annotations

from typing import Any

import pytest
import re2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulec.diagnostics import Rejected
from rulec.patterns.compile import compile_pattern
from rulec.patterns.compiled import CompiledPattern
from rulec.runtime.matching import build_matcher
from rulec.source import Located, Source, Span

OFTEN = settings(
    max_examples=1500, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)

_ATOMS = (
    "a", "b", "ab", "-", "x1", "7b", ".", ".*", ".+", r"\d", r"\w", r"\s", r"\W", r"\D", "[ab]", "[^a]", "[a-c]", "[^\\n]", r"\.",
    r"\n", "é", "K", "ſ", "^", "$", r"\A", r"\z", r"\b", r"\B", "[[:alpha:]]", "[[:^digit:]]", r"[\d\-x]", r"\x41", r"\Qa.b\E", "",
    r"\pL", r"\p{Greek}", "\U0001f600",
)  # fmt: skip
_SUFFIXES = ("*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{2,}", "{0,1}", "{0}")
_FLAGS = ("(?:{})", "({})", "(?i:{})", "(?s:{})", "(?m:{})", "(?i){}", "(?P<n>{})", "^{}$", "(?im:{})", "(?-s:{})")
PATTERNS = st.recursive(
    st.sampled_from(_ATOMS),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(_SUFFIXES)).map(lambda two: f"(?:{two[0]}){two[1]}"),
        st.tuples(st.sampled_from(_FLAGS), inner).map(lambda two: two[0].format(two[1])),
    ),
    max_leaves=8,
)
TEXTS = st.text(st.sampled_from("abcABC-x17._ \n\réKkſs\u212a\U0001f600αA"), max_size=10)


def compiled(text: str) -> CompiledPattern:
    return compile_pattern(Located(text, Span(Source("", text), 0, len(text))))


def judge(text: str) -> Any:
    """RE2's pattern, None where RE2 refuses it."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error:
        return None


@OFTEN
@given(PATTERNS, st.lists(TEXTS, min_size=1, max_size=6))
def test_matches_what_re2_matches(pattern: str, texts: list[str]) -> None:
    wanted = judge(pattern)
    try:
        ours = compiled(pattern)
    except Rejected:
        return  # a clear refusal is always allowed; which patterns may not be refused, test_accepts says
    assert wanted is not None, f"RE2 refuses {pattern!r}"
    matches = build_matcher(ours.spec)
    for text in texts:
        found = wanted.search(text) is not None
        assert matches(text) == found, (pattern, text, ours.spec)
        if found and ours.factors is not None:
            assert any(factor in text for factor in ours.factors), (pattern, text, ours.factors)


@OFTEN
@given(PATTERNS)
def test_refuses_little(pattern: str) -> None:
    """What RE2 takes is refused only for what we say that we do not take."""
    if judge(pattern) is not None:
        try:
            compiled(pattern)
        except Rejected as rejected:
            assert any(part in pattern for part in _NOT_TAKEN), (pattern, str(rejected.diagnostic.message))


_NOT_TAKEN = (r"\p",)


@pytest.mark.parametrize(
    "pattern",
    ["(?=a)", "(?!a)", "(?<=a)b", "(?<!a)b", r"(a)\1", "(?P=n)", "(?>a)", "a++", "(?(1)a|b)", "(", "a)", "[a", "*a", "a{1001}", "\\"],
)
def test_refuses_what_re2_refuses(pattern: str) -> None:
    assert judge(pattern) is None
    with pytest.raises(Rejected):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["^(a|a)*$", "(a+)+$", "^(a*)*b", "(x+x+)+y", "(.*)(.*)(.*)(.*)=", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|aa)+$", ".*a.{20}b$"],
)
def test_is_linear(pattern: str) -> None:
    """Backtracking would not end here; nothing is timed."""
    matches = build_matcher(compiled(pattern).spec)
    assert isinstance(matches("a" * 200_000 + "!"), bool)
