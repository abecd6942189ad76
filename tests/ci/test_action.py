"""The GitHub Action, step by step in checkouts of a small repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from workflow import ACTION, Workflow

from rulec.cli import main

BEFORE = """\
providers:
  cloud: {litellm: "openai/{model}", accepts: '^gpt-', api_key: "${OPENAI_API_KEY}"}
  gpu: {litellm: "hosted_vllm/{model}", accepts: '^meta-llama/', api_base: "${VLLM:-http://127.0.0.1:8001/v1}"}
patterns:
  - {pattern: '^meta-llama/', provider: gpu, fallback: none}
default: {provider: cloud, fallback: none}
"""
AFTER = BEFORE.replace("patterns:\n", "patterns:\n  - {pattern: '^gpt-4', refuse: \"ask for gpt-5\"}\n")
WRONG = AFTER.replace("default:", "  - {pattern: '^meta-llama/Llama-2', refuse: \"too old\"}\ndefault:")
CASES = """\
cases:
  - name: Llama goes to the GPU
    request: {model: meta-llama/Llama-3.1-8B}
    expect: {provider: gpu}
"""
RULEC = ("Lint", "Check the format", "Check the compiled pair", "Test", "Say which requests move")
UPLOAD = "github/codeql-action/upload-sarif@v4"
COMMENTS = "api --paginate repos/acme/gateway/issues/7/comments"


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, rules: str) -> str:
    """A state of the repository, formatted and compiled; its revision."""
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "routing.yaml").write_text(rules, encoding="utf-8")
    (folder / "rules" / "routing.cases.yaml").write_text(CASES, encoding="utf-8")
    assert main(["fmt", str(folder / "rules" / "routing.yaml")]) == 0
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "rules")
    return git(folder, "rev-parse", "HEAD")


def compile_rules(folder: Path) -> None:
    assert main(["compile", str(folder / "rules"), "--out", str(folder / "generated")]) == 0


def pull_request(base: str, **head: Any) -> dict[str, Any]:
    return {"pull_request": {"number": 7, "base": {"sha": base}, "head": {"repo": {"fork": False, **head}}}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    found = tmp_path / "checkout"
    found.mkdir()
    return found


def test_a_pull_request_gets_a_comment(checkout: Path, tmp_path: Path) -> None:
    base = commit(checkout, BEFORE)
    commit(checkout, AFTER)
    compile_rules(checkout)
    done = Workflow(checkout, tmp_path / "runner", pull_request(base)).run("Install rulec")
    assert {done.codes[name] for name in RULEC} == {0}, done.printed
    sarif = json.loads(Path(done.used[UPLOAD]["sarif_file"]).read_text(encoding="utf-8"))
    assert sarif["runs"][0]["tool"]["driver"]["rules"]
    listed, written = done.calls
    assert listed.startswith(COMMENTS)
    assert written.startswith("api --silent --method POST repos/acme/gateway/issues/7/comments --field body=@")
    body = Path(written.rpartition("@")[2]).read_text(encoding="utf-8")
    assert body == done.summary
    assert body.startswith("<!-- rulec diff -->\n")
    assert "pattern:^gpt-4" in body


def test_a_later_push_changes_the_comment(checkout: Path, tmp_path: Path) -> None:
    base = commit(checkout, BEFORE)
    commit(checkout, AFTER)
    compile_rules(checkout)
    done = Workflow(checkout, tmp_path / "runner", pull_request(base), comments="41\n42\n").run("Install rulec", *RULEC[:4])
    assert done.calls[1].startswith("api --silent --method PATCH repos/acme/gateway/issues/comments/41 --field body=@")


def test_findings_fail_and_nothing_is_left_out(checkout: Path, tmp_path: Path) -> None:
    base = commit(checkout, BEFORE)
    compile_rules(checkout)
    commit(checkout, WRONG.replace("provider: gpu,", "refuse: closed,"))
    (checkout / "rules" / "routing.yaml").open("a", encoding="utf-8").write("\n\n\n")
    done = Workflow(checkout, tmp_path / "runner", pull_request(base)).run("Install rulec", diff_fail_on="target")
    assert {name: done.codes[name] for name in RULEC} == dict.fromkeys(RULEC, 1), done.printed
    assert "::warning file=rules/routing.yaml,line=" in done.printed["Lint"]
    assert "title=not-formatted" in done.printed["Check the format"]
    assert "::error file=generated/litellm_config.yaml,title=stale::run `rulec compile" in done.printed["Check the compiled pair"]
    assert "::error file=rules/routing.cases.yaml" in done.printed["Test"]
    assert UPLOAD in done.used
    assert len(done.calls) == 2, "the comment is written all the same"


def test_broken_rules_are_told_once_in_each_step(checkout: Path, tmp_path: Path) -> None:
    base = commit(checkout, BEFORE)
    compile_rules(checkout)
    (checkout / "rules" / "routing.yaml").write_text(BEFORE.replace("provider: gpu", "provider: gpo"), encoding="utf-8")
    done = Workflow(checkout, tmp_path / "runner", pull_request(base)).run("Install rulec")
    for name in ("Lint", "Check the compiled pair", "Test"):
        assert done.codes[name] == 2
        assert "title=unknown-provider" in done.printed[name]
    assert done.codes["Say which requests move"] == 2
    results = json.loads(Path(done.used[UPLOAD]["sarif_file"]).read_text(encoding="utf-8"))["runs"][0]["results"]
    assert [one["ruleId"] for one in results] == ["unknown-provider"]
    assert not done.calls


def test_a_push_and_a_fork_write_nothing(checkout: Path, tmp_path: Path) -> None:
    base = commit(checkout, BEFORE)
    others = ("Install rulec", "Check the format", "Check the compiled pair", "Test")
    push = Workflow(checkout, tmp_path / "push", {}).run(*others)
    assert set(push.codes) == {"Lint"}
    assert UPLOAD in push.used
    fork = Workflow(checkout, tmp_path / "fork", pull_request(base, fork=True)).run(*others)
    assert set(fork.codes) == {"Lint", "Say which requests move"}
    assert not fork.used
    assert not push.calls and not fork.calls


def test_the_first_rules_of_a_repository(checkout: Path, tmp_path: Path) -> None:
    (checkout / "README").write_text("a gateway", encoding="utf-8")
    git(checkout, "init", "--quiet")
    git(checkout, "add", "README")
    git(checkout, "commit", "--quiet", "--message", "begin")
    base = git(checkout, "rev-parse", "HEAD")
    commit(checkout, BEFORE)
    (checkout / "rules" / "routing.cases.yaml").unlink()
    given = {"generated": "", "fmt": "false", "sarif": "false"}
    done = Workflow(checkout, tmp_path / "runner", pull_request(base)).run("Install rulec", **given)
    assert done.codes == {"Lint": 0, "Test": 0, "Say which requests move": 0}, done.printed
    assert "::notice::there are no routing tests in rules" in done.printed["Test"]
    assert "::notice::there are no rules in rules before" in done.printed["Say which requests move"]
    assert not done.calls and not done.used


@pytest.mark.slow
def test_the_action_installs_what_it_runs(checkout: Path, tmp_path: Path) -> None:
    base = commit(checkout, BEFORE)
    compile_rules(checkout)
    done = Workflow(checkout, tmp_path / "runner", pull_request(base)).run()
    assert set(done.codes.values()) == {0}, done.printed


def test_scripts_take_what_others_wrote_from_the_environment_alone() -> None:
    """A branch or an input in a script's text would be run as a part of it."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step["name"]
