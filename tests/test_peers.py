"""Every engine of `make bench-peers` that is installed gives the answers that the rules mean."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from tests.bench.peers import LITELLM, NAIVE, PATTERNS, PEERS, REQUESTS, publish
from tests.bench.peers.engine import Engine, Missing, Peer
from tests.bench.peers.results import Run
from tests.bench.peers.rules import Comparison, Rules, make_rules
from tests.bench.workload import Sent

RULES = make_rules(30)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_an_engine_answers_what_the_rules_mean(peer: Peer) -> None:
    check(engine_of(peer), REQUESTS.values())


@pytest.mark.slow  # imports LiteLLM
def test_the_router_of_litellm_answers_what_the_patterns_mean() -> None:
    check(engine_of(LITELLM), PATTERNS.values())


def engine_of(peer: Peer) -> Engine:
    try:
        return peer.build(RULES)
    except (Missing, ModuleNotFoundError) as error:
        pytest.skip(str(error))


def check(engine: Engine, kinds: Iterable[Callable[[Rules], Iterator[Sent]]]) -> None:
    for make in kinds:
        sent = list(islice(make(RULES), 200))
        assert engine.run(sent)[0] == [RULES.expected(one) for one in sent]


def test_requests_meet_every_rule_and_none() -> None:
    """Else equal answers would show little."""
    sent = [one for make in REQUESTS.values() for one in islice(make(RULES), 500)]
    assert {RULES.expected(one) for one in sent} == {rule.provider for rule in RULES.rules} | {"elsewhere"}


@pytest.mark.parametrize(
    ("pattern", "expression", "taken", "not_taken"),
    [
        ("qwen-*", "^qwen\\-", "qwen-", "a qwen-"),
        ("*.gguf", "\\.gguf$", ".gguf", "agguf"),
        ("*7b*", "7b", "a7bc", "7 b"),
        ("ab*ba", "^ab.*ba$", "abba", "aba"),
    ],
)
def test_a_pattern_means_the_same_as_its_expression(pattern: str, expression: str, taken: str, not_taken: str) -> None:
    test = Comparison("model", "like", pattern)
    assert test.glob.expression == expression
    assert [test.holds({"model": name}) for name in (taken, not_taken)] == [True, False]


def test_the_page_shows_the_run_that_is_published() -> None:
    run = Run.read(publish.PUBLISHED)
    assert run.wrong == 0
    assert publish.PLOT.read_text(encoding="utf-8") == publish.drawn(run)
    page = publish.PAGE.read_text(encoding="utf-8")
    assert page == publish.with_tables(page, run), "python -m tests.bench.peers.publish --again"


@pytest.mark.slow
def test_the_table_is_printed() -> None:
    command = [sys.executable, "-m", "tests.bench", "peers", "--quick"]
    root = Path(__file__).parent.parent
    printed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=300).stdout
    for peer in (*PEERS, LITELLM):
        assert f"  {peer.name} " in printed or f"{peer.name} is skipped" in printed
    assert f"against {NAIVE.name}, 100 rules" in printed
