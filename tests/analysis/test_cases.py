"""Questions and their answers, as they stand in cases/*.yaml: which rules live, what covers the dead ones, overlaps and gaps.

A witness is written by what it must hold: each given key of `body`, `headers`, `caller` and `assumes`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.analysis.analysis import Analysis, Dead
from rulec.analysis.draft import Witness
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.source import Source

FOLDER = Path(__file__).parent / "cases"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['case']}")
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any]) -> None:
    text = yaml.safe_dump(case["rules"], sort_keys=False, allow_unicode=True)
    compilation = compile_sources([Source("rules.yaml", text)], Diagnostics(), emit=False)
    assert not compilation.failed, [one.message for one in compilation.diagnostics]
    analysis = Analysis(compilation.policy, case.get("names", ()))
    rules = {rule.name: rule for rule in compilation.policy.rules}
    for name, expected in case.get("live", {}).items():
        compare(f"live {name}", analysis.live(rules[name]), expected)
    for names, expected in case.get("overlap", {}).items():
        one, other = names.split(", ")
        compare(f"overlap {names}", analysis.overlap(rules[one], rules[other]), expected)
    if "gap" in case:
        compare("gap", analysis.gap(), case["gap"])


def compare(what: str, answer: Any, expected: Any) -> None:
    if isinstance(answer, Dead):
        assert {"covered by": [cover.name for cover in answer.covers]} == expected, what
    elif isinstance(answer, Witness) and isinstance(expected, dict):
        for key, value in expected.items():
            found = list(answer.assumes) if key == "assumes" else getattr(answer, key)
            shown = {one: found.get(one) for one in value} if isinstance(value, dict) else found
            assert shown == value, f"{what}: {answer}"
    else:
        said = "witness" if isinstance(answer, Witness) else answer.value
        assert said == expected, f"{what}: {said}"
