"""Findings as SARIF: valid by its schema, with every lint declared, and with the request that proves a finding."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from rulec.cli import main
from rulec.lints.lint import lints

SCHEMA = json.loads((Path(__file__).parents[1] / "rendering" / "sarif-2.1.0.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", ["default: pass\n", 'providers: {a: {litellm: "openai/{model}", accepts: ^x}}\n' + """\
patterns:
  - {pattern: ^x, provider: a}
  - {pattern: ^xx, provider: a}
"""])
def test_every_lint_is_declared(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(text, encoding="utf-8")
    main(["lint", "--format", "sarif"])
    log = json.loads(capsys.readouterr().out)
    jsonschema.Draft4Validator(SCHEMA).validate(log)
    declared = {one["id"] for one in log["runs"][0]["tool"]["driver"]["rules"]}
    assert {one.name for one in lints()} <= declared
    for result in log["runs"][0]["results"]:
        assert result["ruleId"] in declared
        assert result["partialFingerprints"]
