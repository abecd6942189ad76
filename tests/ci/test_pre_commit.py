"""The hooks for pre-commit, in a repository as a user has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
import yaml
from workflow import ROOT

from rulec.cli import COMMANDS

HOOKS = {one["id"]: one for one in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    identity = {f"GIT_{who}_{what}": "t@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **identity, "PRE_COMMIT_HOME": str(folder.parent / "hooks"), "HOME": str(folder.parent)}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with our rules and what they compile to, everything committed."""
    folder = tmp_path / "repository"
    folder.mkdir()
    for name in ("rules", "generated"):
        copytree(ROOT / name, folder / name, ignore=lambda *_: {"__pycache__"})
    for command in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "rules")):
        assert run(folder, "git", *command).returncode == 0
    return folder


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_runs_a_command(hook: str) -> None:
    program, command, *_ = HOOKS[hook]["entry"].split()
    assert program == "rulec" and command in COMMANDS
    assert hook.startswith(f"rulec-{command}")


@pytest.mark.slow
def test_all_hooks_of_this_checkout(repository: Path) -> None:
    """`try-repo` installs this checkout, uncommitted changes included, as pre-commit installs a release."""
    pre_commit = (sys.executable, "-m", "pre_commit", "try-repo", str(ROOT), "--verbose", "--all-files")
    clean = run(repository, *pre_commit)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    for hook in HOOKS.values():
        assert f"{hook['name']}..." in clean.stdout, "it ran"
    assert "(no files to check)Skipped" not in clean.stdout

    routing = repository / "rules" / "routing.yaml"
    text = routing.read_text(encoding="utf-8")
    routing.write_text(text.replace("'^mistralai/.*'", "'^meta-llama/Llama-2'") + "\n\n", encoding="utf-8")
    run(repository, "git", "add", "--all")
    wrong = run(repository, *pre_commit)
    assert wrong.returncode == 1
    for hook in HOOKS.values():
        assert f"- hook id: {hook['id']}\n" in wrong.stdout
    assert wrong.stdout.count("Failed\n") == len(HOOKS), wrong.stdout
    assert "files were modified by this hook" in wrong.stdout, "rulec fmt puts it right"
    assert "never-matches" in wrong.stdout
    assert "`generated` is stale" in wrong.stdout
