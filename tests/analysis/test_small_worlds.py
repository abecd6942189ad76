"""The whole question against brute force: every name of up to six letters with every value of the other fields.

Each world has rules over names and some other fields; a first rule keeps to names that brute force can write down, so
that its word is the truth: there is a witness if and only if one of these requests is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

import pytest
from drawn_questions import pattern, widened

from rulec.analysis.analysis import Analysis
from rulec.analysis.budget import Budget
from rulec.analysis.draft import Witness
from rulec.analysis.header_numbers import number_of
from rulec.analysis.question import Verdict, find
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.policy.model import Policy
from rulec.source import Source

WORLDS = 16
RULES = 9
QUESTIONS_EACH = 320
SIZED = (
    "1b", "a1b", "1", "a-1b", "a-11b", "8b", "7m", "-1b", "a-8b", "2x1b", "b-2x4b", "b-3x1b", "b-1.1b", "a-b1", "ab.8b"
)  # fmt: skip


def names(longest: int) -> list[str]:
    return [*SIZED, *("".join(one) for length in range(1, longest + 1) for one in product("ab", repeat=length))]


PARTS = ("a", "b", "1")
EQUALS = ("ab", "b", "1")


def told_apart(header: str) -> tuple[object, ...]:
    """All that the atoms below ask of a header's text."""
    number = number_of(header)
    order = None if number is None else (number > 1) - (number < 1)
    return order, header if header in EQUALS else "", *((one in header, header.startswith(one)) for one in PARTS)


_TEXTS = ("".join(one) for length in range(5) for one in product("ab1z-.02", repeat=length))
HEADERS: tuple[str | None, ...] = (None, *{told_apart(one): one for one in _TEXTS}.values())
STREAMS = (False, True)
TEMPERATURES: tuple[float | None, ...] = (None, -1, 0, 0.5, 1, 2)


def atom(random: Random) -> str:
    kind = random.randrange(14)
    if kind < 5:
        return f'model matches "{text(random)}"'
    if kind == 5:
        word = "".join(random.choices("ab", k=random.randint(1, 2)))
        return f'model {random.choice(("==", "contains", "starts_with", "ends_with", "!="))} "{word}"'
    if kind == 6:
        return f"model_size {random.choice(('<', '<=', '>', '>=', '=='))} {random.choice(('1B', '8B', '7M'))}"
    if kind == 7:
        return f'header.x {random.choice(("==", "!="))} "{random.choice(EQUALS)}"'
    if kind == 8:
        return f"header.x {random.choice(('<', '>=', '=='))} 1"
    if kind == 9:
        return f'header.x {random.choice(("matches", "contains", "starts_with"))} "{random.choice(PARTS)}"'
    if kind == 10:
        return "present(header.x)"
    if kind == 11:
        return f"temperature {random.choice(('<', '<=', '>', '=='))} {random.choice((0, 1))}"
    return random.choice(("stream", "model_size in [1B, 8B]"))


def text(random: Random) -> str:
    parts = pattern(random)
    return "".join(widened(parts, random) if random.random() < 0.5 else parts)


def condition(random: Random, depth: int = 0) -> str:
    if depth == 2 or random.random() < 0.4:
        return ("not " if random.random() < 0.3 else "") + atom(random)
    word = random.choice((" and ", " or "))
    return "(" + word.join(condition(random, depth + 1) for _ in range(2)) + ")"


def world(random: Random, longest: int) -> Policy:
    known = "|".join(one.replace(".", "\\.") for one in SIZED)
    conditions = [f'model matches "^([ab]{{1,{longest}}}|{known})$"', *(condition(random) for _ in range(RULES))]
    lines = "\n".join(f"  rule_{n}: {{pass: true, condition: {json.dumps(one)}}}" for n, one in enumerate(conditions))
    source = Source("rules.yaml", f"request_metadata_routing:\n{lines}\n")
    diagnostics = Diagnostics()
    compilation = compile_sources([source], diagnostics, emit=False)
    assert not compilation.failed, [one.message for one in compilation.diagnostics]
    return compilation.policy


def requests(longest: int) -> Iterator[Witness]:
    for name, header, stream, temperature in product(names(longest), HEADERS, STREAMS, TEMPERATURES):
        body: dict[str, Any] = {"model": name, "stream": stream, "temperature": temperature}
        yield Witness(body, {} if header is None else {"x": header}, {})


@pytest.mark.slow
def test_every_answer_is_right() -> None:
    verdicts = {"witness": 0, "none": 0, "undecided": 0}
    for seed in range(WORLDS):
        ask_all(Random(seed), 6, verdicts, QUESTIONS_EACH)
    print(verdicts)
    assert verdicts["none"] > WORLDS * QUESTIONS_EACH // 5 < verdicts["witness"]
    assert verdicts["undecided"] * 200 < WORLDS * QUESTIONS_EACH


def test_some_answers_are_right() -> None:
    verdicts = {"witness": 0, "none": 0, "undecided": 0}
    for seed in (1000,):
        ask_all(Random(seed), 3, verdicts, 60)
    assert verdicts["none"] and verdicts["witness"]


def ask_all(random: Random, longest: int, verdicts: dict[str, int], questions: int) -> None:
    policy = world(random, longest)
    analysis = Analysis(policy)
    taken = [0] * len(policy.rules)  # for each rule the requests that it takes, as bits
    for number, witness in enumerate(requests(longest)):
        request = analysis.replay.request(witness)
        for rule in policy.rules:
            if analysis.replay.matches(rule, request):  # `pass` always applies
                taken[rule.position - 1] |= 1 << number
    for _ in range(questions):
        chosen = random.sample(range(1, len(policy.rules)), random.randint(1, 6))
        split = random.randint(0, min(2, len(chosen)))
        wanted, unwanted = [0, *chosen[:split]], chosen[split:]
        truth = -1
        for one in wanted:
            truth &= taken[one]
        for one in unwanted:
            truth &= ~taken[one]
        regions = [[analysis.region(policy.rules[one]) for one in part] for part in (wanted, unwanted)]
        answer = find(regions[0], regions[1], Budget(10))
        asked = [[policy.rules[one].match.condition.text for one in part] for part in (wanted[1:], unwanted)]
        if isinstance(answer, Witness):
            verdicts["witness"] += 1
            assert truth, (asked, answer)
            assert answer.body["model"] in names(longest)
        elif answer is Verdict.NONE:
            verdicts["none"] += 1
            assert not truth, asked
        else:
            verdicts["undecided"] += 1
