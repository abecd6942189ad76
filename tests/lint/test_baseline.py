"""A baseline holds the findings of today: they are silent, also when lines move, and new ones are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from rulec.cli import main

HEAD = 'providers: {a: {litellm: "openai/{model}", accepts: ".*"}, b: {litellm: "openai/{model}", accepts: ".*"}}\n'
OLD = '  - {pattern: "^x", provider: a}\n  - {pattern: "^x-large", provider: b}\n'
NEW = '  - {pattern: "^y", provider: a}\n  - {pattern: "^y-large", provider: b}\n'


def told(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[dict[str, Any]]]:
    capsys.readouterr()
    code = main(["lint", "--select", "never-matches", "--format", "json", *options])
    return code, json.loads(capsys.readouterr().out)


def test_only_new_findings_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rules = tmp_path / "rules" / "a.yaml"
    rules.parent.mkdir()
    rules.write_text(f"{HEAD}patterns:\n{OLD}", encoding="utf-8")
    assert main(["lint", "--select", "never-matches", "--write-baseline", "known.json"]) == 0
    assert told(capsys, "--baseline", "known.json") == (0, [])
    rules.write_text(f"# moved\n\n{HEAD}patterns:\n{OLD}", encoding="utf-8")
    assert told(capsys, "--baseline", "known.json") == (0, [])
    rules.write_text(f"{HEAD}patterns:\n{OLD}{NEW}", encoding="utf-8")
    code, found = told(capsys, "--baseline", "known.json")
    assert (code, [one["rule"] for one in found]) == (1, ["pattern:^y-large"])
    rules.write_text(f"{HEAD}patterns:\n{NEW}", encoding="utf-8")
    capsys.readouterr()
    assert main(["lint", "--select", "never-matches", "--baseline", "known.json"]) == 1
    assert "1 of the baseline is gone: write it anew" in capsys.readouterr().err


def test_junit_is_xml_whatever_names_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    odd = NEW.replace('"^y-large"', '"^y-large", name: "<\\a]]>&\\"\\n"')
    (tmp_path / "rules" / "ü <&.yaml").write_text(f"{HEAD}patterns:\n{odd}", encoding="utf-8")
    assert main(["lint", "--format", "junit", "--select", "never-matches"]) == 1
    suite = ElementTree.fromstring(capsys.readouterr().out.encode())
    failures = suite.findall("testcase/failure")
    assert (suite.get("failures"), len(failures)) == ("1", 1)
    assert suite.get("tests") == str(len(suite.findall("testcase")))
