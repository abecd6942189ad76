"""The analyser: one question about two rules, and every rule of a rule set found live, with a request, or dead."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from rulec.analysis.analysis import Analysis, Dead
from rulec.analysis.budget import Budget
from rulec.analysis.draft import Witness
from rulec.analysis.question import Verdict, find
from rulec.backends.python import make_tables
from rulec.compiler import Compilation
from rulec.policy.model import Rule
from rulec.runtime.engine import Engine
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


def analysis(compilation: Compilation) -> Analysis:
    return Analysis(compilation.policy, decide=by_tables(compilation))


def by_tables(compilation: Compilation) -> Callable[[Witness], Rule | None]:
    """Decisions by the tables that are emitted, which find the rule without a walk through all."""
    tree = compilation.tree
    assert tree is not None
    engine = Engine(make_tables(tree, tree.policy.fingerprint()))
    rules = {rule.name: rule for rule in tree.policy.rules}

    def decide(witness: Witness) -> Rule | None:
        decision = engine.decide(witness.body, witness.headers, witness.caller)
        return None if decision.rule is None else rules[decision.rule]

    return decide


def pairs(rules: int, count: int) -> Line:
    """Whether two rules match one request: of all pairs of `when` and pattern rules some, each asked for the first time."""
    made = analysis(compiled(text_of(make_workload(rules))))
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
        made = analysis(compilation)
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
