"""What cases cover, as hand-written rule sets say; and what is not covered is, once the case that is suggested is added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.ir.lower import lower
from rulec.testing.cases import Case
from rulec.testing.collection import Group, collect
from rulec.testing.coverage import measure
from rulec.testing.judge import Asker, run_collection

HERE = Path(__file__).parent
FILES = sorted((HERE / "coverage").glob("*.yaml"))


def group_of(told: dict[str, Any], folder: Path) -> Group:
    (folder / "a.yaml").write_text(told["rules"], "utf-8")
    (folder / "a.cases.yaml").write_text(told["cases"], "utf-8")
    collection = collect([folder / "a.cases.yaml"], folder)
    report = run_collection(collection)
    assert not report.problems and not report.failures, report
    assert collection.shared is not None
    return collection.shared


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_not_covered_is_named(file: Path, tmp_path: Path) -> None:
    told = yaml.safe_load(file.read_text("utf-8"))
    group = group_of(told, tmp_path)
    asker = Asker(lower(group.compilation.policy))
    found = measure(asker, group.cases)
    assert [goal.what for goal, _ in found.missing] == told["missing"]
    assert [goal.what for goal in found.unreachable] == told["unreachable"]
    suggested = [case for _, case in found.missing if isinstance(case, Case)]
    assert len(suggested) == len(found.missing)
    better = measure(asker, [*group.cases, *suggested])
    assert not better.missing
    assert better.percent("hop") == better.percent("branch") == better.percent("rule") == 100.0
