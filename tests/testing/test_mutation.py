"""Which mutants survive hand-written cases; and whoever survives is killed by the case that is suggested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.compiler import compile_folder
from rulec.diagnostics import Diagnostics
from rulec.ir.lower import lower
from rulec.policy.model import Policy
from rulec.source import Source
from rulec.testing.cases import Case, case_files, read_suites
from rulec.testing.collection import Group, collect, compile_suite
from rulec.testing.judge import Asker, Judge, run_collection
from rulec.testing.mutants import compiles, mutants
from rulec.testing.mutation import Mutation, mutate, notices, takes_the_same, to_text
from rulec.testing.writing import as_text

HERE = Path(__file__).parent
RULES = HERE.parents[1] / "rules"
FILES = sorted((HERE / "mutation").glob("*.yaml"))
SUITES = ("chains-conditions", "capability-candidates", "conditions-numbers", "errors", "virtual-models", "weights", "patterns")


def group_of(told: dict[str, Any], folder: Path) -> Group:
    (folder / "a.yaml").write_text(told["rules"], "utf-8")
    (folder / "a.cases.yaml").write_text(told["cases"], "utf-8")
    collection = collect([folder / "a.cases.yaml"], folder)
    report = run_collection(collection)
    assert not report.problems and not report.failures, report
    assert collection.shared is not None
    return collection.shared


def check_killers(judge: Judge, found: Mutation) -> list[Case]:
    """Every suggested case, read back from its text, holds for the rules and kills its mutant."""
    killers = []
    for mutant, case in found.survivors:
        assert case is not None, mutant.what
        diagnostics = Diagnostics()
        suites = read_suites(Source("a.cases.yaml", f"cases:\n{as_text(case)}"), diagnostics)
        assert not diagnostics.failed, (as_text(case), diagnostics.sorted())
        read = suites[0].cases[0]
        assert not judge.differences(read), as_text(case)
        assert notices(Asker(lower(mutant.make())), read), (mutant.what, as_text(case))
        killers.append(read)
    return killers


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_survivors_are_those_that_no_case_notices(file: Path, tmp_path: Path) -> None:
    told = yaml.safe_load(file.read_text("utf-8"))
    group = group_of(told, tmp_path)
    policy: Policy = group.compilation.policy
    found = mutate(policy, group.cases)
    assert sorted(one.what for one, _ in found.survivors) == sorted(told["survivors"]), to_text(found)
    assert sorted(one.what for one in found.equivalent) == sorted(told["equivalent"]), to_text(found)
    assert not found.undecided
    killers = check_killers(Judge(group.compilation), found)
    assert mutate(policy, [*group.cases, *killers]).score == 100.0


@pytest.mark.slow
def test_no_mutant_of_the_shipped_rules_survives() -> None:
    group = collect(case_files(RULES), RULES).shared
    assert group is not None
    found = mutate(group.compilation.policy, group.cases)
    assert found.score == 100.0, to_text(found)


@pytest.mark.parametrize("name", SUITES)
def test_every_survivor_is_killed_by_its_case(name: str) -> None:
    file = HERE.parent / "conformance" / f"{name}.cases.yaml"
    suites = read_suites(Source(str(file), file.read_text("utf-8")), Diagnostics())
    compilation = compile_suite(next(one for one in suites if one.rules is not None))
    found = mutate(compilation.policy, [])
    assert not found.killed and found.survivors and not found.undecided
    killers = check_killers(Judge(compilation), found)
    assert mutate(compilation.policy, killers).score == 100.0


def test_what_is_not_decided_in_time_is_not_killed(tmp_path: Path) -> None:
    group = group_of(yaml.safe_load((HERE / "mutation" / "tiers.yaml").read_text("utf-8")), tmp_path)
    found = mutate(group.compilation.policy, group.cases, seconds=0.0)
    assert found.undecided and not found.killed and not found.equivalent
    assert found.score == 0.0
    assert "not decided in time:\n  size:< 8B: left out  (" in to_text(found)


def test_a_rule_takes_the_same_only_where_that_is_proved(tmp_path: Path) -> None:
    policy = group_of(yaml.safe_load((HERE / "mutation" / "tiers.yaml").read_text("utf-8")), tmp_path).compilation.policy
    changed = {one.what: one.make() for one in mutants(policy)}
    assert takes_the_same(policy, changed["size:> 13B: 13B belongs to it"])
    for what in ("size:< 8B: 8B belongs to it", "size:8B - 13B: refused", "size:8B - 13B: left out"):
        assert not takes_the_same(policy, changed[what]), what


def test_what_a_mutant_touches_says_whether_it_compiles() -> None:
    policy = compile_folder(RULES, emit=False).policy
    made = [(one, one.make()) for one in mutants(policy)]
    fewer = [one.what for one, changed in made if not compiles(changed, one.touched)]
    assert fewer == [one.what for one, changed in made if not compiles(changed, None)]
    assert len(made) - len(fewer) > 100, fewer
