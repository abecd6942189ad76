"""Two rule sets and how they differ, as it stands in tests/diff/*.yaml: each difference as `GRADE KIND NAME: OLD -> NEW`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rulec.analysis.compared.difference import Difference
from rulec.analysis.differences import Comparison, are_equal
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics
from rulec.policy.model import Policy
from rulec.source import Source

FOLDER = Path(__file__).parents[1] / "diff"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['case']}")
    for file in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("case", CASES)
def test_case(case: dict[str, Any]) -> None:
    policies = [policy_of({key: value for key, value in case[side].items() if value != []}) for side in ("old", "new")]
    found = list(Comparison(*policies).differences())
    assert sorted(map(shown, found)) == sorted(case["differs"])
    for expected in case.get("witnesses", ()):
        assert any(holds(one, expected) for one in found), found
    if None not in [one.grade for one in found]:
        assert are_equal(*policies) == (not found)
    for one in found:
        if one.grade is not None:
            assert (one.grade == "metadata") <= bool(are_equal(*policies, least="strategy")) or len(found) > 1


def policy_of(rules: dict[str, Any]) -> Policy:
    text = yaml.safe_dump(rules, sort_keys=False, allow_unicode=True)
    compilation = compile_sources([Source("rules.yaml", text)], Diagnostics(), emit=False)
    assert not compilation.failed, [one.message for one in compilation.diagnostics]
    return compilation.policy


def shown(one: Difference) -> str:
    names = [rule and rule.name for rule in (one.old_rule, one.new_rule)]
    return f"{one.grade} {one.cause.kind} {one.cause.name}: {names[0]} -> {names[1]}"


def holds(one: Difference, expected: dict[str, Any]) -> bool:
    witness = one.witness
    if witness is None or list(witness.assumes) != expected.get("assumes", list(witness.assumes)):
        return False
    told = {"body": witness.body, "headers": witness.headers, "caller": witness.caller}
    return all(told[part].get(key) == value for part in told for key, value in expected.get(part, {}).items())
