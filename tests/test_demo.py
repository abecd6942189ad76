"""`rulec demo`: every request goes where explain says, and nothing is left running however the demo ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rulec.demo.examples import EXAMPLES
from rulec.demo.prediction import predict

DEMO = [sys.executable, "-m", "rulec.cli", "demo"]
SECONDS = 120

pytestmark = pytest.mark.proxy


def environment(folder: Path) -> dict[str, str]:
    """Our environment with a TMPDIR of its own, which marks every process that the demo starts."""
    return {**os.environ, "TMPDIR": str(folder)}


def left_running(folder: Path) -> list[str]:
    """The command lines of living processes that carry the mark of `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(f"TMPDIR={folder}") in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:  # it ended, or it is not ours
            continue
    return found


def assert_nothing_is_left(folder: Path) -> None:
    deadline = time.monotonic() + 15
    while left_running(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left_running(folder) == []


@pytest.mark.slow
def test_every_request_goes_where_explain_says(tmp_path: Path) -> None:
    done = subprocess.run(DEMO, env=environment(tmp_path), capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [row for row in done.stdout.splitlines() if row.startswith("ok ")]
    assert len(rows) == len(EXAMPLES)
    assert_nothing_is_left(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("moment", "number"),
    [
        pytest.param("ok ", signal.SIGINT, marks=pytest.mark.slow),
        ("Starting", signal.SIGTERM),
        pytest.param("ok ", signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_left_when_it_is_stopped(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    process = subprocess.Popen(
        DEMO, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for row in process.stdout:
        if row.startswith(moment):
            break
    time.sleep(0.5)
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    assert "Traceback" not in said
    assert_nothing_is_left(tmp_path)
    if number != signal.SIGKILL:
        assert list(tmp_path.iterdir()) == []


def test_a_prediction_skips_what_fails_and_hops_that_do_not_take_the_error() -> None:
    explained = {
        "rule": {"name": "r"},
        "strategy": "weighted",
        "candidates": [{"provider": "a", "model": "m"}, {"provider": "b", "model": "m"}],
        "fallbacks": [
            {"provider": "c", "model": "m", "on_error": ["timeout"]},
            {"provider": "d", "model": "m", "on_error": None},
        ],
    }
    assert predict(explained, {}).steps == (("a", "m"), ("b", "m"))
    assert predict(explained, {"a": "rate_limit"}).steps == (("b", "m"),)
    assert predict(explained, {"a": "rate_limit", "b": "rate_limit"}).steps == (("d", "m"),)
    assert predict(explained, dict.fromkeys("abcd", "connection")).text() == "nobody"
