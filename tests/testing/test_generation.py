"""Generated cases pass by themselves, are the same each time, and cover what can be covered."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulec.compiler import Compilation, compile_folder
from rulec.diagnostics import Diagnostics
from rulec.ir.lower import lower
from rulec.source import Source
from rulec.testing.cases import case_files, read_suites
from rulec.testing.collection import collect, compile_suite
from rulec.testing.coverage import measure
from rulec.testing.generation import as_file, generate
from rulec.testing.judge import Asker, Judge

ROOT = Path(__file__).parents[2]
CONFORMANCE = case_files(ROOT / "tests" / "conformance")
MOST_SUITES = 1


def check(compilation: Compilation, covers: bool = True) -> None:
    """The generated text, read back, holds for the meaning, the tree and the module."""
    policy = compilation.policy
    text = as_file(generate(policy))
    assert text == as_file(generate(policy)), "the same rules give the same cases"
    diagnostics = Diagnostics()
    suites = read_suites(Source("generated.cases.yaml", text), diagnostics)
    assert not diagnostics.failed, (text, diagnostics.sorted())
    cases = [case for suite in suites for case in suite.cases]
    judge = Judge(compilation)
    wrong = [(case.name, found) for case in cases if (found := judge.differences(case))]
    assert not wrong, (wrong, text)
    if covers:
        coverage = measure(Asker(lower(policy)), cases)
        left = [goal.what for goal, case in coverage.missing if case is not None and (goal.kind != "branch" or goal.boundary)]
        assert not left, (left, text)


def test_the_shipped_rules() -> None:
    check(compile_folder(ROOT / "rules"))


@pytest.mark.parametrize("file", CONFORMANCE, ids=lambda file: file.name.removesuffix(".cases.yaml"))
def test_rules_of_conformance_cases(file: Path) -> None:
    suites = read_suites(Source(str(file), file.read_text("utf-8")), Diagnostics())
    for suite in [one for one in suites if one.rules is not None][:MOST_SUITES]:
        check(compile_suite(suite))


def test_a_file_of_cases_is_found_again(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yaml").write_text('providers: {p: {litellm: "openai/{model}", accepts: "^m"}}\ndefault: {provider: p}\n', "utf-8")
    (rules / "a.cases.yaml").write_text(as_file(generate(compile_folder(rules).policy)), "utf-8")
    group = collect(case_files(rules), rules).shared
    assert group is not None and [case.name for case in group.cases] == ["default decides"]
