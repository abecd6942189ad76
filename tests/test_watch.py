"""`rulec compile --watch` as its users see it: real processes, files written as editors write them."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rulec.commands.bugs import BUG
from rulec.commands.watching import Watcher

ROOT = Path(__file__).parent.parent
PROVIDERS = "providers: {a: {litellm: 'ollama/{model}', accepts: .*}, b: {litellm: 'openai/{model}', accepts: gpt-.*}}\n"
WARNED = "exact_matches: {gpt-4: {provider: b}}\npatterns: [{pattern: l.*, provider: b, name: odd}]\nmodels: {llama: {served_by: [a]}}\n"


class Watch:
    """A watching process, and what it has said so far."""

    def __init__(self, folder: Path, *options: str) -> None:
        command = [sys.executable, "-m", "rulec.cli", "compile", "--watch", *options]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        self.lines: list[str] = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def round(self) -> str:
        """What is said up to the end of a compile."""
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            for at, line in enumerate(self.lines):
                if re.search(r"(done|mended|failed) in \d+\.\d s", line):
                    told, self.lines[: at + 1] = "\n".join(self.lines[: at + 1]), []
                    return told
            time.sleep(0.02)
        raise AssertionError(f"no compile ended: {self.lines}")

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        self.reader.join()
        return code


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.yaml").write_text(PROVIDERS + WARNED, encoding="utf-8")
    (tmp_path / "rules" / "b.yaml").write_text("default: {provider: a}\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def watch(folder: Path) -> Iterator[Watch]:
    watch = Watch(folder)
    yield watch
    watch.process.kill()
    watch.process.wait()


def replaced(file: Path, text: str) -> None:
    """Writes as editors do: another file takes the name."""
    other = file.with_name(f".{file.name}.swp")
    other.write_text(text, encoding="utf-8")
    other.rename(file)


def test_a_session(watch: Watch, folder: Path) -> None:
    rules, pair = folder / "rules", folder / "generated"
    told = watch.round()
    assert "watching `rules` (Ctrl-C ends)" in told and "wrote generated/routing_strategy.py" in told
    assert "does-not-apply" in told and "done in" in told
    module = (pair / "routing_strategy.py").read_bytes()

    replaced(rules / "b.yaml", "default: {provider: a}  # a note\n")
    told = watch.round()
    assert re.search(r"^\d\d:\d\d:\d\d  changed `rules/b\.yaml`$", told, re.MULTILINE)
    assert "1 warning as before" in told and "does-not-apply" not in told and "`generated` says so already" in told

    replaced(rules / "b.yaml", "default: {provider: nobody}\n")
    told = watch.round()
    assert "rules/b.yaml:1:" in told and "nobody" in told and "nothing was written" in told and "failed in" in told
    assert (pair / "routing_strategy.py").read_bytes() == module

    replaced(rules / "b.yaml", "default: {refuse: not here}\n")
    told = watch.round()
    assert "wrote generated/routing_strategy.py" in told and "mended in" in told and "1 warning as before" in told
    assert b"not here" in (pair / "routing_strategy.py").read_bytes()

    (rules / "b.yaml").rename(rules / "c.yaml")
    told = watch.round()
    assert "added `rules/c.yaml`, removed `rules/b.yaml`" in told and "says so already" in told

    rules.rename(folder / "elsewhere")
    told = watch.round()
    assert "there is no `rules`" in told and "failed in" in told
    (folder / "elsewhere").rename(rules)
    assert "mended in" in watch.round()

    (pair / "routing_strategy.py").unlink()
    told = watch.round()
    assert "removed `generated/routing_strategy.py`" in told and "wrote generated/routing_strategy.py" in told
    assert watch.end(signal.SIGINT) == 0
    assert watch.lines == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_the_end_while_rules_are_broken(watch: Watch, folder: Path, how: signal.Signals) -> None:
    watch.round()
    (folder / "rules" / "b.yaml").write_text("default: [\n", encoding="utf-8")
    watch.round()
    assert watch.end(how) == 2
    assert watch.lines == [] and sorted(os.listdir(folder / "generated")) == ["litellm_config.yaml", "routing_strategy.py"]


def test_the_pair_is_never_of_two_rule_sets(watch: Watch, folder: Path) -> None:
    """Edits without a pause, and an end at any moment: both files are of one compile, and nothing else lies there."""
    watch.round()
    for number in range(30):
        replaced(folder / "rules" / "b.yaml", f"default: {{refuse: text {number}}}\n")
        time.sleep(0.03)
    watch.end(signal.SIGINT)
    config, module = sorted((folder / "generated").iterdir())
    (fingerprint,) = set(re.findall(r"fingerprint: (\w{12})", config.read_text(encoding="utf-8")))
    assert f"rule set {fingerprint}" in module.read_text(encoding="utf-8")


def test_a_bug_of_rulec_is_reported_and_the_next_change_compiled(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    outcomes: Iterator[Callable[[], int]] = iter((lambda: 0, lambda: 1 // 0, lambda: 0))
    watcher = Watcher(Namespace(rules="rules", out="generated", format="text"), lambda *_: next(outcomes)())
    codes = []
    for number in range(3):
        replaced(folder / "rules" / "b.yaml", f"default: {{refuse: text {number}}}\n")
        watcher.look()
        codes.append(watcher.code)
    assert codes == [0, BUG, 0]
    told = capsys.readouterr()
    assert "this is a bug in rulec (ZeroDivisionError)" in told.err and "mended in" in told.out
    assert "ZeroDivisionError" in next(folder.glob("rulec-bug-*")).read_text(encoding="utf-8")


def test_for_machines(folder: Path) -> None:
    watch = Watch(folder, "--format", "json")
    ends = time.monotonic() + 30
    while not (folder / "generated").is_dir() and time.monotonic() < ends:
        time.sleep(0.05)
    assert watch.end(signal.SIGINT) == 0
    assert watch.lines and not any(re.search("watching|done in|wrote", line) for line in watch.lines)
