"""What was once decided in different ways, or is too rare to be drawn: in three ways again."""

from __future__ import annotations

from typing import Any

import pytest
from three_ways import ThreeWays, as_yaml, compiled

ANY = {"litellm": "openai/{model}", "accepts": ".*"}
LONG = "x" * 600

CASES: dict[str, tuple[dict[str, Any], list[tuple[Any, ...]]]] = {
    "texts that are too long to look up in an index": (
        {
            "providers": {"a": ANY, "b": ANY},
            "request_metadata_routing": {
                "starts": {"provider": "b", "condition": 'header.x-a starts_with "high" and header.x-b == "1"'},
                "ends": {"provider": "b", "condition": 'header.x-a ends_with "high" and header.x-b == "2"'},
                "contains": {"provider": "b", "condition": 'header.x-a contains "high"'},
                "matches": {"provider": "b", "condition": 'header.x-a matches "hi[a-z]{3}"'},
            },
            "default": {"provider": "a"},
        },
        [
            ({"model": "m"}, {"x-a": text, "x-b": number}, {})
            for text in ("high" + LONG, LONG + "high", LONG + "high" + LONG, LONG + "hixyz", LONG, "high", "")
            for number in "123"
        ],
    ),
    "a requested model whose upstream another candidate shares": (
        {
            "providers": {"a": {"litellm": "openai/{model}"}},
            "models": {"one": {"served_by": {"a": "up"}}, "two": {"served_by": {"a": "up"}}},
            "capabilities": {"chat": {"preferred_models": ["one", "two"]}},
        },
        [({"model": model}, {"x-capability": "chat"}, {}) for model in ("one", "two", "three")],
    ),
    "a number of more digits than an int may have": (
        {
            "providers": {"a": ANY, "b": ANY},
            "request_metadata_routing": {"large": {"provider": "b", "condition": "header.x-a > 10"}},
            "default": {"provider": "a"},
        },
        [({"model": "m"}, {"x-a": "9" * digits}, {}) for digits in (1, 2, 300, 301, 400, 5000)],
    ),
    "patterns that share a long beginning": (
        {
            "providers": {"a": ANY, "b": ANY},
            "patterns": [{"pattern": f"^{'p' * 100}-{number}", "provider": "ab"[number % 2]} for number in range(20)],
        },
        [({"model": f"{'p' * 100}-{number}"}, {}, {}) for number in range(25)],
    ),
    "tiers that overlap, touch and hold one size": (
        {
            "providers": {"a": ANY, "b": ANY},
            "model_size_routing": [
                {"size": size, "provider": "ab"[number % 2]}
                for number, size in enumerate(("7B - 7B", "< 7B", "7B - 13B", "> 70B", "13B - 70B", ">= 70B", "<= 1B"))
            ],
        },
        [({"model": f"m-{size}m"}, {}, {}) for at in (1000, 7000, 13000, 70000) for size in (at - 1, at, at + 1)],
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_decided_alike(case: tuple[dict[str, Any], list[tuple[Any, ...]]]) -> None:
    document, requests = case
    ways = ThreeWays(compiled(as_yaml(document), emit=True))
    answers = [ways.compare(*one) for one in requests]
    assert len({(one.rule, one.candidates) for one in answers}) > 1


@pytest.mark.parametrize("rules", [
    {"request_metadata_routing": {"large": {"refuse": "no", "condition": f"model_size > {'9' * 5000}B"}}},
    {"model_size_routing": [{"refuse": "no", "size": f"< 0.{'9' * 5000}B"}]},
])  # fmt: skip
def test_sizes_of_thousands_of_digits_are_no_sizes(rules: dict[str, Any]) -> None:
    """Python turns no more than 4300 digits into a number."""
    assert [one.severity for one in compiled(as_yaml(rules)).diagnostics] == ["error"]
