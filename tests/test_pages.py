"""The pages of the codes: each code has one, its examples do what it says, and so do the cases of tests/diagnostics.

A page's blocks marked `wrong` are a rule set for which its command prints what stands below them; those without are the
same rule set put right. A file of cases shows a rule set for which the code `fires` (at the lines marked `#!`), one that
`nearly` does, and one that is `fixed`.
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
import yaml
from code_literals import codes_in
from refresh_pages import INDEX, index
from test_docs import FENCE, blocks, commands, matches, write

from rulec.cli import main
from rulec.diagnostics.pages import FOLDER, codes, page

ROOT = Path(__file__).parents[1]
CASES = Path(__file__).parent / "diagnostics"
UNSHOWN = {"file-changed", "not-utf8", "unreadable"}
"""Codes whose wrong example no page can hold."""
TIMED = {"file-changed"}
"""Codes that no files alone bring about, so that they have no cases: tests/test_formatter.py does."""
REFRESH = "if that is right now, run `python tests/refresh_pages.py`"


class Told(NamedTuple):
    """What a command told: a code, and where."""

    code: str
    file: str
    line: int


def diagnose(command: str, capsys: pytest.CaptureFixture[str]) -> list[Told]:
    """All that a command tells of the rules in the current folder."""
    capsys.readouterr()
    main([*shlex.split(command), "--format", "sarif"])
    return list(map(told, json.loads(capsys.readouterr().out)["runs"][0]["results"]))


def told(result: dict[str, Any]) -> Told:
    place = result.get("locations", [{}])[0].get("physicalLocation", {})
    uri = place.get("artifactLocation", {}).get("uri", "")
    return Told(result["ruleId"], unquote(uri), place.get("region", {}).get("startLine", 0))


def command_of(code: str) -> str:
    """The command that tells a code: what the page shows, without a format."""
    shown = [
        one for block in blocks(FOLDER / f"{code}.md") for one, _ in commands(block) if block.language == "console"
    ]
    return shown[0].removeprefix("rulec ").partition(" --format")[0] if shown else "compile"


def lay_out(files: dict[str, Any], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            path.symlink_to(content["link"])
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def marked(code: str, files: dict[str, Any]) -> list[Told]:
    """What is to be told: the code, where `#!` stands; without a place where it stands nowhere."""
    found = []
    for name, content in files.items():
        text = content if isinstance(content, str) else ""
        text = content.decode("latin-1") if isinstance(content, bytes) else text
        found += [Told(code, name, number) for number, line in enumerate(text.split("\n"), 1) if "#!" in line]
    return found or [Told(code, "", 0)]


def test_every_code_has_a_page_and_cases() -> None:
    used = codes_in(ROOT / "rulec")
    assert set(used) - set(codes()) == set(), "codes without a page"
    assert set(codes()) - set(used) == set(), "pages without a code"
    assert {file.stem for file in CASES.glob("*.yaml")} == set(codes()) - TIMED


@pytest.mark.parametrize("code", codes())
def test_a_page_has_its_parts(code: str) -> None:
    text = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    summary = page(code).summary
    assert re.match(rf"# {code} \((error|warning)\)\n\n", text)
    assert summary.endswith(".")
    assert ". " not in summary, "one sentence"
    assert all(len(line) <= 120 for line in FENCE.sub("", text).splitlines())
    assert page(code).severity == "error" or "**When it may stay:**" in text
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (FOLDER / link).is_file(), link


@pytest.mark.parametrize("code", codes())
def test_the_examples_of_a_page(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("COLUMNS", "RULEC_PLAIN"):
        monkeypatch.delenv(name, raising=False)
    parts = list(blocks(FOLDER / f"{code}.md"))
    wrong = [one for one in parts if one.label.endswith(" wrong")]
    right = [one for one in parts if one.label and one not in wrong]
    consoles = [one for one in parts if one.language == "console"]
    assert right, "a right example"
    assert code in UNSHOWN or (wrong and consoles), "a wrong example and what is printed for it"
    for number, examples in enumerate((wrong, right)):
        folder = tmp_path / str(number)
        folder.mkdir()
        monkeypatch.chdir(folder)
        for block in examples:
            write(block, folder)
        if examples:
            found = [one.code for one in diagnose(command_of(code), capsys)]
            assert found == ([] if examples is right else [code])
        for block in consoles if examples is wrong else ():
            for command, shown in commands(block):
                capsys.readouterr()
                main(shlex.split(command)[1:])
                printed = "".join(capsys.readouterr())
                assert matches(shown, printed), f"{code}:{block.line}: {command}\n{printed}\n{REFRESH}"


@pytest.mark.parametrize("case", ["fires", "nearly", "fixed"])
@pytest.mark.parametrize("code", sorted(set(codes()) - TIMED))
def test_cases(
    code: str, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = yaml.safe_load((CASES / f"{code}.yaml").read_text(encoding="utf-8"))[case]
    lay_out(files, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert diagnose(command_of(code), capsys) == (marked(code, files) if case == "fires" else [])


def test_the_index_lists_every_page() -> None:
    assert INDEX.read_text(encoding="utf-8") == index(), REFRESH
