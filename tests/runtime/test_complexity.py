"""The score reads what it says and no more, and is made only where a rule needs it."""

from __future__ import annotations

import json
from math import inf
from pathlib import Path
from typing import Any

import pytest

from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.ir.decide import Walker
from rulec.runtime.complexity import (
    MOST_STEPS,
    READ_CHARACTERS,
    USUAL_SCORING,
    USUAL_THRESHOLD,
    Scoring,
    last_user_texts,
    longest_judged_text,
)
from rulec.source import Source

FILLER = "zz "
LABELLED = Path(__file__).parents[1] / "scoring" / "labelled.jsonl"


def test_requests_labelled_by_hand_fall_on_their_side() -> None:
    lines = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]
    taken = [(line["label"], USUAL_SCORING.score(user(line["text"])) >= USUAL_THRESHOLD) for line in lines]
    assert taken.count(("simple", False)) == 25
    assert (taken.count(("complex", True)), taken.count(("complex", False))) == (14, 11)


def user(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def complex_words(body: Any) -> int:
    return next(part.found for part in USUAL_SCORING.parts(body) if part.feature == "complex_words")


def test_a_long_text_is_read_at_its_two_ends() -> None:
    far = FILLER * READ_CHARACTERS
    near = FILLER * (READ_CHARACTERS // len(FILLER) - 10)
    assert complex_words(user(f"{near}prove {far}")) == 1
    assert complex_words(user(f"{far}prove {near}")) == 1
    assert complex_words(user(f"{far}prove {far}")) == 0


def test_parts_are_read_at_the_two_ends_of_all() -> None:
    filler = [{"type": "text", "text": FILLER * READ_CHARACTERS}] * 3
    word = {"type": "text", "text": "prove"}
    assert complex_words(user([word, *filler])) == 1
    assert complex_words(user([*filler, word])) == 1
    assert complex_words(user([*filler, word, *filler])) == 0


@pytest.mark.parametrize("answers, found", [(MOST_STEPS - 1, 1), (MOST_STEPS, 0)])
def test_a_long_conversation_is_read_at_its_end(answers: int, found: int) -> None:
    body = user("prove")
    body["messages"] += [{"role": "assistant", "content": "x"}] * answers
    assert complex_words(body) == found


def test_looking_for_the_text_is_bounded_whatever_the_messages_hold() -> None:
    class Counted(dict[str, Any]):
        asked = 0

        def get(self, *arguments: Any) -> Any:
            Counted.asked += 1
            return super().get(*arguments)

    result = Counted(type="tool_result", content="x")
    body = {"messages": [Counted(role="user", content=[result] * 90)] * 10_000}
    assert last_user_texts(body, body["messages"]) == []
    assert longest_judged_text(body) == inf
    assert Counted.asked <= 12 * MOST_STEPS


def said(*texts: str, role: str = "user", kind: str = "text") -> dict[str, Any]:
    return {"role": role, "content": [{"type": kind, "text": text} for text in texts]}


LONG = said("x" * 5_000)
REMINDED = "<system-reminder>x</system-reminder>"
JUDGED: list[tuple[str, Any, float]] = [
    ("one text", {"messages": [{"role": "user", "content": "abc"}]}, 3),
    ("what was said before", {"messages": [LONG, said("abc")]}, 3),
    ("an answer after it", {"messages": [LONG, said("x" * 9_000, role="assistant")]}, 5_000),
    ("a result of a tool after it", {"messages": [LONG, said("abc", kind="tool_result")]}, 5_000),
    ("reminders after it", {"messages": [LONG, said(REMINDED)]}, 5_000),
    ("reminders and blanks after it", {"messages": [LONG, said(REMINDED[:20], REMINDED[20:] + " " * 2_000)]}, 5_000),
    ("a reminder and a text after it", {"messages": [LONG, said(REMINDED, "abc")]}, len(REMINDED) + 3),
    ("a part that LiteLLM does not read", {"messages": [LONG, said("abc", kind="input_text")]}, 5_000),
    ("items", {"input": [LONG, said("abc", kind="input_text")]}, 3),
    ("an item without a role", {"input": [{"content": "x" * 5_000}, {"content": "abc"}]}, 5_000),
    ("a text", {"input": "abc"}, 3),
    ("a prompt", {"prompt": "abc"}, 3),
    ("nothing", {}, 0),
    ("no body", None, 0),
    ("many answers after it", {"messages": [LONG, *[said("x", role="assistant")] * MOST_STEPS]}, inf),
    ("very many parts", {"messages": [said(*["x"] * MOST_STEPS)]}, inf),
]


@pytest.mark.parametrize("what, body, characters", JUDGED, ids=[one[0] for one in JUDGED])
def test_the_longest_text_that_litellm_may_judge(what: str, body: Any, characters: float) -> None:
    assert longest_judged_text(body) == characters


@pytest.mark.parametrize("weight", [1e308, 0, 0.1])
def test_weights_of_any_size_give_a_score(weight: float) -> None:
    scoring = Scoring({"weights": dict.fromkeys(("length", "simple_words", "complex_words", "code_blocks"), weight)})
    body = user("prove the theorem, hi thanks ```x```" * 100)
    assert 0 <= scoring.score(body) <= 100


@pytest.mark.parametrize("body", [None, [], "x", 5, {"messages": "x"}, {"messages": [[]]}, {"input": [[[]]]}, {"prompt": {}}])
def test_whatever_comes_has_a_score(body: Any) -> None:
    assert USUAL_SCORING.score(body) == 0


RULES = """
providers: {p: {litellm: "openai/{model}", accepts: '.*'}}
request_metadata_routing: {deep: {provider: p, condition: 'complexity > 90 and header.x-deep == "yes"'}}
exact_matches: {plain: {provider: p}}
virtual_models: {auto: {complexity: {simple: m, complex: n}}}
"""


@pytest.mark.parametrize(
    "model, headers, scored",
    [("plain", {}, 0), ("auto", {}, 1), ("plain", {"x-deep": "yes"}, 1), ("auto", {"x-deep": "yes"}, 1)],
)
def test_requests_are_scored_once_and_only_where_a_rule_needs_it(
    model: str, headers: dict[str, str], scored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rulec.backends.python import generate_module
    from rulec.selfcheck.emitted import load_module

    tree = compile_sources([Source("rules.yaml", RULES)], Diagnostics(), emit=False).tree
    assert tree is not None
    module = load_module(generate_module(tree).text)
    times: list[Any] = []
    own = module["Scoring"].parts
    monkeypatch.setattr(module["Scoring"], "parts", lambda self, body: times.append(body) or own(self, body))
    module["decide"]({"model": model, "prompt": "prove"}, headers)
    assert len(times) == scored
    walker = Walker(tree)
    request = walker.request({"model": model, "prompt": "prove"}, headers)
    trace = walker.decide(request).trace
    assert sum(one.score is not None for one in trace) <= 1
