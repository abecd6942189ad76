"""RE2's syntax construct by construct: what matches, what does not, and what is refused with which words at which place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pattern_ways import compiled, condition_holds, conditions_module, judge

from rulec.diagnostics import Rejected
from rulec.runtime.matching import build_matcher

HERE = Path(__file__).parent


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((HERE / name).read_text("utf-8"))
    return found


CONSTRUCTS, REFUSED = cases("constructs.yaml"), cases("refused.yaml")


@pytest.mark.parametrize("case", CONSTRUCTS, ids=lambda case: case["pattern"])
def test_construct_matches_what_the_case_says(case: dict[str, Any]) -> None:
    matches, wanted = build_matcher(compiled(case["pattern"]).spec), judge(case["pattern"])
    for meant, texts in ((True, case["matches"]), (False, case["misses"])):
        for text in map(str, texts):
            assert (wanted.search(text) is not None) == meant, f"the case is wrong, says RE2: {text!r}"
            assert matches(text) == meant, text


def test_constructs_match_in_the_emitted_module() -> None:
    module = conditions_module([case["pattern"] for case in CONSTRUCTS])
    for number, case in enumerate(CONSTRUCTS):
        for meant, texts in ((True, case["matches"]), (False, case["misses"])):
            for text in map(str, texts):
                assert condition_holds(module, number, text) == meant, (case["pattern"], text)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["pattern"])
def test_refused_with_the_place_and_a_hint(case: dict[str, Any]) -> None:
    pattern, after = case["pattern"], case.get("after", "")
    with pytest.raises(Rejected) as caught:
        compiled(pattern)
    told = caught.value.diagnostic
    start = pattern.index(case["at"], len(after))
    assert pattern.startswith(after)
    assert told.span is not None
    assert (told.span.start, told.span.end) == (start, start + len(case["at"]))
    assert told.code == case.get("code", "pattern-syntax")
    assert case["says"] in told.message
    assert told.help is not None and case["help"] in told.help
    assert (judge(pattern) is not None) == (case.get("re2") == "takes it")


def test_patterns_of_the_greatest_length_and_depth() -> None:
    compiled("x" * 2000)
    compiled("(" * 100 + ")" * 100)
    for pattern, place in (("x" * 2001, (2000, 2001)), ("(" * 101 + ")" * 101, (100, 101))):
        with pytest.raises(Rejected) as caught:
            compiled(pattern)
        span = caught.value.diagnostic.span
        assert span is not None and (span.start, span.end) == place
        assert caught.value.diagnostic.help
