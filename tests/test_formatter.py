"""The formatter: each NAME.in.* of formatter/cases becomes its NAME.out.*, and what came out stays as it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from rulec.cli import main
from rulec.commands.files import replace_files
from rulec.diagnostics import Diagnostics, render_text
from rulec.source import Source
from rulec.syntax.formatter import format as formatting
from rulec.syntax.formatter.format import format_yaml

CASES = Path(__file__).parent / "formatter" / "cases"
PAIRS = [
    (before, after)
    for before in sorted(CASES.glob("*.in.*"))
    for after in sorted(CASES.glob(before.name.split(".")[0] + ".out.*"))
]


def formatted(text: str) -> str:
    diagnostics = Diagnostics()
    made = format_yaml(Source("rules.yaml", text), diagnostics)
    assert made is not None, render_text(diagnostics.items)
    return made


@pytest.mark.parametrize(("before", "after"), PAIRS, ids=lambda file: file.name)
def test_layout(before: Path, after: Path) -> None:
    expected = after.read_text(encoding="utf-8")
    assert formatted(before.read_text(encoding="utf-8")) == expected
    assert formatted(expected) == expected


@pytest.mark.parametrize("before", sorted(CASES.glob("*.in.*")), ids=lambda file: file.name)
def test_foreign_line_ends_are_ours_afterwards(before: Path) -> None:
    text = before.read_text(encoding="utf-8")
    assert formatted(text.replace("\n", "\r\n")) == formatted(text)


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
