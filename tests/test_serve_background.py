"""`rulec serve start|stop|restart|status|logs|check` on the real proxy, with a fake provider."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rulec.demo.providers import Provider
from rulec.proxy import url_of
from rulec.serving.background import start_seconds
from rulec.serving.process import birth, who_listens

RULEC = [sys.executable, "-m", "rulec.cli"]
KEY = "sk-of-these-tests-0123456789"
RULES = """
provider fake { litellm "openai/{model}"  api_base env("FAKE_BASE")  api_key env("FAKE_KEY") }
model "small" { served by fake }
model "large" { served by fake }
default -> fake
litellm { general_settings { master_key env("LITELLM_MASTER_KEY") } }
"""


class Place:
    """A folder with rules and a `.env`, and a proxy on a free port."""

    def __init__(self, folder: Path, provider: Provider) -> None:
        self.folder = folder
        self.provider = provider
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        (folder / "rules").mkdir()
        (folder / "rules" / "routing.rules").write_text(RULES, encoding="utf-8")
        lines = {"LITELLM_MASTER_KEY": KEY, "LITELLM_PORT": self.port, "LITELLM_HOST": "127.0.0.1", "FAKE_KEY": "x"}
        lines["FAKE_BASE"] = f"http://127.0.0.1:{provider.server_address[1]}/v1"
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")

    @property
    def run_file(self) -> Path:
        return self.folder / "state" / "rulec" / f"proxy-{self.port}.json"

    def pid(self) -> int:
        return int(json.loads(self.run_file.read_text())["pid"])

    def serve(self, *words: str, expect: int = 0, **names: str) -> str:
        return self.rulec("serve", *words, expect=expect, **names)

    def status(self, *words: str, expect: int = 0, **names: str) -> str:
        return self.rulec("status", *words, expect=expect, **names)

    def rulec(self, *words: str, expect: int = 0, **names: str) -> str:
        """What a command prints on both streams; in a session of its own, as from a shell that ends after it."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("LITELLM_", "RULEC_SERVE"))}
        own = {
            "XDG_STATE_HOME": str(self.folder / "state"),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "HF_HUB_OFFLINE": "1",
        }
        done = subprocess.run(
            [*RULEC, *words],
            cwd=self.folder,
            env={**ours, **own, "NO_PROXY": "*", **names},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=200,
            start_new_session=True,
        )
        assert done.returncode == expect, done.stdout
        assert "Traceback" not in done.stdout
        assert KEY not in done.stdout
        return done.stdout

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def eventually(holds: Callable[[], bool]) -> bool:
    for _ in range(20):
        if holds():
            return True
        time.sleep(0.3)
    return False


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    provider = Provider("fake").start()
    here = Place(tmp_path, provider)
    try:
        yield here
    finally:
        if here.run_file.exists():
            here.serve("stop", "--grace", "0")
        provider.stop()


@pytest.mark.proxy
@pytest.mark.slow
def test_a_background_proxy_from_start_to_stop(place: Place) -> None:
    said = place.serve("start")
    pid = place.pid()
    assert f"process {pid}" in said
    for path in place.run_file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert KEY not in place.run_file.read_text()
    assert os.getsid(pid) == pid

    status = place.serve("status")
    assert "running" in status
    assert f"http://127.0.0.1:{place.port}" in status
    assert "the same rules" in status
    (place.folder / "rules" / "more.rules").write_text('exact "small" -> "large"\n', encoding="utf-8")
    assert "changed, `rulec serve restart` takes them" in place.serve("status")

    assert f"runs already (process {pid})" in place.serve("start", expect=2)
    assert f"(process {pid})" in place.serve("--port", str(place.port), expect=2), "who holds the port"
    assert place.serve("logs", "-n", "1").count("\n") == 1

    checked = place.serve("check")
    assert "4 requests, 0 failed" in checked
    assert checked.count("fake/") == 4
    told = place.status()
    assert re.findall(r"^(large|small) +fake +\w+ +\d +[1-3] +0% ", told, re.MULTILINE) == ["large", "small"], told
    place.rulec("compile")
    assert eventually(lambda: "the same rules; changed providers and models need" in place.serve("status"))
    assert "refuses the key" in place.status("--key-env", "WRONG", expect=2, WRONG="sk-wrong")
    place.provider.fail(always="server_error")
    assert "4 requests, 4 failed" in place.serve("check", expect=1)
    assert "refuses the key" in place.serve("check", "--key-env", "WRONG", expect=2, WRONG="sk-wrong")

    assert "has ended" in place.serve("stop")
    assert birth(pid) is None
    assert not place.listens()
    assert "stopped" in place.serve("status", expect=1)
    assert "no proxy was started" in place.serve("stop")
    assert "nobody answers" in place.serve("check", expect=2)


def test_a_proxy_that_dies_at_its_start_says_why(place: Place) -> None:
    folder = place.folder / "broken" / "litellm"
    (folder / "proxy").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "proxy" / "__init__.py").touch()
    (folder / "proxy" / "proxy_cli.py").write_text("raise SystemExit('no database at all')\n", encoding="utf-8")
    path = os.pathsep.join([str(folder.parent), os.environ.get("PYTHONPATH", str(Path(__file__).parents[1]))])
    said = place.serve("start", expect=2, PYTHONPATH=path)
    assert "ended with code 1 before it answered" in said
    assert "no database at all" in said
    assert not place.run_file.exists()


def remember(place: Place, pid: int, began: str) -> None:
    place.run_file.parent.mkdir(parents=True, exist_ok=True)
    remembered = {
        "pid": pid,
        "birth": began,
        "mark": "0" * 16,
        "since": time.time(),
        "host": "127.0.0.1",
        "options": {},
    }
    place.run_file.write_text(json.dumps(remembered), encoding="utf-8")


def test_a_number_that_another_process_got_is_left_alone(place: Place) -> None:
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        remember(place, other.pid, "long ago")
        assert "dead" in place.serve("status", expect=1)
        assert "had ended by itself" in place.serve("stop")
        assert other.poll() is None, "a process that is not ours was ended"
        assert not place.run_file.exists()
    finally:
        other.kill()
        other.wait()


def test_a_process_that_heeds_nothing_is_killed_after_the_grace(place: Place) -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); input()"
    command = [sys.executable, "-c", deaf]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert other.stdout is not None
    other.stdout.readline()
    remember(place, other.pid, birth(other.pid) or "")
    assert "was killed" in place.serve("stop", "--grace", "0.1")
    assert other.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize("text", ["", "[]", "{", '{"pid": 1}'])
def test_a_run_file_that_is_none_is_told(place: Place, text: str) -> None:
    place.run_file.parent.mkdir(parents=True)
    place.run_file.write_text(text, encoding="utf-8")
    assert "remove it if no proxy runs" in place.serve("status", expect=2)
    place.run_file.unlink()


def test_a_large_config_may_take_longer_to_start(tmp_path: Path) -> None:
    config = tmp_path / "litellm_config.yaml"
    for size, least in ((0, 180), (4 * 2**20, 900)):
        config.write_text("#" * size, "utf-8")
        assert least <= start_seconds(config) <= least + 300
    config.unlink()
    assert start_seconds(config) == 180, "of a proxy whose config is gone by now"


def test_who_listens_is_known() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert f"(process {os.getpid()})" in (who_listens(taken.getsockname()[1]) or "")


def test_an_address_is_one_that_browsers_take() -> None:
    assert url_of("127.0.0.1", 4000) == "http://127.0.0.1:4000"
    assert url_of("::1", 4000) == "http://[::1]:4000"


def test_mistaken_words_are_told(place: Place) -> None:
    assert "is no action" in place.serve("stpo", "rules", expect=2)
    assert "there is no `stpo`" in place.serve("stpo", expect=2)
    assert "no number from 1 on" in place.serve("logs", "-n", "0", expect=2)
    assert "there is no log" in place.serve("logs", expect=2)
    assert "`rulec serve start` starts one" in place.serve("restart", expect=2)
    assert "no URL of a proxy" in place.serve("check", "--url", "localhost:4000", expect=2)


@pytest.mark.proxy
@pytest.mark.slow
def test_a_restart_keeps_the_options_and_takes_new_rules(place: Place) -> None:
    place.serve("start", "--workers", "2", "--out", "pair")
    first = place.pid()
    (place.folder / "rules" / "more.rules").write_text('exact "small" -> "large"\n', encoding="utf-8")
    (place.folder / "elsewhere").mkdir()
    place.serve("restart")
    assert birth(first) is None
    options = json.loads(place.run_file.read_text())["options"]
    assert options["workers"] == 2
    assert options["out"] == str(place.folder / "pair")
    assert "2 workers seen" in place.status()
    assert "the same rules" in place.serve("status")
    (place.folder / "rules" / "more.rules").write_text("nonsense\n", encoding="utf-8")
    assert "does not compile" in place.serve("restart", expect=2)
    assert place.listens(), "what cannot be started ends nothing"
    second = place.pid()
    os.kill(second, signal.SIGKILL)
    assert "dead" in place.serve("status", expect=1)
    assert "had ended by itself" in place.serve("stop")
    deadline = time.monotonic() + 10
    while place.listens() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not place.listens(), "workers outlived the proxy"


@pytest.mark.proxy
@pytest.mark.slow
def test_a_stop_waits_for_running_requests(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rulec.demo.providers.HANG_SECONDS", 3.0)  # then the provider drops the connection
    weak = "sk-1234"
    assert "openssl rand" in place.serve("start", expect=2, LITELLM_MASTER_KEY=weak)
    place.serve("start", "--insecure", LITELLM_MASTER_KEY=weak)
    place.provider.fail(always="timeout")
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": "hello"}]})
    headers = {"authorization": f"Bearer {weak}", "content-type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    deadline = time.monotonic() + 30
    while not place.provider.requests and time.monotonic() < deadline:
        time.sleep(0.05)
    assert place.provider.requests, "the request did not reach the provider"
    assert "has ended" in place.serve("stop")
    response = connection.getresponse()
    assert response.getheader("x-rulec-version"), response.read()
    connection.close()
