"""The command line as a user meets it: each case of cli/cases.yaml runs in a fresh folder."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "rules"
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "cli" / "cases.yaml").read_text(encoding="utf-8"))


def lay_out(files: dict[str, Any], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        if name.endswith("/"):
            shutil.copytree(SHIPPED, path)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, dict):
            path.write_text(content["repeat"] * content["times"], encoding="utf-8")
        else:
            path.write_text(content, encoding="utf-8")


def rulec(arguments: list[str], folder: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    command = [sys.executable, "-m", "rulec.cli", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_command(case: dict[str, Any], tmp_path: Path) -> None:
    lay_out(case.get("files", {}), tmp_path)
    done = rulec(case["run"], tmp_path, case.get("stdin", ""))
    told = f"{done.stdout}\n--- stderr\n{done.stderr}"
    assert done.returncode == case["exit"], told
    assert "Traceback" not in told
    for word in case.get("stdout", ()):
        assert word in done.stdout, told
    for word in case.get("stderr", ()):
        assert word in done.stderr, told
    for word in case.get("never", ()):
        assert word not in told
    for name in case.get("there", ()):
        assert (tmp_path / name).is_file(), told
    for name in case.get("absent", ()):
        assert not (tmp_path / name).exists()
    for name, content in case.get("content", {}).items():
        assert (tmp_path / name).read_text(encoding="utf-8") == content
    if "json" in case:
        assert_holds(case["json"], json.loads(done.stdout))
    if "jsonlines" in case:
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(lines) == len(case["jsonlines"])
        for expected, line in zip(case["jsonlines"], lines, strict=True):
            assert_holds(expected, line)


def assert_holds(expected: dict[str, Any], found: dict[str, Any]) -> None:
    assert {key: found[key] for key in expected} == expected


def test_check_is_content_with_what_compile_wrote(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "rules")
    assert rulec(["compile"], tmp_path).returncode == 0
    checked = rulec(["compile", "--check"], tmp_path)
    assert (checked.returncode, "up to date" in checked.stdout) == (0, True)
    with (tmp_path / "generated" / "routing_strategy.py").open("a", encoding="utf-8") as file:
        file.write("# touched\n")
    assert rulec(["compile", "--check"], tmp_path).returncode == 1


def test_watch_compiles_after_each_change_and_survives_a_broken_one(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    file = rules / "a.yaml"
    file.write_text('default: {refuse: "first text"}\n', encoding="utf-8")
    module = tmp_path / "generated" / "routing_strategy.py"
    command = [sys.executable, "-m", "rulec.cli", "compile", "--watch"]
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    assert process.stdout is not None

    def wait_for(word: str) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if word in line:
                return
        raise AssertionError(f"the watcher ended without {word!r}")

    try:
        wait_for("wrote generated/routing_strategy.py")
        assert "first text" in module.read_text(encoding="utf-8")
        file.write_text("default: {refuse: [broken\n", encoding="utf-8")
        wait_for("nothing was written")
        assert "first text" in module.read_text(encoding="utf-8")
        file.write_text('default: {refuse: "second text"}\n', encoding="utf-8")
        wait_for("wrote generated/routing_strategy.py")
        assert "second text" in module.read_text(encoding="utf-8")
    finally:
        process.terminate()
        process.wait(timeout=10)
