"""The worst patterns known, on the emitted module: twice the text is at most twice the work, and memory is bounded."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from pattern_ways import PROVIDERS, compiled, emitted, judge

from rulec.runtime.matching import Automaton, build_matcher

EVIL: list[dict[str, str]] = yaml.safe_load((Path(__file__).parent / "evil.yaml").read_text("utf-8"))
LENGTH = 600


def test_there_are_enough() -> None:
    assert len({case["pattern"] for case in EVIL}) >= 40


@pytest.fixture(scope="module")
def module() -> dict[str, Any]:
    rules = [{"pattern": case["pattern"], "name": f"r{number}", "provider": "p"} for number, case in enumerate(EVIL)]
    return emitted({"providers": PROVIDERS, "patterns": rules, "default": "pass"})


@pytest.mark.parametrize("number", range(len(EVIL)), ids=[case["pattern"][:40] for case in EVIL])
def test_twice_the_text_is_twice_the_work(number: int, module: dict[str, Any]) -> None:
    """Work is counted in lines of the module that run, with a new matcher each time, so what it builds is counted too."""
    case = EVIL[number]
    spec = compiled(case["pattern"]).spec
    wanted = judge(case["pattern"])

    def work(pumps: int) -> int:
        matches = module["build_matcher"](spec)
        module["Automaton"].forget()
        text = case.get("before", "") + case["pump"] * pumps + case.get("after", "")
        assert matches(text) == (wanted.search(text) is not None), "before it is quick it must be right"
        return lines(matches, text)

    pumps = LENGTH // len(case["pump"])
    once, twice = work(pumps), work(2 * pumps)
    assert twice <= 2.2 * once + 100
    states = len(spec[2][0]) if spec[0] == "automaton" else len(spec[3][0]) if spec[0] == "between" else 1
    assert twice <= 2 * LENGTH * 12 * (states + 2)


def lines(matches: Callable[[str], bool], text: str) -> int:
    """How many lines of Python a matcher runs for a text."""
    counted = 0

    def count(frame: Any, event: str, argument: Any) -> Any:
        nonlocal counted
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        matches(text)
    finally:
        sys.settrace(before)
    return counted


def test_memory_is_bounded_under_hostile_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each text leads an automaton to states that it has not seen; what is remembered does not grow with their number."""
    patterns = ("a.{80}b$", "(?:a|b).{60}c.{40}$", r"(x+x+)+y[ab]{20}\pL{30}!", r"(?i)k.{90}\p{Lu}$")
    matchers = [build_matcher(compiled(pattern).spec) for pattern in patterns]
    random = Random(7)
    monkeypatch.setattr(Automaton, "MOST_STEPS", 20_000)
    Automaton.forget()
    gc.collect()
    gc.disable()  # what is forgotten must be free at once
    try:
        most = taken = 0
        for _ in range(100):
            text = "".join(random.choices("abxcK\u00e9-", k=120))
            for matches in matchers:
                matches(text)
            taken = max(taken, Automaton.made)
            most = max(most, sum(len(automaton.cache) for automaton in Automaton.remembering))
        living = sum(type(one).__name__ == "_State" for one in gc.get_objects())
    finally:
        gc.enable()
    assert taken > Automaton.MOST_STEPS * 0.9, "the texts were not hostile enough to see a bound"
    assert most <= Automaton.MOST_STEPS + len(matchers)
    assert living <= Automaton.MOST_STEPS + 1000
