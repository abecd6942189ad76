"""`rulec diff` as a user meets it: folders, git revisions, logs, formats and exit codes. What text looks like, docs/diff.md shows."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rulec.cli import main

BEFORE = """\
providers:
  a: {litellm: "ollama/{model}", accepts: '.*'}
  b: {litellm: "hosted_vllm/{model}", accepts: '.*'}
patterns:
  - {pattern: '^x/', provider: a}
request_metadata_routing:
  urgent: {provider: b, condition: 'header.x-priority == "high"'}
default: {provider: b}
"""
AFTER = BEFORE.replace("{pattern: '^x/', provider: a}", "{pattern: '^x/', provider: b}")
METADATA = BEFORE.replace("urgent:", "quick:")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in (("before", BEFORE), ("after", AFTER), ("named", METADATA)):
        write(tmp_path / name / "routing.yaml", text)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def git(folder: Path, *words: str) -> None:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    named = ("-c", "user.name=tester", "-c", "user.email=tester@example.invalid", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True, env={**os.environ, **who})


@pytest.fixture
def repository(folder: Path) -> Path:
    """Two commits on main, one on a branch, and a working tree that is as the second commit."""
    git(folder, "init")
    write(folder / "rules" / "routing.yaml", BEFORE)
    git(folder, "add", "rules")
    git(folder, "commit", "-m", "one")
    git(folder, "checkout", "-b", "names")
    write(folder / "rules" / "routing.yaml", METADATA)
    git(folder, "commit", "-a", "-m", "names")
    git(folder, "checkout", "main")
    write(folder / "rules" / "routing.yaml", AFTER)
    git(folder, "commit", "-a", "-m", "two")
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["diff", *words])
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return code, told.out, told.err


@pytest.mark.parametrize(
    ("least", "new", "code"),
    [
        (None, "after", 0),
        ("never", "after", 0),
        ("target", "after", 1),
        ("metadata", "after", 1),
        ("target", "named", 0),
        ("strategy", "named", 0),
        ("metadata", "named", 1),
        ("metadata", "before", 0),
    ],
)
def test_exit_codes(folder: Path, capsys: Any, least: str | None, new: str, code: int) -> None:
    words = [] if least is None else ["--fail-on", least]
    assert run(capsys, "before", new, *words)[0] == code


@pytest.mark.parametrize(
    ("words", "grades"),
    [
        (["HEAD~1..HEAD"], ["target"]),
        (["HEAD~1..HEAD", "rules"], ["target"]),
        (["HEAD~1", "HEAD", "rules"], ["target"]),
        (["HEAD~1", "HEAD"], ["target"]),
        (["HEAD~1", "rules"], ["target"]),
        (["HEAD~1", "rules/routing.yaml"], ["target"]),
        (["HEAD~1.."], ["target"]),
        (["HEAD", "rules"], []),
        (["HEAD"], []),
        (["names..main"], ["target", "metadata"]),
        (["main...names"], ["metadata"]),
    ],
)
def test_revisions(repository: Path, capsys: Any, words: list[str], grades: list[str]) -> None:
    code, out, _ = run(capsys, *words, "--format", "json")
    assert code == 0
    assert [one["grade"] for one in json.loads(out)["changes"]] == grades


def test_rules_that_moved_to_other_files_are_the_same(repository: Path, capsys: Any) -> None:
    head, _, tail = AFTER.partition("patterns:\n")
    git(repository, "rm", "-q", "--cached", "rules/routing.yaml")
    (repository / "rules" / "routing.yaml").unlink()
    write(repository / "rules" / "ünï code.yaml", head)
    write(repository / "rules" / "deep" / "rest.yaml", "patterns:\n" + tail)
    write(repository / "rules" / ".hidden" / "bad.yaml", "nonsense: 1\n")
    git(repository, "add", "rules")
    git(repository, "commit", "-m", "files")
    for words in (["HEAD~1..HEAD"], ["HEAD~1", "rules"]):
        code, out, _ = run(capsys, *words, "--fail-on", "metadata")
        assert code == 0
        assert out.startswith("no request is decided differently")


def test_links_in_a_revision_are_followed(repository: Path, capsys: Any) -> None:
    (repository / "rules" / "routing.yaml").unlink()
    (repository / "rules" / "routing.yaml").symlink_to("../before/routing.yaml")
    git(repository, "add", "rules", "before")
    git(repository, "commit", "-m", "link")
    code, out, _ = run(capsys, "HEAD~2..HEAD", "--fail-on", "metadata")
    assert code == 0, out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nope..HEAD"], "`nope` is no path here, and no revision"),
        (["HEAD", "nope"], "`nope` is no path here, and no revision"),
        (["rules"], "one state of the rules, and two are compared"),
        (["before", "nope"], "there is no `nope`"),
        (["HEAD", "before"], "there is no `before` in the revision `HEAD`"),
        (["before", "empty"], "there is no rule file in `empty`"),
        (["before", "wrong"], "the rules in `wrong` are invalid"),
        (["wrong", "before"], "the rules in `wrong` are invalid"),
        (["a", "b", "c", "d"], "at most two revisions"),
        (["--", "--help..HEAD"], "`--help` is no path here"),
        (["before", "after", "--log", "nope"], "`nope` cannot be read"),
    ],
)
def test_what_cannot_be_compared(repository: Path, capsys: Any, words: list[str], told: str) -> None:
    (repository / "empty").mkdir()
    write(repository / "wrong" / "routing.yaml", "patern: []\n")
    code, _, err = run(capsys, *words)
    assert code == 2
    assert told in err


def test_outside_of_a_repository(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    code, _, err = run(capsys, "HEAD", "before")
    assert (code, "`before` is in no git repository" in err) == (2, True)
    monkeypatch.setenv("PATH", "")
    code, _, err = run(capsys, "HEAD", "before")
    assert (code, "`git`, which is not installed" in err) == (2, True)


def test_markdown_holds_no_markup_of_the_rules(folder: Path, capsys: Any) -> None:
    named = "'<b>@all|x</b>'"
    write(folder / "odd" / "routing.yaml", AFTER.replace("{pattern: '^x/',", f"{{name: {named}, pattern: '^x/',"))
    code, out, _ = run(capsys, "before", "odd", "--format", "markdown")
    assert code == 0
    assert out.splitlines()[0] == "<!-- rulec diff -->"
    assert "<b>" not in out
    assert "@" not in out
    rows = [line for line in out.splitlines() if line.startswith("| ")]
    assert all(line.count("|") == 4 for line in rows)


def test_annotations_stand_at_the_new_rule(folder: Path, capsys: Any) -> None:
    _, out, _ = run(capsys, "before", "after", "--format", "github")
    assert out.startswith("::warning file=after/routing.yaml,line=5,")


# Logs

SPEND = {
    "request_id": "1",
    "call_type": "acompletion",
    "spend": 0.1,
    "startTime": "2026-11-01T10:00:00.000Z",
    "model": "hosted_vllm/x/1",
    "model_group": "x/1",
    "metadata": {"user_api_key_alias": "app", "user_api_key_team_alias": None},
    "request_tags": ["eu"],
    "proxy_server_request": "{}",
    "team_id": "t",
    "user": "u",
}
STANDARD = {
    "id": "1",
    "call_type": "acompletion",
    "model": "x/1",
    "model_group": "x/1",
    "model_parameters": {"temperature": 1},
    "startTime": 1793527200.5,
    "messages": [{"role": "user", "content": "redacted-by-litellm"}],
    "request_tags": [],
    "metadata": {"requester_custom_headers": {"x-priority": "low"}, "requester_metadata": None},
}
URGENT = {**STANDARD, "metadata": {"requester_custom_headers": {"x-priority": "high"}}}
PLAIN = {"model": "x/1", "headers": {"x-priority": "low"}}


def traffic(capsys: Any, log: str, *words: str) -> dict[str, Any]:
    code, out, err = run(capsys, "before", "after", "--log", log, "--format", "json", *words)
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)["traffic"]
    return found


@pytest.mark.parametrize(
    ("rows", "moved", "untold", "broken"),
    [
        ([PLAIN, PLAIN, {"model": "y"}], 2, {}, 0),
        ([SPEND], 1, {"header.x-priority": 1}, 0),
        ([{**SPEND, "proxy_server_request": json.dumps({"model": "y", "messages": []})}], 0, {"header.x-priority": 1}, 0),
        ([{**SPEND, "model_group": "y", "metadata": json.dumps({"original_model_group": "x/1"})}], 1, {"header.x-priority": 1}, 0),
        ([STANDARD, URGENT, {"standard_logging_object": STANDARD}], 2, {}, 0),
        ([PLAIN, [], {"nothing": 1}, {"model": 7}, "text", None, {"model": "x/1", "at": "noon"}], 1, {}, 6),
    ],
)
@pytest.mark.parametrize("form", ["lines", "list", "gzip", "crlf"])
def test_logs(folder: Path, capsys: Any, rows: list[Any], moved: int, untold: Any, broken: int, form: str) -> None:
    texts = [json.dumps(row) for row in rows]
    text = json.dumps(rows, indent=1) if form == "list" else ("\r\n" if form == "crlf" else "\n").join(texts) + "\n"
    octets = text.encode()
    (folder / "log").write_bytes(gzip.compress(octets) if form == "gzip" else octets)
    found = traffic(capsys, "log")
    assert found["requests"] == len(rows) - broken
    assert found["grades"]["target"] == moved
    assert found["moves"] == ([{"from": "a", "to": "b", "requests": moved}] if moved else [])
    assert found["untold"] == untold
    assert found["broken"] == broken


def test_broken_lines_are_counted_and_told(folder: Path, capsys: Any) -> None:
    (folder / "log").write_bytes(b'\n{"model": "x/1"}\n{"model": \nnot json\n\xff\xfe\n{"model": "y"}')
    _, out, _ = run(capsys, "before", "after", "--log", "log")
    assert "of 2 logged requests, 1 (50.0 %) moves from a to b\n" in out
    assert "3 entries were left out, the first at line 3: this is no JSON\n" in out


def test_an_export_of_the_table_as_csv(folder: Path, capsys: Any) -> None:
    rows = ['"x/1",acompletion,"{""user_api_key_alias"": ""app""}",2026-11-01 10:00:00,0.5'] * 2 + ["y,acompletion,{},,0.5", "y"]
    (folder / "log.csv").write_text("\n".join(["model_group,call_type,metadata,startTime,spend", *rows]), encoding="utf-8")
    found = traffic(capsys, "log.csv")
    assert (found["requests"], found["grades"]["target"], found["broken"]) == (3, 2, 1)


@pytest.mark.parametrize("cut", [1, 10, -4])
def test_a_log_that_ends_too_early(folder: Path, capsys: Any, cut: int) -> None:
    octets = gzip.compress((json.dumps(PLAIN) + "\n").encode() * 100)
    (folder / "log").write_bytes(octets[:cut])
    code, _, err = run(capsys, "before", "after", "--log", "log")
    assert code == (2 if cut != 1 else 0), err


def test_columns_through_duckdb(folder: Path, capsys: Any) -> None:
    duckdb = pytest.importorskip("duckdb")
    (folder / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [SPEND, SPEND, {**SPEND, "model_group": "y"}]))
    duckdb.sql("COPY (SELECT * FROM 'log.jsonl') TO 'one.parquet'")
    duckdb.sql("COPY (SELECT * FROM 'log.jsonl') TO 'two.parquet'")
    for path, requests in (("one.parquet", 3), ("*.parquet", 6), ("log.json*", 3)):
        found = traffic(capsys, path)
        assert (found["requests"], found["grades"]["target"]) == (requests, requests // 3 * 2), path
    (folder / "bad.parquet").write_text("nothing")
    code, _, err = run(capsys, "before", "after", "--log", "bad.parquet")
    assert (code, "`bad.parquet` cannot be read" in err) == (2, True)


def test_columns_without_duckdb(folder: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    code, _, err = run(capsys, "before", "after", "--log", "some.parquet")
    assert (code, 'pip install "rulec[duckdb]"' in err) == (2, True)
