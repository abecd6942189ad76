"""Pairs of rules that are ruled out without a question have no request in common, and of the others none is forgotten."""

from __future__ import annotations

import json
from itertools import combinations
from random import Random

from drawn_questions import pattern
from test_small_worlds import condition

from rulec.analysis.analysis import Analysis
from rulec.analysis.budget import Budget
from rulec.analysis.overlaps import overlaps
from rulec.analysis.pairs import Pairs
from rulec.analysis.question import Verdict, find
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.policy.model import Policy
from rulec.source import Source

WORLDS = 12
NAMES = ("ab", "b-7b", "a1-13b")


def world(random: Random) -> Policy:
    """Patterns, exact names, sizes and conditions; every second pattern is anchored, so that ends are compared."""
    patterns = ["".join(pattern(random)) for _ in range(12)] + [f"^{one}[ab]+-" for one in ("a", "b", "ab", "ab1", "-a")]
    patterns += [f"[ab]+{one}$" for one in ("a", "b", "-b")] + ["^ab.*b1$", "^a$", "^(a|b)$", "^b1.*"]
    document = {
        "providers": {"p": {"litellm": "openai/{model}", "accepts": [".*"]}, "q": {"litellm": "openai/{model}", "accepts": "^a"}},
        "models": {name: {"served_by": ["p", "q"]} for name in NAMES[:2]},
        "request_metadata_routing": {f"w{n}": {"provider": "p", "condition": condition(random)} for n in range(8)},
        "exact_matches": {name: {"provider": "p"} for name in NAMES[1:]},
        "patterns": [{"pattern": one, "provider": random.choice("pq")} for one in dict.fromkeys(patterns)],
        "model_size_routing": [{"size": one, "provider": "p"} for one in ("< 8B", "8B - 13B", "> 10B")],
        "default": {"provider": "p"},
    }
    compilation = compile_sources([Source("rules.yaml", json.dumps(document))], Diagnostics(), emit=False)
    assert not compilation.failed, [one.message for one in compilation.diagnostics]
    return compilation.policy


def test_what_is_ruled_out_has_nothing_in_common() -> None:
    ruled_out = 0
    for seed in range(WORLDS):
        analysis = Analysis(world(Random(seed)))
        rules = analysis.policy.rules
        pairs = Pairs([analysis.region(rule).formula for rule in rules])
        for one, other in combinations(rules, 2):
            if not pairs.partners(one.position - 1) >> other.position - 1 & 1:
                ruled_out += 1
                regions = [analysis.region(one), analysis.region(other)]
                assert find(regions, (), Budget(10)) is Verdict.NONE, (one.name, other.name)
    assert ruled_out > WORLDS * 40


def test_every_pair_that_overlaps_is_found_where_all_are_asked() -> None:
    analysis = Analysis(world(Random(1000)))
    rules = analysis.policy.rules
    answer = overlaps(analysis, rules, lambda one, other: True, 10_000)
    found = {(one.one.name, one.other.name) for one in answer.found}
    meant = {(one.name, other.name) for one, other in combinations(rules, 2) if analysis.overlap(one, other) is not Verdict.NONE}
    assert found == meant
    assert answer.left_out == 0


def test_what_was_not_looked_at_is_told() -> None:
    analysis = Analysis(world(Random(1000)))
    every = overlaps(analysis, analysis.policy.rules, lambda one, other: True, 10_000)
    some = overlaps(analysis, analysis.policy.rules, lambda one, other: True, 10)
    assert len(some.found) <= 10
    assert some.left_out >= len(every.found) - len(some.found)
