"""The analyser: one question about two rules, and every rule of a rule set found live, with a request, or dead."""

from __future__ import annotations

import random
from typing import Any

from rulec.analysis.analysis import Analysis, Dead
from rulec.analysis.budget import Budget
from rulec.analysis.draft import Witness
from rulec.analysis.question import Verdict, find
from tests.bench.compiling import compiled, text_of
from tests.bench.measure import Figure, Line, alternately, no_garbage_collection, once, per_call
from tests.bench.workload import make_workload

SIZES = (100, 1_000, 10_000)
PAIRS = 2_000


def lines(quick: bool) -> list[Line]:
    found = [pairs(1_000, PAIRS // 10 if quick else PAIRS)]
    for rules in SIZES[:2] if quick else SIZES:
        found.append(every_rule(rules, 1 if quick else 3))
    return found


def pairs(rules: int, count: int) -> Line:
    """Whether two rules match one request: of all pairs of `when` and pattern rules some, each asked for the first time."""
    made = Analysis(compiled(text_of(make_workload(rules))).policy)
    asked = [one for one in made.policy.rules if one.phase in ("when", "pattern")]
    chosen = random.Random(1)
    sampled = [chosen.sample(asked, 2) for _ in range(count)]
    for one in asked:
        made.region(one)
    with no_garbage_collection():
        samples = [per_call(lambda pair: find(map(made.region, pair), (), Budget()), [pair]) for pair in sampled]
    return Line(f"do two of {rules:,} rules overlap", Figure.of(samples))


def every_rule(rules: int, rounds: int) -> Line:
    with no_garbage_collection():
        compilation = compiled(text_of(make_workload(rules)))
    counts: dict[str, int] = {}

    def measure() -> float:
        made = Analysis(compilation.policy)
        return once(lambda: counts.update(judged(made)))

    figure = alternately(rounds, measure)[0]
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return Line(f"which of {rules:,} rules can match", figure, said)


def judged(made: Analysis) -> dict[str, int]:
    answers: list[Any] = [made.live(rule) for rule in made.policy.rules]
    return {
        "live": sum(isinstance(one, Witness) for one in answers),
        "dead": sum(isinstance(one, Dead) for one in answers),
        "undecided": sum(one is Verdict.UNDECIDED for one in answers),
    }
