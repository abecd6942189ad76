"""The conformance suite: hand-written cases, each asked of the meaning, the tree and the generated module."""

from pathlib import Path

import pytest

from rulec.commands.tested import print_report
from rulec.testing.cases import case_files
from rulec.testing.judge import run_files

HERE = Path(__file__).parent
FILES = case_files(HERE / "conformance")
RULES = HERE.parent / "rules"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(".cases.yaml"))
def test_cases_hold(file: Path) -> None:
    report = run_files([file], RULES)
    if report.failures or report.problems:
        print_report(report, verbose=False, form="text")
    assert not report.problems
    assert not report.failures
    assert report.passed


def test_suite_is_large() -> None:
    assert (
        sum(
            file.read_text(encoding="utf-8").count("- name:") + file.read_text(encoding="utf-8").count("- {name:")
            for file in FILES
        )
        >= 2500
    )
