"""Rules in an editor: the real yaml-language-server completes, explains and checks them with the schema that we ship."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from language_server import LanguageServer

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "cases.yaml").read_text(encoding="utf-8"))
TYPING: list[dict[str, Any]] = yaml.safe_load((HERE / "typing.yaml").read_text(encoding="utf-8"))
SHIPPED = [file for file in sorted((ROOT / "rules").glob("*.yaml")) if not file.name.endswith(".cases.yaml")]
MODELINE = "# yaml-language-server: $schema=../docs/rules.schema.json\n"

SERVER = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SETTINGS = {"yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}}
"""Without the store of schemas the server asks nothing of the network."""


def give_up(reason: str) -> None:
    """Skips, but where everything is meant to run."""
    if os.environ.get("RULEC_NEEDS_NODE"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def installed() -> Path:
    """The server of the lock file, from the npm registry."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        give_up("there is no node and npm")
    lock, made = HERE / "package-lock.json", HERE / "node_modules" / ".package-lock.json"
    if not made.exists() or made.stat().st_mtime < lock.stat().st_mtime:
        done = subprocess.run([str(npm), "ci"], cwd=HERE, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            give_up(f"npm ci: {done.stderr}")
        made.touch()
    return SERVER


@pytest.fixture(scope="module")
def server(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """A server that looks at a copy of the shipped rules and their schema."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "rules", folder / "rules")
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "rules.schema.json", folder / "docs")
    with LanguageServer(["node", str(installed), "--stdio"], folder, SETTINGS) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_an_editor_shows(case: dict[str, Any], server: LanguageServer) -> None:
    before, cursor, after = case["text"].partition("|")
    assert cursor
    before = MODELINE + before
    uri = server.open(f"rules/{case['name'].replace(' ', '-')}.yaml", before + after)
    place = (before.count("\n"), len(before) - before.rfind("\n") - 1)
    if "offers" in case:
        offered = server.completions(uri, *place)
        for label, word in case["offers"].items():
            assert label in offered, list(offered)
            assert word.lower() in offered[label].lower()
        assert not set(case.get("not", ())) & set(offered)
    for word in case.get("hover", ()):
        assert word in server.hover(uri, *place)


def test_problems_while_typing(server: LanguageServer) -> None:
    uri = server.open("rules/typed.yaml", MODELINE)
    for step in TYPING:
        server.change(uri, MODELINE + step["text"])
        expected = [(line, message) for line, messages in step["problems"].items() for message in messages]
        assert server.problems(uri, expected) == expected, step["text"]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_shipped_rules_have_no_problem(file: Path, server: LanguageServer) -> None:
    uri = server.open(f"rules/{file.name}", file.read_text(encoding="utf-8"))
    assert server.problems(uri, []) == []
