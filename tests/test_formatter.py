"""The formatter: each NAME.in.* of formatter/cases becomes its NAME.out.*, and what came out stays as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from rulec.cli import main
from rulec.commands.files import replace_files
from rulec.compiler import compile_sources
from rulec.diagnostics import Diagnostics, render_text
from rulec.source import Source
from rulec.syntax.formatter import yaml_text as formatting
from rulec.syntax.formatter.format import format_source

CASES = Path(__file__).parent / "formatter" / "cases"
CONFORMANCE = Path(__file__).parent / "conformance"
PAIRS = [
    (before, after)
    for before in sorted(CASES.glob("*.in.*"))
    for after in sorted(CASES.glob(before.name.split(".")[0] + ".out.*"))
]


def formatted(text: str, surface: str, to: str) -> str:
    diagnostics = Diagnostics()
    made = format_source(Source(f"a.{surface}", text), surface, to, diagnostics)
    assert made is not None, render_text(diagnostics.items)
    return made


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda file: file.name)
def test_layout(before: Path, after: Path) -> None:
    expected = after.read_text(encoding="utf-8")
    surface, to = before.suffix[1:], after.suffix[1:]
    assert formatted(before.read_text(encoding="utf-8"), surface, to) == expected
    assert formatted(expected, to, to) == expected


@pytest.mark.parametrize("before", sorted(CASES.glob("*.in.*")), ids=lambda file: file.name)
def test_foreign_line_ends_are_ours_afterwards(before: Path) -> None:
    text = before.read_text(encoding="utf-8")
    surface = before.suffix[1:]
    assert formatted(text.replace("\n", "\r\n"), surface, surface) == formatted(text, surface, surface)


def test_permissions_stay_and_links_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    real = tmp_path / "shared.yaml"
    real.write_text("default:   pass\n", encoding="utf-8")
    real.chmod(0o640)
    link = tmp_path / "rules" / "a.yaml"
    link.symlink_to(real)
    assert main(["fmt"]) == 0
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8") == "default: pass\n"
    assert real.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in (tmp_path / "rules").iterdir()] == ["a.yaml"]


def test_a_file_that_cannot_be_replaced_leaves_all_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {tmp_path / name: f"{name}\n" for name in ("a", "b", "c")}
    for path in texts:
        path.write_text("before\n", encoding="utf-8")
    real_replace = os.replace

    def replace(source: str, target: Path) -> None:
        if target.name == "b":
            raise OSError("the disk is gone")
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError):
        replace_files(texts)
    assert {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"before\n"}
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("arguments", [[], ["--to", "rules"]])
def test_what_somebody_else_writes_meanwhile_stays(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before, edited = "default:   pass\n", "version:   1\n"
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(before, encoding="utf-8")

    def edit(handle: int) -> None:
        (tmp_path / "b.yaml").write_text(edited, encoding="utf-8")

    monkeypatch.setattr(os, "fsync", edit)
    assert main(["fmt", str(tmp_path), *arguments]) == 2
    assert "file-changed" in capsys.readouterr().err
    assert {one.name for one in tmp_path.iterdir()} == {"a.yaml", "b.yaml"}
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == before
    assert (tmp_path / "b.yaml").read_text(encoding="utf-8") == edited


@pytest.mark.parametrize("damage", [lambda text: text.replace("# why", ""), lambda text: text.replace("8B", "9B")])
def test_what_would_be_lost_is_not_written(
    damage: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A printer that drops something: the command says that rulec has a bug, and the file stays."""
    before = "model_size_routing: [{size: 8B, provider:   a}]  # why\n"
    file = tmp_path / "a.yaml"
    file.write_text(before, encoding="utf-8")
    print_yaml = formatting.print_yaml
    monkeypatch.setattr(formatting, "print_yaml", lambda *given: damage(print_yaml(*given)))
    assert main(["fmt", str(file)]) == 70
    assert file.read_text(encoding="utf-8") == before


def rule_sets_of(file: Path) -> Iterator[tuple[str, str]]:
    """The rule sets of a file of cases, as texts with their surface."""
    for suite in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        rules = (suite or {}).get("rules")
        if isinstance(rules, str):
            yield rules, "rules"
        elif rules is not None:
            yield yaml.dump(rules, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True), "yaml"


def fingerprint(text: str, surface: str) -> str:
    compilation = compile_sources([Source(f"a.{surface}", text)], Diagnostics(), emit=False)
    assert not compilation.failed, render_text(compilation.diagnostics)
    return compilation.policy.fingerprint()


@pytest.mark.parametrize("file", sorted(CONFORMANCE.rglob("*.cases.yaml")), ids=lambda file: file.name)
def test_rule_sets_keep_their_meaning_in_the_other_surface(file: Path) -> None:
    for text, surface in rule_sets_of(file):
        other = "rules" if surface == "yaml" else "yaml"
        there = formatted(text, surface, other)
        assert fingerprint(there, other) == fingerprint(text, surface)
        assert fingerprint(formatted(there, other, surface), surface) == fingerprint(text, surface)
