"""Bugs planted in what is emitted, one by one: the self-check finds each that changes any decision.

Every number, text and member of the tables that decide is changed in turn. A change that the check lets pass must be
harmless: the module with it decides thousands of drawn requests as it did before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from bugs import functions, mutants
from bugs import planted as bug

from rulec.analysis.analysis import Analysis
from rulec.analysis.draft import Witness
from rulec.analysis.question import find
from rulec.analysis.replay import Tables
from rulec.backends.python import generate_module
from rulec.compiler import Compilation, compile_folder
from rulec.ir import clauses, columns, literals, lower, passes, tables
from rulec.selfcheck import check
from rulec.selfcheck.answers import ModuleDisagrees
from rulec.selfcheck.emitted import load_module, plain_decision
from rulec.selfcheck.shown import Shown

RULES = Path(__file__).with_name("rules.yaml")
DECIDING = (
    "capability_header", "complexity", "providers", "models", "rules", "routes", "chains", "when", "names", "rule_patterns",
    "pattern_index", "capabilities", "sizes", "default", "patterns", "zones", "deployments",
)  # fmt: skip


@pytest.fixture(scope="module")
def compilation() -> Compilation:
    made = compile_folder(RULES, emit=False)
    assert not made.failed, [one.message for one in made.diagnostics]
    return made


def changes(value: Any) -> Iterator[Any]:
    """A value with one thing changed in it, in each way that a bug might."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from (value + 1, value - 1)
    elif isinstance(value, str):
        yield value + "x"
    elif isinstance(value, dict):
        for key, one in value.items():
            yield {other: kept for other, kept in value.items() if other != key}
            for changed in changes(one):
                yield {**value, key: changed}
    elif isinstance(value, (tuple, list)):
        for at, one in enumerate(value):
            yield (*value[:at], *value[at + 1 :])
            for changed in changes(one):
                yield (*value[:at], changed, *value[at + 1 :])
        for at in range(1, len(value)):
            yield (*value[: at - 1], value[at], value[at - 1], *value[at + 1 :])


def planted(namespace: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for key in DECIDING:
        for number, changed in enumerate(changes(namespace["TABLES"][key])):
            yield f"{key} {number}", {**namespace["TABLES"], key: changed}


def requests(compilation: Compilation) -> list[Witness]:
    """For every rule requests that it takes, alone and together with each other rule, at noon and at midnight."""
    analysis = Analysis(compilation.policy)
    regions = [analysis.region(rule) for rule in compilation.policy.rules]
    found = [find([one, other]) for one in regions for other in regions]
    found += [find([one], [other]) for one in regions for other in regions]
    return list({repr(one): one for one in found if isinstance(one, Witness)}.values())


REMEMBERED = pytest.mark.parametrize("remembers", [False, True], ids=["a first check", "a check after an honest one"])


@REMEMBERED
def test_every_change_of_a_table_is_found_or_harmless(
    compilation: Compilation, monkeypatch: pytest.MonkeyPatch, remembers: bool
) -> None:
    found, _ = judge(compilation, monkeypatch, 61, remembers)
    assert found > 50


@pytest.mark.slow
@REMEMBERED
def test_many_changes_of_tables_are_found_or_harmless(
    compilation: Compilation, monkeypatch: pytest.MonkeyPatch, remembers: bool
) -> None:
    found, harmless = judge(compilation, monkeypatch, 11, remembers)
    print(f"{found} of {found + harmless} planted bugs are found, the others change no decision")
    assert found > 250


LOWERING = (lower, passes, tables, clauses, columns, literals)


def test_bugs_in_the_lowering_are_found_or_harmless(compilation: Compilation, monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = judge_lowering(compilation, monkeypatch, 7)
    assert found > 10


@pytest.mark.slow
def test_all_bugs_in_the_lowering_are_found_or_harmless(
    compilation: Compilation, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, harmless = judge_lowering(compilation, monkeypatch, 1)
    print(f"{found} of {found + harmless} bugs in the lowering are found, the others change no decision")
    assert found > 100


class Checked:
    """The self-check at work on a module whose tables are changed, once it has seen it without changes or not."""

    def __init__(self, compilation: Compilation, monkeypatch: pytest.MonkeyPatch, remembers: bool = False) -> None:
        assert compilation.tree is not None
        self.compilation, self.monkeypatch = compilation, monkeypatch
        self.module = generate_module(compilation.tree)
        self.namespace = load_module(self.module.text)
        self.tables: dict[str, Any] = self.namespace["TABLES"]
        self.sent = requests(compilation)
        self.before = answers(self.namespace, compilation, self.sent)
        self.shown = Shown()
        if remembers:
            check.check_module(self.module, compilation.policy, self.shown)
            assert len(self.shown.rules) > len(compilation.policy.rules) / 2

    def finds(self, name: str, changed: dict[str, Any]) -> bool:
        """Whether it finds a change; one that it lets pass must change no decision."""
        self.monkeypatch.setattr(check, "load_module", partial(loaded, self.namespace, changed))
        try:
            check.check_module(self.module, self.compilation.policy, Shown(self.shown.world, self.shown.rules))
        except ModuleDisagrees:
            return True
        assert answers(loaded(self.namespace, changed, ""), self.compilation, self.sent) == self.before, name
        return False


def judge_lowering(compilation: Compilation, monkeypatch: pytest.MonkeyPatch, step: int) -> tuple[int, int]:
    """How many bugs of the code that makes trees and tables are found, and how many change no decision."""
    policy, checked = compilation.policy, Checked(compilation, monkeypatch)
    every = [(one, *mutant) for room in LOWERING for one in functions(room) for mutant in mutants(one)]
    found = harmless = 0
    for function, name, code in every[::step]:
        with bug(function, code):
            try:
                changed = {**checked.tables, **tables.decision_tables(lower.lower(policy), policy.fingerprint())}
            except Exception:
                found += 1
                continue
        if changed != checked.tables and checked.finds(name, changed):
            found += 1
        else:
            harmless += 1
    return found, harmless


def judge(
    compilation: Compilation, monkeypatch: pytest.MonkeyPatch, step: int, remembers: bool
) -> tuple[int, int]:
    """How many changes of the tables are found, and how many change no decision."""
    checked = Checked(compilation, monkeypatch, remembers)
    verdicts = [checked.finds(*one) for one in islice(planted(checked.namespace), 0, None, step)]
    return verdicts.count(True), verdicts.count(False)


def loaded(namespace: dict[str, Any], made: dict[str, Any], text: str) -> dict[str, Any]:
    """A module as if its text had other tables."""
    return {**namespace, "TABLES": made, "ENGINE": namespace["Engine"](made)}


def answers(namespace: dict[str, Any], compilation: Compilation, sent: list[Witness]) -> list[Any]:
    decided = Tables(namespace["ENGINE"], compilation.policy)
    return [plain_decision(decided.decision(one)) for one in sent]
