"""A composite action as GitHub runs it, as far as that can be had here: its `run:` scripts in bash, its expressions, its files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from rulec.records import field, record

ROOT = Path(__file__).resolve().parents[2]
ACTION_FOLDER = ROOT / ".github" / "actions" / "rulec"
ACTION = yaml.safe_load((ACTION_FOLDER / "action.yml").read_text(encoding="utf-8"))
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_NAME = re.compile(r"\b(?:inputs|github|steps)(?:\.[\w-]+)+")
GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$GH_CALLS"
case "$*" in *--paginate*) cat "$GH_COMMENTS" ;; esac
"""
"""In place of GitHub's command line: it notes what it is asked, and knows the comments that there are."""


@record(frozen=False)
class Run:
    """What became of the steps: the exit code and the output of each by its name, and what calls went to GitHub."""

    codes: dict[str, int] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    summary: str = ""


class Workflow:
    """A job in a checkout that does nothing but use the action."""

    def __init__(self, checkout: Path, folder: Path, event: dict[str, Any], comments: str = "") -> None:
        self.checkout = checkout
        self.folder = folder
        self.github = {"event_name": "pull_request" if "pull_request" in event else "push", "event": event}
        self.tools = folder / "tools"
        self.tools.mkdir(parents=True)
        (self.tools / "gh").write_text(GH, encoding="utf-8")
        (self.tools / "gh").chmod(0o755)
        (folder / "comments").write_text(comments, encoding="utf-8")

    def run(self, *without: str, **inputs: str) -> Run:
        """All steps but those named; inputs have underscores for hyphens."""
        done = Run()
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        context = {
            "inputs": {name: given.get(name, one.get("default", "")) for name, one in ACTION["inputs"].items()},
            "github": self.github,
            "steps": done.outputs,
        }
        for step in ACTION["runs"]["steps"]:
            if step["name"] in without or not evaluated(step.get("if", "true"), context):
                continue
            if "uses" in step:
                done.used[step["uses"]] = {key: filled(str(one), context) for key, one in step["with"].items()}
                continue
            self._step(step, {key: filled(one, context) for key, one in step.get("env", {}).items()}, done)
        calls = self.folder / "calls"
        done.calls = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        done.summary = self._file("summary").read_text(encoding="utf-8")
        return done

    def _step(self, step: dict[str, Any], environment: dict[str, str], done: Run) -> None:
        output = self._file("output")
        output.write_text("", encoding="utf-8")
        added = self._file("path").read_text(encoding="utf-8").splitlines()
        path = [*added, str(self.tools), str(Path(sys.executable).parent), os.environ["PATH"]]
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.checkout,
            env={
                "PATH": os.pathsep.join(path),
                "HOME": str(self.folder),
                **({} if added else {"PYTHONPATH": str(ROOT)}),
                "RUNNER_TEMP": str(self.folder),
                "GITHUB_ACTION_PATH": str(ACTION_FOLDER),
                "GITHUB_REPOSITORY": "acme/gateway",
                "GITHUB_OUTPUT": str(output),
                "GITHUB_PATH": str(self._file("path")),
                "GITHUB_STEP_SUMMARY": str(self._file("summary")),
                "GH_CALLS": str(self.folder / "calls"),
                "GH_COMMENTS": str(self.folder / "comments"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        done.codes[step["name"]] = ran.returncode
        done.printed[step["name"]] = ran.stdout + ran.stderr
        said = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        if "id" in step:
            done.outputs[step["id"]] = {"outputs": said}

    def _file(self, name: str) -> Path:
        found = self.folder / f"github-{name}"
        found.touch()
        return found


def filled(text: str, context: dict[str, Any]) -> str:
    return EXPRESSION.sub(lambda found: str(evaluated(found[1], context)), text)


def evaluated(expression: str, context: dict[str, Any]) -> Any:
    """An expression of those that the action has: names, texts, `==`, `!=`, `&&` and `!cancelled()`."""

    def value(found: re.Match[str]) -> str:
        value: Any = context
        for part in found[0].split("."):
            value = value.get(part, "") if isinstance(value, dict) else ""
        return repr(value)

    whole = EXPRESSION.fullmatch(expression.strip())
    text = _NAME.sub(value, whole[1] if whole else expression)
    text = text.replace("!cancelled()", "True").replace("&&", "and")
    return eval(re.sub(r"\btrue\b(?!')", "True", text), {})
