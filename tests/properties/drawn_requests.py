"""Requests made of the words of the rules: on, beside and far from what rules ask, and of wrong types."""

from __future__ import annotations

from typing import Any

from drawing import Hand
from hypothesis import strategies as st
from words import CAPABILITIES, HEADERS, METADATA, MODELS, NUMBERS, OTHER_NAMES, PEOPLE, PROVIDERS, TAGS, TEXTS

from rulec.syntax.fields import ENDPOINTS

Sent = tuple[Any, Any, dict[str, Any]]
"""Body, headers and caller, as `decide` takes them."""

_NAMES = (*MODELS, *MODELS, *OTHER_NAMES)
_WRONG: tuple[Any, ...] = (None, True, False, 0, -1, 2.5, "", "10", [], ["high"], {}, {"a": 1}, [1, [2]], 1e400, -0.0, 10**40)
_NUMBER_LIKE = ("010", "10.0", "+10", "1e3", " 10", "10.5", "9.99", "９", "-", "1" * 400)
_HEADER_TEXTS = (*TEXTS, *(str(one) for one in NUMBERS), *_NUMBER_LIKE, "high" * 200)
_TASKS = ("implement and prove the algorithm", "prove", "prove the theorem", "hi. Why? ok", "design\n```\ncode\n```\n")
_WORDS = ("", "a", "abc", "ünï", "x" * 9, "x" * 30, "y" * 300, *_TASKS, *_TASKS)
_DATES = ("2026-06-15", "2026-06-19", "2026-12-27", "2026-03-29", "2026-10-25", "2030-01-01")
_CLOCKS = ("12:00", "00:00", "06:00", "05:59", "22:00", "21:59", "23:59", "09:05", "01:00", "00:59", "02:30", "12:30")
_OFFSETS = ("+00:00", "", "Z", "+01:00", "+02:00", "-05:00", "-04:00", "+05:30", "+12:00", "+13:00")


@st.composite
def requests(draw: Any) -> Sent:
    """One request: most of it is what clients send, some of it is not."""
    hand = Hand(draw)
    seconds = hand.one(("00", "59.999999"))
    caller: dict[str, Any] = {"now": f"{hand.one(_DATES)}T{hand.one(_CLOCKS)}:{seconds}{hand.one(_OFFSETS)}"}
    for name, values in (("key", PEOPLE), ("team", PEOPLE), ("user", PEOPLE), ("endpoint", ENDPOINTS)):
        if hand.chance(25):
            caller[name] = hand.one(values)
    if hand.chance(25):
        caller["tags"] = hand.some(TAGS, 1, 2)
    if hand.chance(30):
        caller["unavailable"] = hand.some(PROVIDERS, 1, 3)
    return body(hand), headers(hand), caller


def to_virtual_models(document: dict[str, Any], sent: list[Sent]) -> list[Sent]:
    """The same requests to each of a rule set's virtual models, which they would rarely name."""
    names = document.get("virtual_models", ())
    return [({**body, "model": name}, headers, caller) for name in names for body, headers, caller in sent]


def headers(hand: Hand) -> dict[str, str]:
    sent = {name: hand.one(_HEADER_TEXTS) for name in hand.some(HEADERS, 0, 3)}
    if hand.chance(25):
        sent["x-capability"] = hand.one((*CAPABILITIES, ""))
    if hand.chance(8):
        sent["x-litellm-tags"] = hand.one(("batch, eu", ",,", " high ,x"))
    return sent


def body(hand: Hand) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if hand.chance(90):
        made["model"] = hand.one(_NAMES)
    if hand.chance(35):
        metadata = {name: value(hand) for name in hand.some(METADATA, 1, 2)}
        if hand.chance(50):
            metadata["capability"] = hand.one((*CAPABILITIES, ""))
        made["metadata"] = metadata
        if hand.chance(20):
            metadata["tags"] = hand.some(TAGS, 1, 2)
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens", "temperature", "n"):
        if hand.chance(15):
            made[name] = near(hand)
    made.update(content(hand))
    for name, values in (("stream", (True, True, False, 1, "true")), ("tools", ([{}], [{"type": "function"}], [], {}))):
        if hand.chance(25):
            made[name] = hand.one(values)
    if hand.chance(8):
        made["tags"] = hand.some(TAGS, 1, 2)
    if hand.chance(8):
        made[hand.one(("model", "metadata", "messages", "prompt", "input", "n", "temperature", "tags"))] = hand.one(_WRONG)
    return made


def near(hand: Hand) -> float | int:
    """A number that rules compare with, or one beside it."""
    return hand.one(NUMBERS) + hand.one((0, 0, 1, -1, 0.25))


def value(hand: Hand) -> Any:
    kind = hand.number(0, 5)
    return hand.one(TEXTS) if kind < 3 else near(hand) if kind == 3 else hand.one((True, False)) if kind == 4 else hand.one(_WRONG)


def content(hand: Hand) -> dict[str, Any]:
    """Messages, prompts or inputs."""
    kind = hand.number(0, 7)
    if kind < 3:
        return {}
    if kind < 6:
        roles = ("user", "user", "user", "assistant", ["user"])
        return {"messages": [{"role": hand.one(roles), "content": parts(hand)} for _ in range(hand.number(0, 3))]}
    name = hand.one(("prompt", "input"))
    shape = hand.number(0, 4)
    if shape == 0:
        return {name: hand.one(_WORDS)}
    if shape == 1:
        return {name: [hand.one(_WORDS) for _ in range(hand.number(0, 4))]}
    if shape == 2:
        return {name: [[1, 2], [3]][: hand.number(0, 2)], "system": hand.one(_WORDS)}
    if shape == 3:
        return {name: [1, 2, 3]}
    return {name: [{"role": "user", "content": parts(hand)}], "instructions": hand.one(_WORDS)}


def parts(hand: Hand) -> Any:
    if hand.chance(60):
        return hand.one(_WORDS)
    kinds: tuple[Any, ...] = (
        {"type": "text", "text": hand.one(_WORDS)},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "input_image"},
        {"type": ["image"]},
        "loose",
        None,
    )
    return hand.some(kinds, 0, 3)
