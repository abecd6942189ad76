"""The spine: output as a value, written whole or not at all, the same to the byte, and checked before it is written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rulec import cli, compiler
from rulec.backends import python
from rulec.backends.artifact import Artifact
from rulec.commands.bugs import BUG
from rulec.compiler import compile_folder, rule_files, write
from rulec.gateway.groups import deployment_id
from rulec.selfcheck import check

ROOT = Path(__file__).parent.parent
RULES = ROOT / "rules"


def test_committed_pair_is_what_the_shipped_rules_give() -> None:
    os.chdir(ROOT)
    for artifact in compile_folder("rules").artifacts:
        assert (ROOT / "generated" / artifact.path).read_text(encoding="utf-8") == artifact.text


def test_output_is_the_same_to_the_byte_in_every_process(tmp_path: Path) -> None:
    texts = set()
    for seed in ("0", "1", "2"):
        out = tmp_path / seed
        command = [sys.executable, "-m", "rulec.cli", "compile", "rules", "--out", str(out)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True)
        texts.add(tuple(file.read_bytes() for file in sorted(out.iterdir())))
    assert len(texts) == 1


def test_a_pair_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "first").write_text("old", encoding="utf-8")
    (tmp_path / "second").mkdir()
    with pytest.raises(OSError):
        write([Artifact("first", "new"), Artifact("second", "new")], tmp_path)
    assert (tmp_path / "first").read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]


def test_rule_files_come_in_byte_order_and_without_what_is_no_rule_file(tmp_path: Path) -> None:
    for name in ("b.yaml", "B.yml", "a/z.yaml", "a.yaml", "x.cases.yaml", ".c.yaml", ".git/d.yaml", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
    (tmp_path / "linked").symlink_to(tmp_path / "a", target_is_directory=True)
    found = [Path(file).relative_to(tmp_path).as_posix() for file in rule_files(tmp_path)]
    assert found == ["B.yml", "a.yaml", "a/z.yaml", "b.yaml"]


def test_a_module_that_disagrees_with_the_meaning_is_a_bug_and_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = python.make_tables

    def wrong(tree, fingerprint):  # type: ignore[no-untyped-def]
        tables = made(tree, fingerprint)
        numbers = tables["capabilities"]
        return {**tables, "capabilities": dict(zip(numbers, reversed(numbers.values()), strict=True))}

    monkeypatch.setattr(python, "make_tables", wrong)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rules = tmp_path / "rules"
    shutil.copytree(RULES, rules)
    secret = "sk-" + "1234567890" * 3
    with (rules / "routing.yaml").open("a", encoding="utf-8") as file:
        file.write(f"# left behind: {secret}\n")
    assert cli.main(["compile", str(rules), "--out", str(tmp_path / "out")]) == BUG
    told = capsys.readouterr().err
    assert "this is a bug in rulec (ModuleDisagrees)" in told
    assert not (tmp_path / "out").exists()
    report = next(tmp_path.glob("rulec-bug-*")).read_text(encoding="utf-8")
    for part in ("rule set ", "request: {", "expected: ('route', ", "got: ('route', ", "exact_matches:", "left behind: ***"):
        assert part in report, part
    assert secret not in report


def test_what_the_self_check_leaves_open_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "SECONDS", -1.0)
    assert cli.main(["compile", str(RULES), "--out", str(tmp_path), "--verbose"]) == 0
    told = capsys.readouterr().err
    assert "the self-check did not decide 20 rules in time" in told
    assert "  exact:llama3.1:8b\n" in told


def test_a_tag_of_any_length_is_checked_with_the_header_of_tags(tmp_path: Path) -> None:
    """The self-check looks for a tag in that header by a pattern of its own, longer than users may write."""
    rules = f'when a: tag contains "{"9" * 3_000}" -> p\nwhen b: header.x-litellm-tags == "x" -> p\ndefault -> p\n'
    file = tmp_path / "tags.rules"
    file.write_text(f'provider p {{ litellm "openai/{{model}}"  accepts "." }}\n{rules}', encoding="utf-8")
    checked = compile_folder(file).checked
    assert checked is not None and (checked.live, checked.undecided) == (3, ())


def test_every_rule_of_the_shipped_rules_is_checked_with_a_request() -> None:
    checked = compile_folder(RULES).checked
    assert checked is not None
    assert (checked.live, checked.dead, checked.undecided) == (20, 0, ())


def test_compilation_of_sources_does_not_touch_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.os, "replace", None)
    monkeypatch.setattr(tempfile, "mkstemp", None)
    assert len(compile_folder(RULES).artifacts) == 2


SLOW_TO_IMPORT = ("dataclasses", "difflib", "importlib.metadata", "inspect", "pathlib", "shutil", "tempfile", "zoneinfo")
"""Modules of the standard library that take longer than what a command would do with them."""


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--version"], {"yaml", "pydantic", "jinja2", "jsonschema", "lark", "litellm"}),
        (["explain", "--model", "llama3.1:8b"], {"pydantic", "jinja2", "jsonschema", "lark", "litellm", *SLOW_TO_IMPORT}),
        (["compile", "rules", "--check"], {"lark", "litellm"}),
    ],
    ids=["version", "explain", "compile"],
)
def test_heavy_imports_stay_out(arguments: list[str], heavy: set[str]) -> None:
    program = f"""
import sys
from rulec.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print(sorted({heavy!r} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_ids_of_deployments_can_be_headers_and_differ() -> None:
    """LiteLLM sends the id with each answer; a header holds no more than Latin-1."""
    ids = [deployment_id(name, "p") for name in ("m☃", "mö", r"m\u2603", r"m\xf6", "m\n", "m@p")]
    assert all(one.isascii() and one.isprintable() for one in ids)
    assert len(set(ids)) == len(ids)
    assert deployment_id("llama3.1:8b", "ollama") == "rulec:llama3.1:8b@ollama"
