"""Scoring the complexity of requests: the work is bounded, whatever comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rulec.runtime.complexity import USUAL_SCORING, longest_judged_text
from tests.bench.measure import Line, alternately, per_call

BAR = "bar: 250 µs"


def user(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def bodies() -> dict[str, Any]:
    """Requests by what they are: usual ones, and those that cost the most."""
    result = {"type": "tool_result", "content": "x"}
    return {
        "a greeting": user("hi"),
        "a task": user("Implement a distributed algorithm for concurrent data processing"),
        "first first first, 1 MB": user("first " * 170_000),
        "words all different": user(" ".join(chr(97 + at % 26) + chr(97 + at // 26 % 26) for at in range(5_000))),
        "letters that grow, 1 MB": user("İ " * 500_000),
        "ends of sentences, 1 MB": user("a. " * 330_000),
        "fences, 1 MB": user("`" * 1_000_000),
        "10,000 messages": {"messages": [{"role": "user", "content": "x"}, *[{"role": "assistant"}] * 10_000]},
        "10,000 results of tools": {"messages": [{"role": "user", "content": [result] * 50}] * 10_000},
        "10,000 parts of 300 characters": user([{"type": "text", "text": "a b c " * 50}] * 10_000),
        "reminders, 1 MB": user("<system-reminder></system-reminder>" * 30_000),
        "10,000 reminders": {"messages": [{"role": "user", "content": "<system-reminder></system-reminder>"}] * 10_000},
        "10,000 parts of wrong types": user([{"type": ["text"], "text": 1}] * 10_000),
    }


def lines(quick: bool) -> list[Line]:
    made = bodies()
    rounds, count = (5, 20) if quick else (25, 200)
    found = []
    for name, measure in (("score", USUAL_SCORING.score), ("what LiteLLM would judge", longest_judged_text)):
        figures = alternately(rounds, *(measured(measure, body, count) for body in made.values()))
        found += [Line(f"{name}, {what}", figure, BAR) for what, figure in zip(made, figures, strict=True)]
    return found


def measured(measure: Callable[[Any], Any], body: Any, count: int) -> Callable[[], float]:
    return lambda: per_call(measure, [body] * count)
