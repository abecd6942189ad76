"""The command line as a user meets it: each case of the files in tests/cli runs in a fresh folder."""

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
CASES: list[dict[str, Any]] = [
    case for file in sorted((HERE / "cli").glob("*.yaml")) for case in yaml.safe_load(file.read_text(encoding="utf-8"))
]


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


def rulec(
    arguments: list[Any], folder: Path, stdin: str = "", more: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "RULEC_PLAIN")}
    environment = {**inherited, "PYTHONPATH": str(HERE.parent), **(more or {})}
    words = [one["repeat"] * one["times"] if isinstance(one, dict) else one for one in arguments]
    command = [sys.executable, "-m", "rulec.cli", *words]
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
    done = rulec(case["run"], tmp_path, case.get("stdin", ""), case.get("environment"))
    told = f"{done.stdout}\n--- stderr\n{done.stderr}"
    assert done.returncode == case["exit"], told
    assert "Traceback" not in told
    for word in case.get("stdout", ()):
        assert word in done.stdout, told
    unwrapped = " ".join(done.stderr.split())
    for word in case.get("stderr", ()):
        assert word in done.stderr or word in unwrapped, told
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
    module = tmp_path / "generated" / "routing_strategy.py"
    octets = module.read_bytes()
    for touched in (octets + b"# touched\n", octets.replace(b"\n", b"\r\n")):
        module.write_bytes(touched)
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


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    os.mkfifo(tmp_path / "rules" / "pipe.yaml")
    (tmp_path / "rules" / "zero.yaml").symlink_to("/dev/zero")
    done = rulec(["compile"], tmp_path)
    assert (done.returncode, done.stderr.count("is no file")) == (2, 2)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("explain --body - <&-", 2),
        ("explain --all - <&-", 2),
        ("explain --model x >&-", 0),
        ("compile 2>&-", 0),
        ("order >/dev/full", 2),
        ("order | head -1", 0),
        ("explain --model \"$(printf 'a\\nb\\033[31mX')\"", 0),
    ],
)
def test_streams_that_are_closed_or_full(words: str, code: int, tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "rules")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    command = ["bash", "-c", f"{sys.executable} -m rulec.cli {words}"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=False)
    told = (done.stdout + done.stderr).decode("utf-8", "replace")
    assert done.returncode == code, told
    assert "bug in rulec" not in told
    assert "Traceback" not in told
    assert "\x1b" not in told


def test_who_is_not_read_does_not_say_that_all_is_fine(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "broken.yaml").write_text("providers: {", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    for verb in ("lint", "compile"):
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "rulec.cli", verb, "rules"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=writing, stderr=writing, timeout=60, check=False)
        os.close(writing)
        assert done.returncode == 141


def test_a_lone_surrogate_is_legal_json(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "rules")
    for form in ("text", "json"):
        done = rulec(["explain", "--body", "-", "--format", form], tmp_path, '{"model": "\\ud800"}')
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("model", "status"), [("rulec:x", "404"), ("a,b", "400")])
def test_explain_says_what_the_proxy_refuses(model: str, status: str, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    text = 'provider p { litellm "openai/{model}"  accepts /./ }\ndefault -> p\n'
    (tmp_path / "rules" / "routing.rules").write_text(text, encoding="utf-8")
    done = rulec(["explain", "--model", model], tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"the proxy answers {status}" in done.stderr
